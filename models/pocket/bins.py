"""The a*b* bins: a grid of colours that photographs hold, how common each is, and soft encoding over them.

After Zhang, Isola and Efros, "Colorful Image Colorization" (2016), section 2.1 and 2.2.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float32]

SPACING = 10.0
"""Distance of neighbouring bin centres in a*b*; (0, 0) is one of them."""

NEIGHBOURS = 5
SIGMA = 5.0
"""Soft encoding: Gaussian weights over the nearest bins (section 2.1)."""

LAMBDA = 0.5
"""Share of the uniform distribution in the rebalancing prior (equation 4)."""


@dataclass(frozen=True)
class Bins:
    """The bins of one network.

    Attributes:
        centres: (q, 2) float32, a*b*.
        log_weight: (q,) float32, to be added to the logits times the vividness; its mean over the training
            photographs' colours is 0.
    """

    centres: Floats
    log_weight: Floats

    def save(self, path: Path) -> None:
        """Write as CSV with the columns a, b, log_weight."""
        rows = np.column_stack([self.centres, self.log_weight])
        np.savetxt(path, rows, fmt=["%g", "%g", "%.5f"], delimiter=",", header="a,b,log_weight", comments="")

    @classmethod
    def load(cls, path: Path) -> Bins:
        """Read what `save` wrote."""
        rows = np.loadtxt(path, np.float32, delimiter=",", skiprows=1)
        return cls(rows[:, :2], rows[:, 2])


def occupied(ab: Floats, share: float = 1e-5) -> Floats:
    """(q, 2) centres of the grid's cells that hold more than `share` of the (n, 2) colours."""
    cells, counts = np.unique(np.rint(ab / SPACING).astype(np.int32), axis=0, return_counts=True)
    return cells[counts > share * len(ab)].astype(np.float32) * np.float32(SPACING)


def encoding_table(centres: Floats) -> tuple[NDArray[np.int64], Floats]:
    """Soft encoding of every whole a*b* from -128 to 127.

    Returns:
        (256, 256, 5) numbers of the nearest bins and their weights, which add up to 1; the entry of a*b* is at
        [a + 128, b + 128].
    """
    axis = np.arange(-128, 128, dtype=np.float32)
    ab = np.stack(np.meshgrid(axis, axis, indexing="ij"), -1).reshape(-1, 1, 2)
    squared = ((ab - centres) ** 2).sum(-1)
    nearest = np.argpartition(squared, NEIGHBOURS, 1)[:, :NEIGHBOURS]
    distance = np.take_along_axis(squared, nearest, 1)
    weight = np.exp(-(distance - distance.min(1, keepdims=True)) / (2 * SIGMA**2))
    weight /= weight.sum(1, keepdims=True)
    shape = (256, 256, NEIGHBOURS)
    return nearest.reshape(shape), weight.reshape(shape).astype(np.float32)


def make_bins(ab: Floats) -> Bins:
    """Bins and log-weights from the (n, 2) colours of the training photographs (equation 4)."""
    centres = occupied(ab)
    nearest, weight = encoding_table(centres)
    a, b = (np.rint(ab).astype(np.int32) + 128).clip(0, 255).T
    counts = np.bincount(nearest[a, b].ravel(), weight[a, b].ravel(), len(centres))
    prior = counts / counts.sum()
    log_weight = -np.log((1 - LAMBDA) * prior + LAMBDA / len(centres))
    log_weight -= (prior * log_weight).sum()
    return Bins(centres, log_weight.astype(np.float32))
