"""Colours that a person has put down, spread over what they belong to.

After Levin, Lischinski and Weiss, "Colorization using Optimization" (SIGGRAPH 2004): neighbours of similar lightness
have similar colours, those at an edge need not. What is solved for is not the colour but each place's share of each
hint, with "none of them" as the prior everywhere: the prediction stays where no hint reaches.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from core.colour.cielab import Float, rgb_to_lab
from core.look.look import Hint
from core.prediction import AbDistribution

_SOLVED_PIXELS = 96 * 96
"""A larger field is solved at this size first, then only improved at its own."""

_EDGE = 0.8
"""Step in L* that parts neighbours, as a multiple of the median step, beside a constant 1."""

_PRIOR = 0.8
"""How far hints reach: the prediction's pull on all places together, as a share of that of a place's neighbours."""

_RADIUS = 0.012
"""Radius of the spot that has the hint's colour whatever its neighbours are, as a share of the picture's diagonal."""

_HOLD = 100.0
"""Pull of the hint on that spot."""

_TOLERANCE = 1e-8
"""Share of the hints' own energy that may be left over."""

_NONE_TO_ALL = (0.12, 0.35)
"""Solved shares at which a place goes from the prediction's to the hint's. A point's share falls off with the
logarithm of the distance even where nothing stops it, and drops at edges: this keeps the one and sharpens the other."""

_PULL = 4.0
"""How strongly a hint's colour moves a distribution towards its bins."""

_SPREAD = 18.0
"""Standard deviation, in a*b*, of what counts as one colour."""


class HintField:
    """Hints spread over a picture.

    Attributes:
        share: (h, w) float32 0..1, how far each place is the hints'.
        ab: (h, w, 2) float32, the a*b* that the hints give to each place.
    """

    def __init__(self, hints: Sequence[Hint], lightness: Float):
        """Solve.

        Args:
            hints: at least one.
            lightness: (h, w) L*, of the size at which colours are predicted.
        """
        total, a, b = _spread(hints, lightness)
        self.ab: Float = np.stack([a, b], axis=-1) / np.maximum(total, np.float32(1e-6))[..., None]
        low, high = _NONE_TO_ALL
        rise = np.clip((total - low) / np.float32(high - low), 0, 1)
        self.share: Float = rise * rise * (3 - 2 * rise)

    def pulled(self, distribution: AbDistribution) -> AbDistribution:
        """The distribution with the bins favoured that are near the hints' colours.

        Where the hints have a share only, the colour becomes the plausible one nearest to theirs, rather than a mean
        of theirs and another that nothing in the picture has.
        """
        bins, ab = distribution.bins, np.moveaxis(self.ab, -1, 0)
        square = np.square(bins).sum(axis=1)[:, None, None] + np.square(ab).sum(axis=0)
        square -= 2 * np.tensordot(bins, ab, axes=1)
        favour = np.maximum(square / np.float32(-2 * _SPREAD**2), np.float32(-_PULL))
        favour *= np.float32(_PULL) * self.share
        return replace(distribution, logits=distribution.logits + favour)

    def over(self, ab: Float) -> Float:
        """The hints' colours laid over (h, w, 2) a*b*."""
        return np.asarray(ab + (self.ab - ab) * self.share[..., None], np.float32)


def _ab(hint: Hint) -> Float:
    rgb = np.array([int(hint.color[at : at + 2], 16) for at in (1, 3, 5)], np.float32)
    return rgb_to_lab(rgb / np.float32(255))[1:]


def _spread(hints: Sequence[Hint], lightness: Float) -> Float:
    """(3, h, w) float32: how far each place is the hints', 0..1, and that times their a* and times their b*.

    All three are sums over the hints of the same share of each place, so there is no need to know each.
    """
    import cv2

    height, width = lightness.shape
    scale = (_SOLVED_PIXELS / (height * width)) ** 0.5
    if scale >= 1:
        return _solve(hints, lightness, np.zeros((3, height, width), np.float32), 300)
    shape = (max(1, round(height * scale)), max(1, round(width * scale)))
    coarse = np.asarray(cv2.resize(lightness, shape[::-1], interpolation=cv2.INTER_AREA), np.float32)
    start = _solve(hints, coarse, np.zeros((3, *shape), np.float32), 300)
    wide = [cv2.resize(plane, (width, height), interpolation=cv2.INTER_LINEAR) for plane in start]
    return _solve(hints, lightness, np.asarray(wide, np.float32), 10)


def _solve(hints: Sequence[Hint], lightness: Float, start: Float, steps: int) -> Float:
    """Conjugate gradients (Hestenes and Stiefel 1952) with the diagonal as preconditioner, for the planes at once.

    A few thousand unknowns need some dozens of cheap steps, so no sparse solver is worth its dependency.
    """
    across, down = _affinity(lightness)
    spots, wanted = _spots(hints, lightness.shape)
    degree = np.zeros_like(lightness)
    degree[:, 1:] += across
    degree[:, :-1] += across
    degree[1:] += down
    degree[:-1] += down
    own = degree * np.float32(1 + _PRIOR / lightness.size) + np.float32(_HOLD) * spots

    def system(planes: Float) -> Float:
        result = own * planes
        result[:, :, 1:] -= across * planes[:, :, :-1]
        result[:, :, :-1] -= across * planes[:, :, 1:]
        result[:, 1:] -= down * planes[:, :-1]
        result[:, :-1] -= down * planes[:, 1:]
        return result

    def dot(one: Float, other: Float) -> Float:
        return np.asarray(np.einsum("nhw,nhw->n", one, other), np.float32)[:, None, None]

    planes = start
    residual = np.asarray(np.float32(_HOLD) * wanted - system(planes), np.float32)
    direction = np.asarray(residual / own, np.float32)
    energy = dot(residual, direction)
    enough = np.float32(_TOLERANCE * _HOLD) * dot(wanted, wanted)
    for _ in range(steps):
        if (energy <= enough).all():
            break
        image = system(direction)
        stride = energy / np.maximum(dot(direction, image), np.float32(1e-20))
        planes = np.asarray(planes + stride * direction, np.float32)
        residual = np.asarray(residual - stride * image, np.float32)
        ahead = np.asarray(residual / own, np.float32)
        energy, before = dot(residual, ahead), energy
        direction = np.asarray(ahead + energy / np.maximum(before, np.float32(1e-20)) * direction, np.float32)
    return planes


def _affinity(lightness: Float) -> tuple[Float, Float]:
    """How alike each place is to its right and to its lower neighbour: (h, w-1) and (h-1, w), near 0 to 1."""
    across, down = np.diff(lightness, axis=1), np.diff(lightness, axis=0)
    steps = np.abs(np.concatenate([across.ravel(), down.ravel()]))
    edge = _EDGE * float(np.median(steps)) + 1.0 if steps.size else 1.0

    def alike(step: Float) -> Float:
        return np.asarray(np.maximum(np.exp(np.square(step / edge) / -2), 1e-4), np.float32)

    return alike(across), alike(down)


def _spots(hints: Sequence[Hint], shape: tuple[int, ...]) -> tuple[Float, Float]:
    """Where the hints' spots are, (h, w) of 0 and 1, and what they hold, (3, h, w): 1, a*, b*. The last is on top."""
    height, width = shape
    y, x = np.mgrid[0:height, 0:width]
    radius = max(_RADIUS * float(np.hypot(height, width)), 0.75)
    wanted = np.zeros((3, height, width), np.float32)
    for hint in hints:
        row, column = min(int(hint.y * height), height - 1), min(int(hint.x * width), width - 1)
        a, b = _ab(hint)
        wanted[:, np.hypot(y - row, x - column) < radius] = np.array([[1], [a], [b]], np.float32)
    return wanted[0], wanted
