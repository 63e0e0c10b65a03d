"""Whether a film is grainy: then a network sees smoother frames, and the picture keeps its grain."""

from __future__ import annotations

import numpy as np

from core.restore.finding import Finding
from core.restore.grain import find_grain
from core.video.decoding import frames
from core.video.film import Film

_PLACES = 5
"""Frames that are looked at, over the film's length; more than half of them must have grain."""

_SIDE = 1024
"""Longest side of what is looked at, as for photographs."""


def find_grain_of_film(film: Film) -> tuple[Finding, ...]:
    """What smooths any frame of the film, or nothing where there is no need.

    Raises:
        FilmError: the film cannot be opened any more.
    """
    grainy, seen = [], 0
    for place in range(_PLACES):
        frame = next(frames(film, film.time_of((place + 0.5) / _PLACES * film.seconds)), None)
        if frame is None:
            continue
        grey = frame.scaled_grey(_SIDE / max(frame.luma.shape))
        found = find_grain(grey.astype(np.float32) / np.float32(np.iinfo(grey.dtype).max))
        seen += 1
        if found:
            grainy.append(found)
    return tuple(grainy[:1]) if 2 * len(grainy) > seen else ()
