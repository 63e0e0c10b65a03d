"""Colour taken from a second photograph; no weights.

After Welsh, Ashikhmin and Mueller, "Transferring Color to Greyscale Images" (SIGGRAPH 2002): a place takes its colour
from places of the reference with like lightness and texture. What is different:

- A place is compared at several scales and, loosely, by where it lies, so that sky is matched with sky.
- It takes not the colour of its best match but a distribution over all good matches' colours: people choose between
  plausible colours, or let core do so, and nothing depends on one chance match.
- The distribution is smoothed along the photograph's own edges before a colour is chosen (Hosni et al., "Fast
  Cost-Volume Filtering for Visual Correspondence and Beyond", TPAMI 2013): places that look alike stay alike.
- Any photograph has some like places. Whether their colours suit what is here is another question, which the embedded
  network is asked: how sure it says it is follows from that, and where few colours suit, it says so.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from backends.likely import Likeliness
from core.colour.cielab import Float
from core.colour.guided import local_lines
from core.errors import RequestError
from core.prediction import AbDistribution, Request
from core.registry.backend import BackendInfo
from core.registry.hookspecs import hookimpl

_SAMPLES = 2500
"""Places of the reference that are looked at, on a regular grid."""

_PLACES = 96 * 96
"""Places of the photograph that get a distribution of their own."""

_CELL = 8.0
"""Side, in a*b*, of the squares whose colours count as one."""

_SCALES = (1.0, 4.0, 12.0)
"""Blurs, in places, at which lightness and its variation are compared."""

_WEIGHTS = np.array([2.0, 1.6, 1.0, 1.0, 1.3, 0.8, 0.25, 1.0], np.float32)
"""Of lightness at the three scales, its variation at the three scales, and the place across and down."""

_WIDTH = 0.55
"""Distance, in weighted standard deviations, at which a match counts little."""

_WINDOW, _EDGE = 5, 20.0
"""Radius in places, and variance in L*^2 that counts as an edge, of the smoothing (He et al. 2013, section 3)."""

_LIKELY, _UNLIKELY = 0.55, 0.4
"""Mean likeliness below which a reference fits badly, and that of a place whose colour does not suit it. Of 25 pairs
each, none of faces after other faces is below, a sixth of landscapes after others, 60 % of faces after landscapes, and
nearly all faces after blue ones."""

_CLOSE = 0.55
"""Distance, as in ``_WIDTH``, of matches that are like those in another copy of the same photograph."""

_FAINT = 2.0
"""Chroma that no place of a grey reference exceeds."""


class Reference:
    """Matches by lightness, texture and place."""

    info = BackendInfo(
        id="reference",
        title="From a reference",
        summary="Takes its colours from a second photograph that you choose",
        licence="Apache-2.0",
        citation="Welsh, Ashikhmin and Mueller, Transferring Color to Greyscale Images, SIGGRAPH 2002",
        input_size=192,
        wants_reference=True,
        learned=False,
        order=60,
    )

    def __init__(self) -> None:
        self._likeliness = Likeliness()

    def predict(self, request: Request, options: None) -> AbDistribution:
        """Distribution over the reference's own colours.

        Raises:
            RequestError: the reference is grey.
        """
        reference = request.reference
        assert reference is not None  # core sees to it
        if np.hypot(reference[..., 1], reference[..., 2]).max() < _FAINT:
            raise RequestError("The reference has no colours; choose a photograph in colour.")
        lightness = _shrunk(request.lightness, _PLACES)
        source = _shrunk(reference, _SAMPLES * 4)
        wanted, offered = _features(lightness, _like(source[..., 0], lightness))
        samples = _grid(offered.shape[:2])
        colours, bins = _colours(source[..., 1:][samples])
        votes, apart = _votes(wanted.reshape(-1, wanted.shape[-1]), offered[samples], colours, len(bins))
        votes = _smoothed(votes.reshape(*lightness.shape, len(bins)), lightness)
        close = np.exp(-np.square(apart.reshape(lightness.shape) / np.float32(_CLOSE)))
        trust = 1 - (1 - self._likeliness.of(votes @ bins, request.lightness)) * (1 - close)
        logits = np.log(np.moveaxis(votes, -1, 0) + np.float32(1e-4))
        return AbDistribution(logits, bins, trust=trust, notes=_notes(trust))


def _notes(trust: Float) -> tuple[str, ...]:
    """What there is to say of how far each place, (h, w), may be trusted."""
    if trust.mean() >= _LIKELY:
        return ()
    share = float((trust < _UNLIKELY).mean())
    return (
        f"The reference fits badly: its colours are unlikely for {share * 100:.0f} % of the photograph; "
        "choose one that shows the like.",
    )


def _shrunk(picture: Float, places: int) -> Float:
    """The picture with at most about so many places."""
    import cv2

    height, width = picture.shape[:2]
    scale = min(1.0, (places / (height * width)) ** 0.5)
    size = (max(1, round(width * scale)), max(1, round(height * scale)))
    return np.asarray(cv2.resize(picture, size, interpolation=cv2.INTER_AREA), np.float32)


def _like(lightness: Float, other: Float) -> Float:
    """Lightness with the mean and, within reason, the contrast of another picture's (Welsh et al., section 2)."""
    contrast = np.clip(other.std() / max(float(lightness.std()), 1.0), 0.5, 2.0)
    return np.asarray((lightness - lightness.mean()) * contrast + other.mean(), np.float32)


def _features(one: Float, other: Float) -> tuple[Float, Float]:
    """What places are compared by, (h, w, 8) for each picture, in weighted standard deviations over both."""
    both = [_described(one), _described(other)]
    joint = np.concatenate([described.reshape(-1, described.shape[-1]) for described in both])
    scale = _WEIGHTS / np.maximum(joint.std(axis=0), np.float32(1e-3))
    first, second = ((described * scale).astype(np.float32) for described in both)
    return first, second


def _described(lightness: Float) -> Float:
    import cv2

    def blur(plane: Float, sigma: float) -> Any:
        return cv2.GaussianBlur(plane, (0, 0), sigma, borderType=cv2.BORDER_REFLECT)

    means = [blur(lightness, sigma) for sigma in _SCALES]
    squares = [blur(lightness * lightness, sigma) for sigma in _SCALES]
    variation = [
        np.log1p(np.sqrt(np.maximum(square - mean * mean, 0))) for mean, square in zip(means, squares, strict=True)
    ]
    y, x = np.meshgrid(*(np.linspace(-1, 1, side) for side in lightness.shape), indexing="ij")
    return np.stack([*means, *variation, x, y], axis=-1).astype(np.float32)


def _grid(shape: tuple[int, ...]) -> tuple[Any, Any]:
    """Rows and columns of about ``_SAMPLES`` places."""
    step = max(1, round((shape[0] * shape[1] / _SAMPLES) ** 0.5))
    rows, columns = np.mgrid[step // 2 : shape[0] : step, step // 2 : shape[1] : step]
    return rows.ravel(), columns.ravel()


def _colours(ab: Float) -> tuple[Any, Float]:
    """The bin of each of (n, 2) a*b*, and the bins' own colours, (q, 2): the means of squares of ``_CELL``."""
    cells = np.floor(ab / _CELL).astype(np.int64)
    _, bins, counts = np.unique(cells, axis=0, return_inverse=True, return_counts=True)
    bins = bins.reshape(-1)
    sums = np.zeros((len(counts), 2))
    np.add.at(sums, bins, ab)
    return bins, (sums / counts[:, None]).astype(np.float32)


def _votes(wanted: Float, offered: Float, colours: Any, count: int) -> tuple[Float, Float]:
    """Share of each colour among a place's good matches, (places, bins); and how far the best is, (places,)."""
    near = wanted @ offered.T
    near *= 2
    near -= np.square(offered).sum(axis=1)
    best = near.max(axis=1, keepdims=True)
    near -= best  # the best match of each place counts 1
    near /= 2 * _WIDTH**2
    np.exp(near, out=near)
    members = np.zeros((len(colours), count), np.float32)
    members[np.arange(len(colours)), colours] = 1
    votes = near @ members
    apart = np.sqrt(np.maximum(np.square(wanted).sum(axis=1) - best[:, 0], 0))
    return np.asarray(votes / votes.sum(axis=1, keepdims=True), np.float32), apart


def _smoothed(votes: Float, lightness: Float) -> Float:
    """Votes (h, w, q) smoothed along the edges of lightness."""
    slope, intercept = local_lines(votes, lightness, _WINDOW, _EDGE)
    return np.asarray(np.maximum(slope * lightness[..., None] + intercept, 0), np.float32)


@hookimpl
def autochrome_register_backends(register: Any) -> None:
    """Register reference."""
    register(Reference())
