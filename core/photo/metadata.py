"""What a file says of its picture; put into the PNG and JPEG files that OpenCV has written without any."""

from __future__ import annotations

import shutil
import struct
import zlib
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

_PNG_HEADER = 8 + 25
"""Signature and IHDR chunk: everything else may follow."""

_PNG_END = b"IEND\xaeB`\x82"
_JPEG_END = b"\xff\xd9"
_SEGMENT = 65_533
"""Most bytes that a JPEG segment holds beside its length."""


@dataclass(frozen=True)
class Metadata:
    """What travels from the photograph to the picture made from it.

    Attributes:
        exif: EXIF block with the orientation reset, or None.
        icc: ICC profile that describes ``Photo.pixels``, or None where the file had none.
        dpi: dots per inch (x, y), or None.
        digest: of the photograph's file, see ``core.photo.origin``, or None.
        quality: 1..100, of the JPEG file that it was, or None.
    """

    exif: bytes | None = None
    icc: bytes | None = None
    dpi: tuple[float, float] | None = None
    digest: str | None = None
    quality: int | None = None


def add_to_png(source: Path, target: BinaryIO, exif: bytes, icc: bytes | None, dpi: tuple[float, float] | None) -> None:
    """Copy a PNG and add its metadata (PNG specification, third edition: 11.3.2.3 iCCP, 11.3.4.3 pHYs, 11.3.4.6 eXIf).

    Raises:
        OSError: the source is not whole, because the disk was full when it was written.
    """
    chunks = _chunk(b"iCCP", b"icc\x00\x00" + zlib.compress(icc)) if icc else b""
    if dpi:
        chunks += _chunk(b"pHYs", struct.pack(">IIB", *(round(dots / 0.0254) for dots in dpi), 1))
    chunks += _chunk(b"eXIf", exif)
    _splice(source, target, _PNG_HEADER, chunks, _PNG_END)


def add_to_jpeg(
    source: Path, target: BinaryIO, exif: bytes, icc: bytes | None, dpi: tuple[float, float] | None
) -> None:
    """Copy a JPEG and add its metadata (JFIF 1.02; Exif 2.32, section 4.7.2; ICC.1:2022, annex B.4).

    Raises:
        OSError: the source is not whole, because the disk was full when it was written.
    """
    with open(source, "rb") as file:
        start = file.read(4)
        (length,) = struct.unpack(">H", file.read(2))
    density = [round(dots) for dots in dpi] if dpi else [1, 1]
    jfif = _segment(0xE0, b"JFIF\x00\x01\x02" + struct.pack(">BHHBB", 1 if dpi else 0, *density, 0, 0))
    segments = jfif + _segment(0xE1, b"Exif\x00\x00" + exif)
    if icc:
        room = _SEGMENT - 14
        parts = [icc[at : at + room] for at in range(0, len(icc), room)]
        for number, part in enumerate(parts, 1):
            segments += _segment(0xE2, b"ICC_PROFILE\x00" + bytes([number, len(parts)]) + part)
    # OpenCV's own JFIF segment is left out; ours stands in its place.
    has_jfif = start == b"\xff\xd8\xff\xe0"
    _splice(source, target, 2, segments, _JPEG_END, skip=2 + length if has_jfif else 0)


def _splice(source: Path, target: BinaryIO, at: int, addition: bytes, end: bytes, skip: int = 0) -> None:
    """Copy a file with something put in at a place, and ``skip`` bytes left out there."""
    with open(source, "rb") as file:
        file.seek(-len(end), 2)
        if file.read() != end:
            raise OSError(28, "No space left on device")  # OpenCV does not say when it could not write
        file.seek(0)
        target.write(file.read(at))
        target.write(addition)
        file.seek(skip, 1)
        shutil.copyfileobj(file, target, 1 << 20)


def _chunk(kind: bytes, body: bytes) -> bytes:
    return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))


def _segment(marker: int, body: bytes) -> bytes:
    if len(body) > _SEGMENT:  # an EXIF block with a large thumbnail or maker note; JPEG has no place for it
        return b""
    return struct.pack(">BBH", 0xFF, marker, len(body) + 2) + body
