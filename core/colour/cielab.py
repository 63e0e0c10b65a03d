"""sRGB and CIELAB: the only colour maths in the tree.

CIELAB is CIE 1976 L*a*b* (CIE 15:2004, section 8.2.1) relative to D65; sRGB is IEC 61966-2-1. The white point is
the sum of the sRGB matrix's columns, so that grey has a* = b* = 0 exactly. The matrix is the one in OpenCV, which
paints the pixels: tables, gamut and pixels have one white.
"""

from __future__ import annotations

from functools import lru_cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

Float = NDArray[np.float32]
Pixels = NDArray[Any]
"""sRGB pixels, uint8 or uint16."""

RGB_TO_XYZ = np.array([[0.412453, 0.357580, 0.180423], [0.212671, 0.715160, 0.072169], [0.019334, 0.119193, 0.950227]])
"""Linear sRGB to CIE XYZ (ITU-R BT.709's primaries and D65, to six digits)."""

WHITE = RGB_TO_XYZ.sum(axis=1)
"""XYZ of sRGB's white."""

_RGB_TO_RELATIVE = (RGB_TO_XYZ / WHITE[:, None]).astype(np.float32)
_RELATIVE_TO_RGB = np.linalg.inv(RGB_TO_XYZ / WHITE[:, None]).astype(np.float32)
_LUMINANCE = _RGB_TO_RELATIVE[1]

_EPSILON = 216 / 24389  # CIE's exact 0.008856
_KAPPA = 24389 / 27  # CIE's exact 903.3
_KNEE = 6 / 29  # f(_EPSILON): below it the cube root is replaced by a line


def srgb_to_linear(rgb: Float) -> Float:
    """Undo the sRGB transfer function. Any shape, 0..1 to 0..1."""
    rgb = np.asarray(rgb, dtype=np.float32)
    return np.where(rgb <= 0.04045, rgb / 12.92, ((rgb + 0.055) / 1.055) ** 2.4).astype(np.float32)


def linear_to_srgb(linear: Float) -> Float:
    """Apply the sRGB transfer function. Any shape; values are clipped to 0..1."""
    linear = np.clip(np.asarray(linear, dtype=np.float32), 0, 1)
    return np.where(linear <= 0.0031308, linear * 12.92, 1.055 * linear ** (1 / 2.4) - 0.055).astype(np.float32)


def luminance_to_lightness(luminance: Float) -> Float:
    """Relative luminance Y/Yn 0..1 to L* 0..100."""
    luminance = np.asarray(luminance, dtype=np.float32)
    return np.where(luminance > _EPSILON, 116 * np.cbrt(luminance) - 16, _KAPPA * luminance).astype(np.float32)


def lightness_to_luminance(lightness: Float) -> Float:
    """L* 0..100 to relative luminance Y/Yn 0..1. Any shape."""
    f = (np.asarray(lightness, dtype=np.float32) + 16) / 116
    return np.where(f > _KNEE, f * f * f, (116 * f - 16) / _KAPPA).astype(np.float32)


def rgb_to_lab(rgb: Float) -> Float:
    """Convert sRGB 0..1 (..., 3) to CIELAB (..., 3): L* 0..100, a* and b* roughly -110..110."""
    relative = srgb_to_linear(rgb) @ _RGB_TO_RELATIVE.T
    f = np.where(relative > _EPSILON, np.cbrt(relative), (_KAPPA * relative + 16) / 116)
    x, y, z = f[..., 0], f[..., 1], f[..., 2]
    return np.stack([116 * y - 16, 500 * (x - y), 200 * (y - z)], axis=-1).astype(np.float32)


def rgb_lightness(rgb: Float) -> Float:
    """L* 0..100 of sRGB 0..1: grey (h, w) or RGB (h, w, 3), to (h, w)."""
    linear = srgb_to_linear(rgb)
    return luminance_to_lightness(linear if linear.ndim == 2 else linear @ _LUMINANCE)


def lightness_to_grey(lightness: Float) -> Float:
    """L* 0..100 to the sRGB grey 0..1 that has it. Any shape."""
    return linear_to_srgb(lightness_to_luminance(lightness))


def three_channels(pixels: NDArray[Any]) -> NDArray[Any]:
    """Grey (h, w) as (h, w, 3) with equal channels, of any dtype; RGB as it is."""
    return pixels if pixels.ndim == 3 else np.dstack([pixels] * 3)


def eight_bits(pixels: Pixels) -> Pixels:
    """Pixels as uint8, each the nearest; uint8 ones as they are."""
    if pixels.dtype != np.uint16:
        return pixels
    import cv2

    return np.asarray(cv2.convertScaleAbs(pixels, alpha=1 / 257)).reshape(pixels.shape)


@lru_cache(maxsize=2)
def _linear_table(levels: int) -> Float:
    return srgb_to_linear(np.linspace(0, 1, levels, dtype=np.float32))


@lru_cache(maxsize=2)
def _lightness_table(levels: int) -> Float:
    return luminance_to_lightness(_linear_table(levels))


def pixel_lightness(pixels: Pixels) -> Float:
    """L* 0..100 of sRGB pixels: grey (h, w) or RGB (h, w, 3), uint8 or uint16, to (h, w) float32."""
    levels = int(np.iinfo(pixels.dtype).max) + 1
    if pixels.ndim == 2:
        return _look_up(_lightness_table(levels), pixels)
    linear = _linear_table(levels)
    return luminance_to_lightness(_look_up(linear, pixels) @ _LUMINANCE)


def _look_up(table: Float, pixels: Pixels) -> Float:
    if pixels.dtype == np.uint8:
        import cv2

        return np.asarray(cv2.LUT(pixels, table), dtype=np.float32)  # twice as fast as numpy's take
    return np.take(table, pixels)


def lab_to_linear(lab: Float) -> Float:
    """CIELAB (..., 3) to linear sRGB (..., 3); outside 0..1 where sRGB cannot show the colour."""
    y = (lab[..., 0] + 16) / 116
    f = np.stack([y + lab[..., 1] / 500, y, y - lab[..., 2] / 200], axis=-1)
    relative = np.where(f > _KNEE, f * f * f, (116 * f - 16) / _KAPPA).astype(np.float32)
    linear: Float = relative @ _RELATIVE_TO_RGB.T
    return linear


def lab_to_pixels(lightness: Float, a: Float, b: Float, pixels: Pixels) -> None:
    """CIELAB planes (h, w) to sRGB, by OpenCV; see ``core.colour.gamut`` for the gamut.

    Args:
        lightness: L* 0..100.
        a: a*.
        b: b*.
        pixels: (h, w, 3) uint8 or uint16, contiguous: is written to.
    """
    import cv2

    steps = np.asarray(cv2.cvtColor(cv2.merge([lightness, a, b]), cv2.COLOR_Lab2LRGB), np.float32)
    if pixels.dtype == np.uint16:
        cv2.sqrt(steps, steps)
    table = _encoding_table(pixels.dtype == np.uint16)
    steps *= np.float32(len(table) - 1)
    if pixels.dtype == np.uint8 and _opencv_looks_up_sixteen_bits():
        cv2.LUT(steps.astype(np.uint16), table, pixels)
    else:
        np.take(table, steps.astype(np.int32), out=pixels, mode="clip")


@lru_cache(maxsize=2)
def _encoding_table(deep: bool) -> Pixels:
    """Linear light to 8-bit sRGB, or its square root to 16-bit sRGB, in equal steps.

    Quicker to look up than OpenCV's own curve, and true: there are so many steps that each stays within a value, also
    in black, where the curve is steepest and 16 bits need the square root's finer steps.
    """
    count = 1 << (17 if deep else 16)
    steps = ((np.arange(count) + 0.5) / (count - 1)).astype(np.float32)
    if deep:
        return np.rint(linear_to_srgb(steps**2) * 65_535).astype(np.uint16)
    return np.rint(linear_to_srgb(steps) * 255).astype(np.uint8)


@lru_cache(maxsize=1)
def _opencv_looks_up_sixteen_bits() -> bool:
    """Whether ``cv2.LUT`` takes 16-bit values, as it does from OpenCV 4.13 on."""
    import cv2

    try:
        cv2.LUT(np.zeros((1, 1), np.uint16), np.zeros(1 << 16, np.uint8))
    except cv2.error:
        return False
    return True
