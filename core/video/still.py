"""One frame of a film in colour, to choose a look on."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

import numpy as np

from core.colour.cielab import Pixels
from core.engine import Engine
from core.errors import FilmError
from core.photo.open import Photo
from core.restore.finding import Finding
from core.video.colour_film import FilmJob, check, foreseen
from core.video.frame import Frame
from core.video.grain import find_grain_of_film
from core.video.hints import SOON, FilmHint
from core.video.reading import Film, frames, look_at

_PIXELS = 500_000
"""Of a still at most."""

_EARLIER = (0.5, 20.0)
"""Seconds before a time from which frames are looked through: a frame may be shown for long."""


@dataclass(frozen=True)
class Still:
    """A frame as players turn it.

    Attributes:
        grey: (h, w) as it was.
        rgb: (h, w, 3) in colour.
        shape: width over height as it is shown: pixels need not be square.
        hints: those that are on it.
    """

    grey: Pixels
    rgb: Pixels
    shape: float
    hints: tuple[FilmHint, ...]


def still(engine: Engine, job: FilmJob, path: Path, seconds: float) -> Still:
    """The frame that a player shows at a time, in the colours that it has alone, with its own hints. A look can be
    tried on it at once: the frame and its prediction are kept.

    Raises:
        FilmError: it cannot be read, is over the limits, or has no frame there.
        InColourError: it is in colour.
        BackendError, WeightsError, RequestError: see ``Engine.forecast``.
    """
    film = _looked_at(path)
    check(film, job)
    begins, grey = _grey_at(path, seconds)
    photo = Photo(grey)
    forecast = foreseen(engine, job, photo, _grain_of(path))
    own = tuple(hint for hint in job.hints if begins <= hint.t + SOON < begins + 1 / film.rate)
    picture, _ = engine.render(photo, forecast, job.look.model_copy(update={"hints": own}))
    shape = film.width * float(film.shape_of_pixels) / film.height
    return Still(photo.pixels, picture.rgb, 1 / shape if film.rotation % 180 else shape, own)


def frame_at(film: Film, seconds: float) -> Frame:
    """The frame that a player shows at a time.

    Raises:
        FilmError: there is none.
    """
    wanted = film.time_of(seconds + SOON)
    shown = None
    for earlier in _EARLIER:
        for frame in frames(film, film.time_of(seconds - earlier)):
            if shown is not None and frame.time > wanted:
                break
            shown = frame
        if shown is not None and shown.time <= wanted:
            break
    if shown is None:
        raise FilmError(f"{film.path.name} has no frame at {seconds:g} seconds; choose another time.")
    return shown


@lru_cache(maxsize=16)
def _looked_at(path: Path) -> Film:
    return look_at(path)


@lru_cache(maxsize=16)
def _grain_of(path: Path) -> tuple[Finding, ...]:
    return find_grain_of_film(_looked_at(path))


@lru_cache(maxsize=16)
def _grey_at(path: Path, seconds: float) -> tuple[float, Pixels]:
    """When a frame begins, in seconds, and it itself, (h, w), made small and turned as players do."""
    film = _looked_at(path)
    frame = frame_at(film, seconds)
    small = frame.scaled_grey((_PIXELS / frame.luma.size) ** 0.5)
    return film.second_of(frame.time), np.ascontiguousarray(np.rot90(small, round(film.rotation / 90)))
