"""What a distribution over colours says: one colour for every place, and how sure it is."""

from __future__ import annotations

import numpy as np

from core.colour.cielab import Float
from core.prediction import AbDistribution

_COLD = 1e-3
"""Temperature from which down the likeliest bin is all that is left; near nought, its inverse is no number any more."""


def annealed_mean(distribution: AbDistribution, temperature: float, vividness: float = 0.0) -> Float:
    """The mean of the distribution after its temperature is lowered (Zhang et al. 2016, section 2.3, equation 5).

    Args:
        distribution: logits and bins.
        temperature: 1 is the plain mean, towards 0 it becomes the likeliest bin; the paper uses 0.38.
        vividness: multiple of ``distribution.rebalance`` that is added to the logits first.

    Returns:
        (h', w', 2) float32 a*b*.
    """
    logits = rebalanced_logits(distribution, vividness)
    count, height, width = logits.shape
    if temperature <= _COLD:
        likeliest: Float = distribution.bins[logits.argmax(axis=0)]
        return likeliest
    weights = np.exp((logits - logits.max(axis=0)) * np.float32(1 / temperature)).reshape(count, -1)
    ab: Float = (distribution.bins.T @ weights) / weights.sum(axis=0)
    return np.ascontiguousarray(ab.T).reshape(height, width, 2)


def rebalanced_logits(distribution: AbDistribution, vividness: float) -> Float:
    """Logits with ``vividness`` times the log-weights of rare colours added."""
    if distribution.rebalance is None or vividness == 0:
        return distribution.logits
    return distribution.logits + np.float32(vividness) * distribution.rebalance[:, None, None]


def probabilities(distribution: AbDistribution) -> Float:
    """What the model believes, (q, h', w') float32: the softmax of its logits, not rebalanced."""
    weights = np.exp(distribution.logits - distribution.logits.max(axis=0))
    return np.asarray(weights / weights.sum(axis=0), np.float32)


def uncertainty(belief: Float) -> Float:
    """Entropy of (q, h', w') probabilities as a share 0..1 of the largest there can be; (h', w') float32."""
    entropy = -(belief * np.log(np.maximum(belief, 1e-12))).sum(axis=0)
    return np.asarray(np.clip(entropy / np.log(max(len(belief), 2)), 0, 1), np.float32)
