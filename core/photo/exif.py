"""EXIF that is read as far as it goes, marked, and made small enough (Exif 2.32; TIFF 6.0)."""

from __future__ import annotations

import io
from typing import Any

from PIL import ExifTags, Image
from PIL.TiffImagePlugin import ImageFileDirectory_v2

from core.photo import origin
from core.photo.origin import SOFTWARE

_ORIENTATION = 0x0112
_X_RESOLUTION, _Y_RESOLUTION, _RESOLUTION_UNIT = 0x011A, 0x011B, 0x0128
_TIFF_STRUCTURE = frozenset(
    (*range(254, 269), 273, *range(277, 285), 296, *range(317, 342), 347, *range(512, 522), *range(529, 533))
)
_OTHER_BLOCKS = frozenset((700, 33723, 34377, 34675, 37724))
"""Tags that describe a TIFF's own layout, which the picture made from it does not share; and that hold XMP, IPTC,
Photoshop's resources, ICC and Photoshop's layers."""

_INNER = (int(ExifTags.IFD.Exif), int(ExifTags.IFD.GPSInfo))
_INTEROPERABILITY = 0xA005
"""Where in the photograph's own file another directory lies; nobody needs what is in it."""

_PRIVATE = (37500, 34377, 37724)
"""Maker note, Photoshop's resources, Photoshop's layers: what programs keep for themselves, and large."""

LOST = "Parts of its EXIF data could not be read and were left out."


def read_exif(block: bytes | None, is_file: bool = False) -> tuple[Image.Exif, int, bool]:
    """What can be read of an EXIF block, without orientation.

    Args:
        block: a TIFF block, or a whole TIFF file.
        is_file: whether it is the latter, whose tags on its own layout are left out.

    Returns:
        The EXIF data, the orientation (1..8), and whether something was lost.
    """
    kept, lost = Image.Exif(), False
    block = (block or b"").removeprefix(b"Exif\0\0")
    if not block:
        return kept, 1, False
    orientation: Any = 1
    try:
        directory = _directory(block)
    except Exception:  # Pillow's reader raises many kinds
        return kept, 1, True
    for tag in directory:
        if is_file and tag in _TIFF_STRUCTURE | _OTHER_BLOCKS:
            continue
        try:
            value = _plain(directory[tag])
            if tag == _ORIENTATION:
                orientation = value
            elif tag in _INNER:
                inner = _directory(block, value, tag)
                values = {name: _plain(inner[name]) for name in inner if name != _INTEROPERABILITY}
                kept[tag] = {name: each for name, each in values.items() if _can_be_written({tag: {name: each}})}
                lost = lost or len(kept[tag]) < len(values)
            elif _can_be_written({tag: value}):
                kept[tag] = value
            else:
                lost = True
        except Exception:
            lost = True
    for tag in _INNER:
        if tag in kept and not kept[tag]:
            del kept[tag]
    return kept, orientation if orientation in range(1, 9) else 1, lost


def _directory(block: bytes, offset: int | None = None, group: int | None = None) -> ImageFileDirectory_v2:
    """A directory of a TIFF or BigTIFF block: the first, or the one at an offset. Its values are read one by one."""
    big = block[2:4] in (b"+\0", b"\0+")
    head = b"II+\0" + block[4:16] if big else block[:8]  # Pillow knows a BigTIFF by the third byte, in either order
    directory = ImageFileDirectory_v2(head, prefix=block[:2], group=group)
    file = io.BytesIO(block)
    file.seek(directory.next if offset is None else offset)
    directory.load(file)
    return directory


def _plain(value: Any) -> Any:
    return _as_read(value[0] if isinstance(value, tuple) and len(value) == 1 else value)


def _as_read(value: Any) -> Any:
    """Text as the bytes that it is where it is not all ASCII: Pillow reads them as Latin-1, and writes none of them."""
    return value.encode("latin-1") if isinstance(value, str) and not value.isascii() else value


def _can_be_written(tags: dict[int, Any]) -> bool:
    trial = Image.Exif()
    try:
        trial.update(tags)
        trial.tobytes()
    except Exception:
        return False
    return True


def exif_dpi(exif: Image.Exif) -> tuple[float, float] | None:
    """Dots per inch that EXIF tells of, or None."""
    try:
        unit = {2: 1.0, 3: 2.54}[exif.get(_RESOLUTION_UNIT, 2)]
        return float(exif[_X_RESOLUTION]) * unit, float(exif[_Y_RESOLUTION]) * unit
    except (KeyError, TypeError, ValueError, ZeroDivisionError):
        return None


def state_size(exif: Image.Exif, width: int, height: int) -> None:
    """Make what EXIF says of the picture's size true, where it says anything."""
    within = int(ExifTags.IFD.Exif)
    for directory, across, down in ((exif, 0x0100, 0x0101), (exif.get(within, {}), 0xA002, 0xA003)):
        for tag, length in ((across, width), (down, height)):
            if tag in directory:
                directory[tag] = length


def marked(block: bytes | None, done: str, digest: str | None, dpi: tuple[float, float] | None) -> Image.Exif:
    """EXIF with what was done in its Software tag, once, and the resolution, which some formats hold only here."""
    exif = read_exif(block)[0]
    before = exif.get(SOFTWARE, "")
    before = before.decode("latin-1") if isinstance(before, bytes) else str(before)
    exif[SOFTWARE] = _as_read(origin.marked(before, done, digest))
    if dpi:
        exif[_X_RESOLUTION], exif[_Y_RESOLUTION], exif[_RESOLUTION_UNIT] = *dpi, 2
    return exif


def as_block(exif: Image.Exif, most: int | None = None) -> tuple[bytes, bool]:
    """EXIF as a TIFF block of at most so many bytes, and whether something had to go for it.

    The tags that programs keep for themselves go first, then the largest; the Software tag, with the mark, stays.
    """
    block = exif.tobytes().removeprefix(b"Exif\x00\x00")
    if most is None or len(block) <= most:
        return block, False
    places = [(exif, tag) for tag in exif if tag not in (*_INNER, SOFTWARE)]
    places += [(exif[inner], tag) for inner in _INNER if inner in exif for tag in exif[inner]]
    for within, tag in sorted(places, key=lambda place: (place[1] not in _PRIVATE, -_length(place[0][place[1]]))):
        del within[tag]
        block = exif.tobytes().removeprefix(b"Exif\x00\x00")
        if len(block) <= most:
            break
    return block, True


def _length(value: Any) -> int:
    return len(value) if isinstance(value, bytes | str | tuple) else 8
