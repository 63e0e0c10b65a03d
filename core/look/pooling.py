"""Places that belong together take colour together: a distribution's logits averaged over what is near and alike.

A network guesses each place almost alone, so one wall may be half red and half blue where both are about as likely. The
weighted mean of log-probabilities is the normalised product of the places' beliefs (a logarithmic opinion pool; Genest
and Zidek, "Combining Probability Distributions", Statistical Science 1986): what only some of them hold possible drops
out, and the whole wall gets one colour. Weights are Gaussian in position, lightness and, where the network gives them,
features, so that a face parts from a shirt of its lightness (the bilateral filter's, Tomasi and Manduchi, ICCV 1998).
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from core.colour.affinity import affinity
from core.colour.cielab import Float
from core.prediction import AbDistribution

_BLOCKS = 20
"""Places are pooled from the means of blocks: the field's side has about so many. A third of the work of all places."""

_AT_ONCE = 512
"""Places that are pooled at once: their weights stay in a processor's cache, whatever the field's size."""

_REACH, _TONE = 1 / 10, 10.0
"""Sigma of position, as a share of the field's side (root of its area), and of L*."""

_REACH_WITH_FEATURES, _TONE_WITH_FEATURES = 1 / 8, 12.0
"""The same where features tell things apart, as in the training of ``models/pocket``; features have a sigma of 1."""


def pooled(distribution: AbDistribution, lightness: Float) -> AbDistribution:
    """The distribution with each place's logits averaged over the places that are near it and alike.

    Args:
        distribution: what a backend gave.
        lightness: (h', w') float32 L* of the photograph, at the distribution's size.

    Returns:
        The same but for its logits, which are comparable within a place only (a constant may be off).
    """
    count, height, width = distribution.logits.shape
    places = _coordinates(distribution, lightness)
    step = max(1, round((height * width) ** 0.5 / _BLOCKS))
    logits = distribution.logits.reshape(count, -1).copy()
    blocks = _block_means(places, step).reshape(len(places), -1)
    beliefs = _block_means(distribution.logits, step).reshape(count, -1)
    places = places.reshape(len(places), -1)
    for start in range(0, height * width, _AT_ONCE):
        part = slice(start, start + _AT_ONCE)
        weights, mean = affinity(places[:, part], blocks), logits[:, part]
        mean += beliefs @ weights  # to its own belief, which counts as a block at the same spot and alike
        mean /= weights.sum(axis=0) + np.float32(1)
    return replace(distribution, logits=logits.reshape(count, height, width))


def _coordinates(distribution: AbDistribution, lightness: Float) -> Float:
    """(2 + 1 + c, h', w') float32: position, lightness and features, each in units of its sigma."""
    height, width = lightness.shape
    known = distribution.features is not None
    reach = (_REACH_WITH_FEATURES if known else _REACH) * (height * width) ** 0.5
    tone = _TONE_WITH_FEATURES if known else _TONE
    planes = [*np.indices((height, width), np.float32) / np.float32(reach), lightness / np.float32(tone)]
    if distribution.features is not None:
        planes.extend(distribution.features)
    return np.asarray(planes, np.float32)


def _block_means(planes: Float, step: int) -> Float:
    """Means of (c, h, w) planes over blocks of step x step; those at the right and lower edge may be smaller."""
    rows, columns = (_averaging(length, step) for length in planes.shape[1:])
    return np.asarray(rows.T @ (planes @ columns), np.float32)


def _averaging(length: int, step: int) -> Float:
    """The (length, blocks) float32 matrix that takes the means of ``step`` neighbours each."""
    blocks = np.arange(length) // step
    members = np.equal.outer(blocks, np.unique(blocks)).astype(np.float32)
    return np.asarray(members / members.sum(axis=0), np.float32)
