"""Hints: a person's colours reach what they belong to, and nothing else."""

from __future__ import annotations

import time

import numpy as np
import pytest

from core.colour.cielab import pixel_lightness, rgb_to_lab
from core.engine import Engine
from core.errors import RequestError
from core.look import hints as solver
from core.look.colouring import colouring_of
from core.look.distribution import annealed_mean
from core.look.hints import HintField
from core.look.look import Hint, Look, make_look
from core.photo.open import Photo
from core.prediction import AbDistribution, AbField
from core.render.render import render
from tests.support.fakes import FakeBackend, grey_picture, make_engine

GREEN = "#2e6b3f"
GREEN_AB = rgb_to_lab(np.array([0x2E, 0x6B, 0x3F], np.float32) / 255)[1:]
RED_AB = rgb_to_lab(np.array([0xC0, 0x30, 0x30], np.float32) / 255)[1:]


def halves(height: int = 48, width: int = 60) -> np.ndarray:
    """L* of a dark coat on the left before a light wall on the right, with grain."""
    grain = np.random.default_rng(3).normal(0, 0.7, (height, width))
    light = np.where(np.arange(width) < width // 2, 35.0, 70.0)
    return (light + grain).astype(np.float32)


def brown(height: int = 48, width: int = 60) -> AbField:
    return AbField(np.full((height, width, 2), (8, 20), np.float32))


def painted(hints: list[dict], **look) -> np.ndarray:
    return colouring_of(brown(), halves()).chroma(make_look(hints=hints, **look))


def test_a_hint_fills_what_it_was_put_on_and_stops_at_its_edge():
    ab = painted([{"x": 0.2, "y": 0.5, "color": GREEN}])
    np.testing.assert_allclose(ab[20:28, 8:16].mean(axis=(0, 1)), GREEN_AB, atol=1)
    coat = np.linalg.norm(ab[:, 3:27] - GREEN_AB, axis=-1)
    assert np.quantile(coat, 0.9) < 12
    wall = np.linalg.norm(ab[:, 33:] - (8, 20), axis=-1)
    assert wall.max() < 1.5


def test_the_picked_colour_is_shown_whatever_the_strength_and_the_tint():
    for look in ({"strength": 0.0}, {"strength": 2.0}, {"tint_warm": 1.0}):
        ab = painted([{"x": 0.2, "y": 0.5, "color": GREEN}], **look)
        np.testing.assert_allclose(ab[24, 12], GREEN_AB, atol=1)


def test_each_of_two_hints_has_its_surroundings():
    ab = painted([{"x": 0.1, "y": 0.1, "color": GREEN}, {"x": 0.1, "y": 0.9, "color": "#c03030"}])
    np.testing.assert_allclose(ab[4, 6], GREEN_AB, atol=2)
    np.testing.assert_allclose(ab[43, 6], RED_AB, atol=2)


def test_a_later_hint_on_the_same_spot_replaces_the_earlier():
    ab = painted([{"x": 0.2, "y": 0.5, "color": "#c03030"}, {"x": 0.2, "y": 0.5, "color": GREEN}])
    np.testing.assert_allclose(ab[24, 12], GREEN_AB, atol=1)


def test_grey_is_a_colour_too():
    ab = painted([{"x": 0.2, "y": 0.5, "color": "#777777"}])
    assert np.abs(ab[24, 12]).max() < 0.5
    np.testing.assert_allclose(ab[24, 50], (8, 20), atol=1.5)


def test_the_solution_is_that_of_the_equations():
    lightness = halves(12, 14)
    hints = [Hint(x=0.2, y=0.3, color=GREEN), Hint(x=0.8, y=0.8, color="#c03030")]
    across, down = solver._affinity(lightness)
    spots, wanted = solver._spots(hints, lightness.shape)
    matrix = np.diag(solver._HOLD * spots.ravel().astype(float))
    number = np.arange(12 * 14).reshape(12, 14)
    pairs = [(number[:, :-1], number[:, 1:], across), (number[:-1], number[1:], down)]
    for one, other, weight in pairs:
        for i, j, w in zip(one.ravel(), other.ravel(), weight.ravel(), strict=True):
            matrix[[i, j], [i, j]] += w * (1 + solver._PRIOR / lightness.size)
            matrix[i, j] -= w
            matrix[j, i] -= w
    exact = np.linalg.solve(matrix, solver._HOLD * wanted.reshape(3, -1).T).T.reshape(wanted.shape)
    np.testing.assert_allclose(solver._spread(hints, lightness)[0], exact[0], atol=0.01)
    np.testing.assert_allclose(solver._spread(hints, lightness), exact, atol=0.3)


def test_a_large_field_is_solved_alike():
    hints = [Hint(x=0.2, y=0.5, color=GREEN)]
    small, large = HintField(hints, halves(48, 60)), HintField(hints, halves(192, 240))
    assert np.abs(large.share[::4, ::4] - small.share).mean() < 0.12
    assert large.share[:, 140:].max() < 0.05
    np.testing.assert_allclose(large.ab[96, 48], GREEN_AB, atol=1)


def test_between_hint_and_prediction_a_distribution_shows_colours_that_it_finds_plausible():
    """Halfway between green and red lies a grey brown that nothing in the scene has."""
    bins = np.array([RED_AB, GREEN_AB, (RED_AB + GREEN_AB) / 2], np.float32)
    logits = np.zeros((3, 20, 40), np.float32)
    logits[0], logits[1], logits[2] = 2.0, 1.0, -6.0
    scene = AbDistribution(logits, bins)
    field = HintField([Hint(x=0.1, y=0.5, color=GREEN)], np.full((20, 40), 50, np.float32))
    ab = annealed_mean(field.pulled(scene), 0.38)
    fringe = (field.share > 0.3) & (field.share < 0.7)
    assert fringe.sum() > 10
    nearer_green = np.linalg.norm(ab - GREEN_AB, axis=-1) < np.linalg.norm(ab - RED_AB, axis=-1)
    assert nearer_green[fringe].mean() > 0.8
    untouched = field.share == 0
    np.testing.assert_array_equal(ab[untouched], annealed_mean(scene, 0.38)[untouched])


@pytest.mark.parametrize("shape", [(1, 1), (1, 30), (30, 1), (2, 3), (48, 48), (300, 200)])
def test_any_shape_and_the_very_corners(shape):
    lightness = np.full(shape, 50, np.float32)
    for x, y in ((0, 0), (1, 1), (0.5, 1)):
        field = HintField([Hint(x=x, y=y, color=GREEN)], lightness)
        row, column = min(int(y * shape[0]), shape[0] - 1), min(int(x * shape[1]), shape[1] - 1)
        assert field.share.shape == shape
        assert field.share[row, column] > 0.98
        np.testing.assert_allclose(field.ab[row, column], GREEN_AB, atol=1)
        assert np.isfinite(field.ab).all()


def test_hints_run_no_network_and_keep_the_lightness():
    backend = FakeBackend()
    engine: Engine = make_engine(backend)
    photo = Photo(grey_picture(120, 180))
    plain, _ = engine.colorize(photo, "pocket")
    hinted, report = engine.colorize(photo, "pocket", make_look(hints=[{"x": 0.5, "y": 0.2, "color": GREEN}]))
    assert report.cached
    assert backend.calls == 1
    assert (plain.rgb != hinted.rgb).any()
    assert np.abs(pixel_lightness(hinted.rgb) - photo.lightness()).mean() < 0.5


@pytest.mark.parametrize(
    ("hint", "words"),
    [
        ({"x": 1.2, "y": 0.5, "color": GREEN}, r"'hints\.0\.x' is not usable: .*less than or equal to 1"),
        ({"x": 0.2, "y": 0.5, "color": "green"}, r"'hints\.0\.color' is not usable"),
        ({"x": 0.2, "color": GREEN}, r"'hints\.0\.y' is not usable: field required"),
        ({"x": 0.2, "y": float("nan"), "color": GREEN}, r"'hints\.0\.y' is not usable"),
        ("here", r"'hints\.0' is not usable"),
    ],
)
def test_a_bad_hint_is_named(hint, words):
    with pytest.raises(RequestError, match=words):
        make_look(hints=[hint])


def test_five_hints_at_two_megapixels_are_live():
    """The best of several tries: what else this machine does is not the point."""
    photo = Photo(grey_picture(1200, 1700))
    hints = [{"x": 0.1 + 0.2 * n, "y": 0.2 + 0.15 * n, "color": GREEN} for n in range(5)]
    rng = np.random.default_rng(5)
    distribution = AbDistribution(
        rng.normal(size=(313, 56, 56)).astype(np.float32), rng.normal(0, 30, (313, 2)).astype(np.float32)
    )
    colouring = colouring_of(distribution, photo.lightness())
    best = 10.0
    for _ in range(8):
        started = time.perf_counter()
        render(photo, colouring, make_look(hints=hints))
        best = min(best, time.perf_counter() - started)
    assert best < 0.3


def test_no_hints_change_nothing():
    assert Look().hints == ()
    np.testing.assert_array_equal(painted([]), brown().ab)
