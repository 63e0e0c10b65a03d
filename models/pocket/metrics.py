"""How believable a set of colourings is. No torch here; ``models/pocket/features.py`` adds what a classifier says.

Photographs are (h, w, 3) uint8 sRGB, all of one size.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from core.colour.cielab import Float, Pixels, rgb_to_lab
from core.colour.metrics import colourfulness, psnr

PALE, OVER = 0.5, 1.8
"""Mean chroma, as a multiple of the truth's, under which a picture is pale and over which it has too much."""

SKIN_HUE, SKIN_CHROMA = (15.0, 85.0), 6.0
"""CIELAB hue in degrees and least chroma of what counts as skin within a face."""

RIGHT_CHROMA = (0.7, 1.3)
"""Mean chroma of a face's skin, as a multiple of the truth's, that looks right."""

LIGHT = 55.0
"""Median L* from which on a face counts as light."""


def to_lab(rgb: Pixels) -> Float:
    """(h, w, 3) uint8 sRGB to CIELAB."""
    return rgb_to_lab(rgb.astype(np.float32) / np.float32(255))


def picture_scores(coloured: Sequence[Pixels], truths: Sequence[Pixels]) -> dict[str, float]:
    """Means over pictures.

    Returns:
        "colour" (Hasler and Suesstrunk's colourfulness), "spikes" (99th percentile of chroma over its mean, median
        over the pictures: blotches make it large, photographs have 2 to 3), "psnr" in dB, "pale %" and "over %".
    """
    chroma = [_chroma(rgb) for rgb in coloured]
    ratios = np.array([c.mean() / max(_chroma(t).mean(), 1e-6) for c, t in zip(chroma, truths, strict=True)])
    spikes = [float(np.percentile(c, 99) / max(c.mean(), 1e-6)) for c in chroma]
    return {
        "colour": float(np.mean([colourfulness(rgb) for rgb in coloured])),
        "spikes": float(np.median(spikes)) if np.mean([c.mean() for c in chroma]) > 1 else float("nan"),
        "psnr": float(np.mean([min(psnr(c, t), 60.0) for c, t in zip(coloured, truths, strict=True)])),
        "pale %": float((ratios < PALE).mean() * 100),
        "over %": float((ratios > OVER).mean() * 100),
    }


def skin_scores(coloured: Sequence[Pixels], truths: Sequence[Pixels]) -> dict[str, float]:
    """How true skin is on the faces that OpenCV's cascade finds in the truths, light faces and dark ones apart.

    Returns:
        "hue light", "hue dark": median error in degrees; "skin light %", "skin dark %": share of faces whose mean
        chroma is right (``RIGHT_CHROMA``). NaN where there is no such face.
    """
    folder = Path(cv2.__file__).parent / "data"
    finder = cv2.CascadeClassifier(str(folder / "haarcascade_frontalface_default.xml"))
    found = [
        _face_scores(rgb, truth, skin)
        for rgb, truth in zip(coloured, truths, strict=True)
        for skin in _skin_of_faces(truth, finder)
    ]
    scores = {}
    for name, wanted in (("light", True), ("dark", False)):
        faces = [(hue, ratio) for light, hue, ratio in found if light == wanted]
        right = [RIGHT_CHROMA[0] < ratio < RIGHT_CHROMA[1] for _, ratio in faces]
        scores[f"hue {name}"] = float(np.median([hue for hue, _ in faces])) if faces else float("nan")
        scores[f"skin {name} %"] = float(np.mean(right) * 100) if faces else float("nan")
    return scores


def _chroma(rgb: Pixels) -> Float:
    return np.asarray(np.linalg.norm(to_lab(rgb)[..., 1:], axis=-1), np.float32)


def _hue(ab: Float) -> Float:
    return np.asarray(np.degrees(np.arctan2(ab[..., 1], ab[..., 0])), np.float32)


def _skin_of_faces(truth: Pixels, finder: cv2.CascadeClassifier) -> list[NDArray[np.bool_]]:
    """Masks of the skin in each face: what has its hue in an ellipse that leaves hair and collar out."""
    lab = to_lab(truth)
    hue, chroma = _hue(lab[..., 1:]), np.linalg.norm(lab[..., 1:], axis=-1)
    masks = []
    grey = cv2.cvtColor(truth, cv2.COLOR_RGB2GRAY)
    for x, y, width, height in finder.detectMultiScale(grey, 1.1, 6, minSize=(36, 36)):
        face = np.zeros(truth.shape[:2], np.uint8)
        centre, radii = (x + width // 2, y + height // 2), (int(width * 0.34), int(height * 0.42))
        cv2.ellipse(face, centre, radii, 0, 0, 360, 1.0, -1)
        skin = (face > 0) & (hue > SKIN_HUE[0]) & (hue < SKIN_HUE[1]) & (chroma > SKIN_CHROMA)
        if skin.sum() > face.sum() / 2:
            masks.append(skin)
    return masks


def _face_scores(rgb: Pixels, truth: Pixels, skin: NDArray[np.bool_]) -> tuple[bool, float, float]:
    """Whether the face is light, its median hue error in degrees, and its mean chroma over the true one."""
    ours, true = to_lab(rgb)[skin], to_lab(truth)[skin]
    turn = np.abs((_hue(ours[:, 1:]) - _hue(true[:, 1:]) + 180) % 360 - 180)
    ratio = np.linalg.norm(ours[:, 1:], axis=1).mean() / np.linalg.norm(true[:, 1:], axis=1).mean()
    return bool(np.median(true[:, 0]) >= LIGHT), float(np.median(turn)), float(ratio)
