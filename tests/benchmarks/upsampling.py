"""PSNR of a*b* brought back from a small field, on photographs whose true a*b* is known."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
from PIL import Image

from core.colour.cielab import rgb_lightness, rgb_to_lab
from core.render.upsample import Upsampler

REDUCTION = 5.7
"""From 320 pixels to 56: the short side of the photographs of the Berkeley set, and of zhang-v2's field."""


def rows(photos: Path, most: int = 300) -> list[tuple[str, ...]]:
    """Mean PSNR in dB over the photographs below a folder (peak 255, over a* and b* together)."""
    paths = sorted(photos.rglob("*.jpg"))
    found = [_scores(path) for path in paths[:: max(1, len(paths) // most)]]
    means = np.mean(found, axis=0)
    names = ("bilinear (refine off)", "bicubic", "ours (refine on)")
    return [(name, f"{mean:.2f}", f"{mean - means[0]:+.2f}") for name, mean in zip(names, means, strict=True)]


def _scores(path: Path) -> list[float]:
    rgb = np.asarray(Image.open(path).convert("RGB")).astype(np.float32) / 255
    lab = rgb_to_lab(rgb)
    height, width = lab.shape[:2]
    size = (max(8, round(width / REDUCTION)), max(8, round(height / REDUCTION)))
    small = cv2.resize(np.ascontiguousarray(lab[..., 1:]), size, interpolation=cv2.INTER_AREA)
    small_lightness = rgb_lightness(cv2.resize(rgb, size, interpolation=cv2.INTER_AREA))
    bicubic = cv2.resize(small, (width, height), interpolation=cv2.INTER_CUBIC)
    wide = [_wide(small, lab[..., 0], None), bicubic, _wide(small, lab[..., 0], small_lightness)]
    return [float(10 * np.log10(255**2 / np.mean((ab - lab[..., 1:]) ** 2))) for ab in wide]


def _wide(small: np.ndarray, lightness: np.ndarray, small_lightness: np.ndarray | None) -> np.ndarray:
    band = Upsampler(small, lightness.shape, small_lightness).band(0, len(lightness))
    return np.dstack(band.rows(slice(0, len(lightness)), lightness))
