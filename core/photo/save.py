"""A coloured picture written to a file: whole or not at all."""

from __future__ import annotations

import errno
import io
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

from core.colour.cielab import Pixels, eight_bits
from core.errors import DiskFullError, PhotoError, RequestError, shortened
from core.photo.blocks import jpeg_body, photoshop_of_iptc
from core.photo.captions import marked_xmp, source_type_of
from core.photo.exif import as_block, marked
from core.photo.metadata import Metadata
from core.photo.open import Photo
from core.photo.origin import done_by
from core.photo.stores import is_elsewhere, scratch_folder, write_bytes
from core.photo.write_png import write_png
from core.photo.write_tiff import write_tiff

SUFFIXES = {"png": ".png", "jpeg": ".jpg", "webp": ".webp", "tiff": ".tif", "avif": ".avif"}
"""The formats that are written, and what their files are called."""

_OTHER_SUFFIXES = {".jpeg": "jpeg", ".jpe": "jpeg", ".jfif": "jpeg", ".tiff": "tiff"}
QUALITIES = {"jpeg": 92, "webp": 92, "avif": 85}
"""The formats that have a quality, 1..100, and the one that is taken where nothing asks for another."""

_LEAST_QUALITY = 85
"""Of what is made from a JPEG, whose own quality is taken from there up."""

_DEEP = ("png", "tiff")
"""Formats that keep 16 bits a channel."""

_LONGEST_SIDE = {"png": 2**31 - 1, "jpeg": 65_500, "webp": 16_383, "tiff": 2**31 - 1, "avif": 65_535}
_JPEG_SEGMENT = 65_533
"""Most bytes that a JPEG segment holds beside its length."""


def output_format(name: str) -> str:
    """The format that a person means: a key of ``SUFFIXES``.

    Raises:
        RequestError: there is no such format.
    """
    key = name.strip().lower().lstrip(".")
    key = {"jpg": "jpeg", "tif": "tiff"}.get(key, key)
    if key not in SUFFIXES:
        raise RequestError(f"There is no output format '{shortened(name)}'; choose png, jpeg, webp, tiff or avif.")
    return key


def check_quality(quality: int | None) -> None:
    """Refuse a quality that no format has.

    Raises:
        RequestError: it is not 1..100.
    """
    if quality is not None and not 1 <= quality <= 100:
        raise RequestError(f"The parameter 'quality' is {quality} and must be 1 to 100; correct it or leave it out.")


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
    path: Path,
    rgb: Pixels,
    photo: Photo,
    backend: str,
    format_name: str = "png",
    quality: int | None = None,
    learned: bool | None = True,
    seal: Callable[[Path, Path], None] | None = None,
) -> list[str]:
    """Write a coloured picture with its photograph's metadata, marked as coloured by a machine.

    Args:
        path: the file to write; it appears whole or not at all.
        rgb: (h, w, 3) sRGB, uint8 or uint16; PNG and TIFF keep 16 bits.
        photo: the photograph it was made from.
        backend: id of the backend that predicted the colour, for the mark.
        format_name: a key of ``SUFFIXES``.
        quality: 1..100, for the formats in ``QUALITIES``; the photograph's own, or a good one, where it is None.
        learned: whether the colour is that of a trained network, for the mark; None where nobody knows.
        seal: makes a signed copy of the file, given both paths, and that is kept; see ``core.photo.credentials``.

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
    if quality is None and photo.metadata.quality:
        quality = max(photo.metadata.quality, _LEAST_QUALITY)
    alpha, notes = photo.alpha, []
    if format_name not in _DEEP and rgb.dtype == np.uint16:
        rgb = eight_bits(rgb)
        alpha = None if alpha is None else eight_bits(alpha)
        notes.append(f"{format_name.upper()} holds 8 bits a channel, the photograph has 16; PNG and TIFF keep them.")
    if format_name == "jpeg" and alpha is not None:
        alpha = None
        notes.append("JPEG holds no transparency; PNG and WebP keep it.")
    metadata = _marked(photo.metadata, backend, learned, format_name, notes)
    with _whole_or_not(path, SUFFIXES[format_name]) as whole:
        if format_name == "png":
            with open(whole, "wb") as file:
                write_png(file, rgb, alpha, metadata)
        elif format_name == "tiff":
            write_tiff(whole, rgb, alpha, metadata)
        else:
            _write_with_pillow(whole, rgb, alpha, metadata, format_name, quality)
        if seal:
            unsigned = whole.rename(whole.with_stem("unsigned"))
            seal(unsigned, whole)
    return notes


def copy_whole(path: Path, file: bytes) -> None:
    """Write a file as it is; it appears whole or not at all.

    Raises:
        PhotoError: it cannot be written.
    """
    with _whole_or_not(path, path.suffix) as whole:
        whole.write_bytes(file)


@contextmanager
def _whole_or_not(path: Path, suffix: str) -> Iterator[Path]:
    """A file to write into, which takes its place in the end.

    Raises:
        PhotoError: it cannot be written.
    """
    try:
        with scratch_folder(path) as scratch:
            whole = Path(scratch) / f"whole{suffix}"
            yield whole
            if is_elsewhere(path):
                write_bytes(path, whole.read_bytes())
            else:
                whole.replace(path)
    except OSError as error:
        reason = error.strerror or str(error)
        advice = "free some space or choose another folder"
        kind = DiskFullError if error.errno in (errno.ENOSPC, errno.EDQUOT) else PhotoError
        raise kind(f"{path.name} could not be written ({reason}); {advice}.") from error


def _marked(metadata: Metadata, backend: str, learned: bool | None, format_name: str, notes: list[str]) -> Metadata:
    """The photograph's metadata with both marks that a machine coloured it, and no more than the format holds."""
    room = _JPEG_SEGMENT - 40 if format_name == "jpeg" else None  # with what a segment begins with
    exif, shed = as_block(marked(metadata.exif, done_by(backend, learned), metadata.digest, metadata.dpi), room)
    if shed:
        notes.append("Its EXIF data are more than JPEG holds: what programs keep there for themselves was left out.")
    source_type, iptc = source_type_of(learned), metadata.iptc
    xmp, lost = marked_xmp(metadata.xmp, iptc, source_type)
    if lost:
        notes.append("Its XMP data could not be read and were left out.")
    if room and len(xmp) > room:
        xmp, _ = marked_xmp(None, iptc, source_type)
        notes.append("Its XMP data are more than JPEG holds and were left out; PNG and TIFF keep them.")
    if room and iptc and len(iptc) > room:
        iptc = None
        notes.append("Its IPTC data are more than JPEG holds and were left out; TIFF keeps them.")
    return replace(metadata, exif=exif, xmp=xmp, iptc=iptc)


def _write_with_pillow(
    path: Path, rgb: Pixels, alpha: Pixels | None, metadata: Metadata, format_name: str, quality: int | None
) -> None:
    options: dict[str, Any] = {
        "quality": quality or QUALITIES[format_name],
        "exif": b"Exif\0\0" + (metadata.exif or b""),
        "icc_profile": metadata.icc,
        "xmp": metadata.xmp,
    }
    if format_name != "webp":
        options["subsampling"] = "4:4:4"  # the colour is all there is to see
    if format_name == "jpeg":
        if metadata.dpi:
            options["dpi"] = tuple(round(dots) for dots in metadata.dpi)
        if metadata.iptc:
            body = b"Photoshop 3.0\0" + photoshop_of_iptc(metadata.iptc)
            options["extra"] = b"\xff\xed" + (len(body) + 2).to_bytes(2, "big") + body
        _write_jpeg(path, rgb, options)
    else:
        Image.fromarray(rgb if alpha is None else np.dstack([rgb, alpha])).save(path, format_name.upper(), **options)


def _write_jpeg(path: Path, rgb: Pixels, options: dict[str, Any]) -> None:
    """Let Pillow write what is said of the picture, and libjpeg the picture itself: Pillow would first copy it.

    The bytes are those that Pillow would write.
    """
    import imagecodecs

    said = io.BytesIO()
    Image.new("RGB", (1, 1)).save(said, "JPEG", **options)
    head = said.getvalue()
    picture = bytes(imagecodecs.jpeg8_encode(np.ascontiguousarray(rgb), level=options["quality"], subsampling="444"))
    with open(path, "wb") as file:
        file.write(head[: jpeg_body(head)])
        file.write(memoryview(picture)[jpeg_body(picture[:_JPEG_SEGMENT]) :])
