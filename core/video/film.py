"""A film's file looked at: what it says of itself, and what its first frames say."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from fractions import Fraction
from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from core.colour.cielab import Pixels
from core.errors import FilmError
from core.photo.in_colour import is_in_colour
from core.photo.open import Photo
from core.video.frame import FULL_RANGE, LIMITED_RANGE, Frame
from core.video.pyav import decoded, import_av, main_stream, open_to_read, reason

if TYPE_CHECKING:
    from av.container import InputContainer
    from av.video.frame import VideoFrame
    from av.video.stream import VideoStream

ENDINGS = frozenset({
    ".3gp", ".asf", ".avi", ".dv", ".flv", ".m2ts", ".m4v", ".mkv", ".mov", ".mp4", ".mpeg", ".mpg", ".mts", ".mxf",
    ".nut", ".ogv", ".ts", ".vob", ".webm", ".wmv", ".y4m",
})  # fmt: skip
"""Of names of files that are taken for films; animated GIFs are asked for by ``is_film``."""

_LOOKED_AT = 24
"""Frames of the beginning that say whether a film is interlaced, or in colour."""

_COMBED = 1.6
"""How much more neighbouring lines differ than every other one where two fields have been woven together."""


@dataclass(frozen=True)
class Film:
    """What a film's file says of its pictures.

    Attributes:
        path: the file.
        width, height: of a frame as it is stored, in pixels.
        time_base: seconds of one unit of ``Frame.time``.
        begins: when the film does, in these units: broadcasts and discs do at any hour.
        rate: frames a second on average.
        seconds: how long it lasts; 0 where nobody says.
        shape_of_pixels: width over height of a pixel, 1 for square ones.
        rotation: degrees by which players turn it.
        bits: of its luma.
        colours: range, matrix, primaries and transfer of its pixels, in FFmpeg's numbers.
        interlaced: whether each frame is two fields of different times.
        in_colour: whether it has colours of its own.
        delay: units by which frames are decoded later than they are shown, where the file says no more than when they
            are decoded, as AVI does; None where it says when they are shown.
    """

    path: Path
    width: int
    height: int
    time_base: Fraction
    begins: int
    rate: Fraction
    seconds: float
    shape_of_pixels: Fraction
    rotation: int
    bits: int
    colours: tuple[int, int, int, int]
    interlaced: bool
    in_colour: bool
    delay: int | None

    def time_of(self, seconds: float) -> int:
        """A second, counted from the film's beginning as players do, in units of ``Frame.time``."""
        return self.begins + round(seconds / self.time_base)

    def second_of(self, time: int) -> float:
        """A ``Frame.time`` in seconds from the film's beginning."""
        return float((time - self.begins) * self.time_base)


def is_film(path: Path) -> bool:
    """Whether a file is one that this room is for: by its name; a GIF where more than one picture is in it."""
    ending = path.suffix.lower()
    if ending != ".gif":
        return ending in ENDINGS
    from PIL import Image

    try:
        with Image.open(path) as image:
            return bool(getattr(image, "is_animated", False))
    except (OSError, ValueError):
        return False


def look_at(path: Path) -> Film:
    """What a film's file says of itself, and its first frames.

    Raises:
        FilmError: it is no film that can be read, or PyAV is missing.
    """
    av = import_av()
    try:
        with open_to_read(path) as container:
            stream = main_stream(container)
            firsts = [frame for frame, _ in zip(decoded(container, stream), range(_LOOKED_AT), strict=False)]
            if not firsts:
                raise FilmError(f"{path.name} has no frame that can be read; check the file.")
            return _film(path, container, stream, firsts)
    except (av.FFmpegError, OSError, ValueError) as error:
        raise FilmError(f"{path.name} is no film that can be read ({reason(error)}); check the file.") from error


def _film(path: Path, container: InputContainer, stream: VideoStream, firsts: list[VideoFrame]) -> Film:
    first = firsts[0]
    firsts = [frame for frame in firsts if (frame.width, frame.height) == (first.width, first.height)]
    rate = stream.average_rate or stream.guessed_rate or Fraction(25)
    time_base = stream.time_base or Fraction(1, 1000)
    seconds = float(stream.duration * time_base) if stream.duration else (container.duration or 0) / 1_000_000
    seen = Frame.of(first, 0)
    shape = stream.sample_aspect_ratio or Fraction(1)
    return Film(
        path,
        first.width,
        first.height,
        time_base,
        round(Fraction(container.start_time or 0, 1_000_000) / time_base),
        rate,
        seconds,
        shape if shape > 0 else Fraction(1),
        first.rotation,
        seen.bits,
        (
            FULL_RANGE if seen.full else LIMITED_RANGE,
            first.colorspace,
            int(first.color_primaries),
            int(first.color_trc),
        ),
        any(frame.interlaced_frame for frame in firsts) or _are_combed([Frame.of(frame, 0).grey for frame in firsts]),
        _are_in_colour(firsts),
        _delay(firsts),
    )


def _delay(firsts: list[VideoFrame]) -> int | None:
    """See ``Film.delay``: frames come in the order in which they are shown, and times that FFmpeg made up do not."""
    shown = [frame.pts for frame in firsts if frame.pts is not None]
    decoded_at = [frame.dts for frame in firsts if frame.dts is not None]
    if _ascend(shown) or len(decoded_at) < len(firsts) or not _ascend(decoded_at):
        return None
    return decoded_at[0] - shown[0]


def _ascend(times: list[int]) -> bool:
    return all(before < after for before, after in pairwise(times))


def _are_combed(greys: list[Pixels]) -> bool:
    """Whether what moves has combs: neighbouring lines differ more there than every other one does."""
    near = far = 0.0
    for before, after in pairwise(greys):
        moving = np.abs(after.astype(np.float32) - before) > 0.06 * np.iinfo(after.dtype).max
        plane, moving = after.astype(np.float32), moving[1:-1]
        if moving.mean() > 0.01:
            line = np.abs(plane[1:-1] - (plane[:-2] + plane[2:]) / 2)
            near += float(line[moving].sum())
            far += float((np.abs(plane[2:] - plane[:-2]) / 2)[moving].sum())
    return far > 0 and near > _COMBED * far


def _are_in_colour(firsts: list[VideoFrame]) -> bool:
    """Whether most of some frames are: a leader's coloured stripe is one frame."""
    seen = [Photo(np.ascontiguousarray(frame.to_ndarray(format="rgb24"))) for frame in firsts[:: len(firsts) // 3 or 1]]
    return sum(map(is_in_colour, seen)) * 2 > len(seen)


def digest_of_film(path: Path) -> str:
    """16 hexadecimal digits that tell films apart: of a file's size, its first megabyte and its last.

    Raises:
        FilmError: it cannot be read.
    """
    try:
        size = path.stat().st_size
        digest = hashlib.sha256(str(size).encode())
        with path.open("rb") as file:
            digest.update(file.read(1 << 20))
            file.seek(max(0, size - (1 << 20)))
            digest.update(file.read())
    except OSError as error:
        raise FilmError(f"{path.name} cannot be read ({error.strerror}); check its name and folder.") from error
    return digest.hexdigest()[:16]


def comment_of(path: Path) -> str:
    """What a film's metadata say of it; empty where it is none that can be read."""
    av = import_av()
    try:
        with open_to_read(path) as container:
            metadata = container.metadata
    except (av.FFmpegError, OSError, ValueError):
        return ""
    return comment_in(metadata)


def comment_in(metadata: Mapping[str, str]) -> str:
    """The comment among a container's metadata, which Matroska has in capitals; empty where there is none."""
    return next((value for name, value in metadata.items() if name.lower() == "comment"), "")
