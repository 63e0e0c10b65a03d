"""Chroma brought from the network's size to the photograph's, a few rows at a time."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from core.colour.cielab import Float
from core.colour.guided import local_lines

RADIUS = 1
"""Half the window of the regression, in pixels of the low-resolution field."""

RIDGE = 350.0
"""Variance, in L*^2, that holds back the slope on L*: flat windows get none."""

_SHARPEN = 0.22
"""Share of the field's own detail that is added to it: a field's pixel is the mean of an area, which
interpolation would blur once more."""

_NEAR, _BEYOND = 11, 0.01
"""Side, in pixels of the field, of the window whose range no value of a plane leaves, and how far it may all the
same, as a share of that range: else cubics and sharpening give strong colours rings of the opposite one."""


class Upsampler:
    """A field of chroma, or of what is laid over it, at the photograph's size, rows by rows.

    Without refinement it is plain bilinear interpolation. With it: bicubic interpolation of the slightly sharpened
    field, which follows lightness by its local slope on L*: slope and intercept are interpolated. Values stay within
    the field's own range nearby. The constants were chosen on photographs; tests/benchmarks/upsampling.py measures them
    on others.
    """

    def __init__(self, field: Float, shape: tuple[int, int], small_lightness: Float | None = None):
        """Prepare for one photograph.

        Args:
            field: (h', w', c) float32.
            shape: the photograph's height and width.
            small_lightness: (h', w') L* of the photograph at the field's size, for refinement; None for bilinear.
        """
        self._shape = shape
        self._refined = small_lightness is not None
        self._range: tuple[Float, Float] | None = None
        if small_lightness is None:
            self._planes = field
        else:
            self._range = _nearby_range(field)
            slope, _ = local_lines(field, small_lightness, RADIUS, RIDGE)
            self._planes = np.dstack([_sharpened(field) - slope * small_lightness[..., None], slope])

    def band(self, top: int, bottom: int) -> Band:
        """The rows from ``top`` up to ``bottom``, made ready."""
        import cv2

        rows = (np.arange(top, bottom, dtype=np.float64) + 0.5) * len(self._planes) / self._shape[0] - 0.5
        taps, weights = (_cubic if self._refined else _linear)(rows, len(self._planes))
        first, last = int(taps.min()), int(taps.max()) + 1
        kind = cv2.INTER_CUBIC if self._refined else cv2.INTER_LINEAR
        wide = cv2.resize(self._planes[first:last], (self._shape[1], last - first), interpolation=kind)
        matrix = np.zeros((bottom - top, last - first), np.float32)
        for tap, weight in zip(taps.T, weights.T, strict=True):
            matrix[np.arange(bottom - top), tap - first] += weight
        limits = []
        for bound in self._range or ():
            stretched = cv2.resize(bound[first:last], (self._shape[1], last - first), interpolation=cv2.INTER_LINEAR)
            limits.append(np.ascontiguousarray(np.moveaxis(stretched, 2, 0), dtype=np.float32))
        planes = np.ascontiguousarray(np.moveaxis(wide, 2, 0), dtype=np.float32)
        return Band(planes, limits, matrix, taps - first)


class Band:
    """Some neighbouring rows of the photograph, whose chroma has its full width and not yet its full height."""

    def __init__(self, planes: Float, limits: list[Float], matrix: Float, taps: NDArray[np.intp]):
        self._planes, self._limits, self._matrix, self._taps = planes, limits, matrix, taps

    def rows(self, part: slice, lightness: Float) -> Float:
        """(c, rows, w) float32: the field on a part of the band's rows.

        Args:
            part: which rows, counted from the band's first.
            lightness: (rows, w) their L*.
        """
        planes = self._interpolated(part)
        if not self._limits:
            return planes
        field, slope = np.split(planes, 2)
        slope *= lightness
        field += slope
        self._limit(field, part)
        return field

    def _limit(self, field: Float, part: slice) -> None:
        """Keep (c, rows, w) values within the range of those two rows of the field that each row lies between."""
        low, high = self._limits
        above = self._taps[part, 1]
        ends = [0, *(np.flatnonzero(np.diff(above)) + 1), len(above)]
        for first, last in pairwise(ends):
            one, two = self._taps[part.start + first, 1:3]
            rows = field[:, first:last]
            np.maximum(rows, np.minimum(low[:, one], low[:, two])[:, None], out=rows)
            np.minimum(rows, np.maximum(high[:, one], high[:, two])[:, None], out=rows)

    def _interpolated(self, part: slice) -> Float:
        """(planes, rows, w): the weighted sum of the rows above and below."""
        first, last = self._taps[part.start, 0], self._taps[part.stop - 1, -1] + 1
        # Plane by plane: each product is small enough for BLAS to leave to this thread.
        return self._matrix[part, first:last] @ self._planes[:, first:last]


def _nearby_range(field: Float) -> tuple[Float, Float]:
    """The least and the greatest value that a plane may have near each pixel, two of (h', w', c)."""
    import cv2

    window = np.ones((_NEAR, _NEAR), np.uint8)
    low = cv2.erode(field, window, borderType=cv2.BORDER_REPLICATE)
    high = cv2.dilate(field, window, borderType=cv2.BORDER_REPLICATE)
    beyond = (high - low) * np.float32(_BEYOND)
    return np.asarray(low - beyond, np.float32), np.asarray(high + beyond, np.float32)


def _sharpened(field: Float) -> Float:
    import cv2

    blurred = cv2.GaussianBlur(field, (0, 0), 1, borderType=cv2.BORDER_REPLICATE)
    return np.asarray(field + np.float32(_SHARPEN) * (field - blurred), dtype=np.float32)


def _linear(position: NDArray[np.float64], count: int) -> tuple[NDArray[np.intp], NDArray[np.float64]]:
    """Two taps for each position in a line of ``count`` samples, and their weights."""
    first = np.floor(position).astype(np.intp)
    fraction = position - first
    taps = np.clip(first[:, None] + np.arange(2), 0, count - 1)
    return taps, np.stack([1 - fraction, fraction], axis=1)


def _cubic(position: NDArray[np.float64], count: int) -> tuple[NDArray[np.intp], NDArray[np.float64]]:
    """Four taps and weights: Keys' cubic convolution with a = -0.75, as OpenCV's INTER_CUBIC has it."""
    a = -0.75
    first = np.floor(position).astype(np.intp)
    distance = np.abs((position - first)[:, None] - np.arange(-1, 3))
    near = (a + 2) * distance**3 - (a + 3) * distance**2 + 1
    far = a * distance**3 - 5 * a * distance**2 + 8 * a * distance - 4 * a
    taps = np.clip(first[:, None] + np.arange(-1, 3), 0, count - 1)
    return taps, np.where(distance <= 1, near, far)
