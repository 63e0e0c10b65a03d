"""Colours that sRGB cannot show brought to ones that it can, at their own lightness and hue."""

from __future__ import annotations

from functools import lru_cache

import numpy as np

from core.color import Float, lab_to_linear

_LIGHTNESS_STEPS = 200
_HALVINGS = 14

_MARGIN = 0.995
"""Of the largest chroma: what interpolating the table may overshoot at the gamut's edges and corners."""

_NOTICED = 0.5
"""Least chroma whose loss is counted."""


def fit_gamut(lightness: Float, a: Float, b: Float) -> tuple[Float, Float, int]:
    """Take away the chroma that sRGB cannot show; lightness and hue stay.

    Args:
        lightness: (h, w) float32 L* 0..100.
        a: (h, w) float32 a*.
        b: (h, w) float32 b*.

    Returns:
        a* and b* within the gamut, and how many colours lost chroma.
    """
    import cv2

    hue, chroma = cv2.phase(a, b, angleInDegrees=True), cv2.magnitude(a, b)
    level = lightness * np.float32(_LIGHTNESS_STEPS / 100)
    keep: Float = np.asarray(cv2.remap(_largest_chroma(), hue, level, cv2.INTER_LINEAR), dtype=np.float32)
    lost = int(np.count_nonzero(chroma - keep > _NOTICED))
    keep /= np.maximum(chroma, np.float32(1e-6), out=chroma)
    np.minimum(keep, 1, out=keep)
    fitted: tuple[Float, Float] = a * keep, b * keep
    return *fitted, lost


@lru_cache(maxsize=1)
def _largest_chroma() -> Float:
    """Chroma of the most colourful colour that sRGB shows, by lightness (down) and hue (across, in degrees).

    Found by bisection along the line from grey: sRGB's gamut has no holes seen from there.
    """
    lightness = np.linspace(0, 100, _LIGHTNESS_STEPS + 1, dtype=np.float32)[:, None]
    hue = np.radians(np.arange(361, dtype=np.float32))
    lightness, red, yellow = np.broadcast_arrays(lightness, np.cos(hue), np.sin(hue))
    largest = np.zeros(lightness.shape, np.float32)
    step = np.float32(256)
    for _ in range(_HALVINGS):
        step /= 2
        trial = largest + step
        linear = lab_to_linear(np.stack([lightness, red * trial, yellow * trial], axis=-1))
        shown = np.all((linear >= -1e-5) & (linear <= 1 + 1e-5), axis=-1)
        np.copyto(largest, trial, where=shown)
    return largest * np.float32(_MARGIN)
