"""Vividness gathers colour; it does not pour it over the picture."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from core.colour.cielab import Float
from core.look.distribution import annealed_mean
from core.look.vividness import likely_chroma, vivid_mean
from core.prediction import AbDistribution

BINS = np.array([[a, b] for a in range(-60, 61, 20) for b in range(-60, 61, 20)], np.float32)
RARITY = (np.hypot(*BINS.T) / 60).astype(np.float32)
RED, BROWN, BLUE = (50.0, 30.0), (8.0, 10.0), (0.0, -40.0)


def belief(colour: tuple[float, float]) -> Float:
    """Logits (q, 1, 1) of a Gaussian belief around a colour."""
    square = np.square(BINS - np.float32(colour)).sum(axis=1)
    return np.asarray(square / np.float32(-2 * 15**2), np.float32)[:, None, None]


@pytest.fixture
def scene() -> AbDistribution:
    """A third red, two thirds brown."""
    logits = np.repeat(belief(BROWN), 20 * 60, axis=1).reshape(len(BINS), 20, 60)
    logits[:, :, :20] = belief(RED)
    return AbDistribution(logits, BINS, RARITY)


def chroma(ab: Float) -> Float:
    return np.asarray(np.linalg.norm(ab, axis=-1), np.float32)


def test_none_of_it_is_the_annealed_mean(scene: AbDistribution) -> None:
    np.testing.assert_array_equal(vivid_mean(scene, 0.38, 0), annealed_mean(scene, 0.38))


def test_a_model_that_was_trained_to_be_vivid_is_left_alone(scene: AbDistribution) -> None:
    trained = replace(scene, rebalance=None)
    np.testing.assert_array_equal(vivid_mean(trained, 0.38, 1), annealed_mean(trained, 0.38))


def test_the_colourful_part_gains_on_the_rest(scene: AbDistribution) -> None:
    contrasts = []
    for vividness in (0, 0.25, 0.5, 0.75, 1):
        colours = chroma(vivid_mean(scene, 0.38, vividness))
        contrasts.append(colours[:, :12].mean() / colours[:, 32:].mean())
    assert np.all(np.diff(contrasts) > 0.3)


def test_the_whole_picture_does_not_get_more_colourful_past_the_middle(scene: AbDistribution) -> None:
    likely = likely_chroma(scene)
    for vividness in (0.5, 0.75, 1):
        assert chroma(vivid_mean(scene, 0.38, vividness)).mean() == pytest.approx(likely, rel=1e-3)


def test_an_unsure_picture_gets_less_of_the_chroma_that_is_expected_of_it(scene: AbDistribution) -> None:
    sure = np.repeat(belief(RED), 600, axis=1).reshape(len(BINS), 20, 30)
    either = np.logaddexp(belief(RED), belief((-50, -30)))
    unsure = np.repeat(either, 600, axis=1).reshape(len(BINS), 20, 30)
    shown = [chroma(vivid_mean(replace(scene, logits=logits), 1, 0.5)).mean() for logits in (sure, unsure)]
    assert shown[0] > 50
    assert shown[1] < 25


def test_hues_stay(scene: AbDistribution) -> None:
    calm, vivid = annealed_mean(scene, 0.38, 0.5), vivid_mean(scene, 0.38, 0.5)
    np.testing.assert_allclose(
        np.arctan2(calm[..., 1], calm[..., 0]), np.arctan2(vivid[..., 1], vivid[..., 0]), atol=1e-5
    )


def test_what_a_person_changes_in_one_place_leaves_the_others(scene: AbDistribution) -> None:
    logits = scene.logits.copy()
    logits[:, :, 50:] = belief(BLUE)
    before, after = vivid_mean(scene, 0.38, 0.5), vivid_mean(scene, 0.38, 0.5, replace(scene, logits=logits))
    np.testing.assert_allclose(after[:, :40], before[:, :40], atol=1e-3)
    assert after[:, 56:, 1].mean() < -20


def test_a_picture_without_any_colour_stays_so(scene: AbDistribution) -> None:
    grey = replace(scene, logits=np.where(RARITY == 0, 50, -50).astype(np.float32)[:, None, None] + 0 * scene.logits)
    assert chroma(vivid_mean(grey, 0.38, 1)).max() < 1e-3
