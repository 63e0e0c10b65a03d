"""A film's frames painted and encoded, part by part: codecs, their pixel formats and qualities.

No frame depends on one of another part, nor on one that is shown later, so that parts can be joined as they are.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from core.colour.cielab import Float, Pixels
from core.errors import FilmError, RequestError
from core.video.film import Film
from core.video.frame import LIMITED_RANGE, Frame
from core.video.paint import matrix_of, painted
from core.video.pyav import import_av, reason


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
    if quality is not None and not 1 <= quality <= 100:
        raise RequestError("The quality of a film is 1 to 100; correct it or leave it out.")
    chosen = codec or _USUAL.get(ending, "h264")
    if ending not in CODECS[chosen].containers:
        ending = CODECS[chosen].containers[0] if codec else ".mkv"
    return Encoding(chosen, ending, QUALITY if quality is None else quality)


class Part:
    """A part of a film's pictures on its way into a file, in which times are kept exactly."""

    def __init__(self, path: Path, film: Film, encoding: Encoding):
        """Begin the file.

        Raises:
            FilmError: the encoder takes no film of this kind; some have a least size, or no chroma for odd ones.
        """
        av = import_av()
        self._codec, self._deep = CODECS[encoding.codec], encoding.deep
        self._film = film = film if self._codec.full else replace(film, colours=(LIMITED_RANGE, *film.colours[1:]))
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
        tell_colours(stream.codec_context, film)
        try:
            with _priority_kept():
                stream.codec_context.open()
        except av.FFmpegError as error:
            self.drop()
            raise about_writing(error) from error

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
        tell_colours(picture, self._film)
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


@contextmanager
def _priority_kept() -> Iterator[None]:
    """Threads stay ordinary ones.

    Where root runs it, SVT-AV1 makes real-time threads of its own and of the one that opens it. They, and every process
    that is started by them, would let nothing else on the machine run.
    """
    ordinary = sys.platform == "linux" and os.sched_getscheduler(0) == os.SCHED_OTHER
    try:
        yield
    finally:
        if sys.platform == "linux" and ordinary:
            for thread in Path("/proc/self/task").iterdir():
                with suppress(ProcessLookupError):
                    os.sched_setscheduler(int(thread.name), os.SCHED_OTHER, os.sched_param(0))


def tell_colours(pictures: Any, film: Film) -> None:
    """Say of a frame, or of an encoder, how players make RGB of its pixels."""
    full, _, primaries, transfer = film.colours
    pictures.color_range, pictures.colorspace = max(full, LIMITED_RANGE), matrix_of(film)
    pictures.color_primaries, pictures.color_trc = primaries, transfer


def _fill(plane: Any, pixels: Pixels) -> None:
    lines = np.frombuffer(plane, pixels.dtype).reshape(-1, plane.line_size // pixels.itemsize)
    lines[: len(pixels), : pixels.shape[1]] = pixels


def about_writing(error: BaseException) -> FilmError:
    """The sentence for a film that cannot be written."""
    return FilmError(f"The film cannot be written ({reason(error)}); make room, or choose another --codec.")
