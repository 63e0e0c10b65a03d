"""The photograph made small: what a backend sees, and what is only looked at."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np

from core.colour.cielab import Float, Pixels, rgb_lightness
from core.photo.open import Photo


def input_shape(height: int, width: int, size: tuple[int, int] | int | None, multiple: int) -> tuple[int, int]:
    """Height and width that a backend sees of a photograph (see ``core.registry.backend.BackendInfo.input_size``)."""
    if isinstance(size, tuple):
        return size
    scale = 1.0 if size is None else size / math.sqrt(height * width)

    def side(length: int) -> int:
        # The longer side of a strip is bounded too, or a 20,000 x 1 picture would be stretched to a huge one.
        wanted = length * scale if size is None else min(length * scale, 4 * size)
        return max(multiple, round(wanted / multiple) * multiple)

    return side(height), side(width)


def resize_area(pixels: Pixels, shape: tuple[int, int]) -> Float:
    """Resize by the mean over each pixel's area where the picture shrinks, linearly where it grows."""
    import cv2

    height, width = pixels.shape[:2]
    if height <= shape[0] or width <= shape[1]:
        shrunk = (min(height, shape[0]), min(width, shape[1]))
        if shrunk != (height, width):
            pixels = cv2.resize(pixels, shrunk[::-1], interpolation=cv2.INTER_AREA)
        pixels = cv2.resize(pixels.astype(np.float32), shape[::-1], interpolation=cv2.INTER_LINEAR)
        return np.asarray(pixels, np.float32)
    if height >= 2 * shape[0]:
        pixels = _mean_rows(pixels, shape[0])
    return np.asarray(cv2.resize(pixels, shape[::-1], interpolation=cv2.INTER_AREA), np.float32)


def _mean_rows(pixels: Pixels, count: int) -> Float:
    """(count, w) or (count, w, c): the means of as many equal bands of rows, a row on a border shared by area.

    Adding up whole rows first is ten times faster than OpenCV's own way over both directions at once.
    """
    import cv2

    edges = np.linspace(0, len(pixels), count + 1)
    means = np.empty((count, *pixels.shape[1:]), np.float32)
    for mean, top, bottom in zip(means, edges, edges[1:], strict=False):
        first, last = math.ceil(top), math.floor(bottom)
        mean[...] = cv2.reduce(pixels[first:last], 0, cv2.REDUCE_SUM, dtype=cv2.CV_32F)[0]
        if first > top:
            mean += pixels[first - 1] * np.float32(first - top)
        if bottom > last:
            mean += pixels[last] * np.float32(bottom - last)
        mean /= np.float32(bottom - top)
    return means


def small_lightness(photo: Photo, shape: tuple[int, int]) -> Float:
    """L* of the photograph made small: RGB is resized first, then converted."""
    return rgb_lightness(small_rgb(photo, shape))


def small_rgb(photo: Photo, shape: tuple[int, int]) -> Float:
    """The photograph made small by area: sRGB 0..1, (h, w) where it is grey, else (h, w, 3)."""
    return resize_area(photo.pixels, shape) * np.float32(1 / np.iinfo(photo.pixels.dtype).max)


_LONGEST_SIDE = 8192
"""Of what is only looked at: JPEG and WebP end somewhere, and screens long before."""


def thumbnail(photo: Photo, max_pixels: int) -> Photo:
    """The photograph, made smaller where it has more pixels than that or is very long; for what is only looked at."""
    scale = min((max_pixels / (photo.height * photo.width)) ** 0.5, _LONGEST_SIDE / max(photo.height, photo.width))
    if scale >= 1:
        return photo
    import cv2

    size = (max(1, round(photo.width * scale)), max(1, round(photo.height * scale)))
    pixels = cv2.resize(photo.pixels, size, interpolation=cv2.INTER_AREA)
    alpha = None if photo.alpha is None else cv2.resize(photo.alpha, size, interpolation=cv2.INTER_AREA)
    return replace(photo, pixels=pixels, alpha=alpha)
