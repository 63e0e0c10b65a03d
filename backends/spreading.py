"""Values known in some places, spread along a picture's edges to those where they are not."""

from __future__ import annotations

import numpy as np

from core.colour.cielab import Float

_PIXELS = 65_536
"""Pixels at which windows wider than a few are looked at."""

_RADII = (3, 6, 12, 24, 48, 96)
"""Of the windows, in pixels at that size."""

_RIDGE = 30.0
"""Variance, in L*^2, that holds back the slope of values on lightness."""

_ENOUGH = 0.2
"""Share of a window that must be known for it to have the last word."""


def spread(values: Float, known: Float, guide: Float) -> Float:
    """Values everywhere: of each place the narrowest window's in which enough is known.

    In each window the values follow lightness by a straight line, found from what is known there: the guided filter
    of He, Sun and Tang (TPAMI 2013) with weights. Where nothing is near, it is the mean of all that is known.

    Args:
        values: (h, w, c) float32.
        known: (h, w) float32 0..1.
        guide: (h, w) L*.

    Returns:
        (h, w, c) float32.
    """
    import cv2

    height, width = guide.shape
    scale = min(1.0, (_PIXELS / (height * width)) ** 0.5)
    size = (max(1, round(width * scale)), max(1, round(height * scale)))

    def small(plane: Float) -> Float:
        return np.asarray(cv2.resize(plane, size, interpolation=cv2.INTER_AREA), np.float32)

    weight, light = known[..., None], guide[..., None]
    sums = small(np.concatenate([weight, weight * light, weight * light * light], axis=-1))
    products = np.concatenate([small(weight * values), small(weight * light * values)], axis=-1)
    channels = values.shape[-1]
    line = np.zeros((size[1], size[0], 2 * channels), np.float32)  # slopes, then intercepts
    total = float(sums[..., 0].sum())
    if total > 0:
        line[..., channels:] = products[..., :channels].sum(axis=(0, 1)) / total
    for radius in reversed(_RADII):
        share, fitted = _lines(sums, products, radius)
        line += (fitted - line) * np.clip(share / _ENOUGH, 0, 1)[..., None]
    wide = cv2.resize(line, (width, height), interpolation=cv2.INTER_LINEAR)
    return np.asarray(wide[..., :channels] * light + wide[..., channels:], np.float32)


def _lines(sums: Float, products: Float, radius: int) -> tuple[Float, Float]:
    """How much is known in the window around each place, 0..1, and slopes and intercepts found there."""
    import cv2

    def mean(planes: Float) -> Float:
        window = (2 * radius + 1, 2 * radius + 1)
        return np.asarray(cv2.boxFilter(planes, -1, window, borderType=cv2.BORDER_CONSTANT), np.float32)

    weights, channels = mean(sums), products.shape[-1] // 2
    total = np.maximum(weights[..., :1], 1e-6)
    light, square = weights[..., 1:2] / total, weights[..., 2:] / total
    value, product = mean(products[..., :channels]) / total, mean(products[..., channels:]) / total
    slope = (product - value * light) / (np.maximum(square - light * light, 0) + np.float32(_RIDGE))
    fitted = np.concatenate([slope, value - slope * light], axis=-1)
    return weights[..., 0], fitted
