"""Motion between frames, on small copies: where each place was a frame before, and whether that can be believed.

Dense inverse search (Kroeger et al., "Fast Optical Flow using Dense Inverse Search", 2016), both ways.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from core.colour.cielab import Float, pixel_lightness
from core.video.frame import Frame

_AREA = 160 * 120
"""Pixels of the copies: colours are predicted at less."""

_LEAST = 32
"""Their sides at least: on copies that are wide and lower than this OpenCV's search ends the whole process."""

_TOLERANCE, _GREY_TOLERANCE = 1.2, 12.0
"""How far apart, in pixels of the copies, there and back may lie, and in L*, what is held to be the same place."""


@dataclass(frozen=True)
class Way:
    """From each place of a frame to the same thing in another one.

    Attributes:
        places: (h, w, 2) float32, x and y there, in pixels of the copies.
        trust: (h, w) float32 0..1.
    """

    places: Float
    trust: Float

    @staticmethod
    def nowhere(height: int, width: int) -> Way:
        """Of a frame to itself."""
        x, y = np.meshgrid(np.arange(width, dtype=np.float32), np.arange(height, dtype=np.float32))
        return Way(np.dstack([x, y]), np.ones((height, width), np.float32))

    def on(self, farther: Way) -> Way:
        """The way that this one and then ``farther`` make together."""
        return Way(_at(farther.places, self.places), self.trust * _at(farther.trust, self.places))

    def brought(self, plane: Float) -> Float:
        """What lies there, (h, w) or (h, w, c) of the copies' size, seen from here."""
        return _at(plane, self.places)


def small_copy(frame: Frame) -> Float:
    """The copy of a frame (h, w): L* 0..100, of about ``_AREA`` pixels."""
    scale = min(1.0, (_AREA / frame.luma.size) ** 0.5)
    height, width = (max(_LEAST, round(side * scale)) for side in frame.luma.shape)
    return pixel_lightness(frame.small_grey(height, width))


def ways(before: Float, after: Float) -> tuple[Way, Way]:
    """From a frame back to the one before it, and from that one on to this, by their copies (h, w) L* 0..100."""
    import cv2

    old, new = (_levels(plane) for plane in (before, after))
    # One for each pair: it keeps what it worked out, so that another size before it, or a thread beside it, changes it.
    cv: Any = cv2  # whose types do not know it
    search = cv.DISOpticalFlow_create(cv.DISOPTICAL_FLOW_PRESET_FAST)
    back, on = search.calc(new, old, None), search.calc(old, new, None)
    start = Way.nowhere(*before.shape).places
    return _way(start, back, on, after, before), _way(start, on, back, before, after)


def _way(start: Float, flow: Float, reverse: Float, here: Float, there: Float) -> Way:
    places = start + flow
    apart = np.linalg.norm(flow + _at(reverse, places), axis=2)
    unlike = np.abs(here - _at(there, places))
    height, width = here.shape
    inside = (places[..., 0] > -1) & (places[..., 0] < width) & (places[..., 1] > -1) & (places[..., 1] < height)
    trust = np.exp(-((apart / _TOLERANCE) ** 2) - (unlike / _GREY_TOLERANCE) ** 2) * inside
    return Way(places, trust.astype(np.float32))


def _levels(lightness: Float) -> NDArray[np.uint8]:
    """As the search takes it: its contrast is that of the eye already."""
    return np.asarray((lightness * 2.55).clip(0, 255), np.uint8)


def _at(plane: Float, places: Float) -> Float:
    import cv2

    x, y = np.ascontiguousarray(places[..., 0]), np.ascontiguousarray(places[..., 1])
    return np.asarray(cv2.remap(plane, x, y, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE), np.float32)
