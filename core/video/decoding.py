"""A film's frames decoded to grey, one after the other, in the order in which they are shown."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import suppress
from itertools import chain, pairwise
from typing import TYPE_CHECKING, Any

from core.errors import FilmError
from core.video.film import Film
from core.video.frame import Frame
from core.video.pyav import decoded, import_av, main_stream, open_to_read, reason

if TYPE_CHECKING:
    from av.video.frame import VideoFrame
    from av.video.stream import VideoStream

_EARLIER = (2, 20)
"""Seconds before a wanted frame from which decoding begins: key frames lie that near, else it is the film's start."""

SOON = 0.005
"""Seconds after a time in which a frame that begins is still taken for the one that is shown at it."""


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
                yield Frame.of(picture, time)
    except av.FFmpegError as error:
        raise FilmError(f"{film.path.name} cannot be read on ({reason(error)}); check the file.") from error


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


def check_times(film: Film) -> None:
    """Look through a film's packets, which takes as long as to read the file.

    Raises:
        FilmError: its times jump back, as those of recordings that were joined do.
    """
    av = import_av()
    try:
        with open_to_read(film.path) as container:
            order = _Order(film)
            for packet in container.demux(main_stream(container)):
                if packet.dts is not None:
                    order.takes(packet.dts)
    except av.FFmpegError:  # cut short: what is there is read
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
    with open_to_read(film.path) as container:
        stream = main_stream(container)
        if early is not None:
            with suppress(av.FFmpegError):
                container.seek(early, stream=stream)
        step = max(1, round(1 / (film.rate * film.time_base)))
        order = _Order(film)
        for picture in _woven_apart(_as_shown(decoded(container, stream), film), stream, film.interlaced):
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


def _as_shown(pictures: Iterator[VideoFrame], film: Film) -> Iterator[VideoFrame]:
    """Pictures at the times at which they are shown, and as large as the first one: a broadcast may change its size
    from programme to programme."""
    for picture in pictures:
        if film.delay is not None:  # the last ones say nothing, and come one after the other
            picture.pts = None if picture.dts is None else picture.dts - film.delay
        yield picture.reformat(film.width, film.height)


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
