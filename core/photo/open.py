"""A photograph opened: upright sRGB pixels, and all that must not be lost on the way."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import UnidentifiedImageError

from core.colour.cielab import Float, Pixels, pixel_lightness
from core.errors import AutochromeError, PhotoError
from core.photo.decoded import Decoded, UnsupportedError
from core.photo.exif import LOST, as_block, exif_dpi, read_exif, state_size
from core.photo.formats import READABLE, is_tiff, why_not
from core.photo.metadata import Metadata
from core.photo.origin import digest_of
from core.photo.pixel_budget import PixelBudget, when_dropped
from core.photo.profile import to_srgb
from core.photo.read_tiff import read_tiff
from core.photo.read_with_pillow import read_with_pillow
from core.photo.stores import read_bytes, size_of
from core.settings import Settings

_DPI = (1.5, 60_000)
"""Dots per inch that may be meant: 1 is what some writers put for "unknown"."""

_ON_ITS_SIDE = (5, 6, 7, 8)
"""Orientations in which rows are columns."""


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


_IN_WORK = PixelBudget()


def pixels_in_work() -> int:
    """Pixels of all photographs that are decoded now, where ``Settings.pixels_at_once`` limits them; else 0."""
    return _IN_WORK.used


@contextmanager
def in_work(pixels: int, settings: Settings) -> Iterator[Callable[[Photo], Photo]]:
    """Wait until there is room for a photograph's pixels; they count from then on until what is held is dropped.

    Raises:
        PhotoError: there was no room for too long.
    """
    with ExitStack() as stack:
        if settings.pixels_at_once:
            stack.callback(_IN_WORK.admit(pixels, settings.pixels_at_once))

        def hold(photo: Photo) -> Photo:
            when_dropped(photo.pixels, stack.pop_all().close)
            return photo

        yield hold


def open_photo(path: str | Path, settings: Settings | None = None, name: str | None = None) -> Photo:
    """Open a photograph: first frame, EXIF orientation applied, colours converted to sRGB.

    Args:
        path: the file.
        settings: limits; the defaults where left out.
        name: what to call the file in messages, where ``path`` is a temporary one.

    Raises:
        PhotoError: no such file, no picture, a damaged one, one of a kind that is not read, or one over the limits.
    """
    settings = settings or Settings()
    path = Path(path) if isinstance(path, str) else path
    name = name or path.name
    with ExitStack() as in_work, ExitStack() as at_door:
        if settings.pixels_at_once:
            at_door.callback(_IN_WORK.come_in())
        data = _read(path, name, settings)
        reason = why_not(data[:200], name)
        if reason:
            raise PhotoError(f"{name} is {reason}.")
        try:
            decoded = _decode(data, name, settings, in_work, at_door)
        except AutochromeError:
            raise
        except UnidentifiedImageError as error:
            raise PhotoError(f"{name} is no picture that can be read here; give a {READABLE} file.") from error
        except UnsupportedError as error:
            raise PhotoError(f"{name} is {error}, which is not read here; save it as PNG, or TIFF in RGB.") from error
        except ImportError as error:
            advice = "pip install -r requirements.txt"
            raise PhotoError(
                f"{name} cannot be opened, since a package is missing ({error.name or error}); {advice}."
            ) from error
        except MemoryError as error:
            raise PhotoError(f"{name} needs more memory than there is; make it smaller.") from error
        except Exception as error:  # decoders raise many kinds
            raise PhotoError(f"{name} is damaged or cut short; copy or scan it again.") from error
        photo = _photo(decoded, name, is_tiff(data), digest_of(data))
        when_dropped(photo.pixels, in_work.pop_all().close)
        return photo


def _read(path: Path, name: str, settings: Settings) -> bytes:
    try:
        size = size_of(path)
        if size > settings.max_upload_mb * 1_000_000:
            raise PhotoError(
                f"{name} has {size / 1e6:.0f} MB and the limit is {settings.max_upload_mb}; "
                "make it smaller or raise AUTOCHROME_MAX_UPLOAD_MB."
            )
        data = read_bytes(path)
    except FileNotFoundError as error:
        raise PhotoError(f"There is no file {name}; check its name and folder.") from error
    except OSError as error:
        raise PhotoError(f"{name} cannot be read ({error.strerror}); check that it is a file you may open.") from error
    if not data:
        raise PhotoError(f"{name} is empty; copy or scan it again.")
    return data


def _decode(data: bytes, name: str, settings: Settings, in_work: ExitStack, at_door: ExitStack) -> Decoded:
    def check_size(width: int, height: int) -> None:
        if width * height > settings.max_pixels:
            raise PhotoError(
                f"{name} has {width * height / 1e6:.0f} megapixels and the limit is "
                f"{settings.max_pixels / 1e6:.0f}; make it smaller or raise AUTOCHROME_MAX_PIXELS."
            )
        if settings.pixels_at_once:
            in_work.close()  # a reader may ask more than once
            in_work.callback(_IN_WORK.admit(width * height, settings.pixels_at_once))
            at_door.close()

    return read_tiff(data, check_size) if is_tiff(data) else read_with_pillow(data, name, check_size)


def _photo(decoded: Decoded, name: str, from_tiff: bool, digest: str) -> Photo:
    """The photograph, upright and in sRGB; metadata that cannot be read are left out and told of."""
    notes, blocks, alpha = decoded.notes, decoded.blocks, decoded.alpha
    exif, orientation, lost = read_exif(blocks.exif, from_tiff)
    if lost:
        notes.append(LOST)
    pixels, profile = to_srgb(_collapse_grey(decoded.pixels), blocks.icc, notes)
    pixels = _collapse_grey(pixels)
    if alpha is not None and alpha.min() == np.iinfo(alpha.dtype).max:
        alpha = None
    pixels = _upright(pixels, orientation)
    dpi = _likely_dpi(decoded.dpi) or _likely_dpi(exif_dpi(exif))
    state_size(exif, pixels.shape[1], pixels.shape[0])
    return Photo(
        pixels=pixels,
        alpha=None if alpha is None else _upright(alpha, orientation),
        name=name,
        metadata=Metadata(
            exif=as_block(exif)[0] if len(exif) else None,
            icc=profile,
            dpi=dpi[::-1] if dpi and orientation in _ON_ITS_SIDE else dpi,
            xmp=blocks.xmp,
            iptc=blocks.iptc,
            digest=digest,
            quality=decoded.quality,
        ),
        warnings=tuple(notes),
    )


def _likely_dpi(dpi: tuple[float, float] | None) -> tuple[float, float] | None:
    return dpi if dpi and all(_DPI[0] <= dots <= _DPI[1] for dots in dpi) else None  # NaN is not between


def _collapse_grey(pixels: Pixels, rows: int = 512) -> Pixels:
    """(h, w, 3) with equal channels to (h, w): a third of the memory, and one table instead of a conversion."""
    if pixels.ndim == 2 or pixels.shape[2] != 3:
        return pixels
    for top in range(0, len(pixels), rows):
        part = pixels[top : top + rows]
        if (part[..., 0] != part[..., 1]).any() or (part[..., 0] != part[..., 2]).any():
            return pixels
    return np.ascontiguousarray(pixels[..., 0])


def _upright(pixels: NDArray[Any], orientation: int) -> NDArray[Any]:
    """Apply an EXIF orientation (Exif 2.32, tag 0x0112): 1..8, others are taken as 1."""
    if orientation in _ON_ITS_SIDE:
        pixels = pixels.swapaxes(0, 1)
    if orientation in (2, 3, 6, 7):
        pixels = pixels[:, ::-1]
    if orientation in (3, 4, 7, 8):
        pixels = pixels[::-1]
    return np.ascontiguousarray(pixels)
