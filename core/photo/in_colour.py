"""Whether a photograph is in colour, grey, or grey with a cast: sepia, yellowed, cyanotype, selenium."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Literal

import numpy as np

from core.colour.cielab import Float, rgb_to_lab
from core.photo.open import Photo
from core.photo.resize import resize_area, small_rgb

_SIDE, _SMALLER_SIDE = 96, 16
"""Longest side of the copy that is converted to CIELAB, and of the one that is looked at: grain and JPEG's noise, which
have colours of their own, are averaged away."""

_MARGIN = 0.15
"""Share of each side that is left out of the picture's middle: mounts have another tone than the print."""

_TERMS = 4
_WEIGHT, _LEAST = 0.7, 0.07
"""Of the two measures' logarithms, and the sum that makes a photograph one in colour. Chosen on 1,850 colour
photographs and toned copies of them: 0.5 % of the former are below, 98 % of the latter."""

_MOST = 7.0
"""Of what a cast leaves in the middle, in a*b*: a red coat on green lies on one line too, and far along it."""

_NONE = 1.5
"""Root mean square chroma that nobody sees."""


@dataclass(frozen=True)
class Tone:
    """What colour a photograph has.

    Attributes:
        kind: "grey"; "toned" where each shade of grey has its colour, as in sepia; "colour".
        hue: of a cast, in degrees of CIELAB's a*b* plane, 0..360; None but for "toned".
        chroma: root mean square, in a*b*.
    """

    kind: Literal["grey", "toned", "colour"]
    hue: float | None = None
    chroma: float = 0.0


def tone_of(photo: Photo) -> Tone:
    """What colour a photograph has.

    A cast is no colour. Toning and ageing give every shade of grey a colour of its own, so that a* and b* are a smooth
    curve over L*, which may vary over the print, but then along one hue. Measured is what such a curve leaves: how far
    that is from one line in a*b*, and how much of it there is in the middle of the picture.
    """
    if photo.pixels.ndim == 2:
        return Tone("grey")
    lab = rgb_to_lab(small_rgb(photo, _shape(photo.height, photo.width, _SIDE)))
    mean = lab[..., 1:].mean(axis=(0, 1))
    chroma = float(np.sqrt(np.square(lab[..., 1:]).sum(axis=-1).mean()))
    if chroma < _NONE:
        return Tone("grey", chroma=chroma)
    across, _ = _left_over(lab)
    height, width = (int(side * _MARGIN) for side in lab.shape[:2])
    _, amount = _left_over(lab[height : lab.shape[0] - height, width : lab.shape[1] - width])
    measure = _WEIGHT * math.log(across + 0.05) + (1 - _WEIGHT) * math.log(amount + 0.05)
    if measure > _LEAST or amount > _MOST:
        return Tone("colour", chroma=chroma)
    return Tone("toned", math.degrees(math.atan2(mean[1], mean[0])) % 360, chroma)


def is_in_colour(photo: Photo) -> bool:
    """Whether a photograph shows several colours: sepia, blue toning and faint stains are not counted as such."""
    return tone_of(photo).kind == "colour"


def _shape(height: int, width: int, side: int) -> tuple[int, int]:
    scale = min(1.0, side / max(height, width))
    return max(1, round(height * scale)), max(1, round(width * scale))


def _left_over(lab: Float) -> tuple[float, float]:
    """What a smooth curve of a*b* over L* leaves of (h, w, 3) CIELAB: root mean square across its axis, and all."""
    small = resize_area(lab, _shape(lab.shape[0], lab.shape[1], _SMALLER_SIDE)).reshape(-1, 3)
    powers = np.vander(small[:, 0] / 100, _TERMS)
    curve = np.linalg.lstsq(powers, small[:, 1:], rcond=None)[0]
    rest = small[:, 1:] - powers @ curve
    along = np.linalg.eigvalsh(rest.T @ rest / len(rest))
    return math.sqrt(max(float(along[0]), 0.0)), math.sqrt(max(float(along.sum()), 0.0))
