"""A picture as its file has it, before its orientation is applied and its colours are made sRGB."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from core.colour.cielab import Pixels
from core.photo.metadata import Blocks


class UnsupportedError(Exception):
    """A file is whole, and of a kind that is not read; says which kind ("a camera's raw file")."""


@dataclass
class Decoded:
    """What a reader gives.

    Attributes:
        pixels: (h, w) grey, (h, w, 3) RGB or (h, w, 4) CMYK, 0 being no ink; uint8 or uint16.
        alpha: (h, w) opacity of the same dtype, or None.
        blocks: metadata, unread.
        dpi: dots per inch (x, y), or None.
        notes: sentences about what could not be kept.
        quality: 1..100, where it was a JPEG.
    """

    pixels: Pixels
    alpha: Pixels | None = None
    blocks: Blocks = field(default_factory=Blocks)
    dpi: tuple[float, float] | None = None
    notes: list[str] = field(default_factory=list)
    quality: int | None = None


def from_integers(values: NDArray[Any], bits: int) -> Pixels:
    """Unsigned integers of 1 to 16 bits as uint8 where 8 are enough, else as uint16; the largest stays the largest."""
    dtype = np.uint8 if bits <= 8 else np.uint16
    if bits in (8, 16):
        return values.astype(dtype, copy=False)
    table = np.rint(np.linspace(0, np.iinfo(dtype).max, 1 << bits)).astype(dtype)
    return np.take(table, values, mode="clip")


def from_numbers(values: NDArray[Any], white: float) -> Pixels:
    """Numbers of any kind as uint16, from 0 up to ``white``; what lies outside is clipped and NaN is black."""
    pixels = np.empty(values.shape, np.uint16)
    for row, numbers in zip(pixels, values, strict=True):
        scaled = np.nan_to_num(numbers.astype(np.float64) * (65_535 / white), nan=0.0, posinf=65_535, neginf=0)
        row[...] = np.rint(np.clip(scaled, 0, 65_535))
    return pixels


def likely_white(values: NDArray[Any]) -> float:
    """What is white in numbers that have no largest value of their own: 1, 255, 65,535 or the largest there is.

    Filters overshoot, so that a little more than 1 or 255 counts as that.
    """
    largest = float(np.max(values, where=np.isfinite(values), initial=0))
    return next((white for white in (1.0, 255.0, 65_535.0) if largest <= 1.5 * white), largest)
