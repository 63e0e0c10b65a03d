"""A film's file coloured into another one: in parts that are kept, so that what was stopped goes on where it was."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from functools import partial
from math import inf
from pathlib import Path
from typing import Any

import numpy as np

from core.colour.cielab import Float, Pixels
from core.engine import Engine, Forecast
from core.errors import FilmError, InColourError
from core.look.look import Hint, Look
from core.look.tint import tint
from core.photo.open import Photo
from core.photo.origin import done_by, marked
from core.progress import Progress, StoppedError, no_progress
from core.registry.registry import AUTO
from core.restore.finding import Finding
from core.restore.restore import Restoration
from core.video.decoding import check_times, frames
from core.video.encoding import Encoding, Part
from core.video.film import Film, digest_of_film, look_at
from core.video.frame import Frame
from core.video.grain import find_grain_of_film
from core.video.hints import FilmHint, Trails, laid_over
from core.video.joining import join
from core.video.steady import Coloured, Key, coloured_steadily
from core.video.work import Work

_PART_SECONDS = 30.0
"""Of a film after which a part ends, at the next key frame."""

_PAINTERS = 2
"""Frames that are painted at once."""

_VERSION = 9
"""Of the way in which parts are made: parts of another one are not gone on with."""


@dataclass(frozen=True)
class FilmJob:
    """How films are to be coloured.

    Attributes:
        backend: an id, or ``auto``, which is decided once for a film.
        look: of all frames; its hints, which belong to no time, are left out.
        options: the backend's own.
        reference: a second photograph, for a backend that takes its colours from one.
        recolour: whether a film that is in colour is coloured all the same.
        hints: colours that are known, each on the frame of its time; they go along with the motion.
        start, seconds: the part of the film that is wanted, in seconds, or None for all that follows.
        most_seconds, most_pixels: the longest film and the largest frame that are taken, or None.
    """

    backend: str = AUTO
    look: Look = field(default_factory=Look)
    options: Mapping[str, Any] | None = None
    reference: Photo | None = None
    recolour: bool = False
    hints: tuple[FilmHint, ...] = ()
    start: float = 0.0
    seconds: float | None = None
    most_seconds: float | None = None
    most_pixels: int | None = None


@dataclass(frozen=True)
class ColouredFilm:
    """A film that was written: by which backend, how many frames, and sentences about what could not be kept.

    ``whole`` says whether it is all of it, or the beginning that was done when a person stopped it.
    """

    path: Path
    backend: str
    frames: int
    width: int
    height: int
    warnings: tuple[str, ...] = ()
    whole: bool = True


def part_of(target: Path) -> Path:
    """Where the beginning of a film lies that was stopped."""
    return target.with_name(f"{target.stem}.part{target.suffix}")


def parts_folder(target: Path) -> Path:
    """Where the parts of a film lie while it is made, and until it is gone on with."""
    return target.with_name(f".{target.name}.parts")


def colour_film(
    engine: Engine,
    job: FilmJob,
    source: Path,
    target: Path,
    encoding: Encoding,
    progress: Progress = no_progress,
    part_seconds: float = _PART_SECONDS,
) -> ColouredFilm:
    """Colour a film. Nothing is at ``target`` before all is done; until then parts lie in a folder beside it.

    What is stopped, by Ctrl-C or by ``progress``, leaves its beginning as a film of its own, see ``part_of``; the same
    call goes on with it later, and takes that away when all is done.

    Args:
        engine: what predicts colours.
        job: how.
        source: the film.
        target: the file to write, in a folder that is there.
        encoding: how; see ``encoding_for``.
        progress: told how far it is; an exception that it raises ends the work, to be gone on with.
        part_seconds: after which a part is kept.

    Returns:
        The film; where ``progress`` has stopped it, its beginning.

    Raises:
        StoppedError: it was stopped before anything was done.
        FilmError: it cannot be read or written, or is over the limits.
        InColourError: it is in colour.
        BackendError, WeightsError, RequestError: see ``Engine.forecast``.
    """
    film = look_at(source)
    check(film, job)
    digest = digest_of_film(source)
    work = Work(parts_folder(target), _plan(digest, job, encoding))
    painter = _Painter(engine, job, film, work.backend)
    first = film.time_of(job.start) if job.start else None
    end = None if job.seconds is None else film.time_of(job.start + job.seconds)

    def put_together(parts: list[Path], path: Path, until: int | None) -> ColouredFilm:
        learned = engine.registry.get(painter.backend).info.learned
        mark = marked("", done_by(painter.backend, learned), digest)
        scratch = work.folder / f"whole{target.suffix}"
        warnings = join(parts, film, scratch, mark, first, until)
        scratch.replace(path)
        whole = path == target
        return ColouredFilm(path, painter.backend, work.count, film.width, film.height, tuple(warnings), whole)

    length = _seconds(film, job)

    def tell() -> None:
        done = 0.0 if work.ends is None else max(0.0, film.second_of(work.ends) - job.start)
        of = f" of {length:.0f}" if length else ""
        progress(min(0.98, done / (length or inf)), f"{done:.0f}{of} seconds are coloured")

    try:
        try:
            if not work.complete:
                key = work.key()
                if key is None:
                    check_times(film)
                wanted = _within(film, job, _until(frames(film, key.time if key else first), end))
                _colour_parts(film, encoding, wanted, painter, work, key, tell, part_seconds)
            progress(0.99, "Putting the film together")
        except (StoppedError, KeyboardInterrupt) as stop:
            if not work.parts():
                raise
            done = put_together(work.parts(), part_of(target), end if work.ends is None else work.ends)
            if isinstance(stop, KeyboardInterrupt):
                raise
            return done
        if not work.parts():
            raise FilmError(f"{source.name} has no frame there that can be read; check the file.")
        done = put_together(work.parts(), target, end)
    except OSError as error:
        raise FilmError(f"{target} cannot be written ({error.strerror}); make room there.") from error
    part_of(target).unlink(missing_ok=True)
    work.remove()
    return done


def check(film: Film, job: FilmJob) -> None:
    """Refuse a film that is over the limits, or in colour already.

    Raises:
        FilmError, InColourError: it is so.
    """
    name = film.path.name
    if job.most_pixels and film.width * film.height > job.most_pixels:
        raise FilmError(f"{name} has {film.width} x {film.height} pixels, more than are taken; make it smaller.")
    wanted = _seconds(film, job)
    if job.most_seconds and wanted > job.most_seconds:
        raise FilmError(f"{name} lasts {wanted:.0f} seconds, more than the {job.most_seconds:.0f} taken; cut it.")
    if film.in_colour and not job.recolour:
        raise InColourError(f"{name} is in colour already and was left as it is; 'recolour' would colour it anew.")


def foreseen(engine: Engine, job: FilmJob, photo: Photo, grain: tuple[Finding, ...]) -> Forecast:
    """The colours of a frame that stands upright; of a grainy film the network sees a smoother one.

    Raises:
        BackendError, WeightsError, RequestError: see ``Engine.forecast``.
    """
    seen = Restoration(photo, findings=grain)
    return engine.forecast(photo, job.backend, job.options, reference=job.reference, restoration=seen)


def _seconds(film: Film, job: FilmJob) -> float:
    """How long what is wanted lasts; 0 where nobody says."""
    left = max(0.0, film.seconds - job.start)
    return left if job.seconds is None else min(left, job.seconds)


def _until(found: Iterator[Frame], end: int | None) -> Iterator[Frame]:
    for frame in found:
        if end is not None and frame.time >= end:
            return
        yield frame


def _within(film: Film, job: FilmJob, found: Iterator[Frame]) -> Iterator[Frame]:
    """Frames up to the longest that is taken, and a second more, for pictures may begin after the sound: a film need
    not last as long as it says."""
    for frame in found:
        if job.most_seconds and film.second_of(frame.time) > job.start + job.most_seconds + 1:
            name = film.path.name
            raise FilmError(f"{name} lasts longer than it says, more than the {job.most_seconds:.0f} taken; cut it.")
        yield frame


class _Painter:
    """Predicts a frame's colours, and paints them on.

    Attributes:
        trails: what hints lay over each frame.
    """

    def __init__(self, engine: Engine, job: FilmJob, film: Film, backend: str | None):
        self._engine, self._job = engine, replace(job, backend=backend or job.backend)
        self._turns = round(film.rotation / 90)
        look = job.look.model_copy(update={"hints": ()})
        self._guessed = look.model_copy(update={"strength": 1.0, "tint_warm": 0.0, "tint_magenta": 0.0})
        self._painted = look.model_copy(update={"alternative": "default"})
        self._grain = find_grain_of_film(film)
        self.trails = Trails(film, job.hints, self._overlay)

    @property
    def backend(self) -> str:
        """What predicts: ``auto`` is decided by the first frame."""
        return self._job.backend

    def guess(self, grey: Pixels) -> Float:
        """A*b* of a frame, (h', w', 2): predicted upright, and turned back to how the file has it."""
        return self._turned_back(self._forecast(grey).colouring.chroma(self._guessed))

    def paint(self, coloured: Coloured, layers: list[Float], part: Part) -> Any:
        """The frame in colour, as a part takes it; the look's strength and tints are put on, and hints laid over."""
        look = self._painted
        ab = laid_over(coloured.ab * np.float32(look.strength) + tint(look), layers)
        return part.ready(coloured.frame, ab if look.strength else np.zeros_like(ab), look.refine)

    def _overlay(self, grey: Pixels, hints: tuple[Hint, ...]) -> Float:
        return self._turned_back(self._forecast(grey).colouring.overlay(hints))

    def _forecast(self, grey: Pixels) -> Forecast:
        photo = Photo(np.ascontiguousarray(np.rot90(grey, self._turns)))
        forecast = foreseen(self._engine, self._job, photo, self._grain)
        self._job = replace(self._job, backend=forecast.report.backend)
        return forecast

    def _turned_back(self, field: Float) -> Float:
        return np.ascontiguousarray(np.rot90(field, -self._turns))


def _colour_parts(
    film: Film,
    encoding: Encoding,
    wanted: Iterator[Frame],
    painter: _Painter,
    work: Work,
    key: Key | None,
    tell: Callable[[], None],
    part_seconds: float,
) -> None:
    """Colour what is not yet in a part, part by part, and tell of each step."""
    part, began = None, 0
    step = max(1, round(1 / (film.rate * film.time_base)))
    path = work.next_part()
    try:
        with ThreadPoolExecutor(_PAINTERS) as pool:
            for item in coloured_steadily(_told_of(wanted, tell), painter.guess, key):
                if isinstance(item, Key):
                    time = item.time
                    if part is not None and (time - began) * film.time_base >= part_seconds:
                        part.close()
                        work.keep(path, item, painter.backend)
                        part, path = None, work.next_part()
                    continue
                if part is None:
                    part, began = Part(path, film, encoding), item[0].frame.time
                layers = [painter.trails.at(each.frame.time) for each in item]
                for frame in pool.map(partial(painter.paint, part=part), item, layers):
                    part.write(frame)
                work.count += len(item)
                work.ends = item[-1].frame.time + step
                tell()
        if part is not None:
            part.close()
            work.keep(path, None, painter.backend)
    except (StoppedError, KeyboardInterrupt):
        if part is not None:
            part.close()
            work.rest = path
        raise
    except BaseException:
        if part is not None:
            part.drop()
        path.unlink(missing_ok=True)
        raise


def _told_of(found: Iterator[Frame], tell: Callable[[], None]) -> Iterator[Frame]:
    """Frames; many are read before the first is coloured, and a person who stops that need not wait."""
    for frame in found:
        tell()
        yield frame


def _plan(source: str, job: FilmJob, encoding: Encoding) -> str:
    """A digest of all that parts depend on, the film by its own: those made under another one are of no use."""
    reference = job.reference and hashlib.sha256(job.reference.pixels.tobytes()).hexdigest()
    said = [_VERSION, source, job.backend, job.look.model_dump(mode="json"), dict(job.options or {})]
    said += [reference, job.start, job.seconds, repr(encoding), [hint.model_dump() for hint in job.hints]]
    return hashlib.sha256(json.dumps(said, sort_keys=True, default=str).encode()).hexdigest()
