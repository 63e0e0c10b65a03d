"""Pictures and fields that stand for scans: smooth shapes with the whole tonal range, and grain."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np

SIZES = {0.5: (600, 800), 2: (1200, 1600), 24: (4000, 6000), 96: (8000, 12000)}
"""Megapixels -> height and width."""


def scan(megapixels: float) -> np.ndarray:
    """A grey uint8 scan."""
    rng = np.random.default_rng(0)
    height, width = SIZES[megapixels]
    shapes = cv2.GaussianBlur(rng.normal(0, 1, (60, 90)).astype(np.float32), (0, 0), 3)
    picture = cv2.resize(cv2.normalize(shapes, None, 5, 250, cv2.NORM_MINMAX), (width, height))
    for top in range(0, height, 500):  # grain in bands: a whole plane of float64 noise would be a benchmark of its own
        band = picture[top : top + 500]
        band += rng.normal(0, 2, band.shape).astype(np.float32)
    return np.clip(picture, 0, 255).astype(np.uint8)


def field() -> np.ndarray:
    """A chroma field as networks give: (56, 56, 2), mean chroma about 12."""
    return cv2.GaussianBlur(np.random.default_rng(1).normal(0, 60, (56, 56, 2)).astype(np.float32), (0, 0), 2)


def write_scan(folder: Path, megapixels: float) -> Path:
    """The scan as a JPEG file."""
    path = folder / f"scan-{megapixels}.jpg"
    if not path.exists():
        cv2.imwrite(str(path), scan(megapixels), [cv2.IMWRITE_JPEG_QUALITY, 92])
    return path
