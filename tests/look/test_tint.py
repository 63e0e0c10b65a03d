"""A cast over the whole picture."""

from __future__ import annotations

import numpy as np
import pytest

from core.colour.cielab import pixel_lightness, rgb_to_lab
from core.look.look import Look, make_look
from core.photo.open import Photo
from core.prediction import AbField
from tests.support.fakes import grey_picture, paint

FIELD = AbField(np.zeros((4, 4, 2), np.float32))


def mean_ab(look: Look) -> tuple[float, float]:
    lab = rgb_to_lab(paint(Photo(grey_picture()), FIELD, look).rgb.astype(np.float32) / 255)
    return float(lab[..., 1].mean()), float(lab[..., 2].mean())


@pytest.mark.parametrize(
    ("given", "axis", "sign"),
    [({"tint_warm": 1}, 1, 1), ({"tint_warm": -1}, 1, -1), ({"tint_magenta": 1}, 0, 1), ({"tint_magenta": -1}, 0, -1)],
)
def test_each_end_goes_where_its_name_says(given: dict[str, float], axis: int, sign: int) -> None:
    full = mean_ab(make_look(**given))[axis]
    half = mean_ab(make_look(**{name: value / 2 for name, value in given.items()}))[axis]
    assert sign * full > 15
    assert half == pytest.approx(full / 2, abs=0.5)


def test_black_white_and_lightness_stay() -> None:
    pixels = np.array([[0, 255, 0, 255], [90, 140, 180, 210]], np.uint8)
    rgb = paint(Photo(pixels), FIELD, Look(tint_warm=1, tint_magenta=-1)).rgb
    assert (rgb[0] == np.dstack([pixels[:1]] * 3)[0]).all()
    assert np.abs(pixel_lightness(rgb) - pixel_lightness(pixels)).max() < 0.5
