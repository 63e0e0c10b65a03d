"""Dust, scratches, hairs, creases, flakes: found by a small network, and filled with what is around them.

The network says of each pixel how surely it is a mark (models/marks/README.md). Nothing is filled within a face unless
a person asks: an eye's highlight and a whisker look like dust and a hair.
"""

from __future__ import annotations

import threading
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from core.colour.cielab import Float
from core.restore.finding import Finding
from core.restore.network import answer

Mask = NDArray[np.bool_]

_LIKELY = -1.0
"""Logit from which a pixel is part of a mark, for the network."""

_WEIGHTS = (0.48, 0.51, -1.19, 1.12, 1.63, 3.55, 0.94, -1.7)
"""Of what tells marks from things of the picture: the logit of the surest pixel and of all in the mean; the logarithms
of the pixels and of the length; how far the level goes beyond the print's own blacks and whites, and from what is
around; whether the rim is touched, as by tears; and 1. By logistic regression on 150 photographs of 500 to 1024 pixels,
clean, scratched, creased and torn. A fence is as dark as a coat, but bare paper is whiter than anything on the
print."""

_TAILS, _AROUND_IT = (3, 97), 15
"""Percentiles that are a print's blacks and whites; pixels of the square around."""

_EVIDENCE, _LIKELY_MARK, _SUREST = (0.29, 1.53, -3.85), 0.5, 8.0
"""Of whether a photograph has any marks at all, as a logit: the surest one's sum, the logarithm of one and the
ten-thousandths of it that marks take whose sum is above the second, and 1. By logistic regression on 887 clean
photographs and 190 damaged ones. The last is what one mark counts for at most: a single one may be a lamp."""

_GLANCE = -1.5
"""Evidence at half the size from which a photograph is looked at closely."""


class _Limits(NamedTuple):
    """From which evidence a photograph has marks for certain, and from which sum something is one: on others, on those
    that have, and there at half the size."""

    certain: float
    mark: float
    mark_beside: float
    wide_mark: float


_OF_PHOTOGRAPHS, _OF_PRINTS = _Limits(2.0, -0.7, -2.4, 0.7), _Limits(-0.5, -2.2, -2.7, 0.3)
"""The latter for what a cast or a screen shows to be an old print: its cracks need not be as white as paper."""

_HALVED = 600
"""Longest side from which half the size is looked at too: first, as that is quick, and wide marks are thin there."""

_LEAST = 4
"""Pixels of the copy that is looked at; a smaller mark is grain."""

_MOST = 0.12
"""Share of a print that marks may take; more is what the picture shows: lace, rain, a crowd."""

_RIM = 1
"""Pixels around a mark that are filled too: its soft edge."""

_MULTIPLE = 32
"""Of which the network's sides must be multiples."""

_FACE_SIDE, _FACE_LEAST = 640, 20
"""Longest side of the copy in which faces are looked for, and the least face's side in it."""

_FACE_ROOM = 0.1
"""Share of a face's side that is spared around it."""

_TILE, _AROUND = 256, 16
"""Pixels of a mask's tile that is filled at a time, and what is looked at around it."""

_lock = threading.Lock()


@dataclass(frozen=True)
class Marks:
    """Where a print is damaged.

    Attributes:
        mask: (h, w) bool, of the copy that was looked at.
        faces: (h, w) bool, of the same: faces and some room around them.
        sure: whether these are no things of the picture.
    """

    mask: Mask
    faces: Mask
    sure: bool

    def fillable(self, in_faces: bool) -> Mask:
        """What is to be filled: within faces only where that is asked for."""
        return self.mask if in_faces else self.mask & ~self.faces


def find_marks(grey: Float, inside: tuple[slice, slice], closely: bool = True, is_print: bool = False) -> Marks:
    """Where a print is damaged.

    Args:
        grey: (h, w) sRGB 0..1 of a photograph, of about 1000 pixels.
        inside: where the print lies.
        closely: whether to look at all of it as it is; else only where half the size shows something like marks, which
            takes an eighth of the time, and unless there are some for certain, there are none.
        is_print: whether something else has shown that it is an old one.
    """
    import cv2

    print_ = np.ascontiguousarray(grey[inside])
    limits = _OF_PRINTS if is_print else _OF_PHOTOGRAPHS
    nothing = Marks(np.zeros(grey.shape, bool), np.zeros(grey.shape, bool), False)
    wide = None
    if max(print_.shape) >= _HALVED:
        size = (print_.shape[1] // 2, print_.shape[0] // 2)
        wide = _candidates(np.asarray(cv2.resize(print_, size, interpolation=cv2.INTER_AREA), np.float32))
        if not closely and wide.evidence < _GLANCE:
            return nothing
    fine = _candidates(print_)
    certain = fine.evidence > limits.certain
    found = fine.above(limits.mark_beside if certain else limits.mark)
    if wide and certain:
        small = wide.above(limits.wide_mark).astype(np.uint8)
        found |= cv2.resize(small, print_.shape[::-1], interpolation=cv2.INTER_NEAREST) > 0
    if not (closely or certain) or found.sum() > _MOST * grey.size or not found.any():
        return nothing
    mask = np.zeros(grey.shape, bool)
    mask[inside] = found
    return Marks(mask, find_faces(grey), certain)


@dataclass(frozen=True)
class _Candidates:
    """What may be marks at one scale.

    Attributes:
        labels: (h, w) int32, which one a pixel is part of; 0 is none.
        scores: (n,) float32, the sum of each; that of 0 is -inf.
        evidence: that there are marks at all, as a logit.
    """

    labels: NDArray[np.int32]
    scores: Float
    evidence: float

    def above(self, limit: float) -> Mask:
        return np.asarray((self.scores > limit)[self.labels], np.bool_)


def _candidates(grey: Float) -> _Candidates:
    import cv2

    logits = _logits(grey)
    count, joined, boxes, _ = cv2.connectedComponentsWithStats((logits > _LIKELY).astype(np.uint8), connectivity=8)
    labels = np.asarray(joined, np.int32)
    places = np.flatnonzero(labels)
    which = np.ravel(labels)[places]
    pixels = np.maximum(np.bincount(which, minlength=count), 1)

    def mean(plane: Float) -> Float:
        return np.asarray(np.bincount(which, np.ravel(plane)[places], count) / pixels, np.float32)

    most = np.full(count, -np.inf, np.float32)  # the first, which is all that is no mark, keeps it
    np.maximum.at(most, which, np.ravel(logits)[places])
    black, white = np.percentile(grey[::2, ::2], _TAILS)
    level, around = mean(grey), mean(np.asarray(cv2.blur(grey, (_AROUND_IT,) * 2), np.float32))
    left, top, width, height = np.asarray(boxes[:, :4], np.int64).T
    at_rim = (left <= 1) | (top <= 1) | (left + width >= grey.shape[1] - 1) | (top + height >= grey.shape[0] - 1)
    terms = (
        most,
        mean(logits),
        np.log(pixels),
        np.log(np.maximum(width, height)),
        np.maximum(level - white, black - level),
        np.abs(level - around),
        at_rim,
        np.ones(count),
    )
    scores = np.asarray(np.stack(terms, axis=1) @ _WEIGHTS, np.float32)
    scores[pixels < _LEAST] = -np.inf
    share = pixels[scores > _LIKELY_MARK].sum() / grey.size
    evidence = np.array((min(float(scores.max()), _SUREST), np.log1p(1e4 * share), 1)) @ _EVIDENCE
    return _Candidates(labels, scores, float(evidence))


def find_faces(grey: Float) -> Mask:
    """(h, w) bool: faces that look at the camera, and some room around them (Viola and Jones 2001)."""
    import cv2

    scale = min(1.0, _FACE_SIDE / max(grey.shape))
    size = (max(1, round(grey.shape[1] * scale)), max(1, round(grey.shape[0] * scale)))
    small = cv2.equalizeHist(np.rint(cv2.resize(grey, size, interpolation=cv2.INTER_AREA) * 255).astype(np.uint8))
    faces = np.zeros(grey.shape, np.uint8)
    with _lock:
        found = _cascade().detectMultiScale(small, 1.1, 4, minSize=(_FACE_LEAST, _FACE_LEAST))
    for left, top, width, height in np.reshape(found, (-1, 4)) / scale:
        centre = round(left + width / 2), round(top + height / 2)
        axes = round(width * (0.5 + _FACE_ROOM)), round(height * (0.6 + _FACE_ROOM))
        cv2.ellipse(faces, centre, axes, 0, 0, 360, 1, -1)
    return faces > 0


def marks_finding(mask: Mask, sure: bool) -> Finding | None:
    """What is told of marks, and filled; None where there are none."""
    if not mask.any():
        return None

    def mend(plane: Float) -> Float:
        return filled(plane, mask)

    return Finding("marks", "has scratches or dust", sure, mend)


def filled(plane: Float, mask: Mask) -> Float:
    """A plane, (h, w) of any size, with what the mask covers filled from around it; the rest is as it was, to the bit.

    Tile by tile where there is anything, at the mask's size, so that a large scan takes little memory and time
    (Navier-Stokes, Bertalmio et al. 2001; OpenCV's other way is wrong for float32).
    """
    import cv2

    height, width = plane.shape
    wide = np.asarray(cv2.dilate(mask.astype(np.uint8), np.ones((2 * _RIM + 1,) * 2, np.uint8)), np.uint8)
    source = plane.copy()
    down, across = height / wide.shape[0], width / wide.shape[1]
    for top in range(0, wide.shape[0], _TILE):
        for left in range(0, wide.shape[1], _TILE):
            if not wide[top : top + _TILE, left : left + _TILE].any():
                continue
            rows = slice(max(0, top - _AROUND), min(wide.shape[0], top + _TILE + _AROUND))
            columns = slice(max(0, left - _AROUND), min(wide.shape[1], left + _TILE + _AROUND))
            large = _scaled(rows, down, height), _scaled(columns, across, width)
            covered = np.ascontiguousarray(wide[rows, columns])
            fill = cv2.inpaint(_resized(source[large], covered.shape), covered, 2, cv2.INPAINT_NS)
            shape = source[large].shape
            place = _resized(covered.astype(np.float32), shape) > 0.5
            own = _scaled(slice(top, top + _TILE), down, height), _scaled(slice(left, left + _TILE), across, width)
            inner = tuple(slice(o.start - w.start, o.stop - w.start) for o, w in zip(own, large, strict=True))
            here = place[inner]
            plane[own][here] = _resized(np.asarray(fill, np.float32), shape)[inner][here]
    return plane


def _scaled(part: slice, scale: float, most: int) -> slice:
    """The same part of a side that is so many times as long."""
    return slice(round(part.start * scale), min(most, round(part.stop * scale)))


def _resized(plane: Float, shape: tuple[int, ...]) -> Float:
    import cv2

    if plane.shape == shape:
        return np.ascontiguousarray(plane)
    way = cv2.INTER_AREA if shape[0] < plane.shape[0] else cv2.INTER_CUBIC
    return np.asarray(cv2.resize(plane, shape[::-1], interpolation=way), np.float32)


def _logits(grey: Float) -> Float:
    """How surely each pixel of (h, w) is a mark, as a logit.

    The network is given the pixels of each square of 2x2 as four channels, and says as many: nothing in it has to be
    as large as the photograph.
    """
    import cv2

    height, width = grey.shape
    whole = cv2.copyMakeBorder(grey, 0, -height % _MULTIPLE, 0, -width % _MULTIPLE, cv2.BORDER_REPLICATE)
    rows, columns = (side // 2 for side in whole.shape)
    squares = whole.reshape(rows, 2, columns, 2).transpose(1, 3, 0, 2).reshape(1, 4, rows, columns)
    said = answer("marks", np.asarray(squares, np.float32)).reshape(2, 2, rows, columns)
    return np.asarray(said.transpose(2, 0, 3, 1).reshape(whole.shape)[:height, :width], np.float32)


@lru_cache(maxsize=1)
def _cascade() -> Any:
    import cv2

    return cv2.CascadeClassifier(str(Path(cv2.__file__).parent / "data" / "haarcascade_frontalface_default.xml"))
