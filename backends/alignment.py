"""Where in another version of a photograph each of the photograph's places lies."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from core.colour.cielab import Float

Matrix = NDArray[np.float64]

_MATCHED_PIXELS = 420_000
"""Pixels at which features are matched."""

_FEATURES = 3000
_RATIO = 0.8
"""Of the distances to the best and the second-best match (Lowe 2004, section 7.1)."""

_REACH = 0.009
"""How far from its plane a match may lie, as a share of the root of the picture's area: tools warp what they redraw."""

_CELL = 0.025
"""Side of the squares of which each counts once, however many matches lie in it, as a share of the same."""

_CELLS = 12
"""Squares that a plane's matches must lie in. Unrelated pictures have some too, on planes seen edge on."""

_SIZES = (0.02, 50.0)
_STRETCH = 8.0
"""How much larger theirs may be drawn, in area; and how much more in one place than in another."""

_FLOW_PIXELS = 450_000
"""Pixels at which the dense flow is found: it is smooth, and at full size it would follow the grain."""


def find_planes(ours: Float, theirs: Float) -> list[Matrix]:
    """How theirs lies on ours: homographies (3, 3) from places of ours to places of theirs, in pixels.

    There is none where the two are not the same photograph, and more than one where theirs shows it more than once,
    as a before and after does. A mirrored version is found as well; features turn with a version that is turned.

    Args:
        ours: (h, w) L*.
        theirs: (h', w') L*.
    """
    mine, other = _features(ours), _features(theirs)
    found = _planes(mine, other, ours.shape, theirs.shape)
    if found:
        return found
    flipped = np.array([[-1, 0, theirs.shape[1] - 1], [0, 1, 0], [0, 0, 1]], np.float64)
    mirrored = _planes(mine, _features(np.ascontiguousarray(theirs[:, ::-1])), ours.shape, theirs.shape)
    return [flipped @ matrix for matrix in mirrored]


def _features(lightness: Float) -> tuple[Float, Float]:
    """Places (n, 2), x and y in pixels, and their RootSIFT (n, 128) (Arandjelovic and Zisserman, CVPR 2012)."""
    import cv2

    small, scale = _shrunk(lightness, _MATCHED_PIXELS)
    everywhere = np.full(small.shape, 255, np.uint8)
    keypoints, found = cv2.SIFT.create(_FEATURES, contrastThreshold=0.02).detectAndCompute(even(small), everywhere)
    if not len(keypoints):
        return np.empty((0, 2), np.float32), np.empty((0, 128), np.float32)
    points = (np.array([each.pt for each in keypoints], np.float32) + 0.5) * scale - 0.5
    shares = found / np.maximum(found.sum(axis=1, keepdims=True), 1e-6)
    return points.astype(np.float32), np.sqrt(shares).astype(np.float32)


def _planes(
    mine: tuple[Float, Float], other: tuple[Float, Float], shape: tuple[int, ...], other_shape: tuple[int, ...]
) -> list[Matrix]:
    """The planes that matches lie on, the best first."""
    points, matched = _matches(mine, other)
    found: list[Matrix] = []
    for _ in range(3):
        plane, near = _plane(points, matched, shape)
        if plane is None:
            break
        if not any(_overlap(plane, earlier, shape, other_shape) for earlier in found):
            found.append(plane)
        points, matched = points[~near], matched[~near]
    return found


def _matches(mine: tuple[Float, Float], other: tuple[Float, Float]) -> tuple[Float, Float]:
    """Places of ours and of theirs, (n, 2) each, that match.

    Each place of theirs looks for its like in ours, not the other way round: theirs may show the photograph twice.
    """
    if min(len(mine[0]), len(other[0])) < 2:
        return np.empty((0, 2), np.float32), np.empty((0, 2), np.float32)
    alike = other[1] @ mine[1].T
    rows, best = np.arange(len(alike)), alike.argmax(axis=1)
    nearest = np.maximum(2 - 2 * alike[rows, best], 0)
    alike[rows, best] = -2
    clear = nearest < _RATIO**2 * np.maximum(2 - 2 * alike.max(axis=1), 0)
    return mine[0][best[clear]], other[0][clear]


def _plane(points: Float, matched: Float, shape: tuple[int, ...]) -> tuple[Matrix | None, NDArray[np.bool_]]:
    """The homography that most matches go with, from ours to theirs, and which do; None where none is sound."""
    import cv2

    unit = float(np.sqrt(shape[0] * shape[1]))
    if len(points) < 4:
        return None, np.zeros(len(points), bool)
    matrix, near = cv2.findHomography(matched, points, cv2.USAC_MAGSAC, _REACH * unit, maxIters=5000, confidence=0.9999)
    if matrix is None or near is None:
        return None, np.zeros(len(points), bool)
    goes = np.asarray(near.ravel() > 0, np.bool_)
    if len(np.unique((points[goes] / (_CELL * unit)).astype(int), axis=0)) < _CELLS:
        return None, goes
    depth = matched[goes] @ matrix[2, :2] + matrix[2, 2]
    sizes = np.linalg.det(matrix) / np.where(depth == 0, 1e-9, depth) ** 3  # in area, of theirs drawn on ours
    low, high = _SIZES
    if sizes.min() < low or sizes.max() > min(high, _STRETCH * sizes.min()):
        return None, goes
    return np.asarray(np.linalg.inv(matrix), np.float64), goes


def _overlap(one: Matrix, other: Matrix, shape: tuple[int, ...], other_shape: tuple[int, ...]) -> bool:
    """Whether two planes show the photograph in the same part of theirs."""
    parts = [_part(plane, shape, other_shape) for plane in (one, other)]
    return bool((parts[0] & parts[1]).sum() > 0.2 * min(part.sum() for part in parts))


def _part(plane: Matrix, shape: tuple[int, ...], other_shape: tuple[int, ...]) -> NDArray[np.bool_]:
    """(64, 64) bool: the part of theirs in which the photograph lies."""
    import cv2

    height, width = shape
    small = np.diag([64 / other_shape[1], 64 / other_shape[0], 1.0])
    corners = np.array([[[0, 0]], [[width, 0]], [[width, height]], [[0, height]]], np.float64)
    drawn = np.zeros((64, 64), np.uint8)
    cv2.fillConvexPoly(drawn, np.rint(cv2.perspectiveTransform(corners, small @ plane)).astype(np.int32), 1)
    return drawn.astype(bool)


def plane_map(plane: Matrix, shape: tuple[int, ...]) -> Float:
    """(h, w, 2): x and y in theirs of each place of ours."""
    height, width = shape
    x, y = np.meshgrid(np.arange(width, dtype=np.float32), np.arange(height, dtype=np.float32))
    rows = plane.astype(np.float32)
    depth = rows[2, 0] * x + rows[2, 1] * y + rows[2, 2]
    across = (rows[0, 0] * x + rows[0, 1] * y + rows[0, 2]) / depth
    return np.stack([across, (rows[1, 0] * x + rows[1, 1] * y + rows[1, 2]) / depth], axis=-1)


def flow_on(ours: Float, theirs: Float, places: Float) -> tuple[Float, Float]:
    """What is left once theirs is laid on ours: dense flow both ways.

    Args:
        ours: (h, w) L*, without grain.
        theirs: (h', w') L*, without grain.
        places: (h, w, 2) where in theirs each place of ours lies about.

    Returns:
        The places (h, w, 2) made true, and by how many pixels, across and down, (h, w, 2) the ways there and back miss
        each other.
    """
    import cv2

    height, width = ours.shape
    small, scale = _shrunk(ours, _FLOW_PIXELS)
    size = small.shape[1::-1]
    about = np.asarray(cv2.resize(places, size, interpolation=cv2.INTER_AREA), np.float32)
    laid = sampled(theirs, about)
    outside = ~inside(about, theirs.shape)
    one, other = even(small), even(laid)
    other[outside] = one[outside]
    there, back = _flow(one, other), _flow(other, one)
    x, y = np.meshgrid(np.arange(size[0], dtype=np.float32), np.arange(size[1], dtype=np.float32))
    missed = there + sampled(back, np.stack([x, y], axis=-1) + there)
    moved = cv2.resize(there, (width, height), interpolation=cv2.INTER_LINEAR) * scale
    x, y = np.meshgrid(np.arange(width, dtype=np.float32), np.arange(height, dtype=np.float32))
    wide = cv2.resize(missed, (width, height), interpolation=cv2.INTER_LINEAR) * scale
    return sampled(places, np.stack([x, y], axis=-1) + moved), np.asarray(wide, np.float32)


def _flow(one: Any, other: Any) -> Float:
    import cv2

    flow = cv2.DISOpticalFlow.create(cv2.DISOPTICAL_FLOW_PRESET_MEDIUM)
    return np.asarray(flow.calc(one, other, np.zeros((*one.shape, 2), np.float32)), np.float32)


def sampled(picture: Float, places: Float) -> Float:
    """What a picture, (h', w') or (h', w', c), has at places (h, w, 2); beyond its edge, what it has there."""
    import cv2

    across, down = np.ascontiguousarray(places[..., 0]), np.ascontiguousarray(places[..., 1])
    found = cv2.remap(picture, across, down, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
    return np.asarray(found, np.float32)


def inside(places: Float, shape: tuple[int, ...], margin: float = 0.0) -> NDArray[np.bool_]:
    """Which places lie in a picture (h, w)."""
    x, y = places[..., 0], places[..., 1]
    return np.asarray(
        (x >= margin) & (y >= margin) & (x <= shape[1] - 1 - margin) & (y <= shape[0] - 1 - margin), np.bool_
    )


def even(lightness: Float) -> NDArray[np.uint8]:
    """L* as 0..255 with the same contrast everywhere: tone is what tools change first."""
    import cv2

    steps = np.clip(np.rint(lightness * np.float32(2.55)), 0, 255).astype(np.uint8)
    return np.asarray(cv2.createCLAHE(3.0, (8, 8)).apply(steps), np.uint8)


def _shrunk(lightness: Float, pixels: int) -> tuple[Float, Float]:
    """The picture with at most so many pixels, and how many of its pixels, across and down, became one."""
    import cv2

    height, width = lightness.shape
    scale = min(1.0, (pixels / (height * width)) ** 0.5)
    size = (max(1, round(width * scale)), max(1, round(height * scale)))
    small = np.asarray(cv2.resize(lightness, size, interpolation=cv2.INTER_AREA), np.float32)
    return small, np.array([width / size[0], height / size[1]], np.float32)
