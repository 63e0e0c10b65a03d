"""How good a colouring is: pure numpy, one photograph at a time.

RGB is (h, w, 3) uint8 sRGB; Lab is (h, w, 3) and ab (h, w, 2) floating CIELAB.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.floating[Any]]

THRESHOLDS = 151
"""The accuracy is averaged over the a*b* distances 0 to 150 (Zhang 2016, section 3.1)."""

CELL = 10.0
"""Side of the a*b* cells in which colours are counted."""


def psnr(rgb: NDArray[np.uint8], truth: NDArray[np.uint8]) -> float:
    """Peak signal-to-noise ratio of RGB in dB; infinite where both are equal."""
    error = np.mean((rgb.astype(np.float64) - truth) ** 2)
    return float(10 * np.log10(255**2 / error)) if error else float("inf")


def colourfulness(rgb: NDArray[np.uint8]) -> float:
    """Hasler and Süsstrunk, "Measuring colourfulness in natural images" (2003), M3: 0 is grey, 80 and more is lurid."""
    red, green, blue = np.moveaxis(rgb.astype(np.float64), -1, 0)
    red_green, yellow_blue = red - green, (red + green) / 2 - blue
    spread = np.hypot(red_green.std(), yellow_blue.std())
    return float(spread + 0.3 * np.hypot(red_green.mean(), yellow_blue.mean()))


def ciede2000(lab: Floats, truth: Floats) -> Floats:
    """CIEDE2000 difference (h, w) of two Lab pictures, with all parametric factors 1.

    Sharma, Wu and Dalal, "The CIEDE2000 color-difference formula" (2005), equations 2 to 22.
    """
    l1, a1, b1 = np.moveaxis(np.asarray(lab, np.float64), -1, 0)
    l2, a2, b2 = np.moveaxis(np.asarray(truth, np.float64), -1, 0)
    mean_c7 = ((np.hypot(a1, b1) + np.hypot(a2, b2)) / 2) ** 7
    stretch = 1.5 - 0.5 * np.sqrt(mean_c7 / (mean_c7 + 25**7))
    a1, a2 = a1 * stretch, a2 * stretch
    c1, c2 = np.hypot(a1, b1), np.hypot(a2, b2)
    h1, h2 = np.degrees(np.arctan2(b1, a1)) % 360, np.degrees(np.arctan2(b2, a2)) % 360
    grey = c1 * c2 == 0
    turn = np.where(grey, 0, (h2 - h1 + 180) % 360 - 180)
    mean_h = np.where(grey, h1 + h2, h1 + turn / 2) % 360
    mean_l, mean_c = (l1 + l2) / 2, (c1 + c2) / 2
    t = (
        1
        - 0.17 * np.cos(np.radians(mean_h - 30))
        + 0.24 * np.cos(np.radians(2 * mean_h))
        + 0.32 * np.cos(np.radians(3 * mean_h + 6))
        - 0.20 * np.cos(np.radians(4 * mean_h - 63))
    )
    lightness = (l2 - l1) / (1 + 0.015 * (mean_l - 50) ** 2 / np.sqrt(20 + (mean_l - 50) ** 2))
    chroma = (c2 - c1) / (1 + 0.045 * mean_c)
    hue = 2 * np.sqrt(c1 * c2) * np.sin(np.radians(turn / 2)) / (1 + 0.015 * mean_c * t)
    blue = 30 * np.exp(-(((mean_h - 275) / 25) ** 2))
    rotation = -np.sin(np.radians(2 * blue)) * 2 * np.sqrt(mean_c**7 / (mean_c**7 + 25**7))
    return np.asarray(np.sqrt(lightness**2 + chroma**2 + hue**2 + rotation * chroma * hue))


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
