"""Colours that a person has put down on a frame of a film: they go along with the motion, through their shot.

On its own frame a hint colours the thing that it is on, as in a photograph (``core.look.hints``). From there its colour
is carried from frame to frame, on and back, to the shot's ends or as far as ``_FAR``: what comes into view takes it
from what is near and as light.
"""

from __future__ import annotations

import zlib
from collections.abc import Callable, Iterable, Iterator
from itertools import chain, groupby
from typing import Annotated, Any

import numpy as np
from pydantic import FailFast, Field, TypeAdapter, ValidationError

from core.colour.cielab import Float, Pixels
from core.errors import RequestError, first_problem
from core.look.look import Hint
from core.photo.resize import resize_area
from core.video.decoding import frames, until_shown
from core.video.film import Film
from core.video.frame import Frame
from core.video.motion import Way, small_copy, ways
from core.video.shots import is_black, is_cut
from core.video.steady import UNSURE

_FAR = 15.0
"""Seconds before and after its frame up to which a hint is carried."""

_AROUND, _ALIKE, _FEW = 41, 8, 0.01
"""Where a place takes colour from that has come into view: pixels of a square's side, L*, and the share of the square
under which there is none."""

_LOST, _FOUND = 0.3, 0.9
"""Trust under which a place has come into view, and above which it is known."""

_SETTLED, _CRISPER = 0.1, 1.15
"""How much of its colour each place takes anew from around it, and by what each share is drawn away from the middle:
what has blurred, or strayed to a thing of another lightness, settles."""

_SURER = 0.15
"""By how much a place that has come into view is surer of its colour from frame to frame."""

_LEVELS = np.array([1, 1, 127], np.float32)
"""What a layer is multiplied by to be kept in 8 bits."""


class FilmHint(Hint):
    """A hint on a frame of a film."""

    t: float = Field(ge=0, allow_inf_nan=False, description="of the frame that it is on, in seconds")


_Hints: TypeAdapter[tuple[FilmHint, ...]] = TypeAdapter(
    Annotated[tuple[FilmHint, ...], FailFast(), Field(max_length=100)]
)


def film_hints(values: Any) -> tuple[FilmHint, ...]:
    """Hints from a person's values: a list of objects, or None.

    Raises:
        RequestError: a value is out of range, or there is no time.
    """
    try:
        return _Hints.validate_python(values or ())
    except ValidationError as error:
        raise RequestError(first_problem(error)) from error


Overlay = Callable[[Pixels, tuple[Hint, ...]], Float]
"""What hints lay over a frame, by its grey (h, w): (h', w', 3), see ``core.look.hints.HintField``."""


Packed = tuple[bytes, tuple[int, ...]]
"""A layer as it is kept: compressed, and its shape."""


class Trails:
    """What the hints of a film lay over each of its frames. Only what is near the frame asked for last is kept."""

    def __init__(self, film: Film, hints: Iterable[FilmHint], overlay: Overlay):
        """Look at nothing yet."""
        self._film, self._overlay = film, overlay
        ordered = sorted(hints, key=lambda hint: hint.t)
        self._due = [(time, tuple(each)) for time, each in groupby(ordered, key=lambda hint: hint.t)]
        self._kept: list[tuple[float, dict[int, Packed]]] = []

    def at(self, time: int) -> list[Float]:
        """The layers over the frame of a time, in the film's units, the later hint's last: (h, w, 3) float32 of its
        copy's size, a*b* multiplied by the share 0..1, and that share. Times are to be asked for in order.
        """
        second = self._film.second_of(time)
        while self._due and self._due[0][0] - _FAR <= second:
            at, hints = self._due.pop(0)
            if second <= at + _FAR:
                self._kept.append((at, dict(self._trail(at, hints))))
        self._kept = [each for each in self._kept if second <= each[0] + _FAR]
        found = (layers.get(time) for _, layers in self._kept)
        return [_unpacked(layer) for layer in found if layer is not None]

    def _trail(self, at: float, hints: tuple[FilmHint, ...]) -> Iterator[tuple[int, Packed]]:
        """Times and layers of the frames to which some hints of one frame belong."""
        copies: list[tuple[int, Float]] = []
        shown: tuple[Frame, Frame | None] | None = None
        coming = frames(self._film, self._film.time_of(at - _FAR))
        for shown in until_shown(self._film, coming, at):
            copies.append((shown[0].time, small_copy(shown[0]).astype(np.float16)))
        if shown is None:
            return
        own, following = shown
        here = small_copy(own)
        layer = resize_area(self._overlay(own.grey, hints), here.shape)
        yield own.time, _packed(layer)
        yield from _carried(
            layer, here, ((time, copy.astype(np.float32)) for time, copy in reversed(copies[:-1])), True
        )
        ends = self._film.time_of(at + _FAR)
        after = chain([following] if following else [], coming)
        yield from _carried(layer, here, _copies(after, ends), False)


def laid_over(ab: Float, layers: Iterable[Float]) -> Float:
    """(h, w, 2) a*b* under layers of hints."""
    for layer in layers:
        layer = resize_area(layer, ab.shape[:2])
        ab = ab * (1 - layer[..., 2:]) + layer[..., :2]
    return np.asarray(ab, np.float32)


def _copies(coming: Iterable[Frame], ends: int) -> Iterator[tuple[int, Float]]:
    for frame in coming:
        if frame.time > ends:
            return
        yield frame.time, small_copy(frame)


def _carried(
    layer: Float, here: Float, there: Iterable[tuple[int, Float]], backwards: bool
) -> Iterator[tuple[int, Packed]]:
    """A layer brought from frame to frame, by their copies, until a cut or until nothing of it is left."""
    sure = np.ones((*here.shape, 1), np.float32)
    for time, copy in there:
        first, second = (copy, here) if backwards else (here, copy)
        back, on = ways(first, second)
        lost = float((back.trust < UNSURE).mean())
        if is_cut(first, second, lost) or is_black(copy):
            return
        layer, sure = _brought(layer, sure, on if backwards else back, copy)
        here = copy
        if layer[..., 2].max() < 0.1:
            return
        yield time, _packed(layer)


def _brought(layer: Float, sure: Float, way: Way, here: Float) -> tuple[Float, Float]:
    """A layer seen from the next frame, whose copy is (h, w) L*, and how sure each place is of it, (h, w, 1) 0..1."""
    moved = way.brought(np.dstack([layer, sure]))
    known = moved[..., 3:] * ((way.trust - _LOST) / (_FOUND - _LOST)).clip(0, 1)[..., None]
    kept = known * (1 - _SETTLED)
    mixed = kept * moved[..., :3] + (1 - kept) * _from_around(moved[..., :3], known, here)
    share = mixed[..., 2:]
    crisp = ((share - 0.5) * _CRISPER + 0.5).clip(0, 1)
    colour = mixed[..., :2] / np.maximum(share, 1e-3)
    return np.dstack([colour * crisp, crisp]).astype(np.float32), (known + _SURER).clip(0, 1)


def _from_around(layer: Float, known: Float, here: Float) -> Float:
    """What places around each one have that are known and as light as it: a bilateral mean, level by level (Paris and
    Durand, "A Fast Approximation of the Bilateral Filter", 2006)."""
    import cv2

    total = np.zeros((*here.shape, 4), np.float32)
    for level in range(0, 100 + _ALIKE, _ALIKE):
        near = (1 - np.abs(here - level) / _ALIKE).clip(0, 1)[..., None]
        if near.any():
            total += near * cv2.blur(np.dstack([layer, np.ones_like(known)]) * (known * near), (_AROUND, _AROUND))
    return np.asarray(total[..., :3] / np.maximum(total[..., 3:], _FEW), np.float32)


def _packed(layer: Float) -> Packed:
    """A layer in little memory: most of it is nothing."""
    levels = np.rint(layer * _LEVELS).clip(-128, 127).astype(np.int8)
    return zlib.compress(levels.tobytes(), 1), layer.shape


def _unpacked(packed: Packed) -> Float:
    data, shape = packed
    levels = np.frombuffer(zlib.decompress(data), np.int8).reshape(shape)
    return np.asarray(levels / _LEVELS, np.float32)
