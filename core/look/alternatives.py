"""Other colourings that the same prediction holds: no network runs for them.

A distribution knows more than the one colour that is shown. Each alternative tilts it (the logits gain a term that
favours some bins), so that places where the model is sure keep their colour and places where it guesses change.
Tilting by exp(rate * x) is the smallest change, in Kullback-Leibler divergence, that moves the mean of x by so much
(Csiszar 1975, "I-divergence geometry of probability distributions", theorem 3.1).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import get_args

import numpy as np

from core.colour.cielab import Float
from core.errors import RequestError
from core.look.distribution import probabilities, uncertainty
from core.look.look import AlternativeName
from core.look.tint import WARM
from core.prediction import AbDistribution

LABELS: dict[AlternativeName, str] = dict(
    zip(
        get_args(AlternativeName),
        ("Predicted", "Warmer", "Cooler", "Vivid", "Calm", "Another", "One more"),
        strict=True,
    )
)
"""Names of the alternatives and what people call them."""

_WARMTH_RATE = 0.028
_CHROMA_RATE = 0.03
"""Logits gained for each unit of a*b* along the direction that is favoured."""

_SPREAD = 18.0
"""Standard deviation, in a*b*, of what counts as one colour."""

_APART = 22.0
"""Least distance in a*b* of another guess from the colour that is shown."""

_NOTICED = 8.0
"""Least change, in a*b* and on average over its region, that makes another guess worth showing."""

_DOUBLINGS = 4
"""How often the favour is doubled to get there."""

_ALIKE = (0.80, 0.92)
"""Bhattacharyya coefficients between which a place goes from outside a region to inside it."""


@dataclass(frozen=True)
class Alternative:
    """One of the colourings that a prediction holds.

    Attributes:
        name: a key of ``LABELS``, for ``Look.alternative``.
        label: what people call it.
        plausibility: 0..1, see ``plausibility``.
    """

    name: AlternativeName
    label: str
    plausibility: float


@dataclass(frozen=True)
class Favour:
    """What an alternative adds to a distribution's logits: kept as two small factors, not as large as the logits.

    Attributes:
        bins: (q,) float32 logits.
        where: (h', w') float32, how far each place gets them; (1, 1) is everywhere alike.
    """

    bins: Float
    where: Float


class Alternatives:
    """The colourings that one distribution holds beside the one that is shown; each is found once."""

    def __init__(self, distribution: AbDistribution, show: Callable[[AbDistribution], Float]) -> None:
        """Find nothing yet.

        Args:
            distribution: what the model predicted.
            show: gives the (h', w', 2) a*b* of a distribution made from it, at the default look.
        """
        self._distribution, self._show = distribution, show
        self._favours: dict[AlternativeName, Favour | None] = {}
        self._listed: list[Alternative] | None = None

    def listed(self) -> list[Alternative]:
        """What there is to choose from: "default" first, then four to six others."""
        if self._listed is None:
            self._listed = [
                Alternative(name, label, plausibility(self._distribution, self._show(self._tilted(favour))))
                for name, label in LABELS.items()
                if (favour := self._found(name)) is not None
            ]
        return list(self._listed)

    def favour(self, name: AlternativeName) -> Favour | None:
        """What an alternative adds to the distribution's logits; None for "default".

        Raises:
            RequestError: the prediction holds no such alternative.
        """
        if name == "default":
            return None
        favour = self._found(name)
        if favour is None:
            raise RequestError(
                f"The model sees no alternative '{name}' in this photograph; choose one that /alternatives lists."
            )
        return favour

    def _found(self, name: AlternativeName) -> Favour | None:
        if name not in self._favours:  # two threads may find the same at once, which is only work done twice
            self._favours[name] = self._find(name)
        return self._favours[name]

    def _find(self, name: AlternativeName) -> Favour | None:
        if name in ("other", "other-2"):
            return self._other_guess(name)
        bins = self._distribution.bins
        warmth, chroma = bins @ (WARM / np.linalg.norm(WARM)), np.linalg.norm(bins, axis=1)
        favours = {
            "default": 0 * warmth,
            "warmer": _WARMTH_RATE * warmth,
            "cooler": -_WARMTH_RATE * warmth,
            "vivid": _CHROMA_RATE * chroma,
            "calm": -_CHROMA_RATE * chroma,
        }
        return Favour(np.asarray(favours[name], np.float32), np.ones((1, 1), np.float32))

    def _other_guess(self, name: AlternativeName) -> Favour | None:
        """Another colour favoured in the least certain region, or None where there is none.

        "other-2" is the same for the least certain place outside that region.
        """
        bins, belief = self._distribution.bins, probabilities(self._distribution)
        doubt = _blur(uncertainty(belief))
        region = _region(belief, doubt)
        if name == "other-2":
            region = _region(belief, doubt * (1 - region)) * (1 - region)
        shown = self._show(self._distribution)
        colour = _second_mode(bins, belief, shown, region)
        if colour is None:
            return None
        favoured = np.log(_closeness(bins, colour[None], _SPREAD) + np.float32(1e-4))[:, 0]
        for _ in range(_DOUBLINGS):
            favour = Favour(favoured, region)
            ab = self._show(self._tilted(favour))
            if _mean_over(region, np.linalg.norm(ab - shown, axis=-1)) >= _NOTICED:
                return favour
            favoured = favoured * 2
        return Favour(favoured, region) if name == "other" else None

    def _tilted(self, favour: Favour) -> AbDistribution:
        return tilted(self._distribution, favour)


def tilted(distribution: AbDistribution, favour: Favour | None) -> AbDistribution:
    """The distribution with what is favoured added to its logits; itself where nothing is."""
    if favour is None:
        return distribution
    return replace(distribution, logits=distribution.logits + favour.bins[:, None, None] * favour.where)


def plausibility(distribution: AbDistribution, ab: Float) -> float:
    """How likely the model finds a colouring, against the likeliest there could be.

    At each place the model's density at the colouring's colour is divided by its density at the likeliest colour; the
    result is the geometric mean over all places. The density is the distribution smoothed with a Gaussian of 10 a*b*,
    about the distance of neighbouring bins.

    Args:
        distribution: what the model predicted.
        ab: (h', w', 2) a*b* of the colouring, at the distribution's size.

    Returns:
        0..1; 1 where every place has its likeliest colour. It is not a probability of the whole picture.
    """
    belief = probabilities(distribution).reshape(len(distribution.bins), -1)
    colours = ab.reshape(-1, 2)
    near = _closeness(distribution.bins, colours, 10.0)
    at_colour = np.einsum("qn,qn->n", near, belief)
    likeliest = (_closeness(distribution.bins, distribution.bins, 10.0) @ belief).max(axis=0)
    ratio = np.clip(at_colour / np.maximum(likeliest, 1e-12), 1e-6, 1)
    return float(np.exp(np.log(ratio).mean()))


def _region(belief: Float, doubt: Float) -> Float:
    """Share 0..1 of each place in the region around the most doubtful one: where the model expects the same colours."""
    row, column = np.unravel_index(doubt.argmax(), doubt.shape)
    seed = belief[:, max(0, row - 1) : row + 2, max(0, column - 1) : column + 2].mean(axis=(1, 2))
    alike = np.tensordot(np.sqrt(seed), np.sqrt(belief), axes=1)
    low, high = _ALIKE
    return _blur(np.clip((alike - low) / (high - low), 0, 1).astype(np.float32))


def _second_mode(bins: Float, belief: Float, shown: Float, region: Float) -> Float | None:
    """The a*b* that the model finds likeliest in a region, of those well apart from what is shown there and from grey.

    Grey is what "calm" is for.
    """
    density = _closeness(bins, bins, _SPREAD / 2) @ _mean_over(region, belief)
    apart = np.linalg.norm(bins - _mean_over(region, np.moveaxis(shown, -1, 0)), axis=1) >= _APART
    apart &= np.linalg.norm(bins, axis=1) >= _APART / 2
    if not apart.any():
        return None
    chosen: Float = bins[np.where(apart, density, -1).argmax()]
    return chosen


def _mean_over(region: Float, planes: Float) -> Float:
    """Mean over a region of planes (..., h', w')."""
    return np.asarray((planes * region).sum(axis=(-2, -1)) / max(float(region.sum()), 1e-6), np.float32)


def _closeness(points: Float, others: Float, spread: float) -> Float:
    """Gaussian of the distance between a*b* points (q, 2) and (n, 2): (q, n), 1 where equal."""
    square = np.square(points).sum(axis=1)[:, None] + np.square(others).sum(axis=1)[None] - 2 * points @ others.T
    return np.asarray(np.exp(np.maximum(square, 0) / (-2 * spread**2)), np.float32)


def _blur(plane: Float) -> Float:
    import cv2

    return np.asarray(cv2.GaussianBlur(plane, (0, 0), 1.2, borderType=cv2.BORDER_REPLICATE), np.float32)
