"""Colours that sRGB cannot show brought to ones that it can, at their own lightness and hue."""

from __future__ import annotations

from functools import lru_cache

import numpy as np

from core.colour.cielab import Float, Pixels, lab_to_linear, lab_to_pixels

_LIGHTNESS_STEPS = 200
_HALVINGS = 14

_MARGIN = 0.995
"""Of the largest chroma: what interpolating the table may overshoot at the gamut's edges and corners."""

_INSIDE = (13, 251)
"""Values, of 255, between which all three channels of a colour lie only well within the gamut."""

_NOTICED = 0.5
"""Least chroma whose loss is counted."""


def lab_to_gamut(lightness: Float, a: Float, b: Float, pixels: Pixels) -> int:
    """CIELAB planes (h, w) to sRGB, by ``fit_gamut`` where sRGB cannot show a colour.

    Such a colour, once clipped, has a channel at an end of its range. Only what has a channel there or near is looked
    at, which leaves out most of a photograph.

    Args:
        lightness: L* 0..100.
        a: a*.
        b: b*.
        pixels: (h, w, 3) uint8 or uint16, contiguous: is written to.

    Returns:
        How many colours lost chroma.
    """
    import cv2

    lab_to_pixels(lightness, a, b, pixels)
    low, high = (value * (np.iinfo(pixels.dtype).max // 255) for value in _INSIDE)
    channels = np.flatnonzero(cv2.inRange(pixels.reshape(len(pixels), -1), low, high) == 0) // 3
    near = channels[np.diff(channels, prepend=-1) > 0]
    if not near.size:
        return 0
    lightness, a, b = (plane.ravel()[None, near] for plane in (lightness, a, b))
    a, b, lost = fit_gamut(lightness, a, b)
    fitted = np.empty((1, near.size, 3), pixels.dtype)
    lab_to_pixels(lightness, a, b, fitted)
    pixels.reshape(-1, 3)[near] = fitted[0]
    return lost


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

    hue, chroma = np.asarray(cv2.phase(a, b, angleInDegrees=True), np.float32), cv2.magnitude(a, b)
    keep = _looked_up(_largest_chroma(), hue, lightness * np.float32(_LIGHTNESS_STEPS / 100))
    lost = int(np.count_nonzero(chroma - keep > _NOTICED))
    keep /= np.maximum(chroma, np.float32(1e-6), out=chroma)
    np.minimum(keep, 1, out=keep)
    fitted: tuple[Float, Float] = a * keep, b * keep
    return *fitted, lost


def _looked_up(table: Float, column: Float, row: Float) -> Float:
    """The table at each place, bilinear; in lines of 1024, since OpenCV takes none of 32,768 or more."""
    import cv2

    whole = np.zeros((2, -(-column.size // 1024) * 1024), np.float32)
    whole[0, : column.size], whole[1, : row.size] = column.ravel(), row.ravel()
    columns, rows = whole.reshape(2, -1, 1024)
    found = cv2.remap(table, columns, rows, cv2.INTER_LINEAR)
    return np.asarray(found, np.float32).ravel()[: column.size].reshape(column.shape)


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
