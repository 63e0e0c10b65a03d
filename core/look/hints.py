"""Colours that a person has put down, on what they belong to.

After Levin, Lischinski and Weiss, "Colorization using Optimization" (SIGGRAPH 2004), and Zhang et al., "Real-Time
User-Guided Image Colorization with Learned Deep Priors" (SIGGRAPH 2017): a hint colours the thing that it is on, as far
as ``core.look.ground`` finds that thing to go, and leaves every other place exactly as it was. What several hints agree
in is held to be the picture's, and moves what is like them: a single hint cannot say that.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np

from core.colour.cielab import Float, rgb_to_lab
from core.look.ground import NBYTES, Distances, Ground, Masks
from core.look.look import Hint
from core.photo.resize import resize_area

_THING, _SOFT = 1.95, 0.3
"""Distance on the ground at which a thing ends, and half the width of its seam."""

_FREE_RADIUS = 0.25
"""A hint with a larger radius than this passes harder edges."""

_RIM = 0.75
"""Share of its radius at which a hint begins to fade."""

_NEARER = 2.0
"""Power of distances by which places between two hints are divided."""

_AROUND = 8.0
"""Distance at which a hint's say in what hints agree in is half of that on the spot."""

_UNHEARD = 0.1
"""Say that is as good as none."""

_SAYS_AT_MOST = 45.0
"""A*b* by which a hint can hold a prediction to be off beyond its own thing: the rest of it is the thing's own."""

_OWN = 0.5
"""Variance of that which is a thing's own, as a share of that which it has in common with what is around it."""


class Hinter:
    """Hints on one prediction: its ground is looked at when the first hint comes, and the latest field is kept, so that
    a slider solves nothing."""

    nbytes = 2 * NBYTES
    """Memory that it takes, about and at most."""

    def __init__(self, ground: Callable[[], Ground]) -> None:
        """Remember how to make the prediction's ground."""
        self._make = ground
        self._ground: Ground | None = None
        self._latest: tuple[tuple[Hint, ...], HintField] | None = None

    def field(self, hints: tuple[Hint, ...]) -> HintField:
        """At least one hint, spread."""
        latest = self._latest  # two threads may make the same at once, which is only work done twice
        if latest is None or latest[0] != hints:
            ground = self._ground = self._ground or self._make()
            latest = self._latest = (hints, HintField(hints, ground))
        return latest[1]

    def reach(self, hints: tuple[Hint, ...]) -> Float:
        """(h, w) 0..1 on the ground: how far each place would be the last hint's; what is shown stays kept."""
        ground = self._ground = self._ground or self._make()
        return HintField(hints, ground).lasts


class HintField:
    """Hints spread over a photograph.

    Attributes:
        overlay: (h, w, 3) float32 on the ground: the hints' a*b*, multiplied by how far each place has them, and that
            share, 0..1.
        lasts: (h, w) float32, how far each place is the last hint's, 0..1.
    """

    def __init__(self, hints: Sequence[Hint], ground: Ground) -> None:
        """Find what each hint is on.

        Args:
            hints: at least one; where two are on the same place the later one counts.
            ground: of the photograph.
        """
        hints, starts = _starts(hints, ground.shape)
        distances = ground.distances(starts)
        wanted = np.array([_ab(hint) for hint in hints], np.float32)
        keeps = np.array([hint.keep for hint in hints])
        within = _within(hints, distances)
        shares = _shares(hints, distances, within, starts)
        own = shares.max(axis=0)
        owned = own * ~starts[keeps].any(axis=0)
        claims = shares / np.maximum(distances.walked + distances.unlike, 0.02) ** np.float32(_NEARER)
        claims /= np.maximum(claims.sum(axis=0), 1e-9)
        coloured = owned * claims[~keeps].sum(axis=0)
        self.lasts: Float = np.asarray(own * claims[-1], np.float32)
        colour = _mixed(wanted[~keeps], claims[~keeps])
        agreed = _agreed(wanted, keeps, starts, distances, within, ground.ab) * (1 - own)[..., None]
        self.overlay: Float = np.asarray(np.dstack([colour * coloured[..., None], coloured]), np.float32)
        self._agreed = agreed

    def corrected(self, ab: Float) -> Float:
        """What the hints agree in, added to the (h', w', 2) a*b* of a prediction."""
        return np.asarray(ab + resize_area(self._agreed, ab.shape[:2]), np.float32)


def _ab(hint: Hint) -> Float:
    if hint.color is None:
        return np.zeros(2, np.float32)
    rgb = np.array([int(hint.color[at : at + 2], 16) for at in (1, 3, 5)], np.float32)
    return rgb_to_lab(rgb / np.float32(255))[1:]


def _starts(hints: Sequence[Hint], shape: tuple[int, int]) -> tuple[list[Hint], Masks]:
    """The cells (n, h, w) that each hint was put on and no later one, and the hints that have such cells."""
    taken = np.zeros(shape, bool)
    left: list[tuple[Hint, Masks]] = []
    for hint in reversed(hints):
        start = _touched(hint, shape) & ~taken
        if start.any():
            left.insert(0, (hint, start))
            taken |= start
    return [hint for hint, _ in left], np.array([start for _, start in left])


def _touched(hint: Hint, shape: tuple[int, int]) -> Masks:
    """The cells (h, w) under a hint's spot or stroke."""
    import cv2

    height, width = shape
    cells = np.zeros(shape, np.uint8)
    points = np.array([(hint.x, hint.y), *hint.stroke])
    if hint.stroke or hint.width:
        path = np.rint((points * (width, height) - 0.5) * 16).astype(np.int32)
        cv2.polylines(
            cells, [path.reshape(-1, 1, 2)], False, 1, max(1, round(hint.width * max(shape))), cv2.LINE_8, shift=4
        )
    columns, rows = np.minimum((points * (width, height)).astype(int), (width - 1, height - 1)).T
    cells[rows, columns] = 1
    return cells.astype(bool)


def _within(hints: Sequence[Hint], distances: Distances) -> Float:
    """(n, h, w): 1 well within each hint's radius, 0 from there on."""
    within = np.ones_like(distances.apart)
    for each, apart, hint in zip(within, distances.apart, hints, strict=True):
        if hint.radius is not None:
            each[...] = _falling(apart / np.float32(hint.radius), _RIM, 1.0)
    return within


def _shares(hints: Sequence[Hint], distances: Distances, within: Float, starts: Masks) -> Float:
    """(n, h, w): how far each place belongs to what each hint is on."""
    ends = np.array([_THING * max(1.0, (hint.radius or 0) / _FREE_RADIUS) for hint in hints], np.float32)[:, None, None]
    far = (distances.walked + distances.unlike) / ends * np.float32(_THING)
    return np.asarray(np.where(starts, 1, _falling(far, _THING - _SOFT, _THING + _SOFT) * within), np.float32)


def _mixed(colours: Float, weights: Float) -> Float:
    """(h, w, 2): the mean of (n, 2) colours by (n, h, w) weights."""
    total = np.maximum(weights.sum(axis=0), np.float32(1e-9))
    return np.asarray(np.tensordot(weights, colours, axes=(0, 0)) / total[..., None], np.float32)


def _agreed(wanted: Float, keeps: Masks, starts: Masks, distances: Distances, within: Float, ab: Float) -> Float:
    """(h, w, 2): by how much the hints around each place say that the prediction is off.

    Kriging (Matheron, "Principles of geostatistics", Economic Geology 1963; equation 2.25 of Rasmussen and Williams,
    "Gaussian Processes for Machine Learning", 2006): the prediction's error is a field that is alike where places are
    near on the ground, and hints are samples of it. Nothing of what only one hint has a say in, which may be about its
    own thing alone: weights count as Kish's effective number of hints (1965).
    """
    there = np.array([ab[start].mean(axis=0) for start in starts], np.float32)
    off = np.asarray(np.where(keeps[:, None], 0, wanted - there), np.float32)
    size = np.maximum(np.linalg.norm(off, axis=1, keepdims=True), np.float32(1e-6))
    off = off * np.minimum(1, _SAYS_AT_MOST / size)
    heard = 1 / (1 + np.square((distances.walked / 2 + distances.unlike) / np.float32(_AROUND)))
    says = np.asarray(np.maximum(heard - _UNHEARD, 0) / (1 - _UNHEARD) * within, np.float32)
    at = starts.reshape(len(starts), -1) / starts.sum(axis=(1, 2))[:, None]
    alike = says.reshape(len(says), -1).astype(np.float64) @ at.T
    np.fill_diagonal(alike, 1)
    values, vectors = np.linalg.eigh((alike + alike.T) / 2)  # which need not be a covariance, but for its positive part
    weights = vectors @ ((vectors.T @ off) / (np.maximum(values, 0) + _OWN)[:, None])
    together = np.tensordot(says, weights.astype(np.float32), axes=(0, 0))
    alone = np.square(says).sum(axis=0) / np.maximum(np.square(says.sum(axis=0)), 1e-9)
    return np.asarray(together * np.maximum(1 - alone, 0)[..., None], np.float32)


def _falling(value: Float, start: float, end: float) -> Float:
    """1 below the start, 0 above the end, and smooth between them."""
    along = np.clip((value - np.float32(start)) / np.float32(end - start), 0, 1)
    return np.asarray(1 - along * along * (3 - 2 * along), np.float32)
