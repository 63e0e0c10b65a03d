"""Colours that sRGB cannot show keep their lightness and hue, and lose only the chroma that they must."""

import numpy as np
import pytest

from core.colour.cielab import lab_to_linear, lab_to_pixels
from core.colour.gamut import fit_gamut, lab_to_gamut

RNG = np.random.default_rng(2)
LIGHTNESS = RNG.uniform(1, 99, (50, 100)).astype(np.float32)
A, B = RNG.normal(0, 60, (2, 50, 100)).astype(np.float32)


def shown(lightness, a, b, noise=0.0):
    linear = lab_to_linear(np.stack([lightness, a, b], axis=-1))
    return ((linear >= -noise) & (linear <= 1 + noise)).all(axis=-1)


def test_every_colour_can_be_shown_afterwards():
    a, b, lost = fit_gamut(LIGHTNESS, A, B)
    assert shown(LIGHTNESS, a, b, noise=0.01).all()
    assert shown(LIGHTNESS, a, b, noise=0.001).mean() > 0.99
    assert lost == pytest.approx((~shown(LIGHTNESS, A, B)).sum(), rel=0.01)
    assert 0.2 < lost / LIGHTNESS.size < 0.9


def test_a_colour_that_can_be_shown_stays_as_it_is():
    inside = shown(LIGHTNESS, A * 1.02, B * 1.02)
    a, b, _ = fit_gamut(LIGHTNESS, A, B)
    np.testing.assert_allclose(a[inside], A[inside], rtol=1e-4)
    np.testing.assert_allclose(b[inside], B[inside], rtol=1e-4)


def test_hue_stays_and_no_more_chroma_is_lost_than_must_be():
    a, b, _ = fit_gamut(LIGHTNESS, A, B)
    outside = ~shown(LIGHTNESS, A, B)
    off_line = np.abs(a * B - b * A) / np.hypot(A, B)
    assert off_line.max() < 1e-3
    colourful = outside & (np.hypot(a, b) > 5)
    assert (~shown(LIGHTNESS, a * 1.02, b * 1.02))[colourful].mean() > 0.95


def test_chroma_is_lost_smoothly():
    """Ever more saturated colours of one hue end at one colour, and neighbours in hue end near each other."""
    strength = np.linspace(0, 4, 400, dtype=np.float32)[None]
    a, b, _ = fit_gamut(np.full_like(strength, 60), 30 * strength, 20 * strength)
    assert (np.diff(a[0]) > -1e-3).all()
    assert np.abs(np.diff(a[0])).max() < 0.4
    hue = np.linspace(0, 2 * np.pi, 2000, dtype=np.float32)[None]
    a, b, _ = fit_gamut(np.full_like(hue, 60), 200 * np.cos(hue), 200 * np.sin(hue))
    assert np.hypot(np.diff(a[0]), np.diff(b[0])).max() < 1.5


@pytest.mark.parametrize("lightness", [0.0, 100.0])
def test_black_and_white_have_no_colour(lightness):
    a, b, lost = fit_gamut(np.full((1, 4), lightness, np.float32), *np.full((2, 1, 4), 30, np.float32))
    assert np.abs(a).max() < 0.5
    assert np.abs(b).max() < 0.5
    assert lost == 4


def test_grey_is_not_counted_as_lost():
    zero = np.zeros((2, 3), np.float32)
    a, b, lost = fit_gamut(np.float32([[0, 50, 100]] * 2), zero, zero)
    assert lost == 0
    assert not a.any()
    assert not b.any()


@pytest.mark.parametrize("dtype", [np.uint8, np.uint16])
def test_painting_is_the_same_as_fitting_every_pixel(dtype):
    painted = np.empty((*LIGHTNESS.shape, 3), dtype)
    lost = lab_to_gamut(LIGHTNESS, A, B, painted)
    a, b, all_lost = fit_gamut(LIGHTNESS, A, B)
    fitted = np.empty_like(painted)
    lab_to_pixels(LIGHTNESS, a, b, fitted)
    assert np.abs(painted.astype(int) - fitted).max() <= np.iinfo(dtype).max // 255
    assert lost == all_lost


def test_a_picture_within_the_gamut_loses_nothing():
    painted = np.empty((*LIGHTNESS.shape, 3), np.uint8)
    assert lab_to_gamut(np.clip(LIGHTNESS, 20, 80), A / 20, B / 20, painted) == 0
