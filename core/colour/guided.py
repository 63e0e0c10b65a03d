"""The guided filter: in each small window, values follow lightness by a straight line."""

from __future__ import annotations

import numpy as np

from core.colour.cielab import Float


def local_lines(values: Float, lightness: Float, radius: int, ridge: float) -> tuple[Float, Float]:
    """Slopes and intercepts of values on lightness, those of all windows that hold a place averaged.

    After He, Sun and Tang, "Guided Image Filtering", TPAMI 2013, equations 5, 6 and 8. ``slope * L* + intercept``, with
    the same lightness or the same in more pixels, is the values with lightness's edges.

    Args:
        values: (h, w, c).
        lightness: (h, w) L*.
        radius: half a window, in pixels.
        ridge: variance, in L*^2, that holds back slopes: a window that varies less gets hardly any.

    Returns:
        Two of (h, w, c) float32.
    """
    guide = lightness[..., None]
    centre, level = _mean(guide, radius), _mean(values, radius)
    variance = np.maximum(_mean(guide * guide, radius) - centre**2, 0)
    slope = (_mean(values * guide, radius) - level * centre) / (variance + np.float32(ridge))
    return _mean(slope, radius), _mean(level - slope * centre, radius)


def _mean(planes: Float, radius: int) -> Float:
    """Of (h, w, c), the mean of the window around each place; the picture is mirrored beyond its rim."""
    import cv2

    size = (2 * radius + 1, 2 * radius + 1)
    blurred = np.empty(planes.shape, np.float32)
    for start in range(0, planes.shape[-1], 4):  # OpenCV blurs up to four channels at once
        part = np.ascontiguousarray(planes[..., start : start + 4])
        blurred[..., start : start + 4] = cv2.blur(part, size, borderType=cv2.BORDER_REFLECT).reshape(part.shape)
    return blurred
