"""Colours of a file's own space, by its ICC profile, to sRGB."""

from __future__ import annotations

import io
from functools import lru_cache

import numpy as np
from PIL import Image, ImageCms

from core.colour.cielab import Pixels, eight_bits

_ROWS = 256
_INTENT = ImageCms.Intent.RELATIVE_COLORIMETRIC
_FLAGS = ImageCms.Flags.BLACKPOINTCOMPENSATION
"""White stays white and black stays black."""

_ALIKE = 3 * 257
"""Of 65,535: profiles of sRGB differ by up to 1.4 of 255 in how they round, the nearest others by 16."""

_CHANNELS = {"GRAY": 1, "RGB": 3, "CMYK": 4}


def to_srgb(pixels: Pixels, profile: bytes | None, notes: list[str]) -> tuple[Pixels, bytes | None]:
    """Pixels to sRGB, and the profile of the result; a broken or unfit profile is dropped with a note.

    Args:
        pixels: (h, w) grey, (h, w, 3) RGB or (h, w, 4) CMYK; uint8 or uint16.
        profile: what their numbers mean; None is sRGB, and for CMYK the plain subtraction of inks.
        notes: gets a sentence where the profile is of no use.
    """
    if profile:
        try:
            return _by_profile(pixels, profile)
        except (ImageCms.PyCMSError, RuntimeError, OSError, ValueError, TypeError):
            notes.append("Its colour profile is broken and was left out.")
    return _without_profile(pixels), None


def _by_profile(pixels: Pixels, profile: bytes) -> tuple[Pixels, bytes | None]:
    """Raises one of many errors where the profile is of no use."""
    source = ImageCms.ImageCmsProfile(io.BytesIO(profile))
    space = source.profile.xcolor_space.strip()
    channels = 1 if pixels.ndim == 2 else pixels.shape[2]
    if space not in _CHANNELS or (channels != _CHANNELS[space] and not (channels == 1 and space == "RGB")):
        if channels == 3 and space == "GRAY":
            return pixels, None  # a grey file whose writer has made RGB of it
        raise ValueError(f"a profile for {space}")
    if space == "RGB" and _is_srgb(profile):
        return pixels, profile
    if channels == 1:
        return np.take(_grey_curve(profile, space, pixels.dtype.itemsize), pixels), _srgb()
    if pixels.dtype == np.uint16:
        return _deep(pixels, profile, space), _srgb()
    image = Image.fromarray(pixels, "CMYK") if channels == 4 else Image.fromarray(pixels)
    return np.asarray(_convert(image, source)), _srgb()


def _without_profile(pixels: Pixels) -> Pixels:
    if pixels.ndim == 2 or pixels.shape[2] == 3:
        return pixels
    rgb = np.empty((*pixels.shape[:2], 3), pixels.dtype)
    top = np.uint32(np.iinfo(pixels.dtype).max)
    for first in range(0, len(pixels), _ROWS):
        inks = top - pixels[first : first + _ROWS].astype(np.uint32)
        rgb[first : first + _ROWS] = (inks[..., :3] * inks[..., 3:] + top // 2) // top
    return rgb


@lru_cache(maxsize=1)
def _srgb() -> bytes:
    return ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()


def _deep(pixels: Pixels, profile: bytes, space: str, also: ImageCms.Flags = ImageCms.Flags.NONE) -> Pixels:
    """Convert 16-bit pixels to (h, w, 3); Pillow has 8 only."""
    import imagecodecs

    rgb = np.empty((*pixels.shape[:2], 3), np.uint16)
    for top in range(0, len(pixels), _ROWS):
        rgb[top : top + _ROWS] = imagecodecs.cms_transform(
            pixels[top : top + _ROWS],
            profile,
            _srgb(),
            colorspace=space.lower(),
            outcolorspace="rgb",
            outdtype=np.uint16,
            intent=int(_INTENT),
            flags=int(_FLAGS | also),
        )
    return rgb


def _grey_curve(profile: bytes, space: str, size: int) -> Pixels:
    """What each grey of a profile's space is in sRGB, at 1 or 2 bytes a channel."""
    ramp = np.arange(1 << 8 * size, dtype=np.uint16) * np.uint16(257 if size == 1 else 1)
    ramp = ramp[:, None] if space == "GRAY" else ramp[:, None, None].repeat(3, axis=2)
    greys = _deep(ramp, profile, space, ImageCms.Flags.NOOPTIMIZE)  # exact in the shadows too
    curve = np.rint(greys[:, 0].mean(axis=-1)).astype(np.uint16)
    return eight_bits(curve) if size == 1 else curve


@lru_cache(maxsize=8)
def _is_srgb(profile: bytes) -> bool:
    """Whether colours all over an RGB profile's space are what they are in sRGB; its name says nothing."""
    steps = np.arange(0, 65_536, 4369, dtype=np.uint16)
    probe = np.stack(np.meshgrid(steps, steps, steps, indexing="ij"), axis=-1).reshape(len(steps), -1, 3)
    return int(np.abs(_deep(probe, profile, "RGB").astype(np.int32) - probe).max()) <= _ALIKE


def _convert(image: Image.Image, source: ImageCms.ImageCmsProfile) -> Image.Image:
    target = ImageCms.ImageCmsProfile(io.BytesIO(_srgb()))
    converted = ImageCms.profileToProfile(image, source, target, _INTENT, outputMode="RGB", flags=_FLAGS)
    assert converted is not None  # None comes only with inPlace
    return converted
