"""Where the model is sure."""

from __future__ import annotations

import numpy as np
import pytest

from core.look.colouring import colouring_of
from core.photo.open import Photo
from core.prediction import AbDistribution, AbField
from core.render.confidence import confidence_picture
from tests.support.fakes import BINS, grey_picture


def test_one_colour_is_sure_and_any_colour_is_a_guess() -> None:
    logits = np.zeros((4, 1, 3), np.float32)
    logits[2, 0, 0] = 50
    logits[:2, 0, 1] = 50
    sure = colouring_of(AbDistribution(logits, BINS), np.zeros((1, 3), np.float32)).confidence()
    assert sure is not None
    np.testing.assert_allclose(sure, [[1, 0.5, 0]], atol=1e-5)  # of four: one, either of two, all alike


def test_a_plain_field_has_what_its_backend_says() -> None:
    ab, lightness = np.zeros((2, 2, 2), np.float32), np.zeros((2, 2), np.float32)
    assert colouring_of(AbField(ab), lightness).confidence() is None
    said = np.float32([[0, 1], [0.5, 0.2]])
    np.testing.assert_array_equal(colouring_of(AbField(ab, said), lightness).confidence(), said)


@pytest.mark.parametrize("dtype", [np.uint8, np.uint16])
def test_its_picture_is_blue_where_sure_and_orange_where_not(dtype: type) -> None:
    photo = Photo(grey_picture(60, 90, dtype))
    sure = np.full((4, 6), 0.1, np.float32)
    sure[:, 3:] = 0.9
    rgb = confidence_picture(photo, sure).rgb.astype(int)
    assert rgb.shape == (60, 90, 3)
    red_less_blue = (rgb[..., 0] - rgb[..., 2]).mean(axis=0)
    assert red_less_blue[:25].min() > 30
    assert red_less_blue[-25:].max() < -30


def test_black_and_white_places_show_it_too() -> None:
    photo = Photo(np.array([[0] * 8, [255] * 8], np.uint8))
    rgb = confidence_picture(photo, np.zeros((1, 1), np.float32)).rgb.astype(int)
    assert (rgb[..., 0] - rgb[..., 2] > 30).all()
