"""TIFF of every depth and colour that archives hold (TIFF 6.0; BigTIFF; Adobe's technical notes), by tifffile.

Not by Pillow: libtiff's errors do not stop it there, and what a damaged file leaves out shows what memory held before.
"""

from __future__ import annotations

import io
import logging
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from core.colour.cielab import Pixels
from core.colour.gamut import lab_to_gamut
from core.photo.decoded import Decoded, UnsupportedError, from_integers, from_numbers, likely_white
from core.photo.mend_tiff import state_lengths, tolerate
from core.photo.metadata import Blocks

if TYPE_CHECKING:
    from tifffile import TiffPage

logging.getLogger("tifffile").setLevel(logging.CRITICAL)  # its remarks on odd tags are nothing a person can act on

_WHITE_IS_ZERO, _RGB, _PALETTE, _CMYK, _YCBCR, _CIELAB, _ICCLAB = 0, 2, 3, 5, 6, 8, 9
_GREY = (_WHITE_IS_ZERO, 1)
_SAMPLES = {0: 1, 1: 1, _RGB: 3, _PALETTE: 1, _CMYK: 4, _YCBCR: 3, _CIELAB: 3, _ICCLAB: 3}
"""Samples of a pixel by PhotometricInterpretation, without alpha."""

_RAW = (32803, 34892)
_JPEG = (6, 7, 33003, 33004, 33005, 33007, 34712, 34892, 50001, 50002, 52546)
"""Compressions whose decoders make RGB of YCbCr."""

_UNSIGNED, _SIGNED, _FLOAT = 1, 2, 3
_ASSOCIATED, _UNASSOCIATED = 1, 2
_MOST_TIMES = 3000
"""Bytes that a byte of a file stands for at most: more than any compression reaches with a photograph."""

_ROWS = 256


def read_tiff(data: bytes, check_size: Callable[[int, int], None]) -> Decoded:
    """The first picture of a TIFF.

    Args:
        data: the file.
        check_size: is given width and height before anything is decoded, and raises where they are too much.

    Raises:
        UnsupportedError: a kind that is not read.
        Exception: a damaged file; tifffile and its codecs raise many kinds.
    """
    from tifffile import TiffFile, TiffPage

    with TiffFile(io.BytesIO(data)) as file:
        page = file.pages[0]
        assert isinstance(page, TiffPage)
        check_size(page.imagewidth, page.imagelength)
        state_lengths(page, len(data))
        _check(page, len(data))
        notes: list[str] = []
        tolerate(page, notes)
        pixels, alpha = _pixels(page, data)
        return Decoded(pixels, alpha, _blocks(page, data), _dpi(page), notes)


def _check(page: TiffPage, length: int) -> None:
    """Refuse what is not read, and sizes that no honest file has.

    Raises:
        UnsupportedError, ValueError: see ``read_tiff``.
    """
    from tifffile import TIFF

    kind, samples = int(page.photometric), page.samplesperpixel
    if kind in _RAW:
        raise UnsupportedError("a camera's raw file")
    if kind not in _SAMPLES or (kind == _CMYK and page.tags.valueof(332, 1) != 1):
        raise UnsupportedError(f"a TIFF whose colours are of a rare kind (PhotometricInterpretation {kind})")
    if page.compression != 1 and page.compression not in TIFF.DECOMPRESSORS:  # fax before Python 3.11's tifffile
        raise UnsupportedError(f"a TIFF of a compression ({int(page.compression)})")
    if page.imagedepth != 1 or samples < _SAMPLES[kind]:
        raise ValueError("not a picture")
    if kind == _PALETTE and page.colormap is None:
        raise ValueError("no palette")
    bits = page.bitspersample
    if isinstance(bits, tuple) or page.sampleformat not in (_UNSIGNED, _SIGNED, _FLOAT):
        raise UnsupportedError("a TIFF whose numbers are of a rare kind")
    size = page.imagewidth * page.imagelength * samples * bits // 8
    segment = page.tilewidth * page.tilelength if page.is_tiled else 0
    if size > 50_000_000 + _MOST_TIMES * length or segment > 4 * page.imagewidth * page.imagelength + 4_000_000:
        raise ValueError("more pixels than the file can hold")
    for start, count in zip(page.dataoffsets, page.databytecounts, strict=True):
        if not count or start + count > length:
            raise ValueError("a part lies outside the file")


def _pixels(page: TiffPage, data: bytes) -> tuple[Pixels, Pixels | None]:
    """Pixels and alpha, see ``Decoded``."""
    kind, base = int(page.photometric), _SAMPLES[int(page.photometric)]
    if kind == _YCBCR and (page.compression == 6 or (page.is_subsampled and int(page.compression) not in _JPEG)):
        import imagecodecs

        return np.ascontiguousarray(imagecodecs.tiff_decode(data, asrgb=True)[..., :3]), None
    samples = np.moveaxis(page.asarray(squeeze=False, maxworkers=1)[:, 0], 0, -2)
    samples = samples.reshape(*samples.shape[:2], -1)  # separate planes and those side by side, one after the other
    if kind == _PALETTE:
        return _from_palette(samples[..., 0], page.colormap), None
    if kind in (_CIELAB, _ICCLAB):
        return _from_lab(samples[..., :3], page.bitspersample, signed=kind == _CIELAB), None
    white = _white(page, samples[..., :base])
    pixels = _scaled(page, samples[..., 0] if base == 1 else samples[..., :base], white)
    if kind == _WHITE_IS_ZERO:
        pixels = np.invert(pixels)
    if kind == _YCBCR and int(page.compression) not in _JPEG:
        pixels = _from_ycbcr(pixels)
    for place, meaning in enumerate(page.extrasamples or (_UNASSOCIATED,) * (page.samplesperpixel - base), base):
        if meaning in (_ASSOCIATED, _UNASSOCIATED):
            alpha = _scaled(page, samples[..., place], white)
            return _unassociated(pixels, alpha) if meaning == _ASSOCIATED else np.ascontiguousarray(pixels), alpha
    return np.ascontiguousarray(pixels), None


def _white(page: TiffPage, samples: NDArray[Any]) -> float:
    """The number that stands for white; of no account for unsigned integers of up to 16 bits."""
    if page.sampleformat == _FLOAT:
        return likely_white(samples)
    if page.sampleformat == _SIGNED:
        return float(2 ** (page.bitspersample - 1) - 1)
    # Most programs that write 32-bit integers have put 16-bit numbers into them.
    return 65_535.0 if page.bitspersample > 16 and samples.max() <= 65_535 else 2.0**page.bitspersample - 1


def _scaled(page: TiffPage, samples: NDArray[Any], white: float) -> Pixels:
    if page.sampleformat == _UNSIGNED and page.bitspersample <= 16:
        return from_integers(samples, page.bitspersample)
    return from_numbers(samples, white)


def _unassociated(pixels: Pixels, alpha: Pixels) -> Pixels:
    """Colours that were multiplied by alpha, as they were."""
    top = np.iinfo(pixels.dtype).max
    for row, opacity in zip(pixels, alpha, strict=True):
        share = np.maximum(opacity, 1).reshape(-1, *(1,) * (row.ndim - 1))
        row[...] = np.minimum(np.rint(row * np.float64(top) / share), top)
    return pixels


def _from_palette(indices: NDArray[Any], palette: Any) -> Pixels:
    entries = np.asarray(palette).T
    if entries.max() >= 256:  # some writers leave them at 8 bits
        entries = np.rint(entries / 257)
    return np.take(entries.astype(np.uint8), indices, axis=0, mode="clip")


def _from_ycbcr(pixels: Pixels) -> Pixels:
    """ITU-R BT.601 YCbCr of the full range to RGB."""
    import cv2

    order = np.ascontiguousarray(pixels[..., [0, 2, 1]])
    return np.asarray(cv2.cvtColor(order, cv2.COLOR_YCrCb2RGB))


def _from_lab(samples: NDArray[Any], bits: int, signed: bool) -> Pixels:
    """CIELAB as TIFF has it: L* over the whole range; a* and b* signed, or 128 more (ICC) of 256."""
    if bits not in (8, 16):
        raise UnsupportedError("a TIFF of CIELAB numbers that are neither of 8 nor of 16 bits")
    pixels = np.empty(samples.shape, np.uint8 if bits == 8 else np.uint16)
    white, step = np.float32(2**bits - 1), np.float32(2 ** (bits - 8))
    for top in range(0, len(samples), _ROWS):
        part = samples[top : top + _ROWS].astype(pixels.dtype)
        lightness = part[..., 0].astype(np.float32) * (100 / white)
        if signed:
            part = part.view(np.int8 if bits == 8 else np.int16)
        a, b = (part[..., at].astype(np.float32) / step - (0 if signed else 128) for at in (1, 2))
        lab_to_gamut(lightness, a, b, pixels[top : top + _ROWS])
    return pixels


def _blocks(page: TiffPage, data: bytes) -> Blocks:
    def block(code: int) -> bytes | None:
        tag = page.tags.get(code)  # its value as it lies in the file: its type is often a wrong one
        return data[tag.valueoffset : tag.valueoffset + tag.valuebytecount] if tag is not None else None

    return Blocks(exif=data, icc=block(34675), xmp=block(700), iptc=block(33723))


def _dpi(page: TiffPage) -> tuple[float, float] | None:
    """Dots per inch, where the file gives an absolute unit."""
    try:
        x, y = (float(np.divide(*page.tags[tag].value)) for tag in (282, 283))
        unit = {2: 1.0, 3: 2.54}[int(page.tags.valueof(296, 2))]
    except Exception:
        return None
    return x * unit, y * unit
