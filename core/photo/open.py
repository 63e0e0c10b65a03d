"""A photograph opened: upright sRGB pixels, and all that must not be lost on the way."""

from __future__ import annotations

import io
import struct
import warnings
import zlib
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageCms

from core.colour.cielab import Float, Pixels, eight_bits, pixel_lightness
from core.errors import PhotoError
from core.photo.jpeg_quality import jpeg_quality
from core.photo.metadata import Metadata
from core.photo.origin import digest_of
from core.settings import Settings

FORMATS = ("JPEG", "PNG", "WEBP", "TIFF", "BMP", "GIF", "PPM", "AVIF")
"""What is opened, in Pillow's names; of animations and multi-page files the first picture."""

READABLE = "JPEG, PNG, WebP, TIFF, BMP, GIF or AVIF"

Image.MAX_IMAGE_PIXELS = None  # Settings.max_pixels takes its place, with a sentence that says what to do

_ORIENTATION = 0x0112
_TIFF_STRUCTURE = frozenset((*range(254, 269), 273, *range(277, 285), 317, *range(320, 326), 338, 339, 347, 34675))
"""TIFF tags that describe the file's own layout, which the picture made from it does not share."""

_BROKEN = (OSError, SyntaxError, ValueError, EOFError, IndexError, struct.error, zlib.error)
"""What Pillow's decoders raise on damaged files."""


@dataclass(frozen=True)
class Photo:
    """A decoded photograph.

    Attributes:
        pixels: sRGB, upright: (h, w) where all channels are equal, else (h, w, 3) RGB; uint8 or uint16.
        alpha: (h, w) opacity of the same dtype, or None where all is opaque.
        name: the file's name, for people.
        metadata: what the saved picture must carry on.
        warnings: sentences about what could not be kept.
    """

    pixels: Pixels
    alpha: Pixels | None = None
    name: str = "photo"
    metadata: Metadata = field(default_factory=Metadata)
    warnings: tuple[str, ...] = ()

    @property
    def height(self) -> int:
        """Rows, after orientation."""
        return int(self.pixels.shape[0])

    @property
    def width(self) -> int:
        """Columns, after orientation."""
        return int(self.pixels.shape[1])

    def lightness(self, rows: slice = slice(None)) -> Float:
        """L* 0..100 of some rows, (rows, w) float32."""
        return pixel_lightness(self.pixels[rows])


def open_photo(path: str | Path, settings: Settings | None = None, name: str | None = None) -> Photo:
    """Open a photograph: first frame, EXIF orientation applied, colours converted to sRGB.

    Args:
        path: the file.
        settings: limits; the defaults where left out.
        name: what to call the file in messages, where ``path`` is a temporary one.

    Raises:
        PhotoError: no such file, no picture, a damaged one, or one over the limits.
    """
    settings = settings or Settings()
    path = Path(path)
    name = name or path.name
    data = _read(path, name, settings)
    try:
        Image.init()
        known = [format for format in FORMATS if format in Image.OPEN]  # AVIF is not in every build of Pillow
        image = Image.open(io.BytesIO(data), formats=known)
    except (OSError, ValueError) as error:
        raise PhotoError(f"{name} is no picture that can be read here; give a {READABLE} file.") from error
    if image.width * image.height > settings.max_pixels:
        raise PhotoError(
            f"{name} has {image.width * image.height / 1e6:.0f} megapixels and the limit is "
            f"{settings.max_pixels / 1e6:.0f}; make it smaller or raise AUTOCHROME_MAX_PIXELS."
        )
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # Pillow's remarks on odd metadata are nothing a person can act on
        try:
            return _decode(image, data, name)
        except _BROKEN as error:
            raise PhotoError(f"{name} is damaged or cut short; copy or scan it again.") from error


def _read(path: Path, name: str, settings: Settings) -> bytes:
    try:
        size = path.stat().st_size
        if size > settings.max_upload_mb * 1_000_000:
            raise PhotoError(
                f"{name} has {size / 1e6:.0f} MB and the limit is {settings.max_upload_mb}; "
                "make it smaller or raise AUTOCHROME_MAX_UPLOAD_MB."
            )
        data = path.read_bytes()
    except FileNotFoundError as error:
        raise PhotoError(f"There is no file {name}; check its name and folder.") from error
    except OSError as error:
        raise PhotoError(f"{name} cannot be read ({error.strerror}); check that it is a file you may open.") from error
    if not data:
        raise PhotoError(f"{name} is empty; copy or scan it again.")
    return data


def _decode(image: Image.Image, data: bytes, name: str) -> Photo:
    """Decode an opened image; raises one of ``_BROKEN`` where the file is damaged."""
    exif = image.getexif()
    orientation = exif.pop(_ORIENTATION, 1)
    if image.format == "TIFF":
        for tag in _TIFF_STRUCTURE & exif.keys():
            del exif[tag]
    notes: list[str] = []
    profile = image.info.get("icc_profile")
    pixels, alpha = _deep_pixels(image, data) or _pixels(image)
    pixels = _collapse_grey(pixels)
    if profile:
        pixels, profile = _to_srgb(pixels, profile, notes)
    if alpha is not None and alpha.min() == np.iinfo(alpha.dtype).max:
        alpha = None
    dpi = image.info.get("dpi", (0, 0))
    return Photo(
        pixels=_upright(pixels, orientation),
        alpha=None if alpha is None else _upright(alpha, orientation),
        name=name,
        metadata=Metadata(
            exif=exif.tobytes() if len(exif) else None,
            icc=profile,
            dpi=(float(dpi[0]), float(dpi[1])) if min(dpi) > 1 else None,  # 1 is TIFF for "unknown"
            digest=digest_of(data),
            quality=jpeg_quality(image),
        ),
        warnings=tuple(notes),
    )


def _deep_pixels(image: Image.Image, data: bytes) -> tuple[Pixels, Pixels | None] | None:
    """Pixels and alpha of a file with 16 bits a channel, which Pillow would cut to 8; None for all others."""
    deep_png = image.format == "PNG" and data[24] == 16  # IHDR's bit depth
    bits: Any = getattr(image, "tag_v2", {}).get(258, ())  # TIFF BitsPerSample
    if not (deep_png or (bits and max(bits) == 16)):
        return None
    import cv2

    decoded = cv2.imdecode(np.frombuffer(data, np.uint8), cv2.IMREAD_UNCHANGED)
    if decoded is None:
        raise OSError("OpenCV cannot decode it")
    if decoded.dtype != np.uint16:
        return None
    if decoded.ndim == 2:
        return decoded, None
    if decoded.shape[2] == 4:
        return np.ascontiguousarray(decoded[..., 2::-1]), np.ascontiguousarray(decoded[..., 3])
    return np.ascontiguousarray(decoded[..., ::-1]), None


def _pixels(image: Image.Image) -> tuple[Pixels, Pixels | None]:
    """Pixels and alpha as Pillow decodes them."""
    image.load()
    if image.mode.startswith("I") or image.mode == "F":
        values = np.asarray(image).astype(np.float64)
        top = 255 if values.max(initial=0) <= 1 and image.mode == "F" else 1
        return np.clip(values * top * (257 if top == 255 else 1), 0, 65535).astype(np.uint16), None
    if image.mode in ("LA", "RGBA", "PA", "La", "RGBa") or "transparency" in image.info:
        rgba = np.asarray(image.convert("RGBA"))
        return np.ascontiguousarray(rgba[..., :3]), np.ascontiguousarray(rgba[..., 3])
    return np.asarray(image.convert("L" if image.mode in ("1", "L") else "RGB")), None


def _collapse_grey(pixels: Pixels, rows: int = 512) -> Pixels:
    """(h, w, 3) with equal channels to (h, w): a third of the memory, and one table instead of a conversion."""
    if pixels.ndim == 2:
        return pixels
    for top in range(0, len(pixels), rows):
        part = pixels[top : top + rows]
        if (part[..., 0] != part[..., 1]).any() or (part[..., 0] != part[..., 2]).any():
            return pixels
    return np.ascontiguousarray(pixels[..., 0])


def _to_srgb(pixels: Pixels, profile: bytes, notes: list[str]) -> tuple[Pixels, bytes | None]:
    """Pixels in a profile's space to sRGB, and the profile of the result; a broken profile is dropped with a note."""
    try:
        source = ImageCms.ImageCmsProfile(io.BytesIO(profile))
        if ImageCms.getProfileDescription(source).strip().lower().startswith("srgb"):
            return pixels, profile
        space = source.profile.xcolor_space.strip()
        srgb = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB"))
        if space not in ("RGB", "GRAY"):
            return pixels, None  # CMYK and the like: Pillow's own conversion has made sRGB of it
        if pixels.ndim == 2:
            return _apply_curve(pixels, _grey_curve(source, srgb, space)), srgb.tobytes()
        if space == "GRAY":
            return pixels, None
        if pixels.dtype == np.uint16:
            notes.append("Its colour profile could be applied at 8 bits only.")
            pixels = eight_bits(pixels)
        return np.asarray(_convert(Image.fromarray(pixels), source, srgb)), srgb.tobytes()
    except (ImageCms.PyCMSError, OSError, ValueError):
        notes.append("Its colour profile is broken and was left out.")
        return pixels, None


def _grey_curve(source: ImageCms.ImageCmsProfile, srgb: ImageCms.ImageCmsProfile, space: str) -> Float:
    """What each of 256 greys of a profile's space is in sRGB, 0..255."""
    ramp = Image.fromarray(np.arange(256, dtype=np.uint8)[None])
    if space == "RGB":
        ramp = ramp.convert("RGB")
    return np.asarray(np.asarray(_convert(ramp, source, srgb, exact=True))[0].mean(axis=-1), dtype=np.float32)


def _convert(
    image: Image.Image, source: ImageCms.ImageCmsProfile, srgb: ImageCms.ImageCmsProfile, exact: bool = False
) -> Image.Image:
    """Convert to sRGB so that white stays white and black stays black; exactly in the shadows too, or fast."""
    intent, flags = ImageCms.Intent.RELATIVE_COLORIMETRIC, ImageCms.Flags.BLACKPOINTCOMPENSATION
    if exact:
        flags |= ImageCms.Flags.NOOPTIMIZE
    converted = ImageCms.profileToProfile(image, source, srgb, renderingIntent=intent, outputMode="RGB", flags=flags)
    assert converted is not None  # None comes only with inPlace
    return converted


def _apply_curve(pixels: Pixels, curve: Float) -> Pixels:
    levels = int(np.iinfo(pixels.dtype).max) + 1
    table = np.interp(np.linspace(0, 255, levels), np.arange(256), curve) * ((levels - 1) / 255)
    return np.take(np.rint(table).astype(pixels.dtype), pixels)


def _upright(pixels: NDArray[Any], orientation: int) -> NDArray[Any]:
    """Apply an EXIF orientation (Exif 2.32, tag 0x0112): 1..8, others are taken as 1."""
    if orientation in (5, 6, 7, 8):
        pixels = pixels.swapaxes(0, 1)
    if orientation in (2, 3, 6, 7):
        pixels = pixels[:, ::-1]
    if orientation in (3, 4, 7, 8):
        pixels = pixels[::-1]
    return np.ascontiguousarray(pixels)
