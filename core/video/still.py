"""One frame of a film in colour, to choose a look on."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass
from functools import lru_cache
from math import inf
from pathlib import Path

import numpy as np

from core.colour.cielab import Pixels
from core.engine import Engine
from core.errors import FilmError
from core.photo.open import Photo
from core.restore.finding import Finding
from core.video.colour_film import FilmJob, check, foreseen
from core.video.decoding import SOON, frames, until_shown
from core.video.film import Film, look_at
from core.video.grain import find_grain_of_film
from core.video.hints import FilmHint

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
    shown = _shown_at(path, seconds)
    photo = Photo(shown.grey)
    forecast = foreseen(engine, job, photo, _grain_of(path))
    own = tuple(hint for hint in job.hints if shown.begins <= hint.t + SOON < shown.ends)
    picture, _ = engine.render(photo, forecast, job.look.model_copy(update={"hints": own}))
    shape = film.width * float(film.shape_of_pixels) / film.height
    return Still(photo.pixels, picture.rgb, 1 / shape if film.rotation % 180 else shape, own)


@dataclass(frozen=True)
class _Shown:
    """A frame that players show from one second to another: its grey (h, w), small and turned as they do."""

    begins: float
    ends: float
    grey: Pixels


@lru_cache(maxsize=16)
def _looked_at(path: Path) -> Film:
    return look_at(path)


@lru_cache(maxsize=16)
def _grain_of(path: Path) -> tuple[Finding, ...]:
    return find_grain_of_film(_looked_at(path))


@lru_cache(maxsize=16)
def _shown_at(path: Path, seconds: float) -> _Shown:
    film = _looked_at(path)
    for earlier in _EARLIER:
        start = film.time_of(seconds - earlier)
        passed = deque(until_shown(film, frames(film, start), seconds), maxlen=2)
        if passed and passed[-1][0].time <= film.time_of(seconds + SOON):
            break
    if not passed:
        raise FilmError(f"{film.path.name} has no frame at {seconds:g} seconds; choose another time.")
    frame, following = passed[-1]
    is_first = start <= film.begins and len(passed) == 1
    small = frame.scaled_grey((_PIXELS / frame.luma.size) ** 0.5)
    return _Shown(
        0.0 if is_first else film.second_of(frame.time),
        film.second_of(following.time) if following else inf,
        np.ascontiguousarray(np.rot90(small, round(film.rotation / 90))),
    )
