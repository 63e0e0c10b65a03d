"""sRGB and CIELAB against published values and against each other."""

import numpy as np
import pytest

from core.color import (
    fit_gamut,
    lab_to_linear,
    linear_to_pixels,
    linear_to_srgb,
    pixel_lightness,
    rgb_lightness,
    rgb_to_lab,
    srgb_to_linear,
)

# Bruce Lindbloom's calculator, sRGB and D65, no adaptation.
PUBLISHED = [
    ((1, 0, 0), (53.24, 80.09, 67.20)),
    ((0, 1, 0), (87.73, -86.18, 83.18)),
    ((0, 0, 1), (32.30, 79.19, -107.86)),
    ((1, 1, 0), (97.14, -21.55, 94.48)),
    ((0.5, 0.5, 0.5), (53.39, 0, 0)),
]


@pytest.mark.parametrize(("rgb", "lab"), PUBLISHED)
def test_published_values(rgb, lab):
    np.testing.assert_allclose(rgb_to_lab(np.array(rgb, np.float32)), lab, atol=0.02)


def test_every_grey_has_no_chroma():
    grey = np.repeat(np.linspace(0, 1, 256, dtype=np.float32)[:, None], 3, axis=1)
    assert np.abs(rgb_to_lab(grey)[:, 1:]).max() < 1e-3


def test_lab_goes_there_and_back():
    rgb = np.random.default_rng(0).random((64, 64, 3)).astype(np.float32)
    lab = rgb_to_lab(rgb)
    there = np.moveaxis(lab_to_linear(*np.moveaxis(lab, -1, 0)), 0, -1)
    assert np.abs(linear_to_srgb(there) - rgb).max() < 1e-4


def test_transfer_function_goes_there_and_back():
    values = np.linspace(0, 1, 1001, dtype=np.float32)
    np.testing.assert_allclose(linear_to_srgb(srgb_to_linear(values)), values, atol=1e-6)


@pytest.mark.parametrize("dtype", [np.uint8, np.uint16])
def test_lightness_is_the_same_by_every_way(dtype):
    top = np.iinfo(dtype).max
    rgb = np.random.default_rng(1).integers(0, top, (32, 32, 3), dtype=dtype, endpoint=True)
    exact = rgb_to_lab(rgb.astype(np.float32) / top)[..., 0]
    np.testing.assert_allclose(pixel_lightness(rgb), exact, atol=2e-3)
    np.testing.assert_allclose(rgb_lightness(rgb.astype(np.float32) / top), exact, atol=2e-3)
    grey = rgb[..., 0]
    np.testing.assert_allclose(pixel_lightness(grey), pixel_lightness(np.dstack([grey] * 3)), atol=2e-3)


def test_fit_gamut_keeps_lightness_and_hue_and_takes_only_the_chroma_it_must():
    rng = np.random.default_rng(2)
    lightness = rng.uniform(1, 99, 5000).astype(np.float32)
    ab = rng.normal(0, 60, (2, 5000)).astype(np.float32)
    raw = lab_to_linear(lightness, *ab)
    outside = ((raw < 0) | (raw > 1)).any(axis=0)
    linear, lost = fit_gamut(lightness, *ab)
    assert linear.min() >= 0
    assert linear.max() <= 1
    assert lost == pytest.approx(outside.sum(), abs=5)
    assert 0.2 < outside.mean() < 0.9
    got = rgb_to_lab(linear_to_srgb(linear.T)).T
    np.testing.assert_allclose(got[0], lightness, atol=0.05)
    np.testing.assert_allclose(got[1:, ~outside], ab[:, ~outside], atol=0.05)
    chroma, wanted = np.hypot(*got[1:, outside]), np.hypot(*ab[:, outside])
    assert (chroma <= wanted + 0.05).all()
    off_line = np.abs(got[1, outside] * ab[1, outside] - got[2, outside] * ab[0, outside]) / wanted
    assert off_line.max() < 0.1  # the hue is the same: the result lies on the line from grey to what was wanted
    more = lab_to_linear(lightness[outside], *(got[1:, outside] * 1.02))
    beyond = ((more < 0) | (more > 1)).any(axis=0)
    assert beyond[chroma > 5].mean() > 0.95  # two hundredths more would not have fitted


@pytest.mark.parametrize(("dtype", "most"), [(np.uint8, 0.55), (np.uint16, 0.55)])
def test_pixels_are_within_rounding_of_exact(dtype, most):
    linear = np.linspace(0, 1, 200_001, dtype=np.float32)
    exact = linear_to_srgb(linear).astype(np.float64) * np.iinfo(dtype).max
    assert np.abs(linear_to_pixels(linear, np.dtype(dtype)) - exact).max() < most
