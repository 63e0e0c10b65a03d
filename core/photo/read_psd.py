"""Photoshop's files: what they say of the picture, and the flattened picture of 16 bits, which Pillow has not.

Adobe, Photoshop file formats specification.
"""

from __future__ import annotations

import struct
from collections.abc import Callable

import numpy as np

from core.colour.cielab import Pixels
from core.photo.blocks import photoshop_resources
from core.photo.decoded import Decoded, UnsupportedError
from core.photo.metadata import Blocks

_RESOLUTION, _IPTC, _ICC, _EXIF, _XMP = 0x03ED, 0x0404, 0x040F, 0x0422, 0x0424
_GREY, _RGB, _CMYK = 1, 3, 4
_RAW, _PACKBITS = 0, 1
_BITS = 16


def psd_blocks(data: bytes) -> tuple[Blocks, tuple[float, float] | None]:
    """Metadata of a Photoshop file, and its dots per inch."""
    (palette,) = struct.unpack_from(">I", data, 26)
    start = 30 + palette
    (length,) = struct.unpack_from(">I", data, start)
    found = dict(photoshop_resources(data[start + 4 : start + 4 + length]))
    dpi, resolution = None, found.get(_RESOLUTION, b"")
    if len(resolution) >= 12:  # numbers of 16 bits before and after the point
        dpi = struct.unpack_from(">I", resolution)[0] / 65_536, struct.unpack_from(">I", resolution, 8)[0] / 65_536
    return Blocks(found.get(_EXIF), found.get(_ICC), found.get(_XMP), found.get(_IPTC)), dpi


def is_deep_psd(data: bytes) -> bool:
    """Whether a file is a Photoshop file of 16 bits a channel, in colours that ``read_deep_psd`` knows."""
    return data[:6] == b"8BPS\0\1" and struct.unpack_from(">HH", data, 22) in [(_BITS, m) for m in (_GREY, _RGB, _CMYK)]


def read_deep_psd(data: bytes, check_size: Callable[[int, int], None]) -> Decoded:
    """The flattened picture of a file of 16 bits a channel, without the channels beside its colours.

    Args:
        data: the file.
        check_size: is given width and height before anything is decoded, and raises where they are too much.

    Raises:
        UnsupportedError: it is packed in a way that is not read.
        Exception: a damaged file.
    """
    channels, height, width, _, mode = struct.unpack_from(">HIIHH", data, 12)
    check_size(width, height)
    colours = 1 if mode == _GREY else mode
    if not width or not height or channels < colours:
        raise ValueError("not a picture")
    at = 26
    for _ in range(3):  # palette, resources, layers
        at += 4 + struct.unpack_from(">I", data, at)[0]
    (packing,) = struct.unpack_from(">H", data, at)
    if packing == _RAW:
        numbers = np.frombuffer(data, ">u2", colours * height * width, at + 2)
    elif packing == _PACKBITS:
        numbers = np.frombuffer(_unpacked(data, at + 2, channels * height, colours * height, 2 * width), ">u2")
    else:
        raise UnsupportedError(f"a Photoshop file of a packing ({packing})")
    planes = numbers.reshape(colours, height, width)
    pixels: Pixels = np.ascontiguousarray(planes[0] if mode == _GREY else np.moveaxis(planes, 0, -1), np.uint16)
    blocks, dpi = psd_blocks(data)
    return Decoded(np.invert(pixels) if mode == _CMYK else pixels, None, blocks, dpi)


def _unpacked(data: bytes, at: int, lines: int, wanted: int, length: int) -> bytes:
    """The first of the lines that are packed one by one, after a table of their lengths."""
    import imagecodecs

    lengths = np.frombuffer(data, ">u2", lines, at)
    at += 2 * lines
    unpacked = []
    for packed in lengths[:wanted].tolist():
        line = bytes(imagecodecs.packbits_decode(data[at : at + packed]))
        if len(line) != length:
            raise ValueError("a line of another length")
        unpacked.append(line)
        at += packed
    return b"".join(unpacked)
