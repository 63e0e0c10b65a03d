"""Fading: blacks that are grey and whites that are dull, given back their range in linear light."""

from __future__ import annotations

from typing import Any

import numpy as np

from core.colour.cielab import Float, linear_to_srgb, rgb_lightness, srgb_to_linear
from core.restore.finding import Finding

_TAILS = (0.3, 99.7)
"""Percentiles that count as black and white."""

_STILL = 1.5
"""Pixels over which a copy is blurred for the ends of its range: grain would widen it and leave its blacks milky."""

_RANGE = (1.4, 98.8)
"""L* to which they are brought: the middle of 100 clean photographs' own ends."""

_FADED, _SURE = 70.0, 52.0
"""Widths in L* of a photograph's range under which it may have faded, and has surely."""

_BLACK = 14.0
"""L* that a faded print's black has at least: a dark picture, in which something is black, has not faded."""

_LEVELS, _ROWS = 65_536, 256
"""Of the table that mends, and of a picture mended at a time."""

_MOST_GAIN = 3.0
"""In linear light: more would be noise."""


def find_fading(grey: Float, is_print: bool) -> Finding | None:
    """Whether a print has faded.

    Args:
        grey: (h, w) sRGB 0..1, without borders.
        is_print: whether something else has shown that it is one: then fog is unlikely.
    """
    import cv2

    still = cv2.medianBlur(np.ascontiguousarray(grey), 3)  # dust is no white
    black, white = _ends(still[::2, ::2])
    if white - black > _FADED or white - black < 1:
        return None
    gain, offset = _line(*_ends(cv2.GaussianBlur(still, (0, 0), _STILL)))

    def mend(plane: Float) -> Float:
        levels = np.linspace(0, 1, _LEVELS, dtype=np.float32)
        table = linear_to_srgb(srgb_to_linear(levels) * gain + offset).clip(0, 1)
        for top in range(0, len(plane), _ROWS):  # a large scan takes no more memory than it has
            rows = plane[top : top + _ROWS]
            rows[...] = table[np.rint(rows.clip(0, 1) * np.float32(_LEVELS - 1)).astype(np.uint16)]
        return plane

    sure = is_print or (white - black < _SURE and black > _BLACK)
    return Finding("fading", "has faded", sure, mend)


def _ends(grey: Any) -> tuple[float, float]:
    """L* of what counts as black and as white."""
    black, white = rgb_lightness(np.percentile(grey, [_TAILS]).astype(np.float32))[0].tolist()
    return black, white


def _line(black: float, white: float) -> tuple[np.float32, np.float32]:
    """Gain and offset in linear light that bring two L* to ``_RANGE``: black wholly, white as the gain allows."""
    low, high = _linear(black), _linear(white)
    gain = min(_MOST_GAIN, (_linear(_RANGE[1]) - _linear(_RANGE[0])) / max(high - low, 1e-6))
    return np.float32(gain), np.float32(_linear(_RANGE[0]) - gain * low)


def _linear(lightness: float) -> float:
    """L* as relative luminance (CIE 15:2004)."""
    return float(((lightness + 16) / 116) ** 3 if lightness > 8 else lightness * 27 / 24389)
