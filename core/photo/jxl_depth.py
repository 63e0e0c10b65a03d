"""How deep a JPEG XL file is: its decoder for Pillow does not say (ISO/IEC 18181-1, image header)."""

from __future__ import annotations

import struct

_CODESTREAM = b"\xff\x0a"
_SIDE = ((0, 9), (0, 13), (0, 18), (0, 30))
_DEPTH = ((8, 0), (10, 0), (12, 0), (1, 6))
"""What a number that has four ways of being written begins at, and its bits."""


def jxl_depth(data: bytes) -> int:
    """Bits a channel, 1 to 64; 32 for floating numbers of any size, 8 where it cannot be told."""
    stream = _codestream(data)
    bits = _Bits(stream[2:64])
    _skip_size(bits)
    if bits.take(1):  # all as usual
        return 8
    if bits.take(1):
        bits.take(3)  # orientation
        if bits.take(1):
            _skip_size(bits)
        if bits.take(1) or bits.take(1):  # a preview, an animation
            return 8
    return 32 if bits.take(1) else bits.number(_DEPTH)


class _Bits:
    """Bits from the least one of the first byte on; after the last there are noughts."""

    def __init__(self, data: bytes):
        self._left = int.from_bytes(data, "little")

    def take(self, count: int) -> int:
        value = self._left & ((1 << count) - 1)
        self._left >>= count
        return value

    def number(self, ways: tuple[tuple[int, int], ...]) -> int:
        start, count = ways[self.take(2)]
        return start + self.take(count)


def _skip_size(bits: _Bits) -> None:
    """Height, shape, and width where the shape does not tell it."""
    small = bits.take(1)
    for side in range(2):
        if side and bits.take(3):
            return
        if small:
            bits.take(5)
        else:
            bits.number(_SIDE)


def _codestream(data: bytes) -> bytes:
    """The beginning of what is coded, out of the boxes that it may lie in."""
    at = 0
    while not data.startswith(_CODESTREAM) and at + 8 <= len(data):
        size, kind = struct.unpack_from(">I4s", data, at)
        if kind in (b"jxlc", b"jxlp"):
            return data[at + (8 if kind == b"jxlc" else 12) :][:64]
        if size < 8:
            break
        at += size
    return data[:64]
