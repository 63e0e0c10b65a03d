"""Telling photographs in colour from black-and-white ones, toned ones among them."""

from __future__ import annotations

import io

import numpy as np
import pytest
from PIL import Image

from core.photo.in_colour import is_in_colour
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


def test_grey_is_not_colour() -> None:
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
