"""A film's file looked at, and its frames as grey, one after the other: what PyAV's FFmpeg reads."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from fractions import Fraction
from itertools import chain, pairwise
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from core.colour.cielab import Pixels
from core.errors import FilmError
from core.photo.in_colour import is_in_colour
from core.photo.open import Photo
from core.video.frame import Frame

if TYPE_CHECKING:
    from av.container import InputContainer
    from av.video.frame import VideoFrame
    from av.video.stream import VideoStream

ENDINGS = frozenset({
    ".3gp", ".asf", ".avi", ".dv", ".flv", ".m2ts", ".m4v", ".mkv", ".mov", ".mp4", ".mpeg", ".mpg", ".mts", ".mxf",
    ".nut", ".ogv", ".ts", ".vob", ".webm", ".wmv", ".y4m",
})  # fmt: skip
"""Of names of files that are taken for films; animated GIFs are asked for by ``is_film``."""

_FULL_RANGE, _LIMITED_RANGE = 2, 1  # AVColorRange
_EARLIER = (2, 20)
"""Seconds before a wanted frame from which decoding begins: key frames lie that near, else it is the film's start."""

SOON = 0.005
"""Seconds after a time in which a frame that begins is still taken for the one that is shown at it."""

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

    def time_of(self, seconds: float) -> int:
        """A second, counted from the film's beginning as players do, in units of ``Frame.time``."""
        return self.begins + round(seconds / self.time_base)

    def second_of(self, time: int) -> float:
        """A ``Frame.time`` in seconds from the film's beginning."""
        return float((time - self.begins) * self.time_base)


def import_av() -> Any:
    """PyAV, quiet.

    Raises:
        FilmError: it is not installed.
    """
    try:
        import av
    except ImportError as error:
        raise FilmError("Films need the package av; pip install -r requirements-video.txt.") from error
    av.logging.set_libav_level(av.logging.PANIC)  # set_level would have each thread of a decoder wait for the GIL
    os.environ.setdefault("SVT_LOG", "1")  # SVT-AV1 tells of itself otherwise
    return av


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
        with av.open(str(path)) as container:
            stream = main_stream(container)
            firsts = [frame for frame, _ in zip(_decoded(container, stream), range(_LOOKED_AT), strict=False)]
            if not firsts:
                raise FilmError(f"{path.name} has no frame that can be read; check the file.")
            return _film(path, container, stream, firsts)
    except (av.FFmpegError, OSError, ValueError) as error:
        raise FilmError(f"{path.name} is no film that can be read ({_reason(error)}); check the file.") from error


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
        with av.open(str(path)) as container:
            metadata = container.metadata
    except (av.FFmpegError, OSError, ValueError):
        return ""
    return next((value for name, value in metadata.items() if name.lower() == "comment"), "")


def main_stream(container: InputContainer) -> VideoStream:
    """The film's pictures: the first video stream that is no cover.

    Raises:
        FilmError: there is none.
    """
    av = import_av()
    for stream in container.streams.video:
        if not stream.disposition & av.stream.Disposition.attached_pic:
            stream.thread_type = "AUTO"
            return stream
    raise FilmError(f"{Path(container.name).name} has no pictures, perhaps it is sound alone; choose a film.")


def frames(film: Film, start: int | None = None) -> Iterator[Frame]:
    """A film's frames in the order in which they are shown; those that are broken are left out.

    Args:
        film: what ``look_at`` has found.
        start: the time of the first that is wanted, or None for all.

    Raises:
        FilmError: it cannot be opened any more.
    """
    av = import_av()
    try:
        for picture, time in _timed(film) if start is None else _from_before(film, start):
            if start is None or time >= start:
                yield _frame(picture, time)
    except av.FFmpegError as error:
        raise FilmError(f"{film.path.name} cannot be read on ({_reason(error)}); check the file.") from error


def until_shown(film: Film, coming: Iterator[Frame], seconds: float) -> Iterator[tuple[Frame, Frame | None]]:
    """Frames, each with the next one, up to that which players show at a second: the last one that has begun, or the
    first where none has. Nothing more is taken from ``coming``.
    """
    wanted = film.time_of(seconds + SOON)
    for frame, following in pairwise(chain(coming, [None])):
        if frame is None:
            return
        yield frame, following
        if following is None or following.time > wanted:
            return


def _from_before(film: Film, start: int) -> Iterator[tuple[VideoFrame, int]]:
    """Pictures and their times from ``start`` or earlier: where a file can be entered only shows once it is decoded."""
    for seconds in _EARLIER:
        early = start - round(seconds / film.time_base)
        if early <= film.begins:
            break
        pictures = _timed(film, early)
        first = next(pictures, None)
        if first is not None and first[1] <= start:
            yield first
            yield from pictures
            return
    yield from _timed(film)


def _timed(film: Film, early: int | None = None) -> Iterator[tuple[VideoFrame, int]]:
    """Pictures and their times, from about ``early`` on; none where they have no times to tell where that is."""
    av = import_av()
    with av.open(str(film.path)) as container:
        stream = main_stream(container)
        if early is not None:
            with suppress(av.FFmpegError):
                container.seek(early, stream=stream)
        step = max(1, round(1 / (film.rate * film.time_base)))
        order = _Order(film)
        for picture in _woven_apart(_decoded(container, stream), stream, film.interlaced):
            time = picture.pts
            if time is not None and picture.time_base:  # bwdif counts in halves of the film's units
                time = round(time * picture.time_base / film.time_base)
            elif order.last is not None:
                time = order.last + step
            elif early is not None:
                return
            else:
                time = film.begins
            if order.takes(time):
                yield picture, time


def check_times(film: Film) -> None:
    """Look through a film's packets, which takes as long as to read the file.

    Raises:
        FilmError: its times jump back, as those of recordings that were joined do, or it cannot be opened any more.
    """
    av = import_av()
    try:
        with av.open(str(film.path)) as container:
            order = _Order(film)
            for packet in container.demux(main_stream(container)):
                if packet.dts is not None:
                    order.takes(packet.dts)
    except av.FFmpegError:  # cut short: what is there is read
        return


class _Order:
    """Times of a film, one after the other; ``last`` is the latest that was taken."""

    def __init__(self, film: Film):
        self._film = film
        self.last: int | None = None
        self._back: int | None = None

    def takes(self, time: int) -> bool:
        """Whether a time comes after those before; a single one that does not is but broken.

        Raises:
            FilmError: times fall back by more than a second and go on from there.
        """
        if self.last is None or time > self.last:
            self.last, self._back = time, None
            return True
        if self._back is not None and self._back < time < self.last - 1 / self._film.time_base:
            raise FilmError(
                f"{self._film.path.name} has times that jump back after {self._film.second_of(self.last):.0f} seconds; "
                "copy it into one that has none with 'ffmpeg -i' and '-c copy', and take that."
            )
        self._back = time
        return False


def _decoded(container: InputContainer, stream: VideoStream) -> Iterator[VideoFrame]:
    av = import_av()
    packets = container.demux(stream)
    while True:
        try:
            packet = next(packets, None)
        except av.FFmpegError:  # cut short: what is there has been given
            packet = None
        if packet is None:
            return
        try:
            yield from packet.decode()
        except av.FFmpegError:  # broken: this packet's frame is lost, and no other
            continue


def _woven_apart(pictures: Iterator[VideoFrame], stream: VideoStream, interlaced: bool) -> Iterator[VideoFrame]:
    """Frames without combs: FFmpeg's bwdif, one frame for each."""
    if not interlaced:
        yield from pictures
        return
    av = import_av()
    graph = av.filter.Graph()
    source = graph.add_buffer(template=stream)
    weave = graph.add("bwdif", "mode=send_frame:deint=all")
    sink = graph.add("buffersink")
    source.link_to(weave)
    weave.link_to(sink)
    graph.configure()
    for picture in pictures:
        graph.push(picture)
        yield from _pulled(graph)
    graph.push(None)
    yield from _pulled(graph)


def _pulled(graph: Any) -> Iterator[VideoFrame]:
    av = import_av()
    while True:
        try:
            yield graph.pull()
        except (av.BlockingIOError, av.EOFError):
            return


def _film(path: Path, container: InputContainer, stream: VideoStream, firsts: list[VideoFrame]) -> Film:
    first = firsts[0]
    rate = stream.average_rate or stream.guessed_rate or Fraction(25)
    time_base = stream.time_base or Fraction(1, 1000)
    seconds = float(stream.duration * time_base) if stream.duration else (container.duration or 0) / 1_000_000
    seen = _frame(first, 0)
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
            _FULL_RANGE if seen.full else _LIMITED_RANGE,
            first.colorspace,
            int(first.color_primaries),
            int(first.color_trc),
        ),
        any(frame.interlaced_frame for frame in firsts) or _are_combed([_frame(frame, 0).grey for frame in firsts]),
        _are_in_colour(firsts),
    )


def _are_in_colour(firsts: list[VideoFrame]) -> bool:
    """Whether most of some frames are: a leader's coloured stripe is one frame."""
    seen = [Photo(np.ascontiguousarray(frame.to_ndarray(format="rgb24"))) for frame in firsts[:: len(firsts) // 3 or 1]]
    return sum(map(is_in_colour, seen)) * 2 > len(seen)


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


def _frame(picture: VideoFrame, time: int) -> Frame:
    """A decoded picture's luma; of kinds that have none of their own, the one that they would have."""
    if not _is_luma(picture):
        deep = max(component.bits for component in picture.format.components) > 8
        picture = picture.reformat(format="yuv444p10le" if deep else "yuv444p", dst_color_range="MPEG")
    bits = picture.format.components[0].bits
    plane = picture.planes[0]
    dtype = np.dtype(np.uint8 if bits == 8 else "<u2")
    pitch = plane.line_size // dtype.itemsize
    lines: Pixels = np.frombuffer(memoryview(plane), dtype)[: pitch * picture.height].reshape(picture.height, pitch)
    return Frame(time, np.ascontiguousarray(lines[:, : picture.width]), bits, _is_full(picture))


def _is_luma(frame: VideoFrame) -> bool:
    """Whether the first plane is luma, pixel by pixel."""
    name, bits = frame.format.name, frame.format.components[0].bits
    planar = name.startswith(("yuv", "gray", "nv")) and not name.startswith("yuyv")
    return planar and not name.endswith("be") and 8 <= bits <= 16


def _is_full(frame: VideoFrame) -> bool:
    """Whether its luma uses all levels; grey formats do unless they say otherwise."""
    name = frame.format.name
    if frame.color_range == _LIMITED_RANGE:
        return False
    return frame.color_range == _FULL_RANGE or name.startswith(("yuvj", "gray"))


def _reason(error: BaseException) -> str:
    return str(getattr(error, "strerror", None) or error).strip(" .")[:80]
