"""A coloured picture written to a file: whole or not at all."""

from __future__ import annotations

import os
import struct
import tempfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np
from PIL import Image

from core.color import Pixels
from core.errors import PhotoError, RequestError
from core.photo import Metadata, Photo

SUFFIXES = {"png": ".png", "jpeg": ".jpg", "webp": ".webp"}
"""The formats that are written, and what their files are called."""

_LONGEST_SIDE = {"png": 2**31 - 1, "jpeg": 65_500, "webp": 16_383}
_SOFTWARE = 0x0131


def output_format(name: str) -> str:
    """The format that a person means: a key of ``SUFFIXES``.

    Raises:
        RequestError: there is no such format.
    """
    key = name.strip().lower().lstrip(".").replace("jpg", "jpeg")
    if key not in SUFFIXES:
        raise RequestError(f"There is no output format '{name}'; choose png, jpeg or webp.")
    return key


def coloured_name(name: str, format_name: str) -> str:
    """The name of the picture made from a photograph: ``grandma.tif`` gives ``grandma.colour.png``."""
    return f"{Path(name).stem or 'photo'}.colour{SUFFIXES[format_name]}"


def save_picture(
    path: Path, rgb: Pixels, photo: Photo, backend: str, format_name: str = "png", quality: int = 92
) -> list[str]:
    """Write a coloured picture with its photograph's metadata, marked as coloured by a machine.

    Args:
        path: the file to write; it appears whole or not at all.
        rgb: (h, w, 3) sRGB, uint8 or uint16; only PNG keeps 16 bits.
        photo: the photograph it was made from.
        backend: id of the backend that predicted the colour, for the mark.
        format_name: a key of ``SUFFIXES``.
        quality: 1..100, for JPEG and WebP.

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
    alpha, notes = photo.alpha, []
    if format_name != "png" and rgb.dtype == np.uint16:
        rgb = (rgb >> 8).astype(np.uint8)
        alpha = None if alpha is None else (alpha >> 8).astype(np.uint8)
        notes.append(f"{format_name.upper()} holds 8 bits a channel, the photograph has 16; PNG keeps them.")
    if format_name == "jpeg" and alpha is not None:
        alpha = None
        notes.append("JPEG holds no transparency; PNG and WebP keep it.")
    channels = rgb if alpha is None else np.dstack([rgb, alpha])
    try:
        with _whole_file(path) as file:
            if rgb.dtype == np.uint16:
                file.write(_deep_png(channels, photo.metadata, backend))
            else:
                _write_with_pillow(file, channels, photo.metadata, backend, format_name, quality)
    except OSError as error:
        reason = error.strerror or str(error)
        raise PhotoError(
            f"{path.name} could not be written ({reason}); free some space or choose another folder."
        ) from (error)
    return notes


@contextmanager
def _whole_file(path: Path) -> Iterator[BinaryIO]:
    """A file that takes its name only once all of it is written."""
    handle, name = tempfile.mkstemp(prefix=".autochrome-", suffix=path.suffix, dir=path.parent)
    try:
        with os.fdopen(handle, "wb") as file:
            yield file
        os.chmod(name, 0o644)
        os.replace(name, path)
    except BaseException:
        Path(name).unlink(missing_ok=True)
        raise


def _marked_exif(metadata: Metadata, backend: str) -> bytes:
    """The photograph's EXIF, with the Software tag saying that a machine coloured it."""
    exif = Image.Exif()
    if metadata.exif:
        exif.load(metadata.exif)
    before = str(exif.get(_SOFTWARE, "")).strip("\x00 ")
    mark = f"Autochrome: coloured by machine ({backend})"
    exif[_SOFTWARE] = f"{before}; {mark}" if before and mark not in before else mark
    return exif.tobytes()


def _write_with_pillow(
    file: BinaryIO, channels: Pixels, metadata: Metadata, backend: str, format_name: str, quality: int
) -> None:
    options: dict[str, Any] = {"exif": _marked_exif(metadata, backend)}
    if metadata.icc:
        options["icc_profile"] = metadata.icc
    if metadata.dpi and format_name != "webp":
        options["dpi"] = metadata.dpi
    if format_name == "png":
        options["compress_level"] = 3
    else:
        options["quality"] = quality
    if format_name == "jpeg":
        options["subsampling"] = 0  # the colour is all there is to see
    Image.fromarray(channels).save(file, format_name.upper(), **options)


def _deep_png(channels: Pixels, metadata: Metadata, backend: str) -> bytes:
    """A PNG of 16 bits a channel, which Pillow cannot write: OpenCV's, with our metadata chunks put in.

    Chunks: PNG specification (third edition), sections 11.3.2.3 iCCP, 11.3.4.3 pHYs and 11.3.4.6 eXIf.
    """
    import cv2

    order = cv2.COLOR_RGB2BGR if channels.shape[2] == 3 else cv2.COLOR_RGBA2BGRA
    done, encoded = cv2.imencode(".png", cv2.cvtColor(channels, order))
    if not done:
        raise OSError("OpenCV could not encode it")
    png = encoded.tobytes()
    chunks = _chunk(b"eXIf", _marked_exif(metadata, backend).removeprefix(b"Exif\x00\x00"))
    if metadata.icc:
        chunks += _chunk(b"iCCP", b"icc\x00\x00" + zlib.compress(metadata.icc))
    if metadata.dpi:
        per_metre = [round(dots / 0.0254) for dots in metadata.dpi]
        chunks += _chunk(b"pHYs", struct.pack(">IIB", *per_metre, 1))
    end_of_header = 8 + 25  # signature, IHDR
    return png[:end_of_header] + chunks + png[end_of_header:]


def _chunk(kind: bytes, body: bytes) -> bytes:
    return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))
