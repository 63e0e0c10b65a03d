"""Fading: blacks that are grey and whites that are dull, given back their range in linear light."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from core.colour.cielab import (
    Float,
    lightness_to_luminance,
    linear_to_srgb,
    luminance_to_lightness,
    rgb_lightness,
    srgb_to_linear,
)
from core.restore.finding import Finding
from core.restore.network import answer

_TAIL = (0.02, 0.1, 0.3, 1, 2, 5, 10, 20, 30, 40)
PERCENTILES = (*_TAIL, 50, *(100 - each for each in reversed(_TAIL)))
"""At which a print's tones are read. How far the last few go says most: what was black or white already has no tail."""

BLACK, WHITE = 2, -3
"""Which of them count as black and as white."""

_STILL = 1.5
"""Pixels over which a copy is blurred for its tones: grain would widen its range and leave its blacks milky."""

FADED, _SURE = 70.0, 52.0
"""Widths in L* of a photograph's range under which it may have faded, and has surely."""

_BLACK = 14.0
"""L* that a faded print's black has at least: a dark picture, in which something is black, has not faded."""

_LEVELS, _ROWS = 65_536, 256
"""Of the table that mends, and of a picture mended at a time."""

MOST_GAIN = 3.0
"""In linear light: more would be noise."""


@dataclass(frozen=True)
class Range:
    """What is left of a faded print's range, and what gives it back.

    Attributes:
        black: L* of its black.
        white: L* of its white.
        gain: what linear light is multiplied by.
        offset: what is added to it then.
    """

    black: float
    white: float
    gain: np.float32
    offset: np.float32

    def stretch(self, plane: Float) -> Float:
        """Give a plane (h, w) sRGB 0..1 its range back, in place."""
        levels = np.linspace(0, 1, _LEVELS, dtype=np.float32)
        table = linear_to_srgb(srgb_to_linear(levels) * self.gain + self.offset)
        for top in range(0, len(plane), _ROWS):  # a large scan takes no more memory than it has
            rows = plane[top : top + _ROWS]
            rows[...] = table[np.rint(rows.clip(0, 1) * np.float32(_LEVELS - 1)).astype(np.uint16)]
        return plane

    def finding(self, is_print: bool) -> Finding:
        """What is told of it, and mended; where something else has shown that it ``is_print``, fog is unlikely."""
        sure = is_print or (self.white - self.black < _SURE and self.black > _BLACK)
        return Finding("fading", "has faded", sure, self.stretch)


def find_range(grey: Float) -> Range | None:
    """What is left of the range of a print, (h, w) sRGB 0..1 without borders; None where it has not faded."""
    import cv2

    still = np.asarray(cv2.medianBlur(np.ascontiguousarray(grey), 3), np.float32)  # dust is no white
    ends = np.percentile(still[::2, ::2], [[PERCENTILES[BLACK], PERCENTILES[WHITE]]]).astype(np.float32)
    black, white = rgb_lightness(ends)[0].tolist()
    if white - black > FADED or white - black < 1:
        return None
    tones = tones_of(still)
    low, high = tones[[BLACK, WHITE]].tolist()
    own = answer("fading", described(tones)[None, :, None, None]).ravel()
    own_black, own_white = lightness_to_luminance(own.clip(0)).tolist()
    dark, light = min(low, own_black), max(high, own_white)  # fading only narrows
    gain = min(MOST_GAIN, (light - dark) / max(high - low, 1e-6))
    return Range(black, white, np.float32(gain), np.float32(dark - gain * low))


def tones_of(grey: Float) -> Float:
    """Linear light 0..1 of a print, (h, w) sRGB 0..1, at ``PERCENTILES``, whatever its grain: (21,)."""
    import cv2

    still = np.asarray(cv2.GaussianBlur(grey, (0, 0), _STILL), np.float32)[::2, ::2]
    return srgb_to_linear(np.percentile(still, PERCENTILES).astype(np.float32))


def described(tones: Float) -> Float:
    """What the network is given of tones, (21,) to (22,) float32: models/fading/README.md says how it reads them.

    The others as L* / 100 of what they would be if black were 0 and white 1, which no fading changes, and what fading
    may have left: the logarithm of the range, and black and white as they are.
    """
    low, high = tones[BLACK], tones[WHITE]
    width = max(high - low, np.float32(1e-3))
    others = luminance_to_lightness(np.delete((tones - low) / width, [BLACK, WHITE])) / 100
    ends = luminance_to_lightness(tones[[BLACK, WHITE]]) / 100
    return np.concatenate([others, [np.log(width)], ends]).astype(np.float32)
