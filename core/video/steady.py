"""Steady colour: a backend's guesses at key frames, carried along the motion between them.

Every frame between two key frames takes its colours from both, the nearer one more, wherever motion finds the same
thing there; where neither has it (something comes into view), the frame is predicted itself. A key frame's colours are
the mean of its own guess, of those before it in its shot, and of a few that are still to come, wherever they show the
same thing: the longer a thing is seen, the less one more guess moves its colour. Guesses differ in their tint most of
all, so each is fitted to the others by what they have in common, and each key frame to the one before it: what comes
into view has the tint of its shot. So colours neither flicker nor pump, and never cross a cut.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field

import numpy as np

from core.colour.cielab import Float, Pixels
from core.video.frame import Frame
from core.video.motion import Way, small_copy, ways
from core.video.paint import brought_to
from core.video.shots import is_black, is_cut

Guess = Callable[[Pixels], Float]
"""From a frame's grey (h, w) to a*b*, (h', w', 2) float32 of any size."""

KEYS_APART = 4
"""Frames from one key frame to the next at most."""

_AHEAD, _AHEAD_BYTES = 12, 50_000_000
"""Key frames still to come whose guesses count too, and what the frames up to them may take."""

_MOST = 32.0
"""Guesses that a place's colour counts for at most when it is held against another one."""

_GAINS, _NOISE = (0.6, 1.7), 0.3
"""Factors at most by which colours are made stronger, and the a*b* of which there is nothing to be said."""

_HELD = 0.9
"""Share of the tint that a key frame takes from the one before it, where both show the same: a long shot may change."""

UNSURE, _TOO_MUCH = 0.15, 0.12
"""Trust under which a place has come into view, and the share of such places for which a frame is predicted itself."""

_ALIKE = 10.0
"""L* by which a thing may differ from one key frame to the next."""

_FLOOR = 0.02
"""Trust that every place has: where nothing at all is known, what is nearest in time counts."""

_FRESH = 0.4
"""Trust in a frame's own guess beside what is carried."""


@dataclass(frozen=True)
class Coloured:
    """A frame with its a*b*, (h', w', 2) float32; ``begins`` a shot or not."""

    frame: Frame
    ab: Float
    begins: bool


@dataclass(frozen=True)
class Exposure:
    """How strong colours are: the chroma of their mean, and how far they spread around it, in a*b*."""

    chroma: float
    spread: float

    @staticmethod
    def of(ab: Float) -> Exposure:
        """That of colours (h, w, 2)."""
        return Exposure(float(np.linalg.norm(ab.mean((0, 1)))), float(np.hypot(*ab.std((0, 1)))))

    def put_on(self, ab: Float) -> Float:
        """Colours (h, w, 2) brought to it."""
        own, mean = Exposure.of(ab), ab.mean((0, 1))
        brought = (ab - mean) * _gain(self.spread, own.spread) + mean * _gain(self.chroma, own.chroma)
        return np.asarray(brought, np.float32)


def _gain(wanted: float, had: float) -> np.float32:
    return np.float32(np.clip((wanted + _NOISE) / (had + _NOISE), *_GAINS))


def fitted(ab: Float, other: Float, common: Float) -> Float:
    """Colours (h, w, 2) turned in hue, made stronger and moved, all alike, to those of another picture.

    It is a similarity of the a*b* plane, by least squares but for its size, which is the ratio of the spreads: least
    squares would make colours paler, the more so the less they agree. The less there is in common, and the less they
    agree, the less is done.

    Args:
        ab: they.
        other: what they are to be like.
        common: (h, w), 0 where the two show something else.
    """
    share = float(np.minimum(common, 1).mean()) ** 2
    weights = common / max(float(common.sum()), 1e-6)
    here, there = (plane[..., 0] + np.complex64(1j) * plane[..., 1] for plane in (ab, other))
    middle, target = (complex((plane * weights).sum()) for plane in (here, there))
    here, there = here - np.complex64(middle), there - np.complex64(target)
    spreads = [float((np.square(np.abs(plane)) * weights).sum()) ** 0.5 for plane in (here, there)]
    together = complex((here.conj() * there * weights).sum())
    done = share * abs(together) / max(spreads[0] * spreads[1], 1e-6)
    turn = float(_gain(spreads[1], spreads[0])) ** done * np.exp(1j * done * np.angle(together))
    moved = here * np.complex64(turn) + np.complex64(middle + share * (target - middle))
    return np.dstack([moved.real, moved.imag])


@dataclass(frozen=True)
class Agreed:
    """What guesses agree on.

    Attributes:
        planes: their means, (h', w', 4) float32: a*b*, and the squares of chroma and of the distance from the mean
            colour of each whole guess, whose means over all places say how strong guesses are, and how far they spread.
        count: of how many guesses, (h', w') float32: those that have been brought along count for less.
    """

    planes: Float
    count: Float

    @staticmethod
    def of(guess: Float) -> Agreed:
        """One guess (h, w, 2)."""
        squares = [np.square(each).sum(axis=2) for each in (guess, guess - guess.mean((0, 1)))]
        return Agreed(np.dstack([guess, *squares]), np.ones(guess.shape[:2], np.float32))

    def seen(self, way: Way) -> Agreed:
        """The same from another frame."""
        return Agreed(way.brought(self.planes), np.minimum(way.brought(self.count), _MOST) * way.trust)

    def together(self, other: Agreed) -> Agreed:
        """What these guesses and others agree on, both in the tint that they have on average."""
        counts = [self.count, other.count]
        mean = _mean([self.planes, other.planes], counts)
        common = np.minimum(*counts)
        colours = [fitted(each.planes[..., :2], mean[..., :2], common) for each in (self, other)]
        return Agreed(np.dstack([_mean(colours, counts), mean[..., 2:]]), self.count + other.count)

    @property
    def shown(self) -> Float:
        """Their mean at their exposure: where guesses differ, a plain mean is paler."""
        strength, spread = (float(each) for each in self.planes[..., 2:].mean((0, 1)))
        return Exposure(max(0.0, strength - spread) ** 0.5, spread**0.5).put_on(self.planes[..., :2])


@dataclass(frozen=True)
class Key:
    """A key frame: what is carried from it, and what a later sitting needs to go on from it.

    Attributes:
        time: when it is shown, in units of the film's time base.
        ab: its colours, (h', w', 2).
        agreed: what its own guess and those before it in its shot agree on.
        begins: whether it begins a shot.
    """

    time: int
    ab: Float
    agreed: Agreed
    begins: bool = True


@dataclass
class _Span:
    """A key frame and the frames after it, up to the next key frame, or to the shot's end.

    Attributes:
        frames, copies: they, the key frame first.
        own: the key frame's own guess; None for the one that an earlier sitting ended with.
        before: ways from each of those after it back to the key frame; the last is the next key frame's.
        after: ways from each of them, the key frame first, on to the next key frame.
        ends: whether the shot ends here.
    """

    frames: list[Frame]
    copies: list[Float]
    own: Agreed | None
    before: list[Way] = field(default_factory=list)
    after: list[Way] = field(default_factory=list)
    ends: bool = False


def coloured_steadily(frames: Iterable[Frame], guess: Guess, key: Key | None = None) -> Iterator[list[Coloured] | Key]:
    """All frames coloured, in order, in lists; between these, each key frame before its own list.

    Args:
        frames: of a film, in order; with ``key``, those from the key frame on.
        guess: what predicts colours.
        key: the key frame that an earlier sitting ended with.
    """
    known = key is not None
    waiting: deque[_Span] = deque()
    for last in _spans(frames, guess, known):
        waiting.append(last)
        while waiting and (last.ends or len(waiting) > _ahead(last.frames[0])):
            span = waiting.popleft()
            if key is None:
                key = _opening(span, waiting)
            if not known:
                yield key
            known = False
            following = None if span.ends else _following(key, span, waiting)
            yield _between(key, span, guess, following)
            key = following


def _ahead(frame: Frame) -> int:
    """How many key frames are waited for."""
    return int(np.clip(_AHEAD_BYTES // (KEYS_APART * frame.luma.nbytes), 1, _AHEAD))


def _spans(frames: Iterable[Frame], guess: Guess, known: bool) -> Iterator[_Span]:
    """The film's spans in order; ``known`` says whether the first key frame needs no guess."""
    span: _Span | None = None
    back: list[Way] = []
    on: list[Way] = []
    for frame in frames:
        copy = small_copy(frame)
        if span is None:
            span = _Span([frame], [copy], None) if known else _span(frame, copy, guess)
            continue
        step = ways(span.copies[-1], copy)
        lost = float((step[0].trust < UNSURE).mean())
        if is_cut(span.copies[-1], copy, lost):
            yield from _to_the_end(span, back, on, guess)
            span, back, on = _span(frame, copy, guess), [], []
            continue
        span.frames.append(frame)
        span.copies.append(copy)
        back.append(step[0])
        on.append(step[1])
        if len(back) == KEYS_APART:
            following = _parted(span, back, on, guess)
            yield span
            span, back, on = following, [], []
    if span is not None:
        yield from _to_the_end(span, back, on, guess)


def _to_the_end(span: _Span, back: list[Way], on: list[Way], guess: Guess) -> Iterator[_Span]:
    """The shot's last frame is a key frame too."""
    if back:
        last = _parted(span, back, on, guess)
        yield span
        span = last
    span.ends = True
    yield span


def _parted(span: _Span, back: list[Way], on: list[Way], guess: Guess) -> _Span:
    """Make the last of a span's frames the next key frame; ways are from each frame to the one before, and on to it."""
    frame, copy = span.frames.pop(), span.copies.pop()
    way = Way.nowhere(*copy.shape)
    for each in back:
        way = each.on(way)
        span.before.append(way)
    span.before[-1] = _held_to(way, copy, span.copies[0])
    way = Way.nowhere(*copy.shape)
    for each in reversed(on):
        way = each.on(way)
        span.after.insert(0, way)
    span.after[0] = _held_to(way, span.copies[0], copy)
    return _span(frame, copy, guess)


def _held_to(way: Way, here: Float, there: Float) -> Way:
    """A way of several frames, where lightness says that it leads to the same thing: a thing that slowly becomes
    another one is found from frame to frame. The picture may be lighter or darker as a whole."""
    moved = way.brought(there)
    moved = (moved - moved.mean()) * ((here.std() + 1) / (moved.std() + 1)) + here.mean()
    return Way(way.places, way.trust * np.exp(-(((here - moved) / _ALIKE) ** 2)))


def _guessed(frame: Frame, copy: Float, guess: Guess) -> Float:
    """A frame's own colours, at its copy's size."""
    if is_black(copy):
        return np.zeros((*copy.shape, 2), np.float32)
    return brought_to(guess(frame.grey), copy)


def _span(frame: Frame, copy: Float, guess: Guess) -> _Span:
    """One that begins with a frame, whose colours are predicted."""
    return _Span([frame], [copy], Agreed.of(_guessed(frame, copy, guess)))


def _opening(span: _Span, coming: Iterable[_Span]) -> Key:
    """The key frame that a shot begins with."""
    assert span.own is not None
    return Key(span.frames[0].time, _with_coming(span.own, [span, *coming]).shown, span.own)


def _following(key: Key, span: _Span, coming: Iterable[_Span]) -> Key:
    """The key frame after a span, which is the first of those that come."""
    spans, way = list(coming), span.before[-1]
    assert spans[0].own is not None
    agreed = spans[0].own.together(key.agreed.seen(way))
    ab = _with_coming(agreed, spans).shown
    ab += np.float32(_HELD) * (fitted(ab, way.brought(key.ab), way.trust) - ab)
    return Key(spans[0].frames[0].time, ab, agreed, begins=False)


def _with_coming(agreed: Agreed, spans: list[_Span]) -> Agreed:
    """What guesses agree on at the first span's key frame, together with those of the key frames that come."""
    span, *coming = spans
    if span.ends or not coming or coming[0].own is None:
        return agreed
    return agreed.together(_with_coming(coming[0].own, coming).seen(span.after[0]))


def _between(key: Key, span: _Span, guess: Guess, following: Key | None) -> list[Coloured]:
    """A span's frames in colour; ``following`` is the next key frame, None at the shot's end."""
    coloured = [Coloured(span.frames[0], key.ab, key.begins)]
    if following is None:
        return coloured
    for number, (frame, copy) in enumerate(zip(span.frames[1:], span.copies[1:], strict=True), 1):
        old, new = span.before[number - 1], span.after[number]
        late = number / len(span.frames)
        weights = [(old.trust + _FLOOR) * (1 - late), (new.trust + _FLOOR) * late]
        sources = [old.brought(key.ab), new.brought(following.ab)]
        sure = np.maximum(old.trust, new.trust)
        if float((sure < UNSURE).mean()) > _TOO_MUCH:
            own = _guessed(frame, copy, guess)
            sources.append(fitted(own, _mean(sources, weights), sure))
            weights.append((1 - sure) * _FRESH)
        coloured.append(Coloured(frame, _mean(sources, weights), False))
    return coloured


def _mean(sources: list[Float], weights: list[Float]) -> Float:
    """The weighted mean of planes (h, w, c)."""
    total = np.sum(weights, axis=0)[..., None]
    return np.asarray(sum(ab * weight[..., None] for ab, weight in zip(sources, weights, strict=True)) / total)
