"""Vividness: one gain for the whole picture, from the chroma of the mean to the chroma that the model expects.

Where colours are uncertain they cancel out in the mean, so it is paler than photographs are. The distribution also says
how much chroma there is likely to be, whatever its hue: its expected chroma. A picture at full vividness has that.
"""

from __future__ import annotations

import numpy as np

from core.colour.cielab import Float
from core.look.distribution import probabilities
from core.prediction import AbDistribution

_LIMITS = (0.8, 2.5)
"""The gain lies between these: a picture of which next to nothing is known stays pale."""


def expected_chroma(distribution: AbDistribution) -> float:
    """Mean over the picture of the chroma that the distribution expects of a place, in a*b* units."""
    chroma = np.linalg.norm(distribution.bins, axis=1)
    return float(np.tensordot(chroma, probabilities(distribution), axes=1).mean())


def vivid_gain(ab: Float, expected: float, vividness: float) -> np.float32:
    """What to multiply a picture's chroma by.

    Args:
        ab: (h', w', 2) a*b* as predicted.
        expected: mean chroma that is expected of the picture.
        vividness: 0..1; 0 leaves the picture as it is, 1 brings its mean chroma to the expected one, and values
            between them to the geometric mean of both with that weight.
    """
    shown = float(np.linalg.norm(ab, axis=-1).mean())
    gain = (max(expected, 1e-3) / max(shown, 1e-3)) ** vividness
    return np.float32(np.clip(gain, *_LIMITS))
