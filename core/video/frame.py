"""One frame of a film, as its luma."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache

import numpy as np

from core.colour.cielab import Pixels


@dataclass(frozen=True)
class Frame:
    """One frame.

    Attributes:
        time: when it is shown, in units of the film's time base.
        luma: (h, w) as the file has it: uint8, or uint16 of which ``bits`` are in use.
        bits: of the luma.
        full: whether the luma uses all levels, or those from 16 to 235 (of 255).
    """

    time: int
    luma: Pixels
    bits: int = 8
    full: bool = True

    @property
    def grey(self) -> Pixels:
        """(h, w) sRGB over the whole range: uint8, or uint16 where the luma has more than 8 bits."""
        return self._levelled(self.luma)

    @property
    def in_video_range(self) -> Frame:
        """The same in levels from 64 to 940, of 10 bits, where it uses all levels."""
        if not self.full:
            return self
        levels = self.luma * np.float32(876 / ((1 << self.bits) - 1)) + np.float32(64)
        return Frame(self.time, np.rint(levels).astype(np.uint16), 10, full=False)

    def small_grey(self, height: int, width: int) -> Pixels:
        """The same made smaller by area."""
        import cv2

        return self._levelled(cv2.resize(self.luma, (width, height), interpolation=cv2.INTER_AREA))

    def scaled_grey(self, scale: float) -> Pixels:
        """The same made smaller by a scale, 1 at most, of its height and width."""
        height, width = (max(1, round(side * min(1.0, scale))) for side in self.luma.shape)
        return self.small_grey(height, width)

    def _levelled(self, luma: Pixels) -> Pixels:
        table = _grey_table(self.bits, self.full)
        if self.bits > 8:
            return np.asarray(np.take(table, luma, mode="clip"))
        import cv2

        return np.asarray(cv2.LUT(luma, table))


@cache
def _grey_table(bits: int, full: bool) -> Pixels:
    """Grey of each level of luma."""
    most = (1 << bits) - 1
    low, high = (0, most) if full else (16 << (bits - 8), 235 << (bits - 8))
    kind = np.uint8 if bits == 8 else np.uint16
    levels = np.arange(most + 1, dtype=np.float64)
    return np.asarray(np.rint(((levels - low) / (high - low)).clip(0, 1) * np.iinfo(kind).max), kind)
