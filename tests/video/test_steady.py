"""Colours neither flicker nor cross a cut."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from itertools import pairwise
from typing import Any

import numpy as np

from core.video.frame import Frame
from core.video.steady import KEYS_APART, Coloured, Key, coloured_steadily
from tests.support.films import scene


def coloured(greys: Iterable[Any], guess: Callable[[Any], Any]) -> list[Coloured]:
    frames = [Frame(number, grey) for number, grey in enumerate(greys)]
    found = coloured_steadily(frames, guess)
    return [each for group in found if not isinstance(group, Key) for each in group]


def restless(seed: int = 1) -> Callable[[Any], Any]:
    """Another colour for each frame, from one end of the picture to the other."""
    rng = np.random.default_rng(seed)

    def guess(grey: Any) -> Any:
        return np.linspace(rng.normal(20, 8, 2), rng.normal(20, 8, 2), 16)[None].repeat(12, 0).astype(np.float32)

    return guess


def jumps(fields: list[Any]) -> float:
    return float(np.mean([np.square(a - b).mean() for a, b in pairwise(fields)]))


def test_each_frame_comes_once_in_order():
    greys = [scene(number, 96, 128) for number in range(3 * KEYS_APART + 5)]
    assert [each.frame.time for each in coloured(greys, restless())] == list(range(len(greys)))


def test_colours_flicker_less_than_a_third():
    greys = [scene(number, 96, 128) for number in range(40)]
    ours = [each.ab for each in coloured(greys, restless())]
    alone = list(map(restless(), greys))
    assert jumps(ours) < 0.1 * jumps(alone)
    assert np.mean([np.linalg.norm(ab, axis=2).mean() for ab in ours]) > 0.9 * np.linalg.norm(alone, axis=3).mean()


def test_colour_goes_with_the_thing():
    def guess(grey: Any) -> Any:
        ab = np.zeros((*grey.shape, 2), np.float32)
        ab[grey > 190] = 40, 30
        return ab

    for each in coloured([scene(number, 96, 128) for number in range(30)], guess)[3:]:
        ball = each.frame.grey > 190
        red = np.kron(each.ab[..., 0], np.ones((1, 1)))
        assert red[ball].mean() > 4 * max(red[~ball].mean(), 1)


def test_no_colour_crosses_a_cut():
    def guess(grey: Any) -> Any:
        return np.full((8, 8, 2), 30 if grey.mean() > 100 else -30, np.float32)

    dark, bright = ([scene(n, 96, 128, seed) for n in range(15)] for seed in (0, 5))
    ours = coloured([*dark, *(255 - (frame // 3) for frame in bright), *dark], guess)
    assert [number for number, each in enumerate(ours) if each.begins] == [0, 15, 30]
    for number, each in enumerate(ours):
        assert np.abs(each.ab - (30 if 15 <= number < 30 else -30)).max() < 1


def test_a_flash_and_a_dissolve_are_no_cuts():
    greys = [scene(number, 96, 128).astype(int) for number in range(30)]
    greys[12] = np.clip(greys[12] * 1.6 + 30, 0, 255)
    other = scene(3, 96, 128, seed=2).astype(int)
    dissolved = [*greys, *(greys[29] + (other - greys[29]) * n // 20 for n in range(20)), *([other] * 5)]
    assert sum(each.begins for each in coloured([np.uint8(grey) for grey in dissolved], restless())) == 1


def test_black_frames_have_no_colour_and_end_a_shot():
    black = np.zeros((96, 128), np.uint8)
    greys = [*(scene(number, 96, 128) for number in range(6)), *[black] * 4, *(scene(n, 96, 128) for n in range(6))]
    ours = coloured(greys, lambda grey: np.full((8, 8, 2), 25, np.float32))
    assert [float(np.abs(each.ab).max()) for each in ours[6:10]] == [0] * 4
    assert min(float(each.ab.min()) for each in (*ours[:6], *ours[10:])) > 20


def test_a_film_has_the_same_colours_whatever_was_coloured_before():
    greys = [scene(number, 96, 128) for number in range(12)]
    before = [each.ab for each in coloured(greys, restless())]
    for height, width in ((60, 140), (150, 90), (40, 50)):
        coloured([scene(number, height, width) for number in range(4)], restless())
    np.testing.assert_array_equal([each.ab for each in coloured(greys, restless())], before)


def test_a_strip_of_a_film_is_coloured():
    assert len(coloured([scene(number, 20, 400) for number in range(6)], restless())) == 6


def test_two_films_at_once_have_the_colours_that_each_has_alone():
    greys = [scene(number, 96, 128) for number in range(40)]

    def fields(_: int = 0) -> Any:
        return np.stack([each.ab for each in coloured(greys, restless())])

    alone = fields()
    with ThreadPoolExecutor(3) as pool:
        for found in pool.map(fields, range(9)):
            np.testing.assert_array_equal(found, alone)
