"""Whether a photograph is in colour, grey, or grey with a cast: sepia, yellowed, cyanotype, selenium."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from core.colour.cielab import Float, rgb_to_lab
from core.photo.open import Photo
from core.photo.resize import resize_area, small_rgb

_SIDE, _SMALLER_SIDE = 96, 16
"""Longest side of the copy that is converted to CIELAB, and of the one that is looked at: grain and JPEG's noise, which
have colours of their own, are averaged away."""

_MARGIN = 0.15
"""Share of each side that is left out of the picture's middle: mounts have another tone than the print."""

_TERMS = 4

_BROAD, _FINE = 4.0, 1.0
"""Blurs, in pixels of the larger copy, between which detail lies: finer is noise, and stains are broader."""

_WEIGHTS, _LEAST = (1.0, 0.1, 0.4, -0.2, -0.2), -0.98
"""Of the measures' logarithms, and the sum that makes a photograph one in colour. Chosen on one half of 6,300 colour
photographs and of 18,900 toned and stained copies of some, by logistic regression. Of the other half, 0.5 % of the
former are below, and at least 97 % of sepia, split-toned, cyanotype, selenium, foxed, mounted, evenly and unevenly
yellowed ones; 87 to 93 % where wide patches are as brown as wood and others white."""

_MOST = 11.0
"""Of what a cast leaves in the middle, in a*b*: a red coat on green lies on one line too, and far along it."""

_FLOOR = 0.1
"""In a*b*: less than this is as good as nothing."""

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
    curve over L*. The curve may vary over the print, but then along one hue, and slowly: from one thing to the next,
    colour changes as lightness does.
    """
    if photo.pixels.ndim == 2:
        return Tone("grey")
    lab = rgb_to_lab(small_rgb(photo, _shape(photo.height, photo.width, _SIDE)))
    chroma = _chroma(lab)
    if chroma < _NONE:
        return Tone("grey", chroma=chroma)
    measures = _measures(lab)
    if measures[1] > _MOST or float(np.log(np.array(measures) + _FLOOR) @ _WEIGHTS) > _LEAST:
        return Tone("colour", chroma=chroma)
    mean = lab[..., 1:].mean(axis=(0, 1))
    return Tone("toned", math.degrees(math.atan2(mean[1], mean[0])) % 360, chroma)


def is_in_colour(photo: Photo) -> bool:
    """Whether a photograph shows several colours: sepia, blue toning and faint stains are not counted as such."""
    return tone_of(photo).kind == "colour"


def _shape(height: int, width: int, side: int) -> tuple[int, int]:
    scale = min(1.0, side / max(height, width))
    return max(1, round(height * scale)), max(1, round(width * scale))


def _measures(lab: Float) -> tuple[float, ...]:
    """What tells colour from a cast in (h, w, 3) CIELAB, each a root mean square.

    What the curve over L* leaves across its main line; all that it leaves; detail of a*b* that does not follow that of
    L*; chroma; and the detail of L*. All but the first are those of the picture's middle.
    """
    height, width = (int(side * _MARGIN) for side in lab.shape[:2])
    middle = np.s_[height : lab.shape[0] - height, width : lab.shape[1] - width]
    detail = _blurred(lab - _blurred(lab, _BROAD), _FINE)[middle].reshape(-1, 3)
    powers = np.vander(lab[middle][..., 0].ravel() / np.float32(100), _TERMS - 1)
    across, _ = _left_over(*_as_curve(lab))
    _, amount = _left_over(*_as_curve(lab[middle]))
    _, loose = _left_over(detail[:, :1] * powers, detail[:, 1:])
    return across, amount, loose, _chroma(lab[middle]), float(detail[:, 0].std())


def _as_curve(lab: Float) -> tuple[NDArray[Any], Float]:
    """Powers of L*, (n, ``_TERMS``), and a*b*, (n, 2), of a very small copy."""
    small = resize_area(lab, _shape(lab.shape[0], lab.shape[1], _SMALLER_SIDE)).reshape(-1, 3)
    return np.vander(small[:, 0] / np.float32(100), _TERMS), small[:, 1:]


def _left_over(terms: NDArray[Any], ab: Float) -> tuple[float, float]:
    """What a regression of a*b*, (n, 2), on (n, terms) leaves: across the main axis of that, and along it."""
    rest = ab - terms @ np.linalg.lstsq(terms, ab, rcond=None)[0]
    across, along = np.sqrt(np.maximum(np.linalg.eigvalsh(rest.T @ rest / len(rest)), 0))
    return float(across), float(along)


def _chroma(lab: Float) -> float:
    return float(np.sqrt(np.square(lab[..., 1:]).sum(axis=-1).mean()))


def _blurred(lab: Float, sigma: float) -> Float:
    import cv2

    return np.asarray(cv2.GaussianBlur(lab, (0, 0), sigma, borderType=cv2.BORDER_REFLECT), np.float32)
