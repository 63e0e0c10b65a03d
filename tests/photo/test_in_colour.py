"""Telling photographs in colour from black-and-white ones, toned ones among them."""

from __future__ import annotations

import io

import cv2
import numpy as np
import pytest
from PIL import Image

from core.photo.in_colour import is_in_colour, tone_of
from core.photo.open import Photo
from tests.support.fakes import grey_picture

GREY = grey_picture(200, 300).astype(float)


def as_jpeg(rgb: object) -> Photo:
    file = io.BytesIO()
    Image.fromarray(np.clip(rgb, 0, 255).astype(np.uint8)).save(file, "JPEG", quality=75)
    return Photo(np.asarray(Image.open(file)))


@pytest.mark.parametrize("tone", [(1.0, 0.85, 0.65), (0.8, 0.9, 1.0), (1.0, 1.0, 0.93)])
def test_sepia_and_other_toning_are_not_colour(tone: tuple[float, ...]) -> None:
    noise = np.random.default_rng(5).normal(0, 4, (200, 300, 3))
    assert not is_in_colour(as_jpeg(GREY[..., None] * tone + noise))


@pytest.mark.parametrize(("tone", "hue"), [((1.0, 0.85, 0.65), 75), ((0.8, 0.9, 1.0), 255), ((1.0, 0.97, 0.75), 105)])
def test_a_cast_has_a_hue_though_it_is_uneven_and_on_a_mount(tone: tuple[float, ...], hue: float) -> None:
    across = np.linspace(0.4, 1.6, 300)[None, :, None]
    print_ = GREY[..., None] * (1 - (1 - np.array(tone)) * across)
    mounted = np.full((240, 340, 3), (190, 188, 184.0))
    mounted[20:220, 20:320] = print_
    for rgb in (print_, mounted):
        found = tone_of(as_jpeg(rgb + np.random.default_rng(5).normal(0, 4, rgb.shape)))
        assert found.kind == "toned"
        assert found.hue == pytest.approx(hue, abs=20)
        assert found.chroma > 3


def test_deep_stains_are_a_cast_though_the_rest_is_white() -> None:
    down, across = np.mgrid[0:1:200j, 0:1:300j]
    stain = np.clip(np.sin(9 * across + 4 * down) + np.sin(5 * down - 7 * across), 0, 1)
    things = cv2.GaussianBlur(np.random.default_rng(2).normal(0, 1, (200, 300)), (0, 0), 4)
    print_ = np.clip(GREY * (1 + 3 * things), 20, 250)[..., None]
    found = tone_of(as_jpeg(print_ * np.array([0.98, 0.86, 0.55]) ** stain[..., None]))
    assert found.kind == "toned"
    assert found.hue == pytest.approx(85, abs=15)


def test_two_colours_of_like_lightness_are_no_cast() -> None:
    rgb = np.dstack([GREY, GREY, GREY])
    rgb[:, :150] *= (1.06, 1.0, 0.8)
    rgb[50:150, 150:250] *= (0.92, 1.02, 1.1)
    found = tone_of(as_jpeg(rgb))
    assert (found.kind, found.hue) == ("colour", None)


def test_grey_is_not_colour() -> None:
    assert tone_of(Photo(grey_picture())).kind == "grey"
    assert not is_in_colour(Photo(grey_picture()))
    assert not is_in_colour(Photo(np.dstack([grey_picture()] * 3)))


@pytest.mark.parametrize("dtype", [np.uint8, np.uint16])
def test_a_red_coat_on_a_green_meadow_is_colour(dtype: type) -> None:
    rgb = np.dstack([GREY * 0.8, GREY, GREY * 0.7])
    rgb[60:140, 100:180] *= (1.4, 0.6, 0.7)
    scale = 257 if dtype == np.uint16 else 1
    assert is_in_colour(Photo((np.clip(rgb, 0, 255) * scale).astype(dtype)))


def test_tiny_pictures_are_judged_too() -> None:
    assert not is_in_colour(Photo(np.full((1, 1, 3), (200, 10, 10), np.uint8)))
