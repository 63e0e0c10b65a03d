"""A film put together: its parts joined without encoding again, and all else that it held, packet by packet."""

from __future__ import annotations

import heapq
from collections.abc import Iterable, Iterator
from contextlib import ExitStack
from fractions import Fraction
from math import ceil
from pathlib import Path
from typing import Any

from core.video.encoding import about_writing, tell_colours
from core.video.film import Film, comment_in
from core.video.pyav import import_av, main_stream, open_to_read


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
        Sentences about what could not be kept.

    Raises:
        FilmError: it cannot be written.
    """
    av = import_av()
    try:
        with ExitStack() as stack:
            source = stack.enter_context(open_to_read(film.path))
            movflags = {"movflags": "+faststart"} if target.suffix in (".mp4", ".m4v", ".mov") else {}
            sink = stack.enter_context(av.open(str(target), "w", options=movflags))
            first = stack.enter_context(open_to_read(parts[0]))
            pictures = sink.add_stream_from_template(first.streams.video[0], opaque=True)
            pictures.time_base = film.time_base
            # Without a rate FFmpeg takes no timecode, nor with more than 255, as it guesses for frames at uneven times.
            pictures.codec_context.framerate = min(film.rate, Fraction(255))
            if first.format.name == "nut":  # which says nothing of it, nor do all codecs
                tell_colours(pictures.codec_context, film)
            pictures.metadata.update(main_stream(source).metadata)
            pictures.disposition = main_stream(source).disposition
            if film.rotation:
                pictures.set_display_rotation(film.rotation)
            kept, lost = _other_streams(source, sink)
            told = [f"{target.suffix[1:]} cannot hold its {name}, which was left out." for name in lost]
            sink.metadata.update(source.metadata)
            sink.metadata["comment"] = "; ".join(filter(None, [comment_in(source.metadata), mark]))
            begin, end = (None if time is None else time * film.time_base for time in (start, until))
            if begin is None:
                _keep_chapters(source, sink, end)
            elif any([_without_timecode(sink), _without_timecode(pictures)]):
                told.append("The film's timecode is that of its beginning, which a part has not; it was left out.")
            streams = [_of_parts(parts, pictures), _of_source(source, kept, begin, end)]
            for _, packet in heapq.merge(*streams, key=lambda each: each[0]):
                late = round(begin / packet.time_base) if begin else 0
                packet.dts -= late
                if packet.pts is not None:
                    packet.pts -= late
                sink.mux(packet)
            return told
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


def _without_timecode(place: Any) -> bool:
    """Take a film's timecode out of its metadata; whether there was one."""
    names = [name for name in place.metadata if name.lower() == "timecode"]
    for name in names:
        del place.metadata[name]
    return bool(names)


def _covers(source: Any) -> set[int]:
    """Numbers of the streams that are one picture for the whole film."""
    attached = import_av().stream.Disposition.attached_pic
    return {stream.index for stream in source.streams if stream.disposition & attached}


def _keep_chapters(source: Any, sink: Any, end: Fraction | None) -> None:
    """Those that begin before a second, which none outlasts; all of them without one."""
    chapters = source.chapters()
    if end is not None:
        chapters = [
            chapter | {"end": min(chapter["end"], round(end / chapter["time_base"]))}
            for chapter in chapters
            if chapter["start"] * chapter["time_base"] < end
        ]
    if chapters:
        sink.set_chapters(chapters)


def _of_parts(parts: Iterable[Path], stream: Any) -> Iterator[tuple[Fraction, Any]]:
    for path in parts:
        with open_to_read(path) as part:
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
