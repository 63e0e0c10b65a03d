"""What is opened: formats x depths x colours x compressions, each with a file to try it on.

Written by another library than the one that reads it here, or by hand; HEIC and the deep JPEG and AVIF have none. The
page docs/formats.md is this list: ``python -m tests.photo.matrix``.
"""

from __future__ import annotations

import io
from collections.abc import Callable
from dataclasses import dataclass
from itertools import groupby
from pathlib import Path
from typing import Any

import cv2
import imagecodecs
import numpy as np
import pillow_heif
from PIL import Image

from core.colour.cielab import srgb_to_linear
from core.photo.formats import FORMATS
from tests.photo import by_hand

PAGE = Path(__file__).resolve().parents[2] / "docs" / "formats.md"

_Y, _X = np.mgrid[0:72, 0:112]
GREY = np.rint(20 + 1.2 * _X + 1.3 * _Y).astype(np.uint8)
RGB = np.dstack([GREY, GREY[::-1], np.rint(0.7 * GREY[:, ::-1]).astype(np.uint8)])
INK = 255 - GREY
_TWELVE = np.rint(GREY * (4095 / 255)).astype(np.uint16)
CMYK = np.dstack([255 - RGB, np.full_like(GREY, 30)])
CMYK_RGB = np.rint((RGB / 255.0) * ((255 - 30) / 255) * 255).astype(np.uint8)


@dataclass(frozen=True)
class Cell:
    """A kind of file.

    Attributes:
        format: a name in ``core.photo.formats``, or of one that is not opened.
        depth: bits a channel, in words.
        colour: kind of colour.
        compression: or other remark; empty for the usual.
        write: makes such a file.
        ending: of its name.
        truth: the sRGB picture that it shows, (h, w) or (h, w, 3), 0..255; None where it is refused.
        refusal: what the sentence says where it is refused.
    """

    format: str
    depth: str
    colour: str
    compression: str
    write: Callable[[], bytes]
    ending: str
    truth: Any = None
    refusal: str = ""

    @property
    def name(self) -> str:
        """For test reports."""
        return " ".join(filter(None, (self.format, self.depth, self.colour, self.compression)))


def _pillow(pixels: Any, format_name: str, mode: str | None = None, **options: Any) -> bytes:
    file = io.BytesIO()
    image = Image.fromarray(pixels)
    (image.convert(mode) if mode else image).save(file, format_name, **options)
    return file.getvalue()


def _opencv(ending: str, pixels: Any, *options: int) -> bytes:
    bgr = pixels if pixels.ndim == 2 else pixels[..., ::-1]
    return bytes(cv2.imencode(ending, bgr, options)[1])


def _deep(pixels: Any) -> Any:
    return pixels.astype(np.uint16) * 257


def _both(
    format_name: str, ending: str, write: Callable[[Any], bytes], depth: str = "8", compression: str = ""
) -> list[Cell]:
    """Grey and RGB."""
    return [
        Cell(format_name, depth, colour, compression, lambda picture=picture: write(picture), ending, picture)  # type: ignore[misc]
        for colour, picture in (("grey", GREY), ("RGB", RGB))
    ]


def _heif(picture: Any, **options: Any) -> bytes:
    pillow_heif.register_heif_opener()
    return _pillow(picture, "HEIF", quality=95, **options)


def _deep_jxl(pixels: Any, bits: int = 16) -> bytes:
    """In linear light, which is what imagecodecs says of all that it writes with more than 8 bits."""
    linear = np.rint(srgb_to_linear(pixels / np.float32(255)) * (2**bits - 1)).astype(np.uint16)
    return bytes(imagecodecs.jpegxl_encode(linear, bitspersample=bits, usecontainer=bits < 16, lossless=True))


def _deep_heif() -> bytes:
    file = io.BytesIO()
    pillow_heif.encode("RGB;16", (112, 72), _deep(RGB).tobytes(), file, quality=95)
    return file.getvalue()


def _deep_avif() -> bytes:
    numbers = np.rint(RGB * (1023 / 255)).astype(np.uint16)
    return bytes(imagecodecs.avif_encode(numbers, 95, bitspersample=10))


def _lab(bits: int, signed: bool) -> Any:
    """The grey as CIELAB numbers, L* over the whole range."""
    from core.colour.cielab import pixel_lightness

    dtype = np.uint8 if bits == 8 else np.uint16
    lab = np.full((*GREY.shape, 3), 0 if signed else 1 << bits - 1, dtype)
    lab[..., 0] = np.rint(pixel_lightness(GREY) / 100 * np.iinfo(dtype).max)
    return lab


def _tiff_cells() -> list[Cell]:
    def cell(depth: str, colour: str, remark: str, truth: Any, *args: Any, **options: Any) -> Cell:
        return Cell("TIFF", depth, colour, remark, lambda: by_hand.tiff(*args, **options), ".tif", truth)

    def libtiff(depth: str, colour: str, remark: str, truth: Any, *args: Any, **options: Any) -> Cell:
        return Cell("TIFF", depth, colour, remark, lambda: _pillow(*args, **options), ".tif", truth)

    bilevel = np.where(GREY > 128, 255, 0).astype(np.uint8)
    palette = [channel * 257 for channel in (*range(255, -1, -1),) * 3]
    alpha = np.full_like(GREY, 128)
    cells = [
        cell("1", "black and white", "", bilevel, bilevel >> 7, 1, bits=1, body=by_hand.packed(bilevel >> 7, 1)),
        *(
            libtiff("1", "black and white", name, bilevel, bilevel, "TIFF", "1", compression=code)
            for name, code in (("CCITT RLE", "tiff_ccitt"), ("CCITT group 3", "group3"), ("CCITT group 4", "group4"))
        ),
        cell("4", "grey", "", (GREY >> 4) * 17, GREY >> 4, 1, bits=4, body=by_hand.packed(GREY >> 4, 4)),
        cell("8", "grey", "", GREY, GREY, 1),
        cell("8", "grey", "white is zero", GREY, INK, 0),
        cell("8", "RGB", "", RGB, RGB, 2),
        cell("8", "RGB", "planes apart", RGB, RGB, 2, planar=True),
        cell("8", "RGB and alpha", "", RGB, np.dstack([RGB, alpha]), 2, {338: ("H", 2)}),
        cell("8", "RGB and alpha", "multiplied by it", RGB, np.dstack([RGB // 2 + 0, alpha]), 2, {338: ("H", 1)}),
        cell("8", "palette", "", GREY, INK, 3, {320: ("H", palette)}),
        cell("8", "CMYK", "", CMYK_RGB, CMYK, 5),
        cell("8", "CIELAB", "", GREY, _lab(8, True), 8),
        cell("8", "CIELAB as in ICC", "", GREY, _lab(8, False), 9),
        *(
            libtiff("8", colour, name, picture, picture, "TIFF", compression=code)
            for colour, picture in (("grey", GREY), ("RGB", RGB))
            for name, code in (
                ("LZW", "tiff_lzw"),
                ("Deflate", "tiff_adobe_deflate"),
                ("old Deflate", "tiff_deflate"),
                ("PackBits", "packbits"),
                ("LZMA", "lzma"),
                ("Zstandard", "zstd"),
            )
        ),
        libtiff("8", "grey", "JPEG", GREY, GREY, "TIFF", compression="jpeg", quality=95),
        libtiff("8", "YCbCr", "JPEG", RGB, RGB, "TIFF", "YCbCr", compression="jpeg", quality=95),
        libtiff("8", "YCbCr", "LZW", RGB, RGB, "TIFF", "YCbCr", compression="tiff_lzw"),
        cell("12", "grey", "", GREY, _TWELVE, 1, bits=12, body=by_hand.packed(_TWELVE, 12)),
        cell("16", "grey", "", GREY, _deep(GREY), 1),
        cell("16", "grey", "white is zero", GREY, _deep(INK), 0),
        cell("16", "grey", "big-endian BigTIFF", GREY, _deep(GREY), 1, order=">", big=True),
        cell("16", "RGB", "", RGB, _deep(RGB), 2),
        cell("16", "RGB", "planes apart", RGB, _deep(RGB), 2, planar=True),
        cell("16", "RGB", "big-endian", RGB, _deep(RGB), 2, order=">"),
        Cell("TIFF", "16", "RGB", "LZW", lambda: _opencv(".tif", _deep(RGB)), ".tif", RGB),
        cell("16", "RGB and alpha", "", RGB, _deep(np.dstack([RGB, alpha])), 2, {338: ("H", 2)}),
        cell("16", "CMYK", "", CMYK_RGB, _deep(CMYK), 5),
        cell("16", "CIELAB", "", GREY, _lab(16, True), 8),
        cell("16", "grey", "signed", GREY, (GREY.astype(np.int16) * 32767.0 / 255).astype(np.int16), 1),
        cell("32", "grey", "up to the largest number", GREY, GREY.astype(np.uint32) * 16_843_009, 1),
        cell("32", "grey", "up to 65,535", GREY, GREY.astype(np.uint32) * 257, 1),
        cell("32", "grey", "floating, 0 to 1", GREY, (GREY / 255).astype(np.float32), 1),
        cell("32", "grey", "floating, up to 255", GREY * (255 / GREY.max()), (GREY * np.float32(255 / GREY.max())), 1),
        cell(
            "32",
            "RGB",
            "floating, slightly over 1",
            RGB,
            np.where(RGB.max() == RGB, 1.02, RGB / 255).astype(np.float32),
            2,
        ),
        cell("64", "grey", "floating, 0 to 1", GREY, GREY / 255, 1),
    ]
    raw = Cell(
        "TIFF",
        "16",
        "a camera's raw numbers",
        "",
        lambda: by_hand.tiff(_deep(GREY), 32803),
        ".tif",
        refusal="camera's raw file",
    )
    log = Cell(
        "TIFF", "16", "LogL", "", lambda: by_hand.tiff(_deep(GREY), 32844), ".tif", refusal="colours are of a rare kind"
    )
    return [*cells, raw, log]


def _cells() -> list[Cell]:
    top = (GREY * np.float32(255 / GREY.max())) / 255
    return [
        *_both("JPEG", ".jpg", lambda p: _opencv(".jpg", p, cv2.IMWRITE_JPEG_QUALITY, 95), compression="baseline"),
        *_both(
            "JPEG",
            ".jpg",
            lambda p: _opencv(".jpg", p, cv2.IMWRITE_JPEG_QUALITY, 95, cv2.IMWRITE_JPEG_PROGRESSIVE, 1),
            compression="progressive",
        ),
        Cell(
            "JPEG",
            "8",
            "CMYK",
            "",
            lambda: imagecodecs.jpeg8_encode(255 - CMYK, 95, colorspace="CMYK", outcolorspace="CMYK"),
            ".jpg",
            CMYK_RGB,
        ),
        Cell(
            "JPEG",
            "12",
            "grey",
            "",
            lambda: imagecodecs.jpeg_encode(_TWELVE, 98, bitspersample=12),
            ".jpg",
            GREY,
        ),
        Cell(
            "JPEG",
            "12",
            "RGB",
            "",
            lambda: imagecodecs.jpeg_encode(np.rint(RGB * (4095 / 255)).astype(np.uint16), 98, bitspersample=12),
            ".jpg",
            RGB,
        ),
        *_both("PNG", ".png", lambda p: _opencv(".png", p)),
        *_both("PNG", ".png", lambda p: _opencv(".png", _deep(p)), "16"),
        Cell("PNG", "8", "RGB and alpha", "", lambda: imagecodecs.png_encode(np.dstack([RGB, GREY])), ".png", RGB),
        Cell(
            "PNG",
            "16",
            "RGB and alpha",
            "",
            lambda: _opencv(".png", _deep(np.dstack([GREY, GREY, GREY, GREY]))),
            ".png",
            GREY,
        ),
        *_tiff_cells(),
        *_both("WebP", ".webp", lambda p: imagecodecs.webp_encode(np.dstack([p] * 3) if p.ndim == 2 else p, 95)),
        *_both(
            "WebP",
            ".webp",
            lambda p: imagecodecs.webp_encode(np.dstack([p] * 3) if p.ndim == 2 else p, lossless=True),
            compression="lossless",
        ),
        *_both("HEIC", ".heic", _heif),
        Cell("HEIC", "10", "RGB", "", _deep_heif, ".heic", RGB),
        *_both("AVIF", ".avif", lambda p: imagecodecs.avif_encode(p, 90)),
        Cell("AVIF", "10", "RGB", "", _deep_avif, ".avif", RGB),
        *_both("JPEG XL", ".jxl", lambda p: imagecodecs.jpegxl_encode(p, 90)),
        *_both("JPEG XL", ".jxl", _deep_jxl, "16", "lossless, linear"),
        Cell("JPEG XL", "10", "RGB", "lossless, linear", lambda: _deep_jxl(RGB, 10), ".jxl", RGB),
        *_both("JPEG 2000", ".jp2", lambda p: imagecodecs.jpeg2k_encode(p, codecformat="JP2")),
        *_both("JPEG 2000", ".jp2", lambda p: _opencv(".jp2", _deep(p)), "16"),
        Cell("GIF", "8", "palette", "", lambda: imagecodecs.gif_encode(GREY), ".gif", GREY),
        *_both("BMP", ".bmp", lambda p: _opencv(".bmp", p)),
        *_both("DIB", ".dib", lambda p: by_hand.dib(_opencv(".bmp", p))),
        *_both("PNM", ".pnm", lambda p: by_hand.pnm(p, 255)),
        Cell("PNM", "16", "grey", "", lambda: by_hand.pnm(_deep(GREY), 65_535), ".pgm", GREY),
        Cell("PNM", "16, read as 8", "RGB", "", lambda: by_hand.pnm(_deep(RGB), 65_535), ".ppm", RGB),
        Cell(
            "PNM",
            "32",
            "grey",
            "floating (PFM)",
            lambda: b"Pf\n112 72\n-1.0\n" + top[::-1].astype("<f4").tobytes(),
            ".pfm",
            GREY * (255 / GREY.max()),
        ),
        *_both("PSD", ".psd", by_hand.psd, compression="flattened"),
        *_both("PSD", ".psd", lambda p: by_hand.psd(_deep(p), 16), "16", "flattened"),
        Cell("PSD", "16", "RGB", "PackBits", lambda: by_hand.psd(_deep(RGB), 16, pack=True), ".psd", RGB),
        Cell("PSD", "16", "CMYK", "", lambda: by_hand.psd(_deep(255 - CMYK), 16), ".psd", CMYK_RGB),
        Cell("PSD", "32", "RGB", "", lambda: by_hand.psd(RGB.astype(np.uint32), 32), ".psd", refusal="of a depth"),
        *_both("TGA", ".tga", by_hand.tga),
        *_both("PCX", ".pcx", by_hand.pcx),
        *_both("SGI", ".sgi", by_hand.sgi),
        Cell("ICO", "8", "RGB", "", lambda: by_hand.ico(_opencv(".png", np.dstack([GREY] * 3)), 112, 72), ".ico", GREY),
        Cell("PDF", "any", "any", "", lambda: b"%PDF-1.7\n", ".pdf", refusal="is a PDF"),
        Cell("EPS", "any", "any", "", lambda: b"%!PS-Adobe-3.0 EPSF-3.0\n", ".eps", refusal="is PostScript"),
        Cell("Raw", "any", "any", "cameras' own", lambda: by_hand.tiff(GREY, 1), ".nef", refusal="camera's raw file"),
    ]


CELLS = _cells()


INTRODUCTION = """# File formats

What is opened, and how it is tried: each line is a test, with a file from another library than the one that reads it
here (but HEIC, JPEG of 12 bits, AVIF of 10 and JPEG XL of more than 8), whose lightness must come out right (mean error
under 0.5 L\\*).
Written by `python -m tests.photo.matrix`.

Orientation, colour profile, resolution, EXIF, XMP and IPTC are read where the format has them. Of animations and files
with many pages the first picture is opened. A file that is damaged is refused in one sentence; nothing is guessed. A
TIFF whose strips hold too much, or do not tell their length, is read and the damage told of.
PCX, TGA and DIB begin with nothing that tells them from others and are known by the ending of their name. Faxes in
TIFF (CCITT) need Python 3.11 or later.

| format | endings | bits | colours | remark | |
| --- | --- | --- | --- | --- | --- |
"""

WRITTEN = """
## What is written

| format | bits | quality | holds beside the picture |
| --- | --- | --- | --- |
| png | 8, 16 | | alpha, profile, resolution, EXIF, XMP, IPTC |
| tiff | 8, 16; Deflate, BigTIFF over 4 GB | | alpha, profile, resolution, EXIF, XMP, IPTC |
| jpeg | 8 | 1..100, 92 | profile, resolution, EXIF, XMP, IPTC, as far as they fit |
| webp | 8 | 1..100, 92 | alpha, profile, EXIF, XMP |
| avif | 8 | 1..100, 85 | alpha, profile, EXIF, XMP |

Captions and rights in IPTC are put into XMP too, where XMP lacks them, so that no format loses them. Every picture is
marked as coloured by a machine: in EXIF `Software`, and in XMP `Iptc4xmpExt:DigitalSourceType`.

## Content Credentials

After `pip install -r requirements-c2pa.txt`, `colorize IN... --c2pa-cert CERTIFICATES.pem --c2pa-key KEY.pem` signs
each picture as C2PA asks: that the photograph was opened, with its SHA-256, and that a machine coloured it. The
certificates are yours: the signer's first, then those above it; the key is ECDSA, RSA or Ed25519, without a password.
`--c2pa-tsa URL` asks a time-stamp authority about each signature, and is the only thing that goes out. Credentials that
the photograph has are carried on. `exiftool` and `c2patool` show what a picture says.
"""


def page() -> str:
    """The page docs/formats.md."""
    endings = {each.name: " ".join(each.endings) for each in FORMATS}
    lines = []
    for (name, depth, colour), cells in groupby(CELLS, lambda cell: (cell.format, cell.depth, cell.colour)):
        for refused, group in groupby(cells, lambda cell: bool(cell.refusal)):
            remarks = "; ".join(cell.compression for cell in group if cell.compression)
            outcome = "refused" if refused else ""
            lines.append(f"| {name} | {endings.get(name, '')} | {depth} | {colour} | {remarks} | {outcome} |")
    return INTRODUCTION + "\n".join(lines) + "\n" + WRITTEN


if __name__ == "__main__":
    PAGE.write_text(page())
