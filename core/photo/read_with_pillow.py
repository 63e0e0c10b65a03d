"""Everything that Pillow opens, by itself or by its plugins for HEIC and JPEG XL; more than 8 bits by others."""

from __future__ import annotations

import io
import re
import struct
import warnings
from collections.abc import Callable

import numpy as np
from PIL import Image, UnidentifiedImageError

from core.colour.cielab import Pixels
from core.photo.blocks import jpeg_frame, split_jpeg, split_png
from core.photo.decoded import Decoded, UnsupportedError, from_integers, from_numbers, likely_white
from core.photo.formats import codes_for
from core.photo.jpeg_quality import jpeg_quality
from core.photo.jxl_depth import jxl_depth
from core.photo.metadata import Blocks
from core.photo.read_psd import is_deep_psd, psd_blocks, read_deep_psd

Image.MAX_IMAGE_PIXELS = None  # Settings.max_pixels takes its place, with a sentence that says what to do
warnings.filterwarnings("ignore", category=UserWarning, module=r"PIL\.")
"""Remarks on odd metadata are nothing a person can act on. Once for all: ``catch_warnings`` is not for threads."""

Image.core.set_block_size(1 << 26)  # type: ignore[attr-defined]  # else what it frees stays the process's for long

_ROWS = 256
"""Rows that are brought from Pillow to NumPy at once."""

_CUT = "Its colours have more than 8 bits a channel and were read as 8."
_SCAN_OF_JPEG, _END_OF_JPEG = b"\xff\xda", b"\xff\xd9"
"""Without its end it libjpeg makes up the rest of a file that was cut short."""

_BOXES = 4096
"""Bytes in which an AVIF file says what it is."""

_CODESTREAM, _YCC = b"\xff\x4f\xff\x51", b"colr\1\0\0\0\0\0\x12"
"""Of JPEG 2000: how its codestream begins, and the box that says that its colours are YCbCr."""


def read_with_pillow(data: bytes, name: str, check_size: Callable[[int, int], None]) -> Decoded:
    """The first picture of a file.

    Args:
        data: the file.
        name: what its owner calls it, for formats that have no sign of their own.
        check_size: is given width and height before anything is decoded, and raises where they are too much.

    Raises:
        UnidentifiedImageError: no picture.
        UnsupportedError: a kind that is not read.
        Exception: a damaged file; Pillow's decoders raise many kinds.
    """
    Image.init()
    _add_plugin(data)
    blocks, dpi = None, None
    if data.startswith(b"\xff\xd8"):
        data, blocks = split_jpeg(data)
        bits, height, width = jpeg_frame(data) or (8, 0, 0)
        if bits == 12:
            check_size(width, height)
            return Decoded(_deep_jpeg(data), None, blocks)
        if bits != 8:
            raise UnsupportedError(f"a JPEG of {bits} bits")
    elif data.startswith(b"\x89PNG"):
        data, blocks, dpi = split_png(data)
    elif is_deep_psd(data):
        return read_deep_psd(data, check_size)
    known = [code for code in codes_for(name) if code in Image.OPEN]  # not every build of Pillow has all
    try:
        image = Image.open(io.BytesIO(data), formats=known)
    except UnidentifiedImageError as error:
        if data.startswith(b"8BPS"):
            raise UnsupportedError("a Photoshop file of a depth or a kind of colour") from error
        raise
    check_size(image.width, image.height)
    if image.format == "PSD":
        blocks, dpi = psd_blocks(data)
    deep = _likewise_deep(image, data)
    if deep is not None:
        pixels, alpha = deep
    elif image.format == "PNG" and data[24] == 16:  # IHDR's bit depth
        pixels, alpha = _deep_png(data)
    elif image.format == "HEIF" and image.info.get("bit_depth", 8) > 8:
        pixels, alpha = _deep_heif(data)
    else:
        straight = _straight(image, data)
        pixels, alpha = _pixels(image) if straight is None else (straight, None)
    notes = [_CUT] if pixels.dtype == np.uint8 and _was_deep(image, data) else []
    return Decoded(pixels, alpha, blocks or _blocks(image, data), dpi or _dpi(image), notes, jpeg_quality(image))


def _add_plugin(data: bytes) -> None:
    """Have what reads this file: a package that is missing must cost no other."""
    if data[4:8] == b"ftyp":
        import pillow_heif

        pillow_heif.register_heif_opener()
    elif data.startswith((b"\xff\x0a", b"\0\0\0\x0cJXL ")):
        import pillow_jxl  # noqa: F401  registers itself


def _deep_jpeg(data: bytes) -> Pixels:
    import imagecodecs

    numbers = imagecodecs.jpeg_decode(data)
    if numbers.ndim == 3 and numbers.shape[2] != 3:
        raise UnsupportedError("a JPEG of 12 bits in CMYK")
    return from_integers(numbers, 12)


def _likewise_deep(image: Image.Image, data: bytes) -> tuple[Pixels, Pixels | None] | None:
    """Pixels and alpha of AVIF, JPEG XL and JPEG 2000 of more than 8 bits; None where Pillow is to read them."""
    import imagecodecs

    if image.format == "AVIF" and (bits := _avif_bits(data)) > 8:
        if any(box in data[:_BOXES] for box in (b"irot", b"imir", b"clap")):  # to be turned or cut, as Pillow does
            return None
        return _without_alpha(from_integers(imagecodecs.avif_decode(data, index=0), bits))
    if image.format == "JXL" and image.mode in ("LA", "RGB", "RGBA") and 8 < (bits := jxl_depth(data)) <= 16:
        return _without_alpha(from_integers(imagecodecs.jpegxl_decode(data, index=0), bits))
    if image.format == "JPEG2000" and (bits := _jpeg2000_bits(data)) > 8:
        channels = {"I;16": 1, "RGB": 3, "RGBA": 4}.get(image.mode)
        at = data.find(_CODESTREAM)
        same = (data[at + 42 : at + 45] == bytes((bits - 1, 1, 1))) and len(
            {data[at + 42 + 3 * number : at + 45 + 3 * number] for number in range(channels or 1)}
        ) == 1
        if channels is None or data[at + 41] != channels or not same or _YCC in data[:at] or bits > 16:
            return None
        codestream = data[at:]  # without the boxes: OpenJPEG would see it through its profile by itself, and badly
        return _without_alpha(from_integers(imagecodecs.jpeg2k_decode(codestream), bits))
    return None


def _was_deep(image: Image.Image, data: bytes) -> bool:
    """Whether the file has more bits a channel than Pillow gives."""
    if image.format == "PPM":
        return _largest_of_pnm(data) > 255
    if image.format == "SGI":
        return data[3] == 2
    bits = {"AVIF": _avif_bits, "JPEG2000": _jpeg2000_bits, "JXL": jxl_depth}.get(image.format or "")
    return bits is not None and bits(data) > 8


def _largest_of_pnm(data: bytes) -> int:
    """The number that a PNM file states for white; 1 where it states none (netpbm, ppm(5))."""
    words = b" ".join(line.partition(b"#")[0] for line in data[:1000].splitlines()).split()
    return int(words[3]) if words[0] in (b"P2", b"P3", b"P5", b"P6") else 1


def _avif_bits(data: bytes) -> int:
    """Bits a channel, by the AV1 codec configuration box (AV1-ISOBMFF 1.2, section 2.3)."""
    at = data.find(b"av1C", 0, _BOXES)
    flags = data[at + 6] if at >= 0 else 0
    return (12 if flags & 0x20 else 10) if flags & 0x40 else 8


def _jpeg2000_bits(data: bytes) -> int:
    """Bits of the first channel, by the codestream's SIZ segment (ISO 15444-1, A.5.1)."""
    at = data.find(_CODESTREAM)
    return (data[at + 42] & 0x7F) + 1 if at >= 0 else 8


def _jpeg2000_profile(data: bytes) -> bytes | None:
    """The ICC profile of a colour specification box, which Pillow leaves aside (ISO 15444-1, I.5.3.3)."""
    head = data[: max(0, data.find(_CODESTREAM))]
    for found in re.finditer(rb"colr[\2\3]", head):
        (length,) = struct.unpack(">I", head[found.start() - 4 : found.start()])
        return head[found.start() + 7 : found.start() - 4 + length]
    return None


def _deep_png(data: bytes) -> tuple[Pixels, Pixels | None]:
    import imagecodecs

    return _without_alpha(imagecodecs.png_decode(data))


def _deep_heif(data: bytes) -> tuple[Pixels, Pixels | None]:
    import pillow_heif

    return _without_alpha(np.asarray(pillow_heif.open_heif(data, convert_hdr_to_8bit=False)))


def _without_alpha(channels: Pixels) -> tuple[Pixels, Pixels | None]:
    """(h, w), (h, w, 2), (h, w, 3) or (h, w, 4) as pixels and alpha."""
    if channels.ndim == 2 or channels.shape[2] == 3:
        return channels, None
    colours = channels[..., 0] if channels.shape[2] == 2 else channels[..., :3]
    return np.ascontiguousarray(colours), np.ascontiguousarray(channels[..., -1])


def _straight(image: Image.Image, data: bytes) -> Pixels | None:
    """The same pixels as Pillow's, decoded straight into an array: Pillow takes more than twice the memory.

    None where the picture is of another kind or something is wrong with it, on which Pillow has the last word.
    """
    import imagecodecs

    if image.mode not in ("L", "RGB") or "transparency" in image.info:
        return None
    try:
        if image.format == "JPEG" and data.find(_END_OF_JPEG, data.find(_SCAN_OF_JPEG)) >= 0:
            pixels = imagecodecs.jpeg8_decode(data)
        elif image.format == "PNG" and data[24] == 8:  # IHDR's bit depth
            pixels = imagecodecs.png_decode(data)
        else:
            return None
    except Exception:
        return None
    shape = (image.height, image.width) if image.mode == "L" else (image.height, image.width, 3)
    return pixels if pixels.shape == shape else None


def _pixels(image: Image.Image) -> tuple[Pixels, Pixels | None]:
    """Pixels and alpha, see ``Decoded``."""
    image.load()
    if image.mode.startswith("I") or image.mode == "F":
        values = np.asarray(image)
        return from_numbers(values, likely_white(values) if image.mode == "F" else 65_535), None
    if image.mode in ("LA", "RGBA", "PA", "La", "RGBa") or "transparency" in image.info:
        rgba = _in_bands(image, "RGBA")
        return np.ascontiguousarray(rgba[..., :3]), np.ascontiguousarray(rgba[..., 3])
    if image.mode == "CMYK":
        return _in_bands(image, "CMYK"), None
    if image.mode == "LAB":
        raise UnsupportedError("a picture in CIELAB")
    return _in_bands(image, "L" if image.mode in ("1", "L") else "RGB"), None


def _in_bands(image: Image.Image, mode: str) -> Pixels:
    """A picture's pixels in a mode, a few rows at a time: all at once, Pillow and NumPy would copy it three times."""
    pixels = np.empty((image.height, image.width, *([len(mode)] if len(mode) > 1 else [])), np.uint8)
    for top in range(0, image.height, _ROWS):
        band = (0, top, image.width, min(top + _ROWS, image.height))
        pixels[band[1] : band[3]] = np.asarray(image.crop(band).convert(mode))
    return pixels


def _blocks(image: Image.Image, data: bytes) -> Blocks:
    """What Pillow has found of metadata, and what it has not."""

    def block(key: str) -> bytes | None:
        value = image.info.get(key)
        return value if isinstance(value, bytes) else None

    icc = _jpeg2000_profile(data) if image.format == "JPEG2000" else block("icc_profile")
    return Blocks(exif=block("exif"), icc=icc, xmp=block("xmp"))


def _dpi(image: Image.Image) -> tuple[float, float] | None:
    try:
        x, y = image.info["dpi"]
        return float(x), float(y)
    except (KeyError, TypeError, ValueError, ZeroDivisionError):
        return None
