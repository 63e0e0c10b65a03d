"""TIFFs that are damaged, or lack a tag, and still have a number for every pixel: made readable, never guessed at.

libtiff reads such files: it stops where a strip or tile is full. tifffile's codecs find too much in it and refuse.
"""

from __future__ import annotations

import zlib
from collections.abc import Callable
from contextlib import suppress
from itertools import pairwise
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from tifffile import TiffPage

DAMAGED = "The file is damaged; parts of the picture may be wrong."

_DEFLATE, _PACKBITS = (8, 32946), (32773,)
_LONGEST_RUN = 128


def state_lengths(page: TiffPage, length: int) -> None:
    """Where a compressed page does not say how long its strips or tiles are: each ends where the next one begins.

    Args:
        page: the page.
        length: of the file.
    """
    if page.compression == 1 or 279 in page.tags or 325 in page.tags:
        return
    starts = sorted({*page.dataoffsets, length})
    ends = dict(pairwise(starts))
    page.databytecounts = tuple(max(0, ends.get(start, start) - start) for start in page.dataoffsets)


def tolerate(page: TiffPage, notes: list[str]) -> None:
    """Have the page take strips and tiles that are full before their data end; ``notes`` gets a sentence then."""
    full = {**dict.fromkeys(_DEFLATE, _full_deflate), **dict.fromkeys(_PACKBITS, _full_packbits)}
    mend = full.get(int(page.compression))
    if mend is None or page.fillorder == 2:
        return
    decode = page.decode

    def tolerant(data: bytes | None, index: int, /, **options: Any) -> Any:
        try:
            return decode(data, index, **options)
        except Exception:  # codecs raise many kinds
            mended = _mended(page, mend, data, index)
            if mended is None:
                raise
        if DAMAGED not in notes:
            notes.append(DAMAGED)
        return decode(mended, index, **options)

    page.__dict__["decode"] = tolerant


def _mended(page: TiffPage, mend: Callable[[bytes, int], bytes | None], data: bytes | None, index: int) -> bytes | None:
    """A strip or tile that ends where it is full; None where it never is."""
    dtype = page.dtype
    if data is None or dtype is None:
        return None
    if page.is_tiled:
        pixels = page.tilewidth * page.tilelength
    else:
        strips = -(-page.imagelength // page.rowsperstrip)
        pixels = page.imagewidth * min(page.rowsperstrip, page.imagelength - index % strips * page.rowsperstrip)
    samples = page.samplesperpixel if page.planarconfig == 1 else 1
    return mend(data, pixels * samples * dtype.itemsize) if page.bitspersample == 8 * dtype.itemsize else None


def _full_deflate(data: bytes, size: int) -> bytes | None:
    try:
        numbers = zlib.decompressobj().decompress(data, size)
    except zlib.error:
        return None
    return zlib.compress(numbers, 1) if len(numbers) == size else None


def _full_packbits(data: bytes, size: int) -> bytes | None:
    import imagecodecs

    one, other = (bytearray(filler * (size + _LONGEST_RUN)) for filler in (b"\0", b"\xff"))
    for numbers in (one, other):
        with suppress(RuntimeError):  # what was not written to shows
            imagecodecs.packbits_decode(data, out=numbers)
    full = one[:size] == other[:size]
    return bytes(imagecodecs.packbits_encode(bytes(one[:size]))) if full else None
