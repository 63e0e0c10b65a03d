"""Photographs with marks drawn on them, for training: scratches, dust, hairs, creases, cracks, flakes and chips.

Each mark is a share 0..1 of what it covers and a level that it has; what can hardly be seen is neither marked nor
clean, but a line goes on where it crosses what is as light as itself.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import cv2
import numpy as np

Plane = Any  # (h, w) float32 0..1

SEEN, HARDLY = 0.06, 0.025
"""Difference, in sRGB 0..1, from which a mark is one, and below which there is none; between them nothing is asked."""

COVERED, UNSEEN = 0.3, 0.4
"""Share of a pixel that a line covers from which it is one, seen or not, and the weight of one that cannot be seen."""


@dataclass
class _Print:
    """Under the generator's hands: ``grey``, and how much of each pixel ``lines`` cover, (h, w) both."""

    grey: Plane
    lines: Plane

    def lay(self, share: Plane, level: float) -> None:
        """A mark."""
        self.grey = np.asarray(self.grey + share.clip(0, 1) * (level - self.grey), np.float32)

    def lay_line(self, share: Plane, level: float) -> None:
        """One that goes on where it cannot be seen."""
        self.lay(share, level)
        self.lines = np.maximum(self.lines, share)


def sample(photo: Any, side: int, rng: np.random.Generator, place: Any = None) -> tuple[Plane, Plane, Plane]:
    """A print of a photograph, (h, w) uint8: grey, marks 0 or 1, and how much they are asked for, (side, side).

    ``place``, row and column, is to be in it.
    """
    clean = _aged(_part(photo, side, rng, place), rng)
    print_ = _Print(clean, np.zeros_like(clean))
    if rng.random() < 0.6:
        for _ in range(rng.integers(1, 4)):
            rng.choice(_MARKS)(print_, rng)
    difference = np.abs(print_.grey - clean)
    seen, unseen = difference > SEEN, (print_.lines > COVERED) & (difference <= SEEN)
    asked = np.where(unseen, UNSEEN, seen | (difference < HARDLY)).astype(np.float32)
    return _scanned(print_.grey, rng), (seen | unseen).astype(np.float32), asked


def _part(photo: Any, side: int, rng: np.random.Generator, place: Any) -> Plane:
    """A part, (side, side) 0..1, turned over at random: as sharp as it is, smaller or up to three times as large."""
    least = side / min(photo.shape)
    kind = rng.random() if place is None else 0  # what looks like marks does so at its own size
    scale = 1.0 if kind < 0.6 else float(np.exp(rng.uniform(np.log(min(1, least)), 0 if kind < 0.75 else np.log(3))))
    scale = max(least, scale)
    part = side / scale
    least_start = (0, 0) if place is None else np.subtract(place, part)
    most_start = photo.shape if place is None else place
    top, left = (
        int(rng.uniform(max(0, first), max(0, min(last, length - part)) + 0.999))
        for first, last, length in zip(least_start, most_start, photo.shape, strict=True)
    )
    rows = photo[top : top + max(1, round(part)), left : left + max(1, round(part))]
    way = cv2.INTER_AREA if scale < 1 else rng.choice((cv2.INTER_CUBIC, cv2.INTER_LINEAR, cv2.INTER_LANCZOS4))
    plane = cv2.resize(rows, (side, side), interpolation=int(way)).astype(np.float32) / 255
    plane = plane[:, ::-1] if rng.random() < 0.5 else plane
    return np.ascontiguousarray(plane.T if rng.random() < 0.2 else plane)


def _aged(plane: Plane, rng: np.random.Generator) -> Plane:
    """Its range and contrast as prints have them, grain, and sharpening."""
    if rng.random() < 0.3:
        plane = plane + rng.uniform(0.3, 1.2) * (plane - cv2.GaussianBlur(plane, (0, 0), rng.uniform(0.8, 1.5)))
    plane = plane.clip(0, 1) ** np.float32(np.exp(rng.normal(0, 0.3)))
    if rng.random() < 0.5:
        black, white = rng.uniform(0, 0.35), rng.uniform(0.6, 1)
        plane = black + plane * (white - black)
    if rng.random() < 0.6:
        grain = rng.standard_normal(plane.shape).astype(np.float32)
        grain = cv2.GaussianBlur(grain, (0, 0), float(rng.uniform(0.3, 1.2)))
        plane = plane + grain / max(float(grain.std()), 1e-6) * rng.uniform(0, 0.06)
    return plane.clip(0, 1).astype(np.float32)


def _scanned(plane: Plane, rng: np.random.Generator) -> Plane:
    if rng.random() < 0.3:
        plane = cv2.GaussianBlur(plane, (0, 0), float(rng.uniform(0.3, 0.7)))
    if rng.random() < 0.4:
        plane = plane + rng.standard_normal(plane.shape).astype(np.float32) * rng.uniform(0, 0.03)
    pixels = np.rint(plane.clip(0, 1) * 255).astype(np.uint8)
    if rng.random() < 0.6:
        pixels = cv2.imdecode(cv2.imencode(".jpg", pixels, [cv2.IMWRITE_JPEG_QUALITY, int(rng.integers(60, 96))])[1], 0)
    return pixels.astype(np.float32) / 255


def _level(grey: Plane, rng: np.random.Generator) -> float:
    """Of a mark: bare paper, ink or dust; seldom something between."""
    kind = rng.random()
    if kind < 0.55:
        return float(rng.uniform(np.percentile(grey, 97), 1))
    return float(rng.uniform(0, np.percentile(grey, 3)) if kind < 0.9 else rng.uniform(0, 1))


def _path(shape: tuple[int, ...], reach: float, bend: float, wobble: float, rng: np.random.Generator) -> Plane:
    """Points (n, 2), across and down, of a bent and wobbling line somewhere."""
    height, width = shape
    angle = rng.uniform(0, 2 * np.pi) if rng.random() < 0.7 else rng.normal(np.pi / 2, 0.05)
    at = np.linspace(0, 1, 40)[:, None]
    along, across = np.array((np.cos(angle), np.sin(angle))), np.array((-np.sin(angle), np.cos(angle)))
    middle = rng.uniform(0, 1, 2) * (width, height)
    rough = np.cumsum(rng.normal(0, wobble, (40, 1)), axis=0)
    points = middle + (at - 0.5) * reach * along + (4 * at * (1 - at) * bend * reach + rough) * across
    return np.asarray(points, np.float32)


def _stroke(shape: tuple[int, ...], points: Plane, width: float) -> Plane:
    """A line of any width, (h, w) 0..1: drawn four times as large."""
    large = _large(shape)
    cv2.polylines(large, [np.rint(points * 64).astype(np.int32)], False, 255, max(1, round(width * 4)), cv2.LINE_AA, 4)
    return _shrunk(large)


def _large(shape: tuple[int, ...]) -> Any:
    """To draw on finely: four times as large, uint8."""
    return np.zeros((shape[0] * 4, shape[1] * 4), np.uint8)


def _shrunk(large: Any) -> Plane:
    """What was drawn, (h, w) 0..1."""
    size = large.shape[1] // 4, large.shape[0] // 4
    return cv2.resize(large, size, interpolation=cv2.INTER_AREA).astype(np.float32) / 255


def _scratches(print_: _Print, rng: np.random.Generator) -> None:
    shape, level = print_.grey.shape, _level(print_.grey, rng)
    for _ in range(rng.integers(1, 7)):
        points = _path(shape, rng.uniform(0.15, 1.5) * max(shape), rng.normal(0, 0.05), rng.uniform(0, 0.5), rng)
        share = _stroke(shape, points, float(np.exp(rng.uniform(np.log(0.5), np.log(3.5)))))
        if rng.random() < 0.3:  # it skips
            share *= (_cloud(shape, rng.uniform(3, 12), rng) > rng.uniform(-1, 0)).astype(np.float32)
        print_.lay_line(share * np.float32(rng.uniform(0.35, 1)), level)


def _dust(print_: _Print, rng: np.random.Generator) -> None:
    shape, level = print_.grey.shape, _level(print_.grey, rng)
    share = _large(shape)
    for _ in range(int(np.exp(rng.uniform(0, np.log(50))))):
        centre = rng.uniform(0, 1, 2) * share.shape[::-1]
        size = float(np.exp(rng.uniform(np.log(0.6), np.log(4)))) * 4
        turn = rng.uniform(0, 2 * np.pi, 8)
        radii = size * np.exp(rng.normal(0, 0.25, 8))
        points = centre + np.stack([np.cos(np.sort(turn)), np.sin(np.sort(turn))], 1) * radii[:, None]
        cv2.fillPoly(share, [np.rint(points * 16).astype(np.int32)], float(rng.uniform(120, 255)), cv2.LINE_AA, 4)
    print_.lay(_shrunk(share), level)


def _hairs(print_: _Print, rng: np.random.Generator) -> None:
    """Short lines that bend, curl, or both."""
    shape, level = print_.grey.shape, _level(print_.grey, rng)
    for _ in range(rng.integers(1, 6)):
        at = np.linspace(0, 1, 40)
        heading = rng.uniform(0, 2 * np.pi) + rng.normal(0, 1.5) * at
        heading += rng.normal(0, 0.8) * np.sin(rng.uniform(3, 12) * at + rng.uniform(0, 2 * np.pi))
        steps = np.stack([np.cos(heading), np.sin(heading)], axis=1) * np.exp(rng.uniform(np.log(8), np.log(90))) / 40
        points = (rng.uniform(0, 1, 2) * shape[::-1] + np.cumsum(steps, axis=0)).astype(np.float32)
        print_.lay_line(_stroke(shape, points, rng.uniform(0.6, 2)) * np.float32(rng.uniform(0.5, 1)), level)


def _crease(print_: _Print, rng: np.random.Generator) -> None:
    """A fold: a rough broken line, light in its middle, and a shade on one side."""
    shape = print_.grey.shape
    points = _path(shape, rng.uniform(0.7, 1.6) * max(shape), rng.normal(0, 0.02), rng.uniform(0.2, 1.2), rng)
    width, level = rng.uniform(0.8, 4), _level(print_.grey, rng)
    share = _stroke(shape, points, width)
    share *= (_cloud(shape, 2, rng) > rng.uniform(-1.5, 0)).astype(np.float32)
    print_.lay(_stroke(shape, points + np.float32(width), 2 * width) * np.float32(rng.uniform(0, 0.1)), 0)
    print_.lay_line(share * np.float32(rng.uniform(0.4, 1)), level)


def _cracks(print_: _Print, rng: np.random.Generator) -> None:
    """Where the emulsion has broken: lines that wander, fork, and grow thinner to their ends, wide where they meet.

    What shows is the paper, which is seldom as white as that of a tear, and dirt has come into it.
    """
    shape = print_.grey.shape
    share = _large(shape)
    width = float(np.exp(rng.uniform(np.log(0.5), np.log(3.5))))
    tips: list[tuple[Any, float, float, int]] = [(_start(shape, rng), rng.uniform(0, 2 * np.pi), width, 0)]
    while tips:
        at, heading, width, forks = tips.pop()
        steps, bend = int(np.exp(rng.uniform(np.log(8), np.log(60)))), rng.uniform(0.08, 0.4)
        for left in range(steps, 0, -1):
            heading += rng.normal(0, bend)
            after: Any = at + 3 * np.array((np.cos(heading), np.sin(heading)))
            here = width * np.exp(rng.normal(0, 0.35)) * min(1, left / 8)
            ends = np.rint(np.stack([at, after]) * 64).astype(np.int32)
            cv2.polylines(share, [ends], False, 255, max(1, round(here * 4)), cv2.LINE_AA, 4)
            at = after
            if forks < 3 and rng.random() < 0.04:
                turn = rng.choice((-1, 1)) * rng.uniform(0.4, 1.4)
                tips.append((at, heading + turn, width * rng.uniform(0.4, 1), forks + 1))
                if rng.random() < 0.4:
                    middle = tuple(np.rint(at * 64).astype(int).tolist())
                    cv2.circle(share, middle, round(here * rng.uniform(40, 120)), 255, -1, cv2.LINE_AA, 4)
    drawn = _shrunk(share)
    if rng.random() < 0.5:
        drawn = cv2.GaussianBlur(drawn, (0, 0), float(rng.uniform(0.4, 1)))
    print_.lay_line(drawn * np.float32(rng.uniform(0.4, 1)), _paper(print_.grey, rng))


def _start(shape: tuple[int, ...], rng: np.random.Generator) -> Plane:
    """Somewhere, across and down; as often at the rim."""
    at = rng.uniform(0, 1, 2)
    if rng.random() < 0.5:
        at[rng.integers(2)] = rng.integers(2)
    return np.asarray(at * shape[::-1])


def _paper(grey: Plane, rng: np.random.Generator) -> float:
    """The level of what lies under the emulsion, with its dirt: light, or no lighter than a wall in the picture."""
    return float(rng.uniform(np.percentile(grey, rng.choice((50, 80, 95))), 1))


def _chips(print_: _Print, rng: np.random.Generator) -> None:
    """Where a print was rubbed: along a line the emulsion has come off in ragged pieces, large and small."""
    shape, level = print_.grey.shape, _paper(print_.grey, rng)
    share = _large(shape)
    angle = rng.uniform(0, np.pi)
    along = np.array(((np.cos(angle), np.sin(angle)), (-np.sin(angle), np.cos(angle))))
    for _ in range(rng.integers(1, 5)):
        middle, spread = rng.uniform(0, 1, 2) * shape[::-1], np.exp(rng.uniform(np.log((8, 2)), np.log((50, 12))))
        largest = np.exp(rng.uniform(np.log(1.5), np.log(14)))
        for number in range(rng.integers(1, 15)):
            size = largest * (rng.uniform(0.5, 1) if number == 0 else rng.uniform(0.05, 0.6))
            turn = np.sort(rng.uniform(0, 2 * np.pi, rng.integers(7, 22)))
            radii = size * np.exp(rng.normal(0, 0.35, turn.size))[:, None] * (rng.uniform(1, 2.5), rng.uniform(0.4, 1))
            rim = np.stack([np.cos(turn), np.sin(turn)], 1) * radii + rng.normal(0, 1, 2) * spread * (number > 0)
            points = (middle + rim @ along) * 64
            cv2.fillPoly(share, [np.rint(points).astype(np.int32)], 255, cv2.LINE_AA, 4)
    drawn = _shrunk(share)
    print_.lay(drawn * np.float32(rng.uniform(0.6, 1)), level)
    rough = drawn * np.float32(rng.uniform(0, 0.05)) * _cloud(shape, rng.uniform(0.5, 2), rng)
    print_.grey = (print_.grey + rough).clip(0, 1)


def _flakes(print_: _Print, rng: np.random.Generator) -> None:
    """What has come off: patches with rough rims."""
    shape = print_.grey.shape
    level = float(rng.uniform(np.percentile(print_.grey, 95), 1) if rng.random() < 0.8 else rng.uniform(0, 0.1))
    share = np.zeros(shape, np.float32)
    for _ in range(rng.integers(1, 4)):
        centre = rng.uniform(-0.05, 1.05, 2) * shape[::-1]
        y, x = np.indices(shape, np.float32)
        radii = np.exp(rng.uniform(np.log(2), np.log(10), 2))
        turn = rng.uniform(0, np.pi)
        u = (x - centre[0]) * np.cos(turn) + (y - centre[1]) * np.sin(turn)
        v = (y - centre[1]) * np.cos(turn) - (x - centre[0]) * np.sin(turn)
        far = np.hypot(u / radii[0], v / radii[1]) + 0.35 * _cloud(shape, 2.5, rng)
        share = np.maximum(share, np.clip((1 - far) * min(radii), 0, 1))
    print_.lay(share, level)
    print_.grey = (print_.grey + share * np.float32(0.03) * _cloud(shape, 1, rng)).clip(0, 1)


def _tear(print_: _Print, rng: np.random.Generator) -> None:
    """Where a print is torn from its rim inwards: bare paper, wide at the rim, with two rough edges; or a corner."""
    level = float(rng.uniform(0.8, 1) if rng.random() < 0.8 else rng.uniform(0, 0.1))
    share = np.zeros(print_.grey.shape, np.uint8)
    for _ in range(rng.integers(1, 3)):
        deep, wide = np.exp(rng.uniform(np.log((15, 4)), np.log((110, 30))))
        along = np.linspace(0, 1, 12)
        way = np.cumsum(rng.normal(0, rng.uniform(0.2, 2), 12)) + along * rng.normal(0, 0.4) * deep
        half = (wide / 2 * (1 - along**0.7 * rng.uniform(0.6, 1)) + rng.uniform(0, 1.5, 12)).clip(0.3)
        edges = np.concatenate([np.stack([way - half, along * deep], 1), np.stack([way + half, along * deep], 1)[::-1]])
        if rng.random() < 0.2:  # a corner
            edges = np.array([(-2, -2), (deep, -2), *(rng.normal(0.5, 0.08, (3, 2)) * (deep, wide)), (-2, wide)])
        else:
            edges += (rng.uniform(0, 1) * share.shape[1], -1)
        cv2.fillPoly(share, [np.rint(edges * 16).astype(np.int32)], 255, cv2.LINE_AA, 4)
        share = np.ascontiguousarray(np.rot90(share, int(rng.integers(4))))
    part = share.astype(np.float32) / 255
    print_.lay_line(part, level)
    print_.grey = (print_.grey + part * np.float32(0.02) * _cloud(part.shape, 1, rng)).clip(0, 1)


def _cloud(shape: tuple[int, ...], size: float, rng: np.random.Generator) -> Plane:
    """(h, w) of mean 0 and deviation 1, smooth over so many pixels."""
    noise = cv2.GaussianBlur(rng.standard_normal(shape).astype(np.float32), (0, 0), float(size))
    return np.asarray((noise - noise.mean()) / max(float(noise.std()), 1e-6), np.float32)


_MARKS: Any = [
    *[_scratches] * 3,
    *[_crease] * 3,
    *[_cracks] * 3,
    *[_hairs] * 2,
    *[_tear] * 2,
    *[_chips] * 2,
    _dust,
    _flakes,
]
"""The more of a kind, the harder it is to find."""
