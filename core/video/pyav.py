"""PyAV, by whose FFmpeg films are read and written: brought in for the first one, and what is asked of it in common."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

from core.errors import FilmError

if TYPE_CHECKING:
    from av.container import InputContainer
    from av.packet import Packet
    from av.video.frame import VideoFrame
    from av.video.stream import VideoStream

_CONTAINERS = (
    "3gp", "asf", "av1", "avi", "dv", "flv", "gif", "h264", "hevc", "ivf", "m4v", "matroska", "mov", "mp4", "mpeg",
    "mpegts", "mpegvideo", "mxf", "nut", "obu", "ogg", "rm", "webm", "yuv4mpegpipe",
)  # fmt: skip
"""Kinds of files that are films in themselves, in FFmpeg's names. A playlist is none: it has other files opened, of
anybody's on this machine, or addresses of its network."""


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


def open_to_read(path: Path) -> InputContainer:
    """A film's file.

    Raises:
        av.FFmpegError: it is no film, or cannot be read.
    """
    container: InputContainer = import_av().open(str(path), options={"format_whitelist": ",".join(_CONTAINERS)})
    return container


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


def decoded(container: InputContainer, stream: VideoStream) -> Iterator[VideoFrame]:
    """Pictures in the order in which they are shown; those that are broken are left out."""
    av = import_av()
    for packet in _packets(container, stream):
        try:
            yield from stream.decode(packet)
        except av.FFmpegError:  # broken: this packet's frame is lost, and no other
            continue


def _packets(container: InputContainer, stream: VideoStream) -> Iterator[Packet[Any] | None]:
    """A stream's packets, and in the end one that is empty, or None: the decoder gives what it still holds.

    The last packet of a file that was cut short is left out: it would cost the frames before it, on which other threads
    are at work.
    """
    av = import_av()
    cut = None
    try:
        for packet in container.demux(stream):
            if cut is not None and packet.size:
                yield cut
            cut = packet if packet.is_corrupt else None
            if cut is None:
                yield packet
    except av.FFmpegError:  # cut short: what is there has been given
        yield None


def reason(error: BaseException) -> str:
    """What went wrong, in FFmpeg's or the system's few words."""
    return str(getattr(error, "strerror", None) or error).strip(" .")[:80]
