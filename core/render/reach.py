"""What a hint would touch, to be seen before it does."""

from __future__ import annotations

import numpy as np

from core.colour.cielab import Float, Pixels
from core.photo.open import Photo
from core.photo.resize import small_lightness
from core.render.upsample import Upsampler


def reach_mask(photo: Photo, reach: Float) -> Pixels:
    """(h, w) uint8: 255 where the photograph would be the hint's, by the same edges as its colour would have.

    Args:
        photo: what was coloured, or a smaller copy.
        reach: (h', w') 0..1, from ``Colouring.reach``.
    """
    size = photo.height, photo.width
    planes = np.dstack([reach, reach])  # OpenCV would drop the axis of a single one
    upsampler = Upsampler(planes, size, small_lightness(photo, reach.shape))
    rows = slice(0, photo.height)
    share = upsampler.band(0, photo.height).rows(rows, photo.lightness(rows))[0]
    return np.asarray(np.rint(np.clip(share, 0, 1) * 255), np.uint8)
