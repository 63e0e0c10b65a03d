"""What hints would touch, to be seen before they do."""

from __future__ import annotations

import numpy as np

from core.colour.cielab import Float, lightness_to_grey
from core.look.colouring import FieldColouring
from core.look.look import Look
from core.photo.open import Photo
from core.prediction import AbField
from core.render.render import Picture, render

TOUCHED = (60.0, -50.0)
"""a*b* of a place that is all the hints': a magenta that photographs seldom have."""


def reach_picture(photo: Photo, reach: Float) -> Picture:
    """The photograph in grey, magenta where hints would colour it.

    Its lightness is drawn together to the middle, where sRGB has room for the colour.

    Args:
        photo: what was coloured, or a smaller copy.
        reach: (h', w') 0..1, from ``Colouring.overlay``, its last plane.
    """
    dim = np.rint(lightness_to_grey(30 + photo.lightness() * np.float32(0.5)) * 255).astype(np.uint8)
    colours = np.asarray(reach[..., None] * np.array(TOUCHED, np.float32), np.float32)
    return render(Photo(dim), FieldColouring(AbField(colours), reach), Look(refine=False))
