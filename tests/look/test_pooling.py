"""Places that are near and alike take colour together."""

from __future__ import annotations

import gc
import weakref

import numpy as np
import pytest

from core.colour.cielab import Float
from core.look.colouring import DistributionColouring
from core.look.distribution import annealed_mean
from core.look.look import Look
from core.look.pooling import pooled
from core.prediction import AbDistribution

BINS = np.array([[50, 30], [0, -45], [-40, 40], [0, 0]], np.float32)
RED, BLUE, GREEN, GREY = range(4)


def scene(logits: dict[int, Float]) -> AbDistribution:
    """Logits by bin, -4 for the others."""
    (height, width) = next(iter(logits.values())).shape
    planes = np.full((len(BINS), height, width), -4, np.float32)
    for number, plane in logits.items():
        planes[number] = plane
    return AbDistribution(planes, BINS)


def meadow() -> AbDistribution:
    """Green for sure on the left; on the right grey is as likely, and wins by a little in patches."""
    rng = np.random.default_rng(4)
    green = np.full((40, 40), 1.0, np.float32)
    grey = np.where(np.arange(40) < 20, -4.0, 1.0 + rng.normal(0, 0.4, (40, 40))).astype(np.float32)
    return scene({GREEN: green, GREY: grey})


def test_one_meadow_becomes_one_colour() -> None:
    distribution = meadow()
    flat = np.full((40, 40), 50, np.float32)
    spread_before = annealed_mean(distribution, 0.38)[:, 30:].std(axis=(0, 1)).max()
    spread_after = annealed_mean(pooled(distribution, flat), 0.38)[:, 30:].std(axis=(0, 1)).max()
    assert spread_after < spread_before / 3


def test_an_edge_in_lightness_parts_two_things() -> None:
    left = np.arange(40)[None, :] < 20
    distribution = scene(
        {RED: np.where(left, 3.0, -3.0) + np.zeros((40, 1)), BLUE: np.where(left, -3.0, 3.0) + np.zeros((40, 1))}
    )
    dark_and_light = np.where(left, 30, 75).astype(np.float32) + np.zeros((40, 1), np.float32)
    ab = annealed_mean(pooled(distribution, dark_and_light), 0.38)
    np.testing.assert_allclose(ab[:, 18], np.tile(BINS[RED], (40, 1)), atol=2)
    np.testing.assert_allclose(ab[:, 21], np.tile(BINS[BLUE], (40, 1)), atol=2)


def test_features_part_a_face_from_a_shirt_of_its_lightness() -> None:
    left = np.arange(40)[None, :] < 20
    guess = np.where(left, 1.0, -1.0).astype(np.float32) + np.zeros((40, 1), np.float32)
    plain = scene({RED: guess, BLUE: -guess})
    told_apart = AbDistribution(plain.logits, BINS, features=4 * guess[None])
    flat = np.full((40, 40), 60, np.float32)
    mixed, apart = (annealed_mean(pooled(d, flat), 0.38)[:, 19, 0].mean() for d in (plain, told_apart))
    assert apart > mixed + 10
    assert apart > 40


@pytest.mark.parametrize("shape", [(1, 1), (1, 30), (7, 5), (56, 56), (33, 61)])
def test_a_field_of_one_belief_is_left_as_it_is_whatever_its_shape(shape: tuple[int, int]) -> None:
    rng = np.random.default_rng(1)
    logits = np.repeat(rng.normal(0, 2, (4, 1)), shape[0] * shape[1], axis=1).reshape(4, *shape).astype(np.float32)
    distribution = AbDistribution(logits, BINS)
    result = pooled(distribution, rng.uniform(0, 100, shape).astype(np.float32))
    np.testing.assert_allclose(annealed_mean(result, 0.38), annealed_mean(distribution, 0.38), atol=1e-2)


def test_a_person_may_turn_it_off() -> None:
    colouring = DistributionColouring(meadow(), np.full((40, 40), 50, np.float32))
    np.testing.assert_array_equal(colouring.chroma(Look(pooling=False)), annealed_mean(meadow(), 0.38))
    assert np.abs(colouring.chroma(Look()) - annealed_mean(meadow(), 0.38)).max() > 5


def test_nothing_is_pooled_again_when_a_slider_moves(monkeypatch: pytest.MonkeyPatch) -> None:
    calls = []
    monkeypatch.setattr("core.look.colouring.pooled", lambda *given: calls.append(1) or pooled(*given))
    colouring = DistributionColouring(meadow(), np.full((40, 40), 50, np.float32))
    for strength in (0.5, 1.0, 1.5):
        colouring.chroma(Look(strength=strength))
    assert len(calls) == 1


def test_a_dropped_prediction_gives_its_memory_back_at_once() -> None:
    colouring = DistributionColouring(meadow(), np.full((40, 40), 50, np.float32))
    colouring.alternatives()
    kept = weakref.ref(colouring)
    gc.disable()
    try:
        del colouring
        assert kept() is None
    finally:
        gc.enable()
