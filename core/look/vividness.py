"""Vividness: colour gathered where a picture has most of it, and no more of it in the whole than is likely.

The annealed mean of a distribution that was trained without rebalancing is paler than photographs are, and evenly so.
Multiplying its chroma, or favouring rare colours, makes photographs of few colours far too colourful. Real chroma is
spread less evenly: most places have little and few have much. And a model that is sure of its colours may show them;
one that is not had better stay pale.
"""

from __future__ import annotations

import numpy as np

from core.colour.cielab import Float
from core.look.distribution import annealed_mean, probabilities
from core.prediction import AbDistribution

_COLOURFUL = 34.5
"""Mean chroma of a distribution's plain mean from which on a picture gets all the chroma that it expects. This and the
other constants were chosen on photographs (models/pocket/README.md)."""

_POWER = 2.2
"""Power of the neighbourhood's chroma by which a place's own is multiplied, at a vividness of 1."""

_WHOLLY = 0.5
"""Vividness from which on a picture has the mean chroma that is likely; less leaves it nearer the annealed mean's."""

_FLOOR = 3.0
"""Chroma below which places are alike: there is nothing to gather."""

_NEIGHBOURS = 2.0
"""Sigma, in places of the field, of the Gaussian whose mean says how much colour a place has: a patch whose colours
disagree has little."""


def vivid_mean(
    distribution: AbDistribution, temperature: float, vividness: float, shown: AbDistribution | None = None
) -> Float:
    """The annealed mean, made vivid where the distribution carries log-weights of rare colours.

    Vividness adds so much of the log-weights to the logits; multiplies chroma by a power of the chroma that the
    neighbourhood agrees on; and then scales the whole picture towards the mean chroma that is likely for it.

    Args:
        distribution: what a backend gave.
        temperature: of the annealed mean.
        vividness: 0..1; at 0 this is the annealed mean.
        shown: the distribution as a person has changed it (an alternative, hints), whose colours are wanted. It
            gets the gain of the one it was made from, so that a change in one place leaves the others as they were.

    Returns:
        (h', w', 2) float32 a*b*.
    """
    shown = shown or distribution
    ab = annealed_mean(shown, temperature, vividness)
    if distribution.rebalance is None or vividness == 0:
        return ab
    unchanged = ab if shown is distribution else annealed_mean(distribution, temperature, vividness)
    scale = _scale(distribution, unchanged, vividness)
    return np.asarray(ab * (scale * _gathering(ab, vividness))[..., None], np.float32)


def _gathering(ab: Float, vividness: float) -> Float:
    """How much more colour each place gets than one without, (h', w')."""
    import cv2

    agreed = cv2.GaussianBlur(ab, (0, 0), _NEIGHBOURS, borderType=cv2.BORDER_REPLICATE)
    square = np.square(agreed).sum(axis=-1) + np.float32(_FLOOR**2)
    return np.asarray(square ** np.float32(_POWER / 2 * vividness), np.float32)


def _scale(distribution: AbDistribution, ab: Float, vividness: float) -> np.float32:
    """What brings the picture's mean chroma from its gathered one towards the likely one."""
    chroma = np.linalg.norm(ab, axis=-1)
    share = min(1.0, vividness / _WHOLLY)
    target = float(chroma.mean()) ** (1 - share) * likely_chroma(distribution) ** share
    gathered = float((chroma * _gathering(ab, vividness)).mean())
    return np.float32(target / max(gathered, 1e-6))


def likely_chroma(distribution: AbDistribution) -> float:
    """Mean chroma over a picture that is rarely twice the true one.

    It is what the distribution expects, times the root of how colourful its plain mean is: where many colours are about
    as likely they cancel out in the mean, and much chroma is a risk.
    """
    belief = probabilities(distribution)
    expected = np.tensordot(np.linalg.norm(distribution.bins, axis=1), belief, axes=1).mean()
    agreed = np.linalg.norm(np.tensordot(distribution.bins.T, belief, axes=1), axis=0).mean()
    return float(expected * min(1.0, agreed / _COLOURFUL) ** 0.5)
