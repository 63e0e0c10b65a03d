"""Where one shot ends and another begins: colours never go across."""

from __future__ import annotations

import numpy as np

from core.colour.cielab import Float

_LOST = 0.6
"""Share of a frame whose places are not found in the frame before, from which it may be a cut."""

_ALIKE, _MAYBE_ALIKE = 0.5, 0.85
"""Correlations of where two frames are light and dark: under the first it is a cut, under the second it is one if they
are of another lightness too. A flash is much brighter, and correlates."""

_UNLIKE = 0.35
"""Distance of two frames' histograms of lightness, 0..1, from which they are of another lightness."""

_BINS = 32

BLACK = 3.0
"""L* under which nearly all of a black frame is: it belongs to no shot, and has no colours."""


def is_black(small: Float) -> bool:
    """Whether a frame, by its copy (h, w) L*, shows nothing."""
    return bool(np.percentile(small, 98) < BLACK)


def is_cut(before: Float, after: Float, lost: float) -> bool:
    """Whether a new shot begins.

    Args:
        before: the copy (h, w) L* of a frame.
        after: that of the next.
        lost: share of places of the next frame that motion does not find in the one before, 0..1.
    """
    if is_black(before) != is_black(after):
        return True
    if lost < _LOST:
        return False
    alike = _correlation(before, after)
    if alike < _ALIKE:
        return True
    histograms = [np.histogram(plane, _BINS, (0, 100))[0] / plane.size for plane in (before, after)]
    return alike < _MAYBE_ALIKE and float(np.abs(histograms[0] - histograms[1]).sum()) / 2 > _UNLIKE


def _correlation(one: Float, other: Float) -> float:
    """Of two copies, -1..1, made still smaller: a flash brightens a frame and leaves it where it is."""
    import cv2

    a, b = (cv2.resize(plane, (16, 12), interpolation=cv2.INTER_AREA).ravel() for plane in (one, other))
    a, b = a - a.mean(), b - b.mean()
    return float(a @ b / max(float(np.linalg.norm(a) * np.linalg.norm(b)), 1e-6))
