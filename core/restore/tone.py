"""Toned and yellowed prints: the mix of the channels that shows most of the picture and least of the damage.

Yellowing eats blue first, and a cyanotype has nothing in it but red's darkness: luma is seldom the best grey.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from core.colour.cielab import Float, lightness_to_grey, rgb_lightness
from core.photo.in_colour import tone_of
from core.photo.open import Photo

_FINE, _BROAD = 1.0, 8.0
"""Blurs, in pixels of the copy that is looked at: what is finer than the first is noise, what is broader than the
second may be a stain, and what lies between is the picture."""

_STAIN = 0.3
"""How much of what is broad counts as damage. Chosen so that a stain weighs as much as coarse grain."""

_HUES = ((30, "red"), (60, "brown"), (115, "yellow"), (170, "green"), (290, "blue"), (340, "purple"), (361, "red"))
"""Up to which hue, in degrees of CIELAB, a cast is called what."""


@dataclass(frozen=True)
class Cast:
    """A cast that was found: ``words`` names it, and ``grey`` makes (h, w) grey 0..1 of (h, w, 3) sRGB 0..1."""

    words: str
    grey: Callable[[Float], Float]


def plain_grey(rgb: Float) -> Float:
    """(h, w) grey 0..1 with the lightness of sRGB 0..1, grey (h, w) or (h, w, 3)."""
    return rgb if rgb.ndim == 2 else lightness_to_grey(rgb_lightness(rgb))


def find_cast(photo: Photo, small: Float) -> Cast | None:
    """The cast of a monochrome print and the best grey; None for photographs that are grey or in colour.

    Args:
        photo: the photograph.
        small: a copy, sRGB 0..1.
    """
    tone = tone_of(photo)
    if tone.kind != "toned" or tone.hue is None or small.ndim == 2:
        return None
    hue = tone.hue
    name = next(name for end, name in _HUES if hue < end)
    weights, offset = _mix(small)

    def grey(rgb: Float) -> Float:
        return np.asarray((rgb @ weights + offset).clip(0, 1), np.float32)

    return Cast(f"has a {name} cast", grey)


def _mix(rgb: Float) -> tuple[Float, np.float32]:
    """Weights of the channels, (3,), and what is added: the least damage for the same contrast, at luma's own levels.

    The channels are one picture times a vector, and damage. The vector is had from detail, where stains are not; the
    weights are those of least variance of the damage (Capon 1969) that let the picture through.
    """
    fine, broad = _blurred(rgb, _FINE), _blurred(rgb, _BROAD)
    picture = _main_axis(_covariance(fine - broad))
    noise = _covariance(rgb - fine) + _STAIN * _covariance(broad)
    weights = np.linalg.solve(noise + np.eye(3) * (1e-6 + 1e-2 * np.trace(noise)), picture).clip(0)
    luma = plain_grey(rgb)
    mixed = rgb @ weights
    gain = luma.std() / max(float(mixed.std()), 1e-6)
    return np.asarray(weights * gain, np.float32), np.float32(luma.mean() - gain * mixed.mean())


def _main_axis(covariance: Float) -> Float:
    axis = np.linalg.eigh(covariance)[1][:, -1]
    return np.asarray(axis * np.sign(axis.sum() or 1))


def _covariance(rgb: Float) -> Float:
    return np.asarray(np.cov(rgb.reshape(-1, 3).T), np.float64)


def _blurred(rgb: Float, sigma: float) -> Float:
    import cv2

    return np.asarray(cv2.GaussianBlur(rgb, (0, 0), sigma, borderType=cv2.BORDER_REFLECT), np.float32)
