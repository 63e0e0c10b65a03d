"""Everything that Pillow opens, by itself or by its plugins for HEIC and JPEG XL; PNG of 16 bits by libpng alone."""

from __future__ import annotations

import io
from collections.abc import Callable

import numpy as np
from PIL import Image, UnidentifiedImageError

from core.colour.cielab import Pixels
from core.photo.blocks import jpeg_bits, split_jpeg, split_png
from core.photo.decoded import Decoded, UnsupportedError, from_integers, from_numbers, likely_white
from core.photo.formats import codes_for
from core.photo.jpeg_quality import jpeg_quality
from core.photo.metadata import Blocks

Image.MAX_IMAGE_PIXELS = None  # Settings.max_pixels takes its place, with a sentence that says what to do


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
        if jpeg_bits(data) not in (8, None):
            raise UnsupportedError(f"a JPEG of {jpeg_bits(data)} bits")
    elif data.startswith(b"\x89PNG"):
        data, blocks, dpi = split_png(data)
    known = [code for code in codes_for(name) if code in Image.OPEN]  # not every build of Pillow has all
    try:
        image = Image.open(io.BytesIO(data), formats=known)
    except UnidentifiedImageError as error:
        if data.startswith(b"8BPS"):
            raise UnsupportedError("a Photoshop file of a depth or a kind of colour") from error
        raise
    check_size(image.width, image.height)
    if image.format == "PNG" and data[24] == 16:  # IHDR's bit depth
        pixels, alpha = _deep_png(data)
    elif image.format == "HEIF" and image.info.get("bit_depth", 8) > 8:
        pixels, alpha = _deep_heif(data)
    elif image.format == "AVIF" and (bits := _avif_bits(data)) > 8:
        pixels, alpha = _deep_avif(data, bits)
    else:
        pixels, alpha = _pixels(image)
    return Decoded(pixels, alpha, blocks or _blocks(image), dpi or _dpi(image), quality=jpeg_quality(image))


def _add_plugin(data: bytes) -> None:
    """Have what reads this file: a package that is missing must cost no other."""
    if data[4:8] == b"ftyp":
        import pillow_heif

        pillow_heif.register_heif_opener()
    elif data.startswith((b"\xff\x0a", b"\0\0\0\x0cJXL ")):
        import pillow_jxl  # noqa: F401  registers itself


def _deep_png(data: bytes) -> tuple[Pixels, Pixels | None]:
    import imagecodecs

    return _without_alpha(imagecodecs.png_decode(data))


def _avif_bits(data: bytes) -> int:
    """Bits a channel, by the codec's configuration (AV1-ISOBMFF, section 2.3.3)."""
    at = data.find(b"av1C") + 6
    flags = data[at] if 6 <= at < len(data) else 0
    return 8 if not flags & 0x40 else 12 if flags & 0x20 else 10


def _deep_avif(data: bytes, bits: int) -> tuple[Pixels, Pixels | None]:
    import imagecodecs

    return _without_alpha(from_integers(np.asarray(imagecodecs.avif_decode(data)), bits))


def _deep_heif(data: bytes) -> tuple[Pixels, Pixels | None]:
    import pillow_heif

    return _without_alpha(np.asarray(pillow_heif.open_heif(data, convert_hdr_to_8bit=False)))


def _without_alpha(channels: Pixels) -> tuple[Pixels, Pixels | None]:
    """(h, w), (h, w, 2), (h, w, 3) or (h, w, 4) as pixels and alpha."""
    if channels.ndim == 2 or channels.shape[2] == 3:
        return channels, None
    colours = channels[..., 0] if channels.shape[2] == 2 else channels[..., :3]
    return np.ascontiguousarray(colours), np.ascontiguousarray(channels[..., -1])


def _pixels(image: Image.Image) -> tuple[Pixels, Pixels | None]:
    """Pixels and alpha, see ``Decoded``."""
    image.load()
    if image.mode.startswith("I") or image.mode == "F":
        values = np.asarray(image)
        return from_numbers(values, likely_white(values) if image.mode == "F" else 65_535), None
    if image.mode in ("LA", "RGBA", "PA", "La", "RGBa") or "transparency" in image.info:
        rgba = np.asarray(image.convert("RGBA"))
        return np.ascontiguousarray(rgba[..., :3]), np.ascontiguousarray(rgba[..., 3])
    if image.mode == "CMYK":
        return np.asarray(image), None
    if image.mode == "LAB":
        raise UnsupportedError("a picture in CIELAB")
    return np.asarray(image.convert("L" if image.mode in ("1", "L") else "RGB")), None


def _blocks(image: Image.Image) -> Blocks:
    """What Pillow has found of metadata."""

    def block(key: str) -> bytes | None:
        value = image.info.get(key)
        return value if isinstance(value, bytes) else None

    return Blocks(exif=block("exif"), icc=block("icc_profile"), xmp=block("xmp"))


def _dpi(image: Image.Image) -> tuple[float, float] | None:
    try:
        x, y = image.info["dpi"]
        return float(x), float(y)
    except (KeyError, TypeError, ValueError, ZeroDivisionError):
        return None
