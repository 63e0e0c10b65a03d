"""Hints: a person's colours reach what they belong to, and nothing else."""

from __future__ import annotations

import time

import numpy as np
import pytest

from core.colour.cielab import lightness_to_grey, pixel_lightness, rgb_to_lab
from core.engine import Engine
from core.errors import RequestError
from core.look import ground
from core.look.colouring import colouring_of
from core.look.ground import Ground, on_grid
from core.look.hints import HintField
from core.look.look import Hint, Look, make_look
from core.look.swatches import SWATCHES
from core.photo.open import Photo
from core.photo.resize import resize_area
from core.prediction import AbDistribution, AbField
from core.render.reach import reach_mask
from core.render.render import render
from core.web.texts import TEXTS
from tests.support.fakes import FakeBackend, coloured, grey_picture, laid_over, make_engine

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
    return coloured(colouring_of(brown(), halves()), make_look(hints=hints, **look))


def reach_of(hints: list[Hint], ground: Ground) -> np.ndarray:
    return HintField(hints, ground).overlay[..., 2]


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


def test_visits_are_those_of_the_walks_equations():
    rng = np.random.default_rng(4)
    for height, width in ((6, 9), (9, 6), (1, 5), (5, 1)):
        across, down = rng.random((height, width - 1)), rng.random((height - 1, width))
        number = np.arange(height * width).reshape(height, width)
        steps = np.zeros((height * width, height * width))
        steps[number[:, :-1].ravel(), number[:, 1:].ravel()] = across.ravel()
        steps[number[:-1].ravel(), number[1:].ravel()] += down.ravel()
        steps += steps.T
        degree = steps.sum(axis=1) * (1 + ground._RESTART / steps.shape[0])
        starts = np.zeros((2, height, width), np.float32)
        starts[0, 0, 0] = starts[1, height // 2, width // 2] = 1
        exact = np.linalg.solve(np.diag(degree) - steps, starts.reshape(2, -1).T).T
        found = ground._Walk(across.astype(np.float32), down.astype(np.float32)).visits(starts)
        np.testing.assert_allclose(found.reshape(2, -1), exact, rtol=1e-3)


def test_a_large_field_is_coloured_alike_and_to_its_own_edge():
    hints = [Hint(x=0.2, y=0.5, color=GREEN)]
    small, large = (reach_of(hints, Ground(on_grid(halves(*size)), brown().ab)) for size in ((48, 60), (384, 480)))
    assert large.shape == (86, 107)
    assert np.abs(resize_area(large, small.shape) - small).mean() < 0.05
    assert large[:, 55:].max() < 0.1
    assert large[9:-9, 27:52].min() > 0.8


def test_a_hint_ends_at_an_edge_that_the_network_sees_only_coarsely():
    light = np.where(np.arange(96) < 49, np.float32(35), np.float32(70)) + np.zeros((96, 96), np.float32)
    photo = Photo(np.rint(lightness_to_grey(resize_area(light, (480, 480))) * 255).astype(np.uint8))
    colouring = colouring_of(AbField(np.zeros((12, 12, 2), np.float32)), light)
    rgb = render(photo, colouring, make_look(hints=[{"x": 0.2, "y": 0.5, "color": GREEN}])).rgb.astype(int)
    green = rgb[..., 1] - rgb[..., 0]
    assert green[48:-48, 48:235].min() > 40
    assert np.abs(green[:, 260:]).max() <= 1


def scene() -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """A street as a network sees it: L*, a*b* and features of two alike coats before a wall."""
    light, ab = np.full((40, 60), 70, np.float32), np.full((40, 60, 2), (2, 8), np.float32)
    known = np.zeros((2, 40, 60), np.float32)
    for columns in (slice(6, 22), slice(38, 54)):
        light[10:, columns], ab[10:, columns], known[0, 10:, columns] = 30, (8, 20), 3
    return light + np.random.default_rng(3).normal(0, 0.7, light.shape).astype(np.float32), ab, known


def test_one_hint_leaves_every_other_thing_exactly_as_it_was():
    light, ab, known = scene()
    field = HintField([Hint(x=0.23, y=0.6, color=GREEN)], Ground(light, ab, known))
    made = laid_over(field.corrected(ab), field.overlay)
    assert np.abs(made[12:38, 8:20] - GREEN_AB).max() < 8
    np.testing.assert_array_equal(made[:, 24:], ab[:, 24:])


def test_what_a_place_is_stops_a_hint_where_lightness_does_not():
    light, ab, known = scene()
    light[:] = 50
    hint = [Hint(x=0.23, y=0.6, color=GREEN)]
    knowing = reach_of(hint, Ground(light, ab, known))
    guessing = reach_of(hint, Ground(light, 0 * ab))
    assert knowing[:, 25:].max() == 0
    assert guessing[:, 25:].max() > 0.5


def test_a_radius_holds_a_hint_back_or_lets_it_go_on():
    def reach(**more: float) -> np.ndarray:
        light, ab, known = scene()
        faint = Ground(light / 8, ab / 8, known / 8)
        return reach_of([Hint(x=0.23, y=0.6, color=GREEN, **more)], faint)

    y, x = np.mgrid[:40, :60]
    away = np.hypot(x - 13, y - 24) / 60
    assert reach(radius=0.08)[away > 0.09].max() == 0
    assert reach(radius=0.08)[away < 0.05].min() > 0.9
    sizes = [reach(**more).sum() for more in ({"radius": 0.08}, {}, {"radius": 1.0})]
    assert np.all(np.diff(sizes) > 50)


def test_keep_as_it_is_holds_a_colour_off():
    light, ab = halves(), brown().ab
    ground = Ground(light, ab)
    hint, keep = Hint(x=0.1, y=0.2, color=GREEN), Hint(x=0.3, y=0.6, keep=True)
    alone, held = (reach_of(hints, ground) for hints in ([hint], [hint, keep]))
    assert alone[28, 18] > 0.8
    assert held[28, 18] == 0
    assert held[26:31, 16:21].max() < 0.1
    assert held[9, 6] > 0.99
    assert not HintField([keep], ground).overlay.any()


def test_a_brush_stroke_colours_all_that_it_was_drawn_on():
    light, ab = halves(), brown().ab
    stroke = Hint(x=0.2, y=0.2, color=GREEN, stroke=((0.2, 0.8), (0.8, 0.8)), width=0.05, radius=0.02)
    reach = reach_of([stroke], Ground(light, ab))
    assert reach[10:38, 12].min() == 1
    assert reach[38, 12:48].min() == 1
    assert reach[:28, 20:].max() == 0


def test_only_what_several_hints_agree_in_moves_the_rest():
    light, ab, known = scene()
    warmer = [Hint(x=x, y=0.1, color="#c8a878") for x in (0.1, 0.5, 0.9)]
    ground = Ground(light, ab, known)
    one, three = (HintField(hints, ground).corrected(ab) - ab for hints in (warmer[:1], warmer))
    np.testing.assert_array_equal(one, 0)
    towards = three[(reach_of(warmer, ground) == 0) & (three != 0).any(axis=-1)]
    assert len(towards) > 50
    assert towards[:, 1].min() > 0
    assert np.abs(three).max() < 21


def test_what_is_kept_is_as_predicted_whatever_others_agree_in():
    light, ab, known = scene()
    warmer = [Hint(x=x, y=0.1, color="#c8a878") for x in (0.1, 0.5, 0.9)]
    ground = Ground(light, ab, known)
    moved = (HintField(warmer, ground).corrected(ab) - ab).any(axis=-1)
    row, column = np.argwhere(moved & (reach_of(warmer, ground) == 0))[-1]
    keep = Hint(x=(column + 0.5) / moved.shape[1], y=(row + 0.5) / moved.shape[0], keep=True)
    kept = HintField([*warmer, keep], ground).corrected(ab)
    np.testing.assert_array_equal(kept[row, column], ab[row, column])


def test_the_same_hints_give_the_same_colours_and_a_slider_solves_nothing(monkeypatch):
    hints = [{"x": 0.2, "y": 0.5, "color": GREEN}, {"x": 0.9, "y": 0.1, "color": "#c03030"}]
    np.testing.assert_array_equal(painted(hints), painted(hints))
    colouring = colouring_of(brown(), halves())
    coloured(colouring, make_look(hints=hints))
    monkeypatch.setattr(Ground, "distances", None)
    coloured(colouring, make_look(hints=hints, strength=0.5))


@pytest.mark.parametrize("shape", [(1, 1), (1, 30), (30, 1), (2, 3), (48, 48), (300, 200)])
def test_any_shape_and_the_very_corners(shape):
    lightness = np.full(shape, 50, np.float32)
    for x, y in ((0, 0), (1, 1), (0.5, 1)):
        colouring = colouring_of(AbField(np.zeros((*shape, 2), np.float32)), lightness)
        ab = coloured(colouring, make_look(hints=[{"x": x, "y": y, "color": GREEN}]))
        row, column = min(int(y * shape[0]), shape[0] - 1), min(int(x * shape[1]), shape[1] - 1)
        np.testing.assert_allclose(ab[row, column], GREEN_AB, atol=1)
        assert np.isfinite(ab).all()


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
        ({"x": 0.2, "y": 0.5}, r"'hints\.0' is not usable: .*it needs a color, or keep"),
        ({"x": 0.2, "color": GREEN}, r"'hints\.0\.y' is not usable: field required"),
        ({"x": 0.2, "y": float("nan"), "color": GREEN}, r"'hints\.0\.y' is not usable"),
        ("here", r"'hints\.0' is not usable"),
    ],
)
def test_a_bad_hint_is_named(hint, words):
    with pytest.raises(RequestError, match=words):
        make_look(hints=[hint])


def test_five_hints_at_two_megapixels_are_live():
    """Against the same picture without hints, in turn: what else this machine does is not the point."""
    photo = Photo(grey_picture(1200, 1700))
    hints = [{"x": 0.1 + 0.2 * n, "y": 0.2 + 0.15 * n, "color": GREEN} for n in range(5)]
    rng = np.random.default_rng(5)
    distribution = AbDistribution(
        rng.normal(size=(313, 56, 56)).astype(np.float32), rng.normal(0, 30, (313, 2)).astype(np.float32)
    )
    colouring = colouring_of(distribution, photo.lightness())
    looks = {"plain": Look(), "moved": make_look(hints=hints)}
    best = dict.fromkeys([*looks, "put"], np.inf)
    for turn in range(6):
        new = {"put": make_look(hints=[{"x": 0.05 * (turn + 1), "y": 0.1, "color": GREEN}, *hints[1:]])}
        for name, look in (new | looks).items():
            started = time.perf_counter()
            render(photo, colouring, look)
            best[name] = min(best[name], time.perf_counter() - started)
    assert best["moved"] < 2.5 * best["plain"]
    assert best["put"] < 4 * best["plain"]


def test_no_hints_change_nothing():
    assert Look().hints == ()
    np.testing.assert_array_equal(painted([]), brown().ab)


def test_what_a_hint_would_touch_can_be_seen_first():
    """By the photograph's own edges; what other hints have is theirs, and seeing it does not change what is shown."""
    photo = Photo(np.where(np.arange(120) < 60, 90, 190).astype(np.uint8) + np.zeros((96, 1), np.uint8))
    colouring = colouring_of(brown(), photo.lightness())
    wall, coat = Hint(x=0.8, y=0.5, color=GREEN), Hint(x=0.2, y=0.5, color=GREEN)
    shown = colouring.overlay((wall,))
    mask = reach_mask(photo, colouring.reach((wall, coat)))
    assert mask.shape == (96, 120) and mask[20:70, 8:52].min() > 200 and mask[:, 66:].max() < 10
    assert reach_mask(photo, colouring.reach((coat, wall)))[20:70, 70:110].min() > 200
    kept = reach_mask(photo, colouring.reach((Hint(x=0.2, y=0.5, keep=True, radius=0.1),)))
    assert kept[48, 24] > 200 and kept[48, 50] == 0
    assert colouring.overlay((wall,)) is shown


def test_every_swatch_is_a_hints_colour_and_has_a_name():
    for name, color in SWATCHES.items():
        assert Hint(x=0, y=0, color=color).color == color
        assert f"swatch.{name}" in TEXTS


def test_a_thousand_wrong_hints_are_one_problem() -> None:
    for wrong in ([{}] * 1000, [{"x": 0.5, "y": 0.5, "keep": True, "stroke": [[]] * 1000}]):
        with pytest.raises(RequestError) as refused:
            make_look(hints=wrong)
        assert refused.value.__cause__.error_count() < 5  # each takes a kilobyte
