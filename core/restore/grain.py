"""Grain and noise: a network takes it for texture, so it sees a smoother copy; the picture keeps it."""

from __future__ import annotations

import numpy as np

from core.colour.cielab import Float
from core.restore.fading import Range
from core.restore.finding import Finding

_BLOCK = 16
"""Pixels of a side of the blocks that are held against one another."""

_CALM = 10.0
"""Percentile of the blocks' deviations that is noise: calm places have nothing else."""

_SOME, _SURE, _STRETCHED = 0.03, 0.06, 0.015
"""Standard deviation, in sRGB 0..1, from which there is grain, and so much that a network minds; and from which it does
where a print's range is brought back, which makes more of it in dark places than in calm ones."""

_SIDE = 512
"""Longest side of what is smoothed: as much as networks ask for."""

_PATCH, _REACH, _STRENGTH = 5, 13, 1.0
"""Pixels of a patch and of where others like it are looked for; how unlike they may be, in deviations of the noise."""

_SHARE = 0.5
"""Of the smooth copy in what a network sees: with all of the noise it guesses worse, and without any texture too."""


def find_grain(grey: Float, left: Range | None = None) -> Finding | None:
    """Whether a print, (h, w) sRGB 0..1, has much grain, or will have once what is left of its range is stretched."""
    if min(grey.shape) < 4 * _BLOCK:
        return None
    deviation = _deviation(left.stretch(grey.copy()) if left else grey)
    if deviation < (_STRETCHED if left else _SOME):
        return None

    def mend(plane: Float) -> Float:
        return _smoothed(plane, deviation)

    return Finding("grain", "has much grain", left is not None or deviation > _SURE, mend, for_picture=False)


def _deviation(grey: Float) -> float:
    """Standard deviation of the noise: of the finest diagonal detail, in calm blocks (after Donoho 1995)."""
    height, width = (side // (2 * _BLOCK) * 2 * _BLOCK for side in grey.shape)
    a, b, c, d = (grey[y:height:2, x:width:2] for y in (0, 1) for x in (0, 1))
    detail = (a - b - c + d) / 2
    blocks = detail.reshape(height // 2 // _BLOCK, _BLOCK, width // 2 // _BLOCK, _BLOCK)
    return float(np.percentile(blocks.std(axis=(1, 3)), _CALM))


def _smoothed(plane: Float, deviation: float) -> Float:
    """Half of the mean over patches that are alike (Buades, Coll and Morel 2005), at no more than a network's size."""
    import cv2

    height, width = plane.shape
    scale = min(1.0, _SIDE / max(height, width))
    size = (max(8, round(width * scale)), max(8, round(height * scale)))
    small = plane if scale == 1 else cv2.resize(plane, size, interpolation=cv2.INTER_AREA)
    noise = _deviation(np.asarray(small, np.float32)) if min(size) >= 4 * _BLOCK else deviation
    strength = _STRENGTH * noise * 255
    smooth = cv2.fastNlMeansDenoising(np.rint(small * 255).astype(np.uint8), None, strength, _PATCH, _REACH)
    less = np.asarray(small, np.float32) * np.float32(1 - _SHARE) + smooth * np.float32(_SHARE / 255)
    return np.asarray(cv2.resize(less, (width, height), interpolation=cv2.INTER_LINEAR), np.float32)
