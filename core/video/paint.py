"""A frame painted in luma and chroma, as films are stored: nothing of its full size is turned into RGB.

Chroma follows the full frame's edges as a photograph's does (``core.render.upsample``): by its local slope on L*, which
is interpolated. Colours that sRGB cannot show lose chroma.
"""

from __future__ import annotations

from functools import cache

import numpy as np

from core.colour.cielab import Float, Pixels, pixel_lightness
from core.colour.gamut import lab_to_gamut
from core.colour.guided import local_lines
from core.photo.resize import resize_area
from core.render.upsample import RADIUS, RIDGE
from core.video.film import Film
from core.video.frame import Frame

_WEIGHTS = {1: (0.2126, 0.0722), 9: (0.2627, 0.0593), 10: (0.2627, 0.0593)}
"""Of red and blue in luma, by FFmpeg's number of a matrix: BT.709 and BT.2020; all others are BT.601's."""

_BT601 = (0.299, 0.114)
_UNSAID = (0, 2, 3)
_HIGH_DEFINITION = 720
"""Rows from which players take a film that names no matrix for BT.709."""


def matrix_of(film: Film) -> int:
    """FFmpeg's number of the matrix that a film's chroma is made with: its own, or what players take it for."""
    own = film.colours[1]
    if own not in _UNSAID:
        return own if own in (*_WEIGHTS, 5, 6) else 6
    return 1 if film.height >= _HIGH_DEFINITION else 6


def brought_to(field: Float, lightness: Float, refine: bool = True) -> Float:
    """A field of a*b* (h', w', 2) at the size of (h, w) L*, along its edges unless they are not to be refined."""
    import cv2

    size = lightness.shape[1], lightness.shape[0]
    if not refine:
        return np.asarray(cv2.resize(field, size, interpolation=cv2.INTER_LINEAR), np.float32)
    small = resize_area(lightness, field.shape[:2])
    slope, _ = local_lines(field, small, RADIUS, RIDGE)
    planes = np.dstack([field - slope * small[..., None], slope]).astype(np.float32)
    wide = cv2.resize(planes, size, interpolation=cv2.INTER_LINEAR)
    return np.asarray(wide[..., :2] + wide[..., 2:] * lightness[..., None], np.float32)


def painted(
    frame: Frame, ab: Float, shape: tuple[int, int], bits: int, matrix: int, refine: bool = True
) -> tuple[Pixels, Pixels]:
    """A frame's planes in colour.

    Luma is not lightness: it is a sum of gamma-coded red, green and blue, so that the same lightness has another luma
    in another colour. How much another is worked out at the chroma's size, and added to the luma as the film has it,
    which keeps its detail and grain.

    Args:
        frame: it.
        ab: (h', w', 2) float32 a*b* of any size.
        shape: height and width of the chroma planes.
        bits: of all planes.
        matrix: see ``matrix_of``.
        refine: whether colours follow the frame's edges.

    Returns:
        Luma (h, w), and Cb and Cr together, (h", w", 2): uint8, or uint16 for more than 8 bits.
    """
    import cv2

    lightness = pixel_lightness(frame.small_grey(*shape))
    wide = brought_to(ab, lightness, refine)
    rgb = np.empty((*shape, 3), np.uint8 if bits == 8 else np.uint16)
    lab_to_gamut(lightness, np.ascontiguousarray(wide[..., 0]), np.ascontiguousarray(wide[..., 1]), rgb)
    to_luma, to_chroma = _matrices(matrix, bits, frame.full)
    chroma = np.asarray(cv2.transform(rgb, to_chroma))
    luma = _in_bits(frame.luma, frame.bits, bits)
    height, width = luma.shape
    was = cv2.resize(luma, shape[::-1], interpolation=cv2.INTER_AREA).astype(np.float32)
    more: Float = np.asarray(cv2.transform(rgb.astype(np.float32), to_luma), np.float32).reshape(shape) - was
    if np.abs(more).max() >= 1:
        all_over = cv2.resize(more, (width, height), interpolation=cv2.INTER_LINEAR)
        luma = np.asarray(cv2.add(luma, all_over, dtype=cv2.CV_8U if bits == 8 else cv2.CV_16U))
        luma = luma if bits in (8, 16) else np.minimum(luma, (1 << bits) - 1)
    return luma, chroma


def _in_bits(luma: Pixels, have: int, want: int) -> Pixels:
    """Luma in more or fewer bits; as it is where there is nothing to be done."""
    if have == want:
        return luma
    if have < want:
        return luma.astype(np.uint16) << (want - have)
    fewer = (luma.astype(np.uint32) + (1 << (have - want - 1))) >> (have - want)
    return np.asarray(np.minimum(fewer, (1 << want) - 1), np.uint8 if want == 8 else np.uint16)


@cache
def _matrices(matrix: int, bits: int, full: bool) -> tuple[Float, Float]:
    """(1, 4) and (2, 4) from RGB over the whole range of its type to luma, and to Cb and Cr (ITU-T H.273, 8.3)."""
    red, blue = _WEIGHTS.get(matrix, _BT601)
    luma = np.array([red, 1 - red - blue, blue])
    rows = [(np.eye(3)[2] - luma) / (2 * (1 - blue)), (np.eye(3)[0] - luma) / (2 * (1 - red))]
    top = 255 if bits == 8 else 65_535
    steps, dark = (((1 << bits) - 1,) * 2, 0) if full else ((219 << (bits - 8), 224 << (bits - 8)), 16 << (bits - 8))
    to_luma = np.append(luma * steps[0] / top, dark)[None]
    to_chroma = np.column_stack([np.array(rows) * steps[1] / top, np.full(2, 1 << (bits - 1))])
    return to_luma.astype(np.float32), to_chroma.astype(np.float32)
