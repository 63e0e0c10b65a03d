"""The card or the album's page that a print is mounted on: flat, all the way round a rectangle or an oval, and neutral.

Networks paint large flat areas as cloth or as sky. A mount is told from them by its form alone: the sky goes round
nothing.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from core.colour.cielab import Float
from core.photo.resize import resize_area

_SIDE = 128
"""Longest side of the copy that is looked at."""

_FLAT = 2.0
"""Standard deviation of L* in a window of 3 pixels that a flat place has at most."""

_WIDE = 0.85
"""Share of the picture's height and width over which a mount goes; a scanner may have left something around it."""

_MARGIN = 0.03
"""Share of a side that a mount takes at least, on each of the four."""

_FULL = 0.74
"""Share of its own bounding box that a print fills at least: a rectangle all, an oval 0.785, a person standing less."""

_LEAST, _LEAST_OTHER = 0.1, 0.01
"""Share of the picture that a print takes at least, and that another print on the same page does."""


def print_share(lightness: Float, shape: tuple[int, int]) -> Float | None:
    """Which part of a photograph is the print, and not what it is mounted on.

    Args:
        lightness: (h, w) float32 L* of the photograph, small.
        shape: height and width of the result.

    Returns:
        float32, 1 in the print and 0 on the mount; None where there is no mount.
    """
    import cv2

    height, width = lightness.shape
    scale = min(1.0, _SIDE / max(height, width))
    small = resize_area(lightness, (max(1, round(height * scale)), max(1, round(width * scale))))
    mean, square = (cv2.blur(plane, (3, 3), borderType=cv2.BORDER_REPLICATE) for plane in (small, small * small))
    flat = np.asarray(np.maximum(square - mean * mean, 0) < _FLAT**2, np.uint8)
    _, parts, found, _ = cv2.connectedComponentsWithStats(flat, connectivity=4)
    for label in range(1, len(found)):
        _, _, wide, tall, _ = found[label]
        if tall >= _WIDE * small.shape[0] and wide >= _WIDE * small.shape[1]:
            inside = _surrounded(np.asarray(parts == label, np.uint8))
            if inside is not None:
                return resize_area(inside, shape)
    return None


def _surrounded(mount: NDArray[np.uint8]) -> Float | None:
    """The print, 0 and 1, that a mount, 0 and 1, goes round; None where it goes round nothing like one."""
    import cv2

    contours, levels = cv2.findContours(mount, cv2.RETR_CCOMP, cv2.CHAIN_APPROX_NONE)
    holes = [contour for contour, level in zip(contours, levels[0], strict=True) if level[3] >= 0]
    if not holes:
        return None
    hole = max(holes, key=cv2.contourArea)
    left, top, wide, tall = cv2.boundingRect(hole)
    height, width = mount.shape
    margins = (top / height, (height - top - tall) / height, left / width, (width - left - wide) / width)
    inside = cv2.drawContours(np.zeros_like(mount), [hole], -1, 1, cv2.FILLED)
    if min(margins) < _MARGIN or inside.sum() < _FULL * tall * wide or inside.mean() < _LEAST:
        return None
    others = [each for each in holes if cv2.contourArea(each) > _LEAST_OTHER * mount.size]
    return np.asarray(cv2.drawContours(inside, others, -1, 1, cv2.FILLED), np.float32)
