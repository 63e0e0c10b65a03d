"""A coloured picture written to a file: whole or not at all."""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np
from PIL import Image

from core.colour.cielab import Pixels, eight_bits
from core.errors import PhotoError, RequestError
from core.photo.metadata import Metadata, add_to_jpeg, add_to_png
from core.photo.open import Photo
from core.photo.origin import SOFTWARE, marked

SUFFIXES = {"png": ".png", "jpeg": ".jpg", "webp": ".webp"}
"""The formats that are written, and what their files are called."""

_OTHER_SUFFIXES = {".jpeg": "jpeg", ".jpe": "jpeg", ".jfif": "jpeg", ".tif": "tiff", ".tiff": "tiff"}
_QUALITY, _LEAST_QUALITY = 92, 85
"""Of JPEG and WebP; and the least of what is made from a JPEG, whose own quality is taken from there up."""

_LONGEST_SIDE = {"png": 2**31 - 1, "jpeg": 65_500, "webp": 16_383}


def output_format(name: str) -> str:
    """The format that a person means: a key of ``SUFFIXES``.

    Raises:
        RequestError: there is no such format.
    """
    key = name.strip().lower().lstrip(".").replace("jpg", "jpeg")
    if key not in SUFFIXES:
        raise RequestError(f"There is no output format '{name}'; choose png, jpeg or webp.")
    return key


def format_like(name: str) -> str:
    """The format of a picture that is to be like its photograph, by the photograph's name; else PNG."""
    ending = Path(name).suffix.lower()
    known = {ending: format_name for format_name, ending in SUFFIXES.items()} | _OTHER_SUFFIXES
    return known[ending] if known.get(ending) in SUFFIXES else "png"


def coloured_name(name: str, format_name: str) -> str:
    """The name of the picture made from a photograph: ``grandma.tif`` gives ``grandma.colour.png``."""
    return f"{Path(name).stem or 'photo'}.colour{SUFFIXES[format_name]}"


def free_name(name: str, is_taken: Callable[[str], bool]) -> str:
    """A ``coloured_name``, or with a number where it is taken: ``a.colour.png``, ``a-2.colour.png``."""
    stem, _, ending = name.rpartition(".colour.")
    candidate, number = name, 1
    while is_taken(candidate):
        number += 1
        candidate = f"{stem}-{number}.colour.{ending}"
    return candidate


def save_picture(
    path: Path, rgb: Pixels, photo: Photo, backend: str, format_name: str = "png", quality: int | None = None
) -> list[str]:
    """Write a coloured picture with its photograph's metadata, marked as coloured by a machine.

    Args:
        path: the file to write; it appears whole or not at all.
        rgb: (h, w, 3) sRGB, uint8 or uint16; only PNG keeps 16 bits.
        photo: the photograph it was made from.
        backend: id of the backend that predicted the colour, for the mark.
        format_name: a key of ``SUFFIXES``.
        quality: 1..100, for JPEG and WebP; the photograph's own, or a good one, where it is None.

    Returns:
        Sentences about what the format could not keep.

    Raises:
        PhotoError: the file cannot be written, or the format cannot hold it.
    """
    longest = max(rgb.shape[:2])
    if longest > _LONGEST_SIDE[format_name]:
        raise PhotoError(
            f"A {format_name.upper()} file holds at most {_LONGEST_SIDE[format_name]:,} pixels a side and this "
            f"picture has {longest:,}; choose png."
        )
    quality = quality or max(photo.metadata.quality or _QUALITY, _LEAST_QUALITY)
    alpha, notes = photo.alpha, []
    if format_name != "png" and rgb.dtype == np.uint16:
        rgb = eight_bits(rgb)
        alpha = None if alpha is None else eight_bits(alpha)
        notes.append(f"{format_name.upper()} holds 8 bits a channel, the photograph has 16; PNG keeps them.")
    if format_name == "jpeg" and alpha is not None:
        alpha = None
        notes.append("JPEG holds no transparency; PNG and WebP keep it.")
    try:
        with tempfile.TemporaryDirectory(prefix=".autochrome-", dir=path.parent) as scratch:
            whole = Path(scratch) / f"whole{SUFFIXES[format_name]}"
            if format_name == "webp":
                _write_webp(whole, rgb, alpha, photo.metadata, backend, quality)
            else:
                _write_with_opencv(whole, rgb, alpha, photo.metadata, backend, format_name, quality)
            whole.replace(path)
    except OSError as error:
        reason = error.strerror or str(error)
        advice = "free some space or choose another folder"
        raise PhotoError(f"{path.name} could not be written ({reason}); {advice}.") from error
    return notes


def _marked_exif(metadata: Metadata, backend: str) -> bytes:
    """The photograph's EXIF (a TIFF block), with the Software tag saying that a machine coloured it."""
    exif = Image.Exif()
    if metadata.exif:
        exif.load(metadata.exif)
    exif[SOFTWARE] = marked(str(exif.get(SOFTWARE, "")), backend, metadata.digest)
    return exif.tobytes().removeprefix(b"Exif\x00\x00")


def _write_webp(path: Path, rgb: Pixels, alpha: Pixels | None, metadata: Metadata, backend: str, quality: int) -> None:
    channels = rgb if alpha is None else np.dstack([rgb, alpha])
    exif = _marked_exif(metadata, backend)
    Image.fromarray(channels).save(path, "WEBP", quality=quality, exif=exif, icc_profile=metadata.icc)


def _write_with_opencv(
    path: Path,
    rgb: Pixels,
    alpha: Pixels | None,
    metadata: Metadata,
    backend: str,
    format_name: str,
    quality: int,
) -> None:
    """Write PNG or JPEG through OpenCV, which is faster than Pillow, takes 16 bits and needs no copy of its own."""
    import cv2

    if format_name == "png":
        # Measured on scans (docs/benchmarks.md): the quickest, and smaller than OpenCV's own choice.
        options = [cv2.IMWRITE_PNG_COMPRESSION, 1, cv2.IMWRITE_PNG_STRATEGY, cv2.IMWRITE_PNG_STRATEGY_HUFFMAN_ONLY]
        if hasattr(cv2, "IMWRITE_PNG_FILTER"):  # not before OpenCV 4.12
            options += [cv2.IMWRITE_PNG_FILTER, cv2.IMWRITE_PNG_FILTER_AVG]
    else:
        # 4:4:4, because the colour is all there is to see.
        sampling = [cv2.IMWRITE_JPEG_SAMPLING_FACTOR, cv2.IMWRITE_JPEG_SAMPLING_FACTOR_444]
        options = [cv2.IMWRITE_JPEG_QUALITY, quality, *sampling]
    bare = path.with_stem("bare")
    with _as_bgr(rgb) as bgr:
        written = cv2.imwrite(str(bare), bgr if alpha is None else np.dstack([bgr, alpha]), options)
    if not written:
        raise OSError("OpenCV could not encode it")
    add_metadata = add_to_png if format_name == "png" else add_to_jpeg
    with open(path, "wb") as file:
        add_metadata(bare, file, _marked_exif(metadata, backend), metadata.icc, metadata.dpi)


@contextmanager
def _as_bgr(rgb: Pixels, rows: int = 256) -> Iterator[Pixels]:
    """The picture in OpenCV's order of channels, turned round in place: a copy of a large one would be too much."""

    if not rgb.flags.writeable:
        rgb = rgb.copy()

    def turn() -> None:
        for top in range(0, len(rgb), rows):
            rgb[top : top + rows] = rgb[top : top + rows, :, ::-1].copy()

    turn()
    try:
        yield rgb
    finally:
        turn()
