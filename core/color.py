"""sRGB and CIELAB: the only colour maths in the tree.

CIELAB is CIE 1976 L*a*b* (CIE 15:2004, section 8.2.1) relative to D65; sRGB is IEC 61966-2-1. The white point is
the sum of the sRGB matrix's columns, so that grey has a* = b* = 0 exactly.
"""

from __future__ import annotations

from functools import lru_cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

Float = NDArray[np.float32]
Pixels = NDArray[Any]
"""sRGB pixels, uint8 or uint16."""

RGB_TO_XYZ = np.array(
    [[0.4124564, 0.3575761, 0.1804375], [0.2126729, 0.7151522, 0.0721750], [0.0193339, 0.1191920, 0.9503041]]
)
"""Linear sRGB to CIE XYZ (D65)."""

WHITE = RGB_TO_XYZ.sum(axis=1)
"""XYZ of sRGB's white."""

_RGB_TO_RELATIVE = (RGB_TO_XYZ / WHITE[:, None]).astype(np.float32)
_RELATIVE_TO_RGB = np.linalg.inv(RGB_TO_XYZ / WHITE[:, None]).astype(np.float32)
_LUMINANCE = _RGB_TO_RELATIVE[1]

_EPSILON = 216 / 24389  # CIE's exact 0.008856
_KAPPA = 24389 / 27  # CIE's exact 903.3
_KNEE = np.float32(6 / 29)  # f(_EPSILON): below it the cube root is replaced by a line

_FLOAT_NOISE = 2e-5  # how far outside 0..1 float32 puts colours that lie on the gamut's boundary

_ENCODE_STEPS = 4096


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


def opencv_lightness(rgb: Float) -> Float:
    """L* as ``cv2.cvtColor`` has it, which interpolates a table and is off by up to 0.2; for a recipe that uses it."""
    import cv2

    lab = cv2.cvtColor(rgb if rgb.ndim == 3 else np.dstack([rgb] * 3), cv2.COLOR_RGB2Lab)
    return np.ascontiguousarray(lab[..., 0], dtype=np.float32)


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
        return np.take(_lightness_table(levels), pixels)
    linear = _linear_table(levels)
    luminance = np.take(linear, pixels[..., 0]) * _LUMINANCE[0]
    luminance += np.take(linear, pixels[..., 1]) * _LUMINANCE[1]
    luminance += np.take(linear, pixels[..., 2]) * _LUMINANCE[2]
    return luminance_to_lightness(luminance)


def lab_to_linear(lightness: Float, a: Float, b: Float) -> Float:
    """CIELAB to linear sRGB, plane by plane.

    Args:
        lightness: L* 0..100, any shape.
        a: a* of the same shape.
        b: b* of the same shape.

    Returns:
        (3, ...) float32: planes of R, G and B; outside 0..1 where sRGB cannot show the colour.
    """
    y = (lightness + 16) * np.float32(1 / 116)
    f = np.stack([y + a * np.float32(1 / 500), y, y - b * np.float32(1 / 200)])
    # Above the knee the relative XYZ is f cubed, below it the tangent: the sum of both parts, one of them constant.
    above = np.maximum(f, _KNEE)
    below = np.minimum(f, _KNEE, out=f)
    relative = above * above
    relative *= above
    relative += (below - _KNEE) * np.float32(116 / _KAPPA)
    linear: Float = np.matmul(_RELATIVE_TO_RGB, relative.reshape(3, -1)).reshape(relative.shape)
    return linear


def fit_gamut(lightness: Float, a: Float, b: Float, steps: int = 12) -> tuple[Float, int]:
    """Bring colours into sRGB's gamut at their own lightness and hue, by taking chroma away.

    The largest chroma that fits is found by bisection along the line from grey, to 1/2**steps of the chroma.

    Args:
        lightness: L* 0..100, any shape.
        a: a* of the same shape.
        b: b* of the same shape.
        steps: halvings.

    Returns:
        Linear sRGB, (3, ...) float32 within 0..1, and how many colours lost chroma.
    """
    linear = lab_to_linear(lightness, a, b)
    low, high = np.float32(-_FLOAT_NOISE), np.float32(1 + _FLOAT_NOISE)
    lost = 0
    if linear.min(initial=0) < low or linear.max(initial=0) > high:
        outside = np.any((linear < low) | (linear > high), axis=0)
        light, a, b = lightness[outside], a[outside], b[outside]
        keep = np.zeros_like(light)
        for step in np.float32(0.5) ** np.arange(1, steps + 1, dtype=np.float32):
            share = keep + step
            trial = lab_to_linear(light, a * share, b * share)
            np.copyto(keep, share, where=np.all((trial >= low) & (trial <= high), axis=0))
        linear[:, outside] = lab_to_linear(light, a * keep, b * keep)
        lost = light.size
    return np.clip(linear, 0, 1, out=linear), lost


@lru_cache(maxsize=1)
def _encode_table() -> NDArray[np.uint8]:
    linear = (np.arange(_ENCODE_STEPS) / (_ENCODE_STEPS - 1)) ** 2
    return np.rint(linear_to_srgb(linear.astype(np.float32)) * 255).astype(np.uint8)


def linear_to_pixels(linear: Float, dtype: np.dtype[Any]) -> Pixels:
    """Linear sRGB within 0..1, any shape, to sRGB pixels of ``dtype``.

    For uint8 a table on the square root of the light stands for the transfer function: its steps are below
    a tenth of a level everywhere.
    """
    if dtype == np.uint8:
        index = np.sqrt(linear)
        index *= _ENCODE_STEPS - 1
        index += 0.5
        return np.take(_encode_table(), index.astype(np.uint16))
    return np.rint(linear_to_srgb(linear) * 65535).astype(np.uint16)
