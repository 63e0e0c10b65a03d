"""The plain recipe that everyone uses, as a function of its chroma field: what ours is measured against."""

from __future__ import annotations

import cv2
import numpy as np


def paint(rgb: np.ndarray, ab: np.ndarray) -> np.ndarray:
    """Colour (h, w, 3) uint8 with an (h', w', 2) field: float Lab of the whole, bilinear, concatenate, back, clip."""
    scaled = (rgb * (1.0 / 255)).astype(np.float32)
    lightness = cv2.cvtColor(scaled, cv2.COLOR_RGB2Lab)[..., :1]
    cv2.cvtColor(cv2.resize(scaled, (224, 224)), cv2.COLOR_RGB2Lab)  # what the network would be given
    wide = cv2.resize(ab, (rgb.shape[1], rgb.shape[0]))
    lab = np.concatenate([lightness, wide], axis=2)
    return (np.clip(cv2.cvtColor(lab, cv2.COLOR_Lab2RGB), 0, 1) * 255).astype(np.uint8)
