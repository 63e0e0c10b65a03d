"""Other colourings from the same prediction."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from core.colour.cielab import Float
from core.errors import RequestError
from core.look.alternatives import Alternatives, plausibility, tilted
from core.look.colouring import Colouring, colouring_of
from core.look.distribution import annealed_mean
from core.look.look import Look, make_look
from core.photo.open import Photo
from core.prediction import AbDistribution, AbField
from core.restore.restore import Restoration
from tests.support.fakes import FakeBackend, grey_picture, make_engine

BINS = np.array([[a, b] for a in range(-60, 61, 20) for b in range(-60, 61, 20)], np.float32)
AXES = {"warmer": BINS[:, 1], "cooler": -BINS[:, 1], "vivid": np.hypot(*BINS.T), "calm": -np.hypot(*BINS.T)}


def belief(colour: tuple[float, float], spread: float) -> Float:
    """Logits of a Gaussian belief around a colour, (q,)."""
    return np.asarray(-np.square(BINS - np.float32(colour)).sum(axis=1) / (2 * spread**2), np.float32)


@pytest.fixture
def scene() -> AbDistribution:
    """Left half: surely green grass. Right half: a coat, most likely red, perhaps blue."""
    grass = belief((-40, 40), 10)
    coat = np.log(0.6 * np.exp(belief((40, 20), 14)) + 0.4 * np.exp(belief((0, -40), 14)))
    logits = np.empty((len(BINS), 20, 30), np.float32)
    logits[:, :, :15] = grass[:, None, None]
    logits[:, :, 15:] = coat[:, None, None]
    return AbDistribution(logits, BINS)


def halves(ab: Float) -> tuple[Any, Any]:
    """Mean colours of the two halves, away from their border."""
    return ab[:, :10].mean(axis=(0, 1)), ab[:, 20:].mean(axis=(0, 1))


def ready(prediction: AbDistribution | AbField) -> Colouring:
    """The prediction over a photograph whose coat is darker than its grass."""
    return colouring_of(
        prediction, np.where(np.arange(30) < 15, 70, 30).astype(np.float32) + np.zeros((20, 1), np.float32)
    )


def coloured(scene: AbDistribution, name: str) -> Float:
    return ready(scene).chroma(make_look(alternative=name))


def test_default_comes_first_and_four_to_six_others_follow(scene: AbDistribution) -> None:
    names = [found.name for found in ready(scene).alternatives()]
    assert names[:6] == ["default", "warmer", "cooler", "vivid", "calm", "other"]
    assert 5 <= len(names) <= 7
    assert all(0 <= found.plausibility <= 1 for found in ready(scene).alternatives())


@pytest.mark.parametrize("name", AXES)
def test_each_goes_where_its_name_says(scene: AbDistribution, name: str) -> None:
    def mean(distribution: AbDistribution) -> float:
        weights = np.exp(distribution.logits - distribution.logits.max(axis=0))
        return float(np.tensordot(AXES[name], weights / weights.sum(axis=0), axes=1).mean())

    others = Alternatives(scene, lambda shown: annealed_mean(shown, 0.38))
    assert mean(tilted(scene, others.favour(name))) > mean(scene) + 1


def test_another_mode_of_the_least_certain_region_is_taken_and_the_rest_stays(scene: AbDistribution) -> None:
    grass, coat = halves(coloured(scene, "default"))
    other_grass, other_coat = halves(coloured(scene, "other"))
    assert coat[0] > 20
    assert other_coat[1] < -15
    assert np.linalg.norm(other_grass - grass) < 3


def test_no_network_runs_for_them() -> None:
    backend = FakeBackend()
    engine = make_engine(backend)
    photo = Photo(grey_picture())
    forecast = engine.forecast(photo, "pocket", restoration=Restoration(photo))
    found = forecast.colouring.alternatives()
    pictures = [engine.render(photo, forecast, make_look(alternative=each.name))[0].rgb for each in found]
    assert backend.calls == 1
    assert len(found) >= 5
    for number, picture in enumerate(pictures):
        for other in pictures[:number]:
            assert np.abs(picture.astype(int) - other).mean() > 1


def test_plausibility_is_one_for_the_likeliest_and_small_for_what_the_model_rules_out(scene: AbDistribution) -> None:
    likeliest = ready(scene).chroma(Look(temperature=0))
    assert plausibility(scene, likeliest) > 0.97
    purple = np.full_like(likeliest, 60)
    assert plausibility(scene, purple) < 0.05
    mixed = np.where(np.arange(30)[None, :, None] < 15, likeliest, np.float32([0, -40])).astype(np.float32)
    assert plausibility(scene, purple) < plausibility(scene, mixed) < plausibility(scene, likeliest)


def test_two_calls_give_the_same(scene: AbDistribution) -> None:
    np.testing.assert_array_equal(coloured(scene, "other"), coloured(scene, "other"))


def test_a_plain_field_has_none_and_says_so() -> None:
    field = AbField(np.zeros((3, 4, 2), np.float32))
    assert ready(field).alternatives() == []
    with pytest.raises(RequestError, match="has no alternative 'warmer'"):
        ready(field).chroma(Look(alternative="warmer"))


def test_one_colour_alone_leaves_no_other_guess() -> None:
    sure = AbDistribution(np.zeros((1, 4, 4), np.float32), np.array([[30, 30]], np.float32))
    assert "other" not in [found.name for found in ready(sure).alternatives()]
    with pytest.raises(RequestError, match="sees no alternative 'other'"):
        ready(sure).chroma(Look(alternative="other"))


def test_an_unknown_name_is_refused_with_those_there_are() -> None:
    with pytest.raises(RequestError, match=r"'alternative'.*'warmer'"):
        make_look(alternative="purple")
