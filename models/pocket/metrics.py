"""How good a colouring is: pure numpy, one photograph at a time.

RGB is (h, w, 3) uint8 sRGB; Lab is (h, w, 3) and ab (h, w, 2) floating CIELAB.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from core.colour.metrics import Floats, ciede2000, colourfulness, psnr

__all__ = [
    "Floats",
    "accuracy_curve",
    "area_under",
    "balance",
    "chroma_ratio",
    "ciede2000",
    "colour_counts",
    "colourfulness",
    "psnr",
    "share_within",
    "skin_pixels",
]

THRESHOLDS = 151
"""The accuracy is averaged over the a*b* distances 0 to 150 (Zhang 2016, section 3.1)."""

CELL = 10.0
"""Side of the a*b* cells in which colours are counted."""


def share_within(ab: Floats, truth: Floats, radius: float = 10.0) -> float:
    """Share 0..1 of the pixels whose a*b* is within `radius` of the truth's."""
    return float((np.linalg.norm(ab - truth, axis=-1) <= radius).mean())


def accuracy_curve(ab: Floats, truth: Floats, weight: Floats | None = None) -> Floats:
    """How much of a photograph is right within each distance: sums that can be added up over photographs.

    Args:
        ab: the colouring.
        truth: the photograph's own a*b*.
        weight: (h, w) weight of each pixel; None counts all alike.

    Returns:
        (152,) weight of the pixels whose a*b* error is at most 0, 1, ... 150, then the weight of all.
    """
    error = np.ceil(np.linalg.norm(ab - truth, axis=-1)).astype(np.int64).clip(0, THRESHOLDS).ravel()
    counts = np.bincount(error, None if weight is None else weight.ravel(), THRESHOLDS + 1)
    return np.cumsum(counts)


def area_under(curve: Floats) -> float:
    """Zhang's AuC, the area under the cumulative error curve, in per cent, from summed `accuracy_curve` results."""
    return float(100 * curve[:THRESHOLDS].mean() / curve[-1])


def colour_counts(truth: Floats) -> Floats:
    """Pixels in each cell of the a*b* plane, (27, 27): sums that can be added up over photographs."""
    row, column = _cells(truth)
    return np.bincount((row * 27 + column).ravel(), minlength=27 * 27).reshape(27, 27).astype(np.float64)


def balance(truth: Floats, counts: Floats) -> Floats:
    """Weight (h, w) of each pixel that makes every colour count alike: one over its colour's share.

    Zhang 2016, equation 4 with lambda 0; the counts are smoothed with a Gaussian of sigma 5 as theirs are. Theirs
    come from ImageNet's training photographs, ours from `colour_counts` of the photographs under test.
    """
    kernel = np.exp(-((np.arange(-2, 3) * CELL) ** 2) / (2 * 5.0**2))
    for axis in (0, 1):
        counts = np.apply_along_axis(np.convolve, axis, counts, kernel / kernel.sum(), "same")
    return np.asarray(counts.sum() / counts[_cells(truth)])


def _cells(ab: Floats) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    cells = np.rint(ab / CELL).astype(np.int64) + 13
    return cells[..., 0], cells[..., 1]


def skin_pixels(ab: Floats, truth: Floats) -> tuple[int, int]:
    """On pictures of faces: pixels of skin's hue within 25 degrees of the true hue, and all pixels of skin's hue.

    Skin's hue means a true hue angle of 20 to 80 degrees at a chroma over 8.
    """
    hue, true_hue = (np.degrees(np.arctan2(x[..., 1], x[..., 0])) for x in (ab, truth))
    skin = (true_hue >= 20) & (true_hue <= 80) & (np.linalg.norm(truth, axis=-1) > 8)
    off = np.abs((hue - true_hue + 180) % 360 - 180)
    return int((off[skin] <= 25).sum()), int(skin.sum())


def chroma_ratio(ab: Floats, truth: Floats) -> float:
    """Mean chroma as a multiple of the truth's; over 1.8 a picture counts as overcoloured."""
    mean, true_mean = (float(np.linalg.norm(x, axis=-1).mean()) for x in (ab, truth))
    return mean / max(true_mean, 1e-6)
