"""Values of places that are near and alike to a network's eye: a shirt's left half says what its right half has."""

from __future__ import annotations

import numpy as np

from core.colour.affinity import affinity
from core.colour.cielab import Float

_REACH, _TONE, _FEATURES = 0.1, 8.0, 1.5
"""Sigma of position, as a share of the root of the picture's area, of L*, and of ``AbDistribution.features``."""

_DOUBT = 0.03
"""What the default weighs, beside a place that is all alike and all known."""

_AT_ONCE = 1024
"""Places that are asked about at once: bounds memory."""


def from_likes(values: Float, known: Float, lightness: Float, features: Float, default: Float) -> Float:
    """Values everywhere: of each place the mean of what is known, by how near it lies and how alike it is.

    The weights are those of ``core.look.pooling``: Gaussian in position, lightness and features (the bilateral
    filter's, Tomasi and Manduchi, ICCV 1998). Where nothing known is alike, it is the default, its mean brought to
    that of the values.

    Args:
        values: (h, w, 2) float32.
        known: (h, w) float32 0..1.
        lightness: (h, w) L*.
        features: (f, h', w') float32 of the same picture, coarse: values are compared in blocks of that size.
        default: (h', w', 2) float32.

    Returns:
        (h, w, 2) float32, smooth: what is thinner than a block (a scratch, say) is not followed.
    """
    import cv2

    height, width = lightness.shape
    rows, columns = features.shape[1:]

    def small(plane: Float, times: int = 1) -> Float:
        shrunk = cv2.resize(plane, (columns * times, rows * times), interpolation=cv2.INTER_AREA)
        return np.asarray(shrunk, np.float32)

    weight = small(known)
    least = np.maximum(weight, np.float32(1e-4))
    held = small(known[..., None] * values) / least[..., None]
    total = max(float(weight.sum()), 1e-4)
    default = default + ((held - default) * weight[..., None]).sum(axis=(0, 1)) / np.float32(total)
    features = np.stack([cv2.medianBlur(plane, 3) for plane in np.asarray(features, np.float32)])
    told = _coordinates(np.asarray(small(known * lightness) / least, np.float32), features, height / width)
    told, held, weight = told[:, weight.ravel() > 0.02], held[weight > 0.02], weight[weight > 0.02]
    wide = np.stack([cv2.resize(plane, (2 * columns, 2 * rows)) for plane in features])
    asked = _coordinates(np.asarray(cv2.medianBlur(small(lightness, 2), 5), np.float32), wide, height / width)
    found = np.asarray(cv2.resize(default, (2 * columns, 2 * rows)), np.float32).reshape(-1, values.shape[-1])
    for start in range(0, len(found), _AT_ONCE):
        part = slice(start, start + _AT_ONCE)
        likes = affinity(asked[:, part], told) * weight[:, None]
        found[part] = (likes.T @ held + _DOUBT * found[part]) / (likes.sum(axis=0) + _DOUBT)[:, None]
    everywhere = cv2.resize(found.reshape(2 * rows, 2 * columns, -1), (width, height), interpolation=cv2.INTER_LINEAR)
    return np.asarray(everywhere, np.float32)


def _coordinates(lightness: Float, features: Float, aspect: float) -> Float:
    """(2 + 1 + f, n) float32: position, lightness and features of each of n places, each in units of its sigma."""
    rows, columns = lightness.shape
    down, across = np.indices((rows, columns), np.float32) + np.float32(0.5)
    down, across = down / np.float32(rows * _REACH) * aspect**0.5, across / np.float32(columns * _REACH) / aspect**0.5
    planes = [down, across, lightness / _TONE, *features / np.float32(_FEATURES)]
    return np.asarray(planes, np.float32).reshape(len(planes), -1)
