"""Mounts, borders and film edges: flat, and straight along a side. The network sees the print alone.

They stay neutral, and the picture itself is never cropped.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from core.colour.cielab import Float
from core.photo.resize import resize_area
from core.prediction import AbField, Prediction

_SIDE = 256
"""Longest side of the copy that is looked at."""

_FLAT = 0.05
"""How far, in sRGB 0..1, a border's pixels may be from its level."""

_SHARE = 0.9
"""Share of a line that is so at least; writing and scratches are the rest."""

_STEP, _STEP_SHARE, _STEP_AGAIN = 0.06, 0.6, 0.2
"""How far the picture is from the border's level at once, along which share of the side: skies end otherwise. The last
is enough where another side has a border of that level."""

_MOST = 0.35
"""Share of a side that a border takes at most."""

_NESTED = 3
"""Borders within one another: a scanner's lid, a card, a white rim."""

_WORTH = 0.92
"""Share of the photograph that a print takes at most for its frame to be worth a look."""


@dataclass(frozen=True)
class Frame:
    """Where a print lies within its photograph, as shares of the height and width; ``sure`` where all sides say so."""

    top: float
    bottom: float
    left: float
    right: float
    sure: bool

    def inside(self, height: int, width: int) -> tuple[slice, slice]:
        """Its rows and columns in a picture of that size."""
        top, left = round(self.top * height), round(self.left * width)
        rows = slice(top, max(round(self.bottom * height), top + 1))
        return rows, slice(left, max(round(self.right * width), left + 1))

    def placed(self, prediction: Prediction) -> tuple[Prediction, Float]:
        """A print's prediction as one of the whole photograph, and which of its places are the print: (h', w') 0..1.

        Around the print goes on what is at its rim.
        """
        if isinstance(prediction, AbField):
            sure = prediction.confidence
            whole = replace(
                prediction,
                ab=np.stack([self._spread(plane) for plane in np.moveaxis(prediction.ab, 2, 0)], axis=2),
                confidence=None if sure is None else self._spread(sure),
            )
            return whole, self._inside(*prediction.ab.shape[:2])
        features = prediction.features
        spread = replace(
            prediction,
            logits=np.stack([self._spread(plane) for plane in prediction.logits]),
            features=None if features is None else np.stack([self._spread(plane) for plane in features]),
            trust=None if prediction.trust is None else self._spread(prediction.trust),
        )
        return spread, self._inside(*prediction.logits.shape[1:])

    def _inside(self, height: int, width: int) -> Float:
        """Which places are the print; a place that is partly so counts as less, or colour would run over the rim."""
        share = self._spread(np.ones((height, width), np.float32), around=True)
        return np.asarray((1.5 * share - 0.5).clip(0, 1), np.float32)

    def _spread(self, plane: Float, around: bool = False) -> Float:
        """A print's (h, w) over the whole photograph, in as fine places; ``around`` leaves 0 outside."""
        import cv2

        height, width = plane.shape
        tall, wide = self.bottom - self.top, self.right - self.left
        rows, columns = max(1, round(height / tall)), max(1, round(width / wide))
        across, down = width / (columns * wide), height / (rows * tall)
        back = np.array(
            [
                [across, 0, across / 2 - self.left / wide * width - 0.5],
                [0, down, down / 2 - self.top / tall * height - 0.5],
            ]
        )
        border = cv2.BORDER_CONSTANT if around else cv2.BORDER_REPLICATE
        way = cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP
        return np.asarray(cv2.warpAffine(plane, back, (columns, rows), flags=way, borderMode=border), np.float32)


def find_frame(grey: Float) -> Frame | None:
    """The print's place in a photograph's grey, (h, w) sRGB 0..1; None where nothing lies around it."""
    height, width = grey.shape
    scale = min(1.0, _SIDE / max(height, width))
    small = resize_area(grey, (max(8, round(height * scale)), max(8, round(width * scale))))
    rows, columns = small.shape
    top = left = 0
    bottom, right = rows, columns
    sides = set()
    for _ in range(_NESTED):
        part = small[top:bottom, left:right]
        views = (part, part[::-1], part.T, part.T[::-1])
        found = [_border(view) for view in views]
        levels = [_level(view) for view, depth in zip(views, found, strict=True) if depth]
        if levels:  # dark corners of a print on black are no step
            again = [abs(_level(view) - np.median(levels)) < _FLAT for view in views]
            found = [
                depth or (_border(view, _STEP_AGAIN) if alike else 0)
                for view, depth, alike in zip(views, found, again, strict=True)
            ]
        sides |= {side for side, depth in enumerate(found) if depth}
        top, bottom, left, right = top + found[0], bottom - found[1], left + found[2], right - found[3]
        if not any(found):
            break
    if not sides:
        return None
    sure = len(sides) == 4 and (bottom - top) * (right - left) < _WORTH * rows * columns
    frame = Frame(top / rows, bottom / rows, left / columns, right / columns, sure)
    return _finer(grey, frame, max(height / rows, width / columns))


def _finer(grey: Float, frame: Frame, scale: float) -> Frame:
    """The same frame to the pixel: its ends are looked for again where they are about, ``scale`` pixels a place."""
    height, width = grey.shape
    rows, columns = frame.inside(height, width)
    reach = int(np.ceil(2 * scale)) + 1

    def end(view: Float, about: int) -> int:
        if about < reach:
            return about
        part = view[about - reach : about + reach]
        far = (np.abs(part - float(np.median(part[0]))) >= _FLAT).mean(axis=1)
        ends = np.flatnonzero(far > 1 - _SHARE)
        return about - reach + int(ends[0]) if len(ends) else about

    across, down = grey[:, columns], grey[rows].T
    top, left = end(across, rows.start), end(down, columns.start)
    bottom = height - end(across[::-1], height - rows.stop)
    right = width - end(down[::-1], width - columns.stop)
    if bottom - top < 8 or right - left < 8:
        return frame
    return Frame(top / height, bottom / height, left / width, right / width, frame.sure)


def _level(plane: Float) -> float:
    return float(np.median(plane[0]))


def _border(plane: Float, step_share: float = _STEP_SHARE) -> int:
    """Rows of a border at the top of (h, w); 0 where there is none."""
    most = int(_MOST * len(plane))
    if most < 3:
        return 0
    level = _level(plane)
    near = (np.abs(plane[: most + 3] - level) < _FLAT).mean(axis=1)
    if near[0] < _SHARE:
        return 0
    ends = np.flatnonzero(near < _SHARE)
    if not len(ends) or ends[0] >= most:
        return 0
    end = int(ends[0])
    beyond = np.abs(plane[end + 1 : end + 3].mean(axis=0) - level) > _STEP
    return end + 1 if beyond.mean() > step_share else 0
