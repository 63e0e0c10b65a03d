"""A printer's screen: the dots of newspapers and postcards are isolated peaks of the spectrum, and notched softly."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from core.colour.cielab import Float
from core.restore.finding import Finding

_TILE = 128
"""Pixels of a tile whose spectrum is looked at: a screen is in all of them, a fence in some."""

_AROUND = 13
"""Places of the spectrum, both ways, that a peak is held against."""

_LEAST, _PEAK, _SURE = 0.08, 0.9, 1.6
"""Cycles a pixel that a screen has at least; powers of ten by which the mean logarithm of a peak's power stands out for
it to be notched, and for one of a screen's two waves."""

_EQUAL = 0.7
"""Powers of ten by which a screen's waves differ at most."""

_RIGHT_ANGLE, _SAME_LENGTH = 6.0, 0.08
"""How far, in degrees and as a share, those two are from standing at right angles and from being equally long."""

_WIDTH = 1.5
"""Standard deviation of a notch, in places of a tile's spectrum."""


def find_screen(grey: Float, shape: tuple[int, int]) -> Finding | None:
    """Whether a print has a screen: two equal waves at right angles, everywhere.

    Args:
        grey: (h, w) sRGB 0..1; in what is smaller than a tile none is found.
        shape: height and width, in the same pixels, of the whole photograph that is to be mended.
    """
    if min(grey.shape) < _TILE:
        return None
    outstanding = _outstanding(grey)
    peaks = _peaks(outstanding)
    heights = [float(outstanding[tuple(peak)]) for peak in peaks]
    waves = [peak for peak, high in zip(peaks, heights, strict=True) if high > max(_SURE, max(heights) - _EQUAL)]
    if not _crossing(np.array(waves, float) - _TILE // 2):
        return None
    # Cycles from side to side, so that they hold for the photograph in any size.
    cycles = (np.array(peaks, float) - _TILE // 2) / _TILE * shape
    spread = _WIDTH / _TILE * np.array(shape)

    def mend(plane: Float) -> Float:
        return _notched(plane, cycles, spread)

    return Finding("screen", "has a printer's screen", True, mend)


def _outstanding(grey: Float) -> Float:
    """(tile, tile) float32: how far each place of the spectrum stands out from those around it, in powers of ten."""
    import cv2

    window = np.outer(np.hanning(_TILE), np.hanning(_TILE)).astype(np.float32)
    total = np.zeros((_TILE // 2 + 1, _TILE), np.float32)
    # OpenCV's transform of complex numbers: with DFT_COMPLEX_OUTPUT, or NumPy's, it takes four times as long.
    complex_tile = np.zeros((_TILE, _TILE, 2), np.float32)
    starts = [np.unique(np.linspace(0, side - _TILE, min(8, 2 * side // _TILE)).astype(int)) for side in grey.shape]
    for top in starts[0]:
        for left in starts[1]:
            tile = grey[top : top + _TILE, left : left + _TILE]
            np.multiply(tile - tile.mean(), window, out=complex_tile[..., 0])
            power = np.square(cv2.dft(complex_tile)[: len(total)])
            total += cv2.log(power[..., 0] + power[..., 1] + np.float32(1e-4))
    whole = np.concatenate([total, np.roll(total[-2:0:-1, ::-1], 1, axis=1)])  # that of real numbers is even
    mean = np.fft.fftshift(whole) * np.float32(1 / (np.log(10) * len(starts[0]) * len(starts[1])))
    around = cv2.blur(np.pad(mean, _AROUND, mode="wrap"), (_AROUND, _AROUND))
    return np.asarray(mean - around[_AROUND:-_AROUND, _AROUND:-_AROUND], np.float32)


def _peaks(outstanding: Float) -> list[NDArray[np.int64]]:
    """Row and column of each place that stands out, is the highest around, and is finer than things in a picture."""
    import cv2

    highest = outstanding >= cv2.dilate(outstanding, np.ones((5, 5), np.uint8))
    y, x = np.indices(outstanding.shape) - _TILE // 2
    fine = np.hypot(y, x) > _LEAST * _TILE
    return list(np.argwhere(highest & fine & (outstanding > _PEAK)))


def _crossing(waves: NDArray[np.float64]) -> bool:
    """Whether two of (n, 2) waves, down and across, are equally long and at right angles."""
    if len(waves) < 2:
        return False
    lengths = np.hypot(*waves.T)
    ratio = np.abs(np.log(lengths[:, None] / lengths))
    cosine = np.abs(waves @ waves.T) / (lengths[:, None] * lengths)
    return bool(((ratio < _SAME_LENGTH) & (cosine < np.sin(np.radians(_RIGHT_ANGLE)))).any())


def _notched(plane: Float, cycles: NDArray[np.float64], spread: NDArray[np.float64]) -> Float:
    """A plane, (h, w), without waves of so many cycles from side to side, (n, 2), and those near them."""
    import cv2

    height, width = plane.shape
    margin = 16
    tall, wide = (cv2.getOptimalDFTSize(side + 2 * margin) for side in plane.shape)
    bottom, right = tall - height - margin, wide - width - margin
    padded = cv2.copyMakeBorder(plane, margin, bottom, margin, right, cv2.BORDER_REFLECT)
    spectrum = cv2.dft(padded, flags=cv2.DFT_COMPLEX_OUTPUT)
    down = np.fft.fftfreq(tall) * height
    across = np.fft.fftfreq(wide) * width
    for v, u in cycles:  # only the places near a wave are touched
        near = np.abs(down - v) < 3 * spread[0], np.abs(across - u) < 3 * spread[1]
        rows, columns = (np.flatnonzero(each) for each in near)
        if len(rows) and len(columns):
            far = ((down[rows] - v) / spread[0])[:, None] ** 2 + ((across[columns] - u) / spread[1]) ** 2
            spectrum[np.ix_(rows, columns)] *= (1 - np.exp(-far / 2)).astype(np.float32)[..., None]
    mended = cv2.idft(spectrum, flags=cv2.DFT_SCALE | cv2.DFT_REAL_OUTPUT)
    return np.asarray(mended[margin : margin + height, margin : margin + width].clip(0, 1), np.float32)
