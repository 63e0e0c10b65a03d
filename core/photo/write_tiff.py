"""TIFF of 8 or 16 bits a channel with all its metadata, by tifffile; BigTIFF where 4 GB are not enough."""

from __future__ import annotations

import struct
from pathlib import Path
from typing import Any

import numpy as np
from PIL import ExifTags, TiffTags
from PIL.TiffImagePlugin import ImageFileDirectory_v2

from core.colour.cielab import Pixels
from core.photo.exif import read_exif
from core.photo.metadata import Metadata

_LARGEST = 3_900_000_000
_INNER = (int(ExifTags.IFD.Exif), int(ExifTags.IFD.GPSInfo))
_WRITTEN_ANYWAY = (0x0131, 0x011A, 0x011B, 0x0128, 0x014A)
"""Software and resolution; and SubIFDs, which lie elsewhere in the photograph's file."""

_ASCII, _BYTE, _LONG, _UNDEFINED = 2, 1, 4, 7


def write_tiff(path: Path, rgb: Pixels, alpha: Pixels | None, metadata: Metadata) -> None:
    """Write a picture, with Deflate.

    Args:
        path: the file.
        rgb: (h, w, 3) uint8 or uint16.
        alpha: (h, w) of the same dtype, or None.
        metadata: what goes with it.
    """
    from tifffile import TiffFile, TiffPage, TiffWriter

    exif = read_exif(metadata.exif)[0]
    large = rgb.nbytes + (0 if alpha is None else alpha.nbytes) > _LARGEST
    inner = [] if large else [tag for tag in _INNER if tag in exif]  # Pillow writes no directory of a BigTIFF
    tags: list[tuple[int, int, int | None, Any, bool]] = [(tag - 1, _LONG, 1, 0, True) for tag in inner]
    tags += [(tag, *typed, True) for tag in exif if (typed := _typed(tag, exif[tag])) and tag not in _WRITTEN_ANYWAY]
    for tag, kind, block in ((700, _BYTE, metadata.xmp), (33723, _UNDEFINED, metadata.iptc)):
        if block:
            tags.append((tag, kind, len(block), block, True))
    with TiffWriter(path, bigtiff=large, byteorder="<") as writer:
        writer.write(
            rgb if alpha is None else np.dstack([rgb, alpha]),
            photometric="rgb",
            extrasamples=None if alpha is None else ["unassalpha"],
            compression="adobe_deflate",
            predictor=True,
            iccprofile=metadata.icc,
            resolution=metadata.dpi,
            resolutionunit="inch" if metadata.dpi else None,
            software=exif.get(0x0131, ""),
            metadata=None,
            extratags=tags,
        )
    for tag in inner:  # tifffile writes none of these: the tags before them, which nobody uses, keep their places
        with TiffFile(path) as written:
            page = written.pages[0]
            assert isinstance(page, TiffPage)
            entry = page.tags[tag - 1].offset
        at = _append(path, tag, exif[tag])
        with open(path, "r+b") as file:
            file.seek(entry)
            file.write(struct.pack("<HHII", tag, _LONG, 1, at))


def _typed(tag: int, value: Any) -> tuple[int, int | None, Any] | None:
    """A value as tifffile takes it: type, count, value; None for kinds that nobody puts into a first directory."""
    if isinstance(value, str):
        return _ASCII, None, value
    if isinstance(value, bytes):
        is_text = TiffTags.lookup(tag).type == _ASCII
        return (_ASCII, None, value) if is_text else (_UNDEFINED, len(value), value)
    if isinstance(value, int) and 0 <= value < 1 << 32:
        return _LONG, 1, value
    return None


def _append(path: Path, group: int, directory: dict[int, Any]) -> int:
    """Put a directory of a group's tags at the end of a file, and say where."""
    written = ImageFileDirectory_v2(b"II*\0\x08\0\0\0", group=group)
    for tag, value in directory.items():
        written[tag] = value
    with open(path, "ab") as file:
        file.write(bytes(file.tell() % 2))
        at = file.tell()
        file.write(written.tobytes(at))
    return at
