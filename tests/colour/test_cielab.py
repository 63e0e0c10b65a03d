"""sRGB and CIELAB against published values and against each other."""

import numpy as np
import pytest

import core.colour.cielab
from core.colour.cielab import (
    eight_bits,
    lab_to_linear,
    lab_to_pixels,
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
    assert np.abs(linear_to_srgb(lab_to_linear(lab)) - rgb).max() < 1e-4


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


@pytest.mark.parametrize("opencv", ["looks up 16 bits", "looks up 8 bits only"])
def test_eight_bit_pixels_are_the_nearest_to_the_colour(monkeypatch, opencv):
    if opencv == "looks up 8 bits only":
        monkeypatch.setattr(core.colour.cielab, "_opencv_looks_up_sixteen_bits", lambda: False)
    rng = np.random.default_rng(5)
    lab = np.stack([rng.uniform(0, 100, (90, 110)), *rng.normal(0, 20, (2, 90, 110))], axis=-1).astype(np.float32)
    pixels = np.empty((90, 110, 3), np.uint8)
    lab_to_pixels(*(np.ascontiguousarray(lab[..., plane]) for plane in range(3)), pixels)
    assert np.abs(pixels - 255 * linear_to_srgb(lab_to_linear(lab))).max() < 0.6


@pytest.mark.parametrize("dtype", [np.uint8, np.uint16])
def test_pixels_go_there_and_back(dtype):
    pixels = np.random.default_rng(3).integers(0, np.iinfo(dtype).max, (64, 65, 3), dtype=dtype, endpoint=True)
    lab = rgb_to_lab(pixels.astype(np.float32) / np.iinfo(dtype).max)
    again = np.empty_like(pixels)
    lab_to_pixels(*(np.ascontiguousarray(lab[..., plane]) for plane in range(3)), again)
    assert np.abs(again.astype(int) - pixels).max() <= np.iinfo(dtype).max // 2000  # 0 levels of 8 bits


def test_sixteen_bits_become_the_nearest_eight():
    every = np.arange(65536, dtype=np.uint16)
    np.testing.assert_array_equal(eight_bits(every), np.rint(every / 257))
    picture = every[1:].reshape(5, -1, 3)
    np.testing.assert_array_equal(eight_bits(picture), np.rint(picture / 257))
