"""How far a colouring is from the truth, and how colourful it is: pure numpy, one photograph at a time.

RGB is (h, w, 3) uint8 sRGB; Lab is (h, w, 3) floating CIELAB.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.floating[Any]]


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
