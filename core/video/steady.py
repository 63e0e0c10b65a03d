"""Steady colour: a backend's guesses at key frames, carried along the motion between them.

Every frame between two key frames takes its colours from both, the nearer one more, wherever motion finds the same
thing there; where neither has it (something comes into view), the frame is predicted itself. A key frame's own guess
is held against what the one before it had: the two are averaged where they show the same thing, and the guess's
exposure, its mean chroma, is brought near that of its shot. So colours neither flicker nor pump, and never cross a cut.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, replace

import numpy as np

from core.colour.cielab import Float, Pixels
from core.video.motion import Way, small_copy, ways
from core.video.paint import brought_to
from core.video.reading import Frame
from core.video.shots import is_black, is_cut

Guess = Callable[[Pixels], Float]
"""From a frame's grey (h, w) to a*b*, (h', w', 2) float32 of any size."""

KEYS_APART = 8
"""Frames from one key frame to the next at most."""

_KEPT = 0.65
"""How much of a key frame's colours comes from the key frame before, where both show the same thing."""

_EXPOSURE_KEPT, _EXPOSURE_LIMITS = 0.3, (0.6, 1.7)
"""How far (as a logarithm) a guess's mean chroma is brought to that of its shot, and the factors at most."""

UNSURE, _TOO_MUCH = 0.15, 0.12
"""Trust under which a place has come into view, and the share of such places for which a frame is predicted itself."""

_FLOOR = 0.02
"""Trust that every place has: where nothing at all is known, what is nearest in time counts."""

_MOST_GAIN = 1.6

_FRESH = 0.4
"""Trust in a frame's own guess beside what is carried."""


@dataclass(frozen=True)
class Coloured:
    """A frame with its a*b*, (h', w', 2) float32; ``begins`` a shot or not."""

    frame: Frame
    ab: Float
    begins: bool


@dataclass(frozen=True)
class Key:
    """A key frame: what is carried from it, and what a later sitting needs to go on from it.

    Attributes:
        frame: it.
        small: its copy, (h', w') L*.
        ab: its colours, (h', w', 2).
        begins: whether it begins a shot.
    """

    frame: Frame
    small: Float
    ab: Float
    begins: bool = True


@dataclass(frozen=True)
class _Step:
    """A frame after a key frame: its copy, and the ways back to the frame before and from that on to this."""

    frame: Frame
    small: Float
    back: Way
    on: Way


def coloured_steadily(frames: Iterable[Frame], guess: Guess, key: Key | None = None) -> Iterator[list[Coloured] | Key]:
    """All frames coloured, in order, in lists; between these, each key frame before its own list.

    Args:
        frames: of a film, in order; with ``key``, those from the key frame on.
        guess: what predicts colours.
        key: the key frame that an earlier sitting ended with.
    """
    pending: list[_Step] = []
    for frame in frames:
        if key is None:
            key = _first(frame, guess)
            yield key
            continue
        if not pending and frame.time == key.frame.time:
            key = replace(key, frame=frame)
            continue
        before = pending[-1].small if pending else key.small
        step = _step(frame, before)
        lost = float((step.back.trust < UNSURE).mean())
        if is_cut(before, step.small, lost):
            yield _between(key, pending, guess)
            key, pending = _first(frame, guess, step.small), []
            yield key
            continue
        pending.append(step)
        if len(pending) == KEYS_APART:
            following = _next_key(key, pending, guess)
            yield _between(key, pending[:-1], guess, following, pending[-1])
            key, pending = following, []
            yield key
    if key is not None:
        yield _between(key, pending, guess)


def _first(frame: Frame, guess: Guess, copy: Float | None = None) -> Key:
    """The key frame that a shot begins with."""
    copy = small_copy(frame) if copy is None else copy
    return Key(frame, copy, _guessed(frame, copy, guess))


def _step(frame: Frame, before: Float) -> _Step:
    copy = small_copy(frame)
    back, on = ways(before, copy)
    return _Step(frame, copy, back, on)


def _guessed(frame: Frame, copy: Float, guess: Guess) -> Float:
    """A frame's own colours, at its copy's size."""
    if is_black(copy):
        return np.zeros((*copy.shape, 2), np.float32)
    return brought_to(guess(frame.grey), copy)


def _next_key(key: Key, pending: list[_Step], guess: Guess) -> Key:
    """The last of the frames as a key frame, its colours held against those of the one before."""
    step = pending[-1]
    way = Way.nowhere(*step.small.shape)
    for each in reversed(pending):
        way = way.on(each.back)
    own, carried = _guessed(step.frame, step.small, guess), way.brought(key.ab)
    own = own * _exposure(own, carried, way.trust)
    kept = _KEPT * way.trust
    return Key(step.frame, step.small, _mean([own, carried], [1 - kept, kept]), begins=False)


def _exposure(own: Float, carried: Float, trust: Float) -> np.float32:
    """What to multiply a guess by so that its shot has one exposure."""
    shown, had = (float((np.linalg.norm(ab, axis=2) * trust).sum()) for ab in (own, carried))
    if min(shown, had) < 1e-3 * trust.size or float(trust.mean()) < 0.2:
        return np.float32(1)
    return np.float32(np.clip((had / shown) ** _EXPOSURE_KEPT, *_EXPOSURE_LIMITS))


def _between(
    key: Key, pending: list[_Step], guess: Guess, following: Key | None = None, last: _Step | None = None
) -> list[Coloured]:
    """A key frame and those after it, up to the next key frame, or to the shot's end where there is none."""
    if pending and following is None:  # the shot's end: its last frame is a key frame too
        following, last, pending = _next_key(key, pending, guess), pending[-1], pending[:-1]
        return [*_between(key, pending, guess, following, last), Coloured(following.frame, following.ab, False)]
    coloured = [Coloured(key.frame, key.ab, key.begins)]
    if not pending or following is None or last is None:
        return coloured
    forwards, way = [], Way.nowhere(*key.small.shape)
    for step in pending:
        way = step.back.on(way)
        forwards.append(way)
    way = Way.nowhere(*key.small.shape)
    backwards = []
    for step in reversed([*pending[1:], last]):
        way = step.on.on(way)
        backwards.append(way)
    for number, (step, old, new) in enumerate(zip(pending, forwards, reversed(backwards), strict=True), 1):
        late = number / (len(pending) + 1)
        weights = [(old.trust + _FLOOR) * (1 - late), (new.trust + _FLOOR) * late]
        sources = [old.brought(key.ab), new.brought(following.ab)]
        sure = np.maximum(old.trust, new.trust)
        if float((sure < UNSURE).mean()) > _TOO_MUCH:
            own = _guessed(step.frame, step.small, guess)
            sources.append(own * _exposure(own, _mean(sources, weights), sure))
            weights.append((1 - sure) * _FRESH)
        ab = _mean(sources, weights)
        wanted = _chroma(key.ab) ** (1 - late) * _chroma(following.ab) ** late
        ab *= np.float32(np.clip(wanted / _chroma(ab), *_EXPOSURE_LIMITS))
        coloured.append(Coloured(step.frame, ab, False))
    return coloured


def _chroma(ab: Float) -> float:
    """The mean chroma of colours (h, w, 2); never 0."""
    return max(float(np.linalg.norm(ab, axis=2).mean()), 1e-3)


def _mean(sources: list[Float], weights: list[Float]) -> Float:
    """The weighted mean of colours (h, w, 2), as colourful as they are: where they differ, a plain mean is paler."""
    total = np.sum(weights, axis=0)
    ab = (
        np.sum([ab * weight[..., None] for ab, weight in zip(sources, weights, strict=True)], axis=0) / total[..., None]
    )
    chroma = np.sum([np.linalg.norm(ab, axis=2) * w for ab, w in zip(sources, weights, strict=True)], axis=0) / total
    gain = ((chroma + 1) / (np.linalg.norm(ab, axis=2) + 1)).clip(1, _MOST_GAIN)
    return np.asarray(ab * gain[..., None], np.float32)
