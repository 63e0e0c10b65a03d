"""Whether a photograph is in colour already."""

from __future__ import annotations

import numpy as np

from core.colour.cielab import Float, rgb_to_lab
from core.photo.open import Photo
from core.photo.resize import small_rgb

_SIDE = 64
_TERMS = 5
_LEAST = 3.3
"""Root mean square chroma, in a*b*, beyond what one tone explains, that makes a photograph one in colour."""


def is_in_colour(photo: Photo) -> bool:
    """Whether a photograph shows several colours: sepia, blue toning and faint stains are not counted as such.

    Toning gives every shade of grey one colour of its own; what is left of a*b* besides is what only a photograph in
    colour has.
    """
    if photo.pixels.ndim == 2:
        return False
    lab = rgb_to_lab(small_rgb(photo, (min(_SIDE, photo.height), min(_SIDE, photo.width)))).reshape(-1, 3)
    return _unexplained_chroma(lab) > _LEAST


def _unexplained_chroma(lab: Float) -> float:
    """Root mean square distance of (n, 3) CIELAB colours from a smooth curve of a*b* over L*."""
    powers = np.vander(lab[:, 0] / 100, _TERMS)
    curve = np.linalg.lstsq(powers, lab[:, 1:], rcond=None)[0]
    return float(np.sqrt(np.square(lab[:, 1:] - powers @ curve).sum(axis=1).mean()))
