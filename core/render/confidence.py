"""Where the model is sure of its colours and where it guesses."""

from __future__ import annotations

import numpy as np

from core.colour.cielab import Float, lightness_to_grey
from core.look.colouring import FieldColouring
from core.look.look import Look
from core.photo.open import Photo
from core.prediction import AbField
from core.render.render import Picture, render

SCALE = (0.2, 0.7)
"""Confidence at which the picture shows its first and its last colour; few places lie outside."""

GUESS, SURE = (34.0, 46.0), (-12.0, -34.0)
"""a*b* of either end: orange and blue, which people with any common colour blindness tell apart."""


def confidence_picture(photo: Photo, sure: Float) -> Picture:
    """The photograph tinted by confidence, from orange (a guess) through grey to blue (sure).

    Its lightness is drawn together to the middle, where sRGB has room for both colours.

    Args:
        photo: what was coloured, or a smaller copy.
        sure: (h', w') 0..1, from ``Colouring.confidence``.
    """
    dim = np.rint(lightness_to_grey(38 + photo.lightness() * np.float32(0.42)) * 255).astype(np.uint8)
    return render(Photo(dim), FieldColouring(AbField(_colours(sure)), sure), Look(refine=False))


def _colours(sure: Float) -> Float:
    """a*b* (h', w', 2) that stand for confidences."""
    low, high = SCALE
    share = np.clip((sure - low) / (high - low), 0, 1)[..., None] * 2 - 1
    ends = np.array(GUESS, np.float32) * np.maximum(-share, 0) + np.array(SURE, np.float32) * np.maximum(share, 0)
    return np.asarray(ends, np.float32)
