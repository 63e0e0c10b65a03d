"""One frame of a film, as its luma."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING

import numpy as np

from core.colour.cielab import Pixels

if TYPE_CHECKING:
    from av.video.frame import VideoFrame

FULL_RANGE, LIMITED_RANGE = 2, 1  # AVColorRange


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

    @staticmethod
    def of(picture: VideoFrame, time: int) -> Frame:
        """A decoded picture's luma; of kinds that have none of their own, the one that they would have."""
        if not _is_luma(picture):
            deep = max(component.bits for component in picture.format.components) > 8
            picture = picture.reformat(format="yuv444p10le" if deep else "yuv444p", dst_color_range="MPEG")
        bits = picture.format.components[0].bits
        plane = picture.planes[0]
        dtype = np.dtype(np.uint8 if bits == 8 else "<u2")
        pitch = plane.line_size // dtype.itemsize
        lines: Pixels = np.frombuffer(memoryview(plane), dtype)[: pitch * picture.height].reshape(picture.height, pitch)
        return Frame(time, np.ascontiguousarray(lines[:, : picture.width]), bits, _is_full(picture))

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


def _is_luma(frame: VideoFrame) -> bool:
    """Whether the first plane is luma, pixel by pixel."""
    name, bits = frame.format.name, frame.format.components[0].bits
    planar = name.startswith(("yuv", "gray", "nv")) and not name.startswith("yuyv")
    return planar and not name.endswith("be") and 8 <= bits <= 16


def _is_full(frame: VideoFrame) -> bool:
    """Whether its luma uses all levels; grey formats do unless they say otherwise."""
    name = frame.format.name
    if frame.color_range == LIMITED_RANGE:
        return False
    return frame.color_range == FULL_RANGE or name.startswith(("yuvj", "gray"))
