"""PNG of 8 or 16 bits a channel with all its metadata, a few rows at a time (PNG specification, third edition).

By hand, since it is zlib and a subtraction: Pillow's has no colour of 16 bits and takes six times as long, and others
want the whole picture once more in another order of channels.
"""

from __future__ import annotations

import struct
import zlib
from typing import BinaryIO

import numpy as np
from numpy.typing import NDArray

from core.colour.cielab import Pixels
from core.photo.blocks import photoshop_of_iptc
from core.photo.metadata import Metadata

_STRIPE_BYTES = 1 << 18
_COLOUR, _COLOUR_AND_ALPHA = 2, 6
_AVERAGE = 3
"""Filter: each byte less the mean of those to the left and above."""


def write_png(file: BinaryIO, rgb: Pixels, alpha: Pixels | None, metadata: Metadata) -> None:
    """Write a picture.

    Args:
        file: to write to.
        rgb: (h, w, 3) uint8 or uint16.
        alpha: (h, w) of the same dtype, or None.
        metadata: EXIF without ``Exif\\0\\0``.
    """
    height, width = rgb.shape[:2]
    kind = _COLOUR if alpha is None else _COLOUR_AND_ALPHA
    file.write(b"\x89PNG\r\n\x1a\n")
    _chunk(file, b"IHDR", struct.pack(">IIBBBBB", width, height, 8 * rgb.itemsize, kind, 0, 0, 0))
    _write_metadata(file, metadata)
    # Measured on scans (docs/benchmarks.md): half as long as with matches looked for, and hardly larger.
    packer = zlib.compressobj(1, zlib.DEFLATED, 15, 9, zlib.Z_HUFFMAN_ONLY)
    rows = max(1, _STRIPE_BYTES // (width * 4 * rgb.itemsize))
    above: NDArray[np.uint8] | None = None
    for top in range(0, height, rows):
        part = rgb[top : top + rows]
        if alpha is not None:
            part = np.dstack([part, alpha[top : top + rows]])
        lines, above = _filtered(part, above)
        _chunk(file, b"IDAT", packer.compress(lines.data))
    _chunk(file, b"IDAT", packer.flush())
    _chunk(file, b"IEND", b"")


def _filtered(part: Pixels, above: NDArray[np.uint8] | None) -> tuple[NDArray[np.uint8], NDArray[np.uint8]]:
    """Lines as PNG stores them, and the last one's bytes for the next ones."""
    step = part.shape[2] * part.itemsize
    raw = np.ascontiguousarray(part, part.dtype.newbyteorder(">")).view(np.uint8).reshape(len(part), -1)
    up, left = np.empty_like(raw), np.zeros_like(raw)
    up[0] = 0 if above is None else above
    up[1:] = raw[:-1]
    left[:, step:] = raw[:, :-step]
    lines = np.empty((len(raw), 1 + raw.shape[1]), np.uint8)
    lines[:, 0] = _AVERAGE
    np.subtract(raw, (left & up) + ((left ^ up) >> 1), out=lines[:, 1:])
    return lines, raw[-1]


def _write_metadata(file: BinaryIO, metadata: Metadata) -> None:
    if metadata.icc:
        _chunk(file, b"iCCP", b"icc\0\0" + zlib.compress(metadata.icc))
    if metadata.dpi:
        _chunk(file, b"pHYs", struct.pack(">IIB", *(round(dots / 0.0254) for dots in metadata.dpi), 1))
    if metadata.exif:
        _chunk(file, b"eXIf", metadata.exif)
    if metadata.xmp:
        _chunk(file, b"iTXt", b"XML:com.adobe.xmp\0\0\0\0\0" + metadata.xmp)
    if metadata.iptc:  # PNG has no place for it; this is where ImageMagick and exiftool look
        profile = photoshop_of_iptc(metadata.iptc)
        text = f"\niptc\n{len(profile):8}\n{profile.hex()}\n"
        _chunk(file, b"zTXt", b"Raw profile type iptc\0\0" + zlib.compress(text.encode()))


def _chunk(file: BinaryIO, kind: bytes, body: bytes) -> None:
    if body or kind != b"IDAT":
        file.write(struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(body, zlib.crc32(kind))))
