"""The fast half: a prediction and a look made into a picture, stripe by stripe."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

import numpy as np

from core.colour.cielab import Pixels
from core.colour.gamut import lab_to_gamut
from core.look.colouring import Colouring
from core.look.look import Look
from core.photo.open import Photo
from core.photo.resize import small_lightness
from core.render.upsample import Upsampler

_STRIPE_PIXELS = 3 << 15
"""Pixels worked on at once by a thread: many against the cost of a call, few enough for the processor's cache and for
BLAS not to start threads of its own."""

_BAND_PIXELS = 1 << 19
"""Pixels of the field, brought to full width, that a thread is handed at a time: bounds the memory for them."""

_BANDS = 16
"""Parts into which a picture is divided at least, so that threads end together."""


@dataclass(frozen=True)
class Picture:
    """A rendered picture.

    Attributes:
        rgb: (h, w, 3) sRGB of the photograph's dtype.
        clipped_fraction: share of the pixels, 0..1, whose colour sRGB cannot show and which lost chroma.
    """

    rgb: Pixels
    clipped_fraction: float


def render(photo: Photo, colouring: Colouring, look: Look) -> Picture:
    """Colour a photograph. Its lightness stays; colours outside sRGB lose chroma, not lightness or hue.

    As many threads paint as OpenCV may have. The pixels are the same with any number of them.
    """
    import cv2

    fields = [colouring.chroma(look)]
    if look.strength == 0:  # grey, whatever tints and hints there are
        fields = [np.zeros_like(fields[0])]
    elif look.hints:
        fields.append(colouring.overlay(look.hints))
    upsamplers = [
        Upsampler(field, (photo.height, photo.width), small_lightness(photo, field.shape[:2]) if look.refine else None)
        for field in fields
    ]
    rgb = np.empty((photo.height, photo.width, 3), photo.pixels.dtype)

    def paint_band(top: int) -> int:
        bottom = min(top + band_rows, photo.height)
        bands = [upsampler.band(top, bottom) for upsampler in upsamplers]
        lost = 0
        for first in range(top, bottom, stripe_rows):
            rows = slice(first, min(first + stripe_rows, bottom))
            lightness = photo.lightness(rows)
            part = slice(rows.start - top, rows.stop - top)
            ab, *overlays = (band.rows(part, lightness) for band in bands)
            for overlay in overlays:
                ab = ab * (1 - overlay[2]) + overlay[:2]
            lost += lab_to_gamut(lightness, ab[0], ab[1], rgb[rows])
        return lost

    stripe_rows = max(1, _STRIPE_PIXELS // photo.width)
    field_rows = _BAND_PIXELS // photo.width
    band_rows = max(stripe_rows, min(field_rows * photo.height // max(map(len, fields)), photo.height // _BANDS))
    bands, threads = range(0, photo.height, band_rows), min(4, cv2.getNumThreads())
    if threads == 1:
        clipped = sum(map(paint_band, bands))
    else:
        with ThreadPoolExecutor(threads) as pool:
            clipped = sum(pool.map(paint_band, bands))
    return Picture(rgb, clipped / (photo.height * photo.width))
