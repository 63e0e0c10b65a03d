"""How alike places are, all with all."""

from __future__ import annotations

import numpy as np

from core.colour.cielab import Float


def affinity(places: Float, others: Float) -> Float:
    """exp(-d^2 / 2) of the distances d of (c, n) places from (c, m) others: (m, n) float32.

    Coordinates are in units of their sigmas: with position and lightness among them these are the bilateral filter's
    weights (Tomasi and Manduchi, ICCV 1998).
    """
    square = others.T @ places
    square -= np.square(others).sum(axis=0)[:, None] / 2
    square -= np.square(places).sum(axis=0) / 2
    return np.asarray(np.exp(np.minimum(square, 0, out=square), out=square), np.float32)
