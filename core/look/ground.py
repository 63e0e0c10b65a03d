"""What hints are put on: how far, for colour, each place of a photograph is from where a person has pointed.

Colour walks from place to place at random, the more readily the more alike two neighbours are, and stops now and then
(random walks: Grady, "Random Walks for Image Segmentation", TPAMI 2006; with restart: Tong, Faloutsos and Pan, ICDM
2006): how often it comes by says what hangs together. A place is farther where it is unlike the start, in lightness, in
the model's own colour, or in what the model knows of it. The constants were chosen on photographs and drawn segments;
tests/benchmarks/hints.py measures them on others.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from core.colour.cielab import Float
from core.photo.resize import resize_area

Masks = NDArray[np.bool_]

_SIDE = 96
"""A larger photograph is looked at through a grid of about so many cells squared: finer than a network's field, so that
a hint ends where the photograph has an edge, and too coarse for most textures to look like edges."""

NBYTES = 4 * _SIDE**3
"""Memory that a ground takes, about and at most."""

_STEP_LIGHTNESS, _STEP_COLOUR, _STEP_FEATURES = 8.0, 2.5, 5.0
"""Differences of neighbours, in L*, a*b* and the features' unit, that each make a step as hard as another does."""

_BARRIER = 6.0
"""Power by which a step's difference keeps colour back."""

_LEAST = 1e-5
"""Weight of the hardest step."""

_RESTART = 1.0
"""Expected stops of a walk of as many steps as there are places."""

_SEEN = 1e-5
"""Visits, as a share of those to the start, that are not told from none."""

_TONE, _COLOUR, _FEATURES, _REACH = 25.0, 15.0, 3.0, 0.4
"""Sigmas of the difference from the start, in L*, a*b*, the features' unit, and as a share of the root of the area."""

_SPECK = 5
"""Side of the window whose median L* is a place's, for its difference from the start: things are not speckled."""

_SAMPLES = 12
"""Places of a brush stroke that are asked what it was put on."""


class Distances(NamedTuple):
    """How far the places of a grid are from n starts; all (n, h, w) float32.

    Attributes:
        walked: 0 at the start, and by 1 more where a walk comes by e times less often.
        unlike: half the square of the difference from the start, in sigmas, position included.
        apart: plain distance as a share of the grid's longer side.
    """

    walked: Float
    unlike: Float
    apart: Float


def on_grid(lightness: Float) -> Float:
    """(h, w) L* of a photograph at the size of its ground."""
    height, width = lightness.shape
    scale = min(1.0, _SIDE / (height * width) ** 0.5)
    return resize_area(lightness, (max(1, round(height * scale)), max(1, round(width * scale))))


class Ground:
    """A photograph as hints see it; made once per prediction."""

    def __init__(self, lightness: Float, ab: Float, features: Float | None = None) -> None:
        """Look at the places and factorise the walk's equations.

        Args:
            lightness: (h, w) L* of the photograph, from ``on_grid``.
            ab: (h', w', 2) a*b* that it has before a person changes anything, of any size.
            features: (c, h', w') what the model knows of each place, or None.
        """
        import cv2

        self.shape = lightness.shape[0], lightness.shape[1]
        self.ab = resize_area(ab, self.shape)
        known = np.empty((0, *self.shape), np.float32)
        if features is not None:
            known = np.asarray([resize_area(plane, self.shape) for plane in features], np.float32)
        colours = np.moveaxis(self.ab, -1, 0)
        tone = cv2.medianBlur(lightness, _SPECK)
        self._coordinates = np.concatenate(
            [tone[None] / np.float32(_TONE), colours / np.float32(_COLOUR), known / np.float32(_FEATURES)]
        )
        self._walk = _Walk(*(_ease(lightness, colours, known, axis) for axis in (2, 1)))

    def distances(self, starts: Masks) -> Distances:
        """From each of (n, h, w) starts, which may be of several places, to every place."""
        import cv2

        visits = self._walk.visits(starts.astype(np.float32))
        most = (visits * starts).sum(axis=(1, 2)) / starts.sum(axis=(1, 2))
        walked = np.maximum(-np.log(np.maximum(visits / most[:, None, None], _SEEN)), 0)
        pixels = [
            cv2.distanceTransform((~start).astype(np.uint8), cv2.DIST_L2, cv2.DIST_MASK_PRECISE) for start in starts
        ]
        square = np.rint(np.square(pixels)).astype(np.float32)  # whole numbers: OpenCV's roots differ in their last bit
        position = square / np.float32(_REACH**2 * self.shape[0] * self.shape[1])
        return Distances(
            np.asarray(walked, np.float32),
            np.asarray((self._unlike(starts) + position) / 2, np.float32),
            np.asarray(np.sqrt(square) / max(self.shape), np.float32),
        )

    def _unlike(self, starts: Masks) -> Float:
        """Square of each place's difference from the place of a start that is most like it."""
        picked = [_spaced(np.flatnonzero(start)) for start in starts]
        places = self._coordinates.reshape(len(self._coordinates), -1)
        there = places[:, np.concatenate(picked)]
        square = np.square(there).sum(axis=0)[:, None] + np.square(places).sum(axis=0) - 2 * there.T @ places
        first = np.cumsum([0, *map(len, picked[:-1])])
        nearest = np.minimum.reduceat(np.maximum(square, 0), first, axis=0)
        return np.asarray(nearest, np.float32).reshape(starts.shape)


class _Walk:
    """The equations of a random walk on a grid, solved by rows: block tridiagonal, and each block is small."""

    def __init__(self, across: Float, down: Float) -> None:
        """Factorise.

        Args:
            across: (h, w - 1) ease of the step to the right and back.
            down: (h - 1, w) ease of the step down and back.
        """
        self._turned = across.shape[1] + 1 > len(across)
        if self._turned:  # short rows, and many
            across, down = down.T, across.T
        height, width = len(across), down.shape[1]
        degree = np.zeros((height, width))
        degree[:, 1:] += across
        degree[:, :-1] += across
        degree[1:] += down
        degree[:-1] += down
        degree = degree * (1 + _RESTART / degree.size) + (degree.size == 1)
        self._down = np.asarray(down, np.float32)
        self._inverses = np.empty((height, width, width), np.float32)
        inverse = np.zeros((width, width))
        place = np.arange(width)
        for row in range(height):
            block = np.diag(degree[row])
            block[place[:-1], place[1:]] = block[place[1:], place[:-1]] = -across[row]
            if row:
                step = down[row - 1].astype(np.float64)
                block -= step[:, None] * inverse * step
            self._inverses[row] = inverse = np.linalg.inv(block)

    def visits(self, starts: Float) -> Float:
        """How often walks from each of (n, h, w) starts come by each place, up to a constant."""
        if self._turned:
            starts = starts.transpose(0, 2, 1)
        rows = starts.transpose(1, 2, 0).copy()  # (h, w, n)
        for row in range(1, len(rows)):
            rows[row] += self._down[row - 1][:, None] * (self._inverses[row - 1] @ rows[row - 1])
        rows[-1] = self._inverses[-1] @ rows[-1]
        for row in range(len(rows) - 2, -1, -1):
            rows[row] = self._inverses[row] @ (rows[row] + self._down[row][:, None] * rows[row + 1])
        return np.maximum(rows.transpose((2, 1, 0) if self._turned else (2, 0, 1)), 0)


def _ease(lightness: Float, colours: Float, known: Float, axis: int) -> Float:
    """How readily colour steps to the next place along an axis (2 across, 1 down), near 0 to 1."""
    difference = np.abs(np.diff(lightness, axis=axis - 1)) / np.float32(_STEP_LIGHTNESS)
    difference += np.linalg.norm(np.diff(colours, axis=axis), axis=0) / np.float32(_STEP_COLOUR)
    difference += np.linalg.norm(np.diff(known, axis=axis), axis=0) / np.float32(_STEP_FEATURES)
    return np.asarray(np.maximum((1 + difference) ** -_BARRIER, _LEAST), np.float32)


def _spaced(places: NDArray[np.intp]) -> NDArray[np.intp]:
    """At most ``_SAMPLES`` of some places, evenly spaced."""
    return np.asarray(places[np.unique(np.linspace(0, len(places) - 1, _SAMPLES).round().astype(int))])
