"""Vividness goes evenly from the mean's chroma to the expected one."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from core.colour.cielab import Float
from core.look.colouring import DistributionColouring
from core.look.distribution import annealed_mean
from core.look.look import Look
from core.look.vividness import expected_chroma
from core.prediction import AbDistribution
from tests.support.fakes import coloured

BINS = np.array([[a, b] for a in range(-60, 61, 20) for b in range(-60, 61, 20)], np.float32)
RARITY = (np.hypot(*BINS.T) / 600).astype(np.float32)
RED, BROWN, BLUE = (50.0, 30.0), (8.0, 10.0), (0.0, -40.0)
LIGHTNESS = np.full((20, 60), 50, np.float32)


def belief(colour: tuple[float, float]) -> Float:
    """Logits (q, 1, 1) of a Gaussian belief around a colour."""
    square = np.square(BINS - np.float32(colour)).sum(axis=1)
    return np.asarray(square / np.float32(-2 * 15**2), np.float32)[:, None, None]


@pytest.fixture
def scene() -> AbDistribution:
    """A third red or green, two thirds brown: the mean of the first is paler than either."""
    logits = np.repeat(belief(BROWN), 20 * 60, axis=1).reshape(len(BINS), 20, 60)
    logits[:, :, :20] = np.logaddexp(belief(RED), belief((-30.0, 30.0)) - 1)
    return AbDistribution(logits, BINS, RARITY)


def shown(distribution: AbDistribution, vividness: float) -> Float:
    return DistributionColouring(distribution, LIGHTNESS).chroma(Look(vividness=vividness, pooling=False))


def chroma(ab: Float) -> float:
    return float(np.linalg.norm(ab, axis=-1).mean())


def test_none_of_it_is_the_annealed_mean(scene: AbDistribution) -> None:
    np.testing.assert_array_equal(shown(scene, 0), annealed_mean(scene, 0.38))


def test_a_model_that_was_trained_to_be_vivid_is_left_alone(scene: AbDistribution) -> None:
    trained = replace(scene, rebalance=None)
    np.testing.assert_array_equal(shown(trained, 1), annealed_mean(trained, 0.38))


def test_all_of_it_is_the_chroma_that_the_model_expects(scene: AbDistribution) -> None:
    assert chroma(shown(scene, 1)) == pytest.approx(expected_chroma(scene), rel=1e-3)


def test_each_step_adds_colour(scene: AbDistribution) -> None:
    steps = [chroma(shown(scene, vividness)) for vividness in (0, 0.25, 0.5, 0.75, 1)]
    assert np.all(np.diff(steps) > 0.3)


def test_colour_is_added_evenly_over_the_picture_and_hues_stay(scene: AbDistribution) -> None:
    rarity_apart = replace(scene, rebalance=0 * RARITY)
    calm, vivid = shown(rarity_apart, 0), shown(rarity_apart, 1)
    gain = np.linalg.norm(vivid, axis=-1) / np.linalg.norm(calm, axis=-1)
    assert gain.min() == pytest.approx(gain.max(), rel=1e-4)
    np.testing.assert_allclose(
        np.arctan2(calm[..., 1], calm[..., 0]), np.arctan2(vivid[..., 1], vivid[..., 0]), atol=1e-5
    )


def test_what_a_person_changes_in_one_place_leaves_the_others(scene: AbDistribution) -> None:
    colouring = DistributionColouring(scene, LIGHTNESS + np.float32(40) * (np.arange(60) >= 50))
    hint = {"x": 0.95, "y": 0.5, "color": "#2040ff"}
    before, after = colouring.chroma(Look()), coloured(colouring, Look.model_validate({"hints": [hint]}))
    np.testing.assert_allclose(after[:, :40], before[:, :40], atol=1e-3)
    assert after[:, 57:, 1].mean() < -20


def test_a_picture_without_any_colour_stays_so(scene: AbDistribution) -> None:
    grey = replace(scene, logits=np.where(RARITY == 0, 50, -50).astype(np.float32)[:, None, None] + 0 * scene.logits)
    assert np.abs(shown(grey, 1)).max() < 1e-3
