"""Coloured frames encoded, and films put together: pictures in parts, and all else that the film held by packets.

Parts are joined without encoding again: no frame depends on one of another part, nor on one that is shown later.
"""

from __future__ import annotations

import heapq
import os
import sys
from collections.abc import Iterable, Iterator
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass, replace
from fractions import Fraction
from math import ceil
from pathlib import Path
from typing import Any

import numpy as np

from core.colour.cielab import Float, Pixels
from core.errors import FilmError, RequestError
from core.video.film import Film
from core.video.frame import Frame
from core.video.paint import matrix_of, painted
from core.video.pyav import import_av, main_stream


@dataclass(frozen=True)
class Codec:
    """How pictures are encoded.

    Attributes:
        encoder: FFmpeg's name of it.
        containers: endings of the files that hold it, the usual one first.
        shallow, deep: pixel formats for 8 and for more bits.
        options: FFmpeg's, with ``{quality}`` for the encoder's own measure.
        qualities: of that measure at quality 0 and at 100, or None where there is none.
        part: FFmpeg's name of the container for a part: one that keeps times exactly.
        full: whether it can say that all levels are in use, not those from 16 to 235 (of 255) alone.
    """

    encoder: str
    containers: tuple[str, ...]
    shallow: str
    deep: str
    options: dict[str, str]
    qualities: tuple[int, int] | None
    part: str = "nut"
    full: bool = True


_NO_REORDER = {"bf": "0"}

CODECS = {
    "h264": Codec(
        "libx264", (".mp4", ".mov", ".mkv", ".m4v"), "yuv420p", "yuv420p10le",
        {"preset": "veryfast", "crf": "{quality}", **_NO_REORDER}, (38, 12),
    ),
    "h265": Codec(
        "libx265", (".mkv", ".mp4", ".mov", ".m4v"), "yuv420p", "yuv420p10le",
        {"preset": "veryfast", "crf": "{quality}", "x265-params": "log-level=none:bframes=0"}, (40, 14),
    ),
    "av1": Codec("libsvtav1", (".mkv", ".webm", ".mp4"), "yuv420p", "yuv420p10le",
                 {"preset": "8", "crf": "{quality}"}, (60, 15)),
    "vp9": Codec("libvpx-vp9", (".webm", ".mkv"), "yuv420p", "yuv420p10le",
                 {"crf": "{quality}", "b:v": "0", "deadline": "realtime", "cpu-used": "6", "row-mt": "1",
                  "lag-in-frames": "0", "auto-alt-ref": "0"}, (55, 12)),
    "ffv1": Codec("ffv1", (".mkv",), "yuv444p", "yuv444p10le", {"level": "3"}, None),
    "prores": Codec("prores_ks", (".mov", ".mkv"), "yuv422p10le", "yuv422p10le", {"profile": "3"}, None, "mov", False),
}  # fmt: skip
"""What ``--codec`` may say."""

QUALITY = 75
"""Unless a person says another."""

_USUAL = {".mp4": "h264", ".m4v": "h264", ".mov": "h264", ".mkv": "h264", ".webm": "vp9", ".gif": "h264"}
_ANOTHER = {".gif": ".mp4"}


@contextmanager
def _priority_kept() -> Iterator[None]:
    """Threads stay ordinary ones.

    Where root runs it, SVT-AV1 makes real-time threads of its own and of the one that opens it. They, and every process
    that is started by them, would let nothing else on the machine run.
    """
    ordinary = sys.platform == "linux" and os.sched_getscheduler(0) == os.SCHED_OTHER
    yield
    if sys.platform == "linux" and ordinary:
        for thread in Path("/proc/self/task").iterdir():
            with suppress(ProcessLookupError):
                os.sched_setscheduler(int(thread.name), os.SCHED_OTHER, os.sched_param(0))


@dataclass(frozen=True)
class Encoding:
    """A codec, the container's ending, how good it is to be, 0..100, and whether more than 8 bits are kept."""

    codec: str
    ending: str
    quality: int = QUALITY
    deep: bool = True


def encoding_for(film: Path, codec: str | None = None, quality: int | None = None) -> Encoding:
    """How a film's colours are written: as in its own container where that can hold them, else in Matroska.

    Raises:
        RequestError: there is no such codec, or the quality is out of range.
    """
    ending = film.suffix.lower()
    ending = _ANOTHER.get(ending, ending)
    if codec is not None and codec not in CODECS:
        raise RequestError(f"There is no codec '{codec[:20]}'; choose one of {', '.join(CODECS)}.")
    if quality is not None and not 0 <= quality <= 100:
        raise RequestError("The quality of a film is 0 to 100; correct it or leave it out.")
    chosen = codec or _USUAL.get(ending, "h264")
    if ending not in CODECS[chosen].containers:
        ending = CODECS[chosen].containers[0] if codec else ".mkv"
    return Encoding(chosen, ending, QUALITY if quality is None else quality)


class Part:
    """A part of a film's pictures on its way into a file, in which times are kept exactly."""

    def __init__(self, path: Path, film: Film, encoding: Encoding):
        av = import_av()
        self._codec, self._deep = CODECS[encoding.codec], encoding.deep
        self._film = film = film if self._codec.full else replace(film, colours=(1, *film.colours[1:]))
        self._container = av.open(str(path), "w", format=self._codec.part)
        options = dict(self._codec.options)
        if self._codec.qualities:
            worst, best = self._codec.qualities
            quality = round(worst + (best - worst) * encoding.quality / 100)
            options = {name: value.format(quality=quality) for name, value in options.items()}
        self._stream = stream = self._container.add_stream(self._codec.encoder, film.rate, options)
        stream.width, stream.height, stream.pix_fmt = film.width, film.height, self.pixel_format
        stream.time_base = stream.codec_context.time_base = film.time_base
        stream.codec_context.sample_aspect_ratio = film.shape_of_pixels
        stream.codec_context.thread_count = 2  # what is written depends on it
        _told(stream.codec_context, film)
        with _priority_kept():
            stream.codec_context.open()

    @property
    def pixel_format(self) -> str:
        """Of the encoded frames; chroma at half the size takes sides of even length."""
        name = self._codec.deep if self._film.bits > 8 and self._deep else self._codec.shallow
        odd = self._film.width % 2 or self._film.height % 2
        return name.replace("420", "444") if odd else name

    def ready(self, frame: Frame, ab: Float, refine: bool = True) -> Any:
        """A frame made ready for ``write``, painted with a*b* (h', w', 2); may be called by any thread."""
        av = import_av()
        picture = av.VideoFrame(self._film.width, self._film.height, self.pixel_format)
        _told(picture, self._film)
        picture.pts, picture.time_base = frame.time, self._film.time_base
        bits = picture.format.components[0].bits
        brightness, *others = picture.planes
        frame = frame if self._codec.full else frame.in_video_range
        size, matrix = (others[0].height, others[0].width), matrix_of(self._film)
        luma, chroma = painted(frame, ab, size, bits, matrix, refine)
        _fill(brightness, luma)
        for number, plane in enumerate(others):
            _fill(plane, chroma[..., number])
        return picture

    def write(self, frame: Any) -> None:
        """Encode one.

        Raises:
            FilmError: the file cannot be written.
        """
        av = import_av()
        try:
            self._container.mux(self._stream.encode(frame))
        except (av.FFmpegError, OSError) as error:
            raise about_writing(error) from error

    def close(self) -> None:
        """Encode what is left, and end the file.

        Raises:
            FilmError: it cannot be written.
        """
        av = import_av()
        try:
            self._container.mux(self._stream.encode(None))
            self._container.close()
        except (av.FFmpegError, OSError) as error:
            raise about_writing(error) from error

    def drop(self) -> None:
        """Let go of the file, whatever is in it."""
        av = import_av()
        try:
            self._container.close()
        except (av.FFmpegError, OSError):
            return


def _told(pictures: Any, film: Film) -> None:
    """Say of a frame, or of an encoder, how players make RGB of its pixels."""
    full, _, primaries, transfer = film.colours
    pictures.color_range, pictures.colorspace = max(full, 1), matrix_of(film)
    pictures.color_primaries, pictures.color_trc = primaries, transfer


def _fill(plane: Any, pixels: Pixels) -> None:
    lines = np.frombuffer(plane, pixels.dtype).reshape(-1, plane.line_size // pixels.itemsize)
    lines[: len(pixels), : pixels.shape[1]] = pixels


def join(
    parts: list[Path], film: Film, target: Path, mark: str, start: int | None = None, until: int | None = None
) -> list[str]:
    """Put a film together from its parts, with the sound, subtitles, chapters and metadata that it had.

    Args:
        parts: its pictures, in order.
        film: where the rest comes from.
        target: the file to write; what is there is overwritten.
        mark: a sentence for its metadata.
        start, until: times, in the film's units, at which it begins and ends; None for all of it. What begins later
            than the film is shown from 0 on.

    Returns:
        Sentences about what the new container could not hold.

    Raises:
        FilmError: it cannot be written.
    """
    av = import_av()
    try:
        with ExitStack() as stack:
            source = stack.enter_context(av.open(str(film.path)))
            movflags = {"movflags": "+faststart"} if target.suffix in (".mp4", ".m4v", ".mov") else {}
            sink = stack.enter_context(av.open(str(target), "w", options=movflags))
            first = stack.enter_context(av.open(str(parts[0])))
            pictures = sink.add_stream_from_template(first.streams.video[0], opaque=True)
            pictures.time_base = film.time_base
            if first.format.name == "nut":  # which says nothing of it, nor do all codecs
                _told(pictures.codec_context, film)
            pictures.metadata.update(main_stream(source).metadata)
            pictures.disposition = main_stream(source).disposition
            if film.rotation:
                pictures.set_display_rotation(film.rotation)
            kept, lost = _other_streams(source, sink)
            sink.metadata.update(source.metadata)
            sink.metadata["comment"] = "; ".join(filter(None, [source.metadata.get("comment"), mark]))
            if start is None:
                _keep_chapters(source, sink)
            begin, end = (None if time is None else time * film.time_base for time in (start, until))
            streams = [_of_parts(parts, pictures), _of_source(source, kept, begin, end)]
            for _, packet in heapq.merge(*streams, key=lambda each: each[0]):
                late = round(begin / packet.time_base) if begin else 0
                packet.dts -= late
                if packet.pts is not None:
                    packet.pts -= late
                sink.mux(packet)
            return [f"{target.suffix[1:]} cannot hold its {name}, which was left out." for name in lost]
    except (av.FFmpegError, OSError, ValueError) as error:
        target.unlink(missing_ok=True)
        raise about_writing(error) from error


def _other_streams(source: Any, sink: Any) -> tuple[dict[int, Any], list[str]]:
    """Streams for the sound and all else, by the source's numbers, and the names of what cannot be held."""
    kept, lost = {}, []
    main, covers = main_stream(source), _covers(source)
    for stream in source.streams:
        if stream.index == main.index or stream.type == "data":
            continue
        if stream.type == "attachment":
            if sink.format.name == "matroska":
                sink.add_attachment(stream.name, stream.mimetype, stream.data)
            else:
                lost.append(f"attachment ({stream.name})")
            continue
        kind = "cover" if stream.index in covers else stream.type
        name = stream.codec_context.name if stream.codec_context else ""
        if not name or (sink.supported_codecs and name not in sink.supported_codecs):
            lost.append(f"{kind} ({name or 'of an unknown kind'})")
            continue
        try:
            kept[stream.index] = sink.add_stream_from_template(stream, opaque=True)
        except ValueError:
            lost.append(f"{kind} ({name})")
            continue
        kept[stream.index].metadata.update(stream.metadata)
        kept[stream.index].disposition = stream.disposition
    return kept, lost


def _covers(source: Any) -> set[int]:
    """Numbers of the streams that are one picture for the whole film."""
    attached = import_av().stream.Disposition.attached_pic
    return {stream.index for stream in source.streams if stream.disposition & attached}


def _keep_chapters(source: Any, sink: Any) -> None:
    chapters = source.chapters()
    if chapters:
        sink.set_chapters(chapters)


def _of_parts(parts: Iterable[Path], stream: Any) -> Iterator[tuple[Fraction, Any]]:
    av = import_av()
    for path in parts:
        with av.open(str(path)) as part:
            for packet in part.demux(video=0):
                if packet.dts is not None:
                    at = packet.dts * packet.time_base
                    packet.stream = stream
                    yield at, packet


def _of_source(
    source: Any, kept: dict[int, Any], begin: Fraction | None, end: Fraction | None
) -> Iterator[tuple[Fraction, Any]]:
    av = import_av()
    if not kept:
        return
    packets = source.demux([source.streams[index] for index in kept])
    covers, past = _covers(source), set()
    while True:
        try:
            packet = next(packets, None)
        except av.FFmpegError:  # cut short
            return
        if packet is None:
            return
        index = packet.stream.index
        if index in covers and packet.size:  # which belongs to no time
            packet.pts = packet.dts = ceil((begin or 0) / packet.time_base)
        if packet.dts is None or not packet.size:
            continue
        at = packet.dts * packet.time_base
        if end is not None and at >= end:
            past.add(index)
            if past | covers >= kept.keys():
                return
            continue
        if begin is not None and at < begin:
            continue
        packet.stream = kept[index]
        yield at, packet


def about_writing(error: BaseException) -> FilmError:
    """The sentence for a film that cannot be written."""
    reason = getattr(error, "strerror", None) or str(error)
    return FilmError(f"The film cannot be written ({reason.strip(' .')[:80]}); make room, or choose another --codec.")
