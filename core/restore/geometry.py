"""Cropping and straightening: offered, and done only where a person asks."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np

from core.colour.cielab import Float
from core.photo.open import Photo
from core.photo.resize import resize_area
from core.restore.frame import Frame, find_frame

_SIDE = 256
"""Longest side of the copy that is turned."""

_MOST, _STEP, _FINER = 8.0, 0.5, 0.1
"""Degrees that a print may lean, and the steps in which that is looked for."""

_LEAST = 0.4
"""Degrees that nobody minds."""

_LONGEST = 32_000
"""Pixels that OpenCV turns at most."""


def find_lean(grey: Float) -> float:
    """By how many degrees a print with what is around it is to be turned clockwise; 0 for not at all.

    Args:
        grey: (h, w) sRGB 0..1; it is turned until its border is straight on all four sides.
    """
    scale = min(1.0, _SIDE / max(grey.shape))
    small = resize_area(grey, (max(8, round(grey.shape[0] * scale)), max(8, round(grey.shape[1] * scale))))
    coarse = np.arange(-_MOST, _MOST + _STEP / 2, _STEP)
    best = max(coarse, key=lambda angle: _straight(small, float(angle)))
    if _straight(small, float(best)) == 0:
        return 0.0
    fine = best + np.arange(-_STEP, _STEP + _FINER / 2, _FINER)
    angle = float(max(fine, key=lambda angle: _straight(small, float(angle))))
    return round(angle, 1) if abs(angle) >= _LEAST else 0.0


def _straight(small: Float, angle: float) -> float:
    """How sharply all four sides of a turned print end; 0 where one of them is not found."""
    turned = _turned(small, angle)
    frame = find_frame(turned)
    if frame is None or not frame.sure:
        return 0.0
    rows, columns = frame.inside(*turned.shape)
    print_ = turned[rows, columns]
    steps = []
    for view in (turned, turned[::-1], turned.T, turned.T[::-1]):
        own = print_ if view.shape == turned.shape else print_.T
        depth = max(1, (len(view) - len(own)) // 2)
        across = np.abs(np.diff(view[: 2 * depth + 6], axis=0))
        steps.append(float(across.mean(axis=1).max()))
    return min(steps)


def straightened(photo: Photo, angle: float) -> Photo:
    """A photograph turned clockwise by so many degrees, of the same size; the rim is repeated at the corners."""
    if max(photo.height, photo.width) > _LONGEST:
        return photo
    alpha = None if photo.alpha is None else _turned(photo.alpha, angle)
    return replace(photo, pixels=_turned(photo.pixels, angle), alpha=alpha)


def cropped(photo: Photo, frame: Frame) -> Photo:
    """What is within a frame."""
    rows, columns = frame.inside(photo.height, photo.width)
    alpha = None if photo.alpha is None else np.ascontiguousarray(photo.alpha[rows, columns])
    return replace(photo, pixels=np.ascontiguousarray(photo.pixels[rows, columns]), alpha=alpha)


def _turned(pixels: Any, angle: float) -> Any:
    import cv2

    height, width = pixels.shape[:2]
    way = cv2.getRotationMatrix2D(((width - 1) / 2, (height - 1) / 2), -angle, 1)
    return cv2.warpAffine(pixels, way, (width, height), flags=cv2.INTER_CUBIC, borderMode=cv2.BORDER_REPLICATE)
