"""Another tool's colours, grafted onto the photograph's own lightness; no weights.

The second photograph is another version of the first: what an editor made of it, a hand-painted print, a later colour
print of the same negative. Its chroma is laid on the photograph by a homography and dense flow, taken where the two
agree, and spread from there to where they do not.
"""

from __future__ import annotations

from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray
from pydantic import BaseModel, ConfigDict, Field

from backends.alignment import Matrix, find_planes, flow_on, inside, plane_map, sampled
from backends.likeness import from_likes
from backends.pocket import Pocket
from backends.spreading import spread
from core.colour.cielab import Float
from core.colour.guided import local_lines
from core.errors import RequestError
from core.prediction import AbField, Request
from core.progress import no_progress
from core.registry.backend import BackendInfo
from core.registry.hookspecs import hookimpl

_FAINT = 4.0
"""Chroma that nearly no place of a grey version exceeds."""

_STRANGERS = "This is not the same photograph; use the backend 'reference', which takes colours from any."

_WINDOW = 4.0
"""Standard deviation, in pixels, of the window in which lightness is compared."""

_FLAT = 1.0
"""Variance, in L*^2, below which a window has nothing to compare, beside that of its grain."""

_EVEN = 20
"""Percentage of the windows that count as even: those in which the other picture varies least."""

_ISLAND = 24
"""Radius, in pixels, of the window in which a place must not be nearly alone in being alike: chance agrees in spots."""

_MISS = 2.5
"""Pixels by which the flow there and back may miss each other, across what is to be seen there."""

_FAINT_SLOPE = 0.05
"""Square of the slope of lightness, in L* a pixel, below which nothing is to be seen that a miss would be across."""

_TONE = 5.0
"""L* by which a place's lightness may differ from what theirs has in places as light, beside three times the usual."""

_HARDLY = 0.01
"""How much a place that has nothing to compare, or another shape, says of how theirs was toned, beside one that has."""

_RIM = 4
"""Pixels around a place in doubt that are in doubt as well: what was drawn over has a rim of its own."""

_ODD = 30.0
"""Distance in a*b* from what its surroundings say at which a place in doubt is not taken."""

_TOO_LITTLE = 0.04
"""Share of the picture that must agree."""


class Graft:
    """Takes the chroma of another version, and nothing else of it."""

    info = BackendInfo(
        id="graft",
        title="From another version",
        summary="Takes its colours from another tool's version of the same photograph",
        licence="Apache-2.0",
        citation="docs/graft.md",
        input_size=1024,
        wants_reference=True,
        learned=None,
        order=50,
    )

    class Options(BaseModel):
        """What a person may say about it."""

        model_config = ConfigDict(extra="forbid")

        fill: Literal["spread", "local"] = Field(
            "local",
            description="where the two do not agree: colours spread from around, alone or over what pocket predicts",
        )
        agreement: float = Field(
            0.5,
            ge=0,
            le=1,
            description="how alike a place must be to be taken: 0 takes nearly all, 1 nothing in doubt",
        )

    def __init__(self) -> None:
        self._local: Pocket | None = None

    def suits(self, request: Request) -> bool:
        """Whether the second photograph is a version of the first, in colour."""
        theirs = request.reference
        assert theirs is not None
        return not _is_grey(theirs) and bool(find_planes(request.lightness, np.ascontiguousarray(theirs[..., 0])))

    def predict(self, request: Request, options: Options) -> AbField:
        """The version's chroma where it agrees, and what is spread from there elsewhere.

        Raises:
            RequestError: the version is grey, or is no version of this photograph.
        """
        ours, theirs = request.lightness, request.reference
        assert theirs is not None  # core sees to it
        if _is_grey(theirs):
            raise RequestError("The other version has no colours; choose one in colour.")
        planes = find_planes(ours, np.ascontiguousarray(theirs[..., 0]))
        if not planes:
            raise RequestError(_STRANGERS)
        chroma = _chroma(theirs)
        return self._grafted(ours, theirs, max(planes, key=lambda plane: _shown(chroma, plane, ours.shape)), options)

    def _grafted(self, ours: Float, theirs: Float, plane: Matrix, options: Options) -> AbField:
        about = plane_map(plane, ours.shape)
        spreads = _moments(ours, sampled(theirs[..., 0], about))
        grain, other_grain = _grain(spreads[0], spreads[1]), _grain(spreads[1], spreads[0])
        smooth = _degrained(ours, grain)
        places, missed = flow_on(smooth, _degrained(theirs[..., 0], other_grain), about)
        laid = sampled(theirs, places)
        within = inside(places, theirs.shape)
        alike = _agreement(smooth, _degrained(laid[..., 0], other_grain), missed, options.agreement) * within
        alike *= _company(alike, within)
        if alike.mean() < _TOO_LITTLE:
            raise RequestError(_STRANGERS)
        sure, ab = _beyond_doubt(alike), np.ascontiguousarray(laid[..., 1:])
        likely = self._likely(ab, sure, ours) if options.fill == "local" else np.zeros_like(ab)
        around = likely + spread(ab - likely, sure, ours)
        agreed = sure + (1 - sure) * np.sqrt(alike) * _in_keeping(ab, around)
        around = likely + spread(ab - likely, agreed, ours)
        ab = around + (ab - around) * agreed[..., None]
        shares = {"agreed": float(agreed.mean()), "covered": float(within.mean())}
        return AbField(ab, agreed, shares)

    def _likely(self, ab: Float, sure: Float, lightness: Float) -> Float:
        """What places that pocket sees as alike have, (h, w, 2), and the mean of what it predicts where none is."""
        import cv2

        if self._local is None:
            self._local = Pocket()
            self._local.load(no_progress)
        height, width = lightness.shape
        scale = 192 / (height * width) ** 0.5
        small = tuple(max(32, round(side * scale / 32) * 32) for side in (width, height))
        given = self._local.predict(
            Request(np.asarray(cv2.resize(lightness, small, interpolation=cv2.INTER_AREA), np.float32)), None
        )
        weights = np.exp((given.logits - given.logits.max(axis=0)) / np.float32(0.6))
        default = np.einsum("qhw,qc->hwc", weights / weights.sum(axis=0), given.bins)
        assert given.features is not None  # pocket gives them
        return from_likes(ab, sure, lightness, given.features, np.asarray(default, np.float32))


def _chroma(lab: Float) -> Float:
    return np.asarray(np.hypot(lab[..., 1], lab[..., 2]), np.float32)


def _is_grey(lab: Float) -> bool:
    return bool(np.percentile(_chroma(lab[::4, ::4]), 99.5) < _FAINT)


def _shown(chroma: Float, plane: Matrix, shape: tuple[int, ...]) -> float:
    """Mean chroma where a plane lays the photograph."""

    places = plane_map(plane @ np.diag([8.0, 8.0, 1.0]), (shape[0] // 8 + 1, shape[1] // 8 + 1))
    return float((sampled(chroma, places) * inside(places, chroma.shape)).mean())


def _grain(variance: Float, other_variance: Float) -> np.float32:
    """Variance of a picture's grain, in L*^2: what it has more of where the other picture is even."""
    even = other_variance <= np.percentile(other_variance[::4, ::4], _EVEN)
    return np.float32(max(0.0, float(np.median(variance[even] - other_variance[even]))))


def _degrained(lightness: Float, grain: np.float32) -> Float:
    """Lightness without its grain: it follows itself where it varies by more."""
    slope, intercept = local_lines(lightness[..., None], lightness, 2, 9 * float(grain) + 0.9)
    return slope[..., 0] * lightness + intercept[..., 0]


def _mean(plane: Float) -> Float:
    """The mean of the window around each place."""
    import cv2

    return np.asarray(cv2.GaussianBlur(plane, (0, 0), _WINDOW, borderType=cv2.BORDER_REFLECT), np.float32)


def _moments(ours: Float, theirs: Float) -> tuple[Float, Float, Float]:
    """Variances of two pictures (h, w) in the window around each place, and their covariance."""
    one, other = _mean(ours), _mean(theirs)
    variance = np.maximum(_mean(ours * ours) - one * one, 0)
    other_variance = np.maximum(_mean(theirs * theirs) - other * other, 0)
    return variance, other_variance, _mean(ours * theirs) - one * other


def _agreement(ours: Float, theirs: Float, missed: Float, least: float) -> Float:
    """How far two pictures (h, w) show the same at each place, 0..1, where the flow misses by so many pixels (h, w, 2).

    Where a window has nothing but what is left of its grain, there is nothing to tell them apart by.
    """
    variance, other_variance, together = _moments(ours, theirs)
    nothing = np.float32(_FLAT) + _grain(variance, other_variance)
    other_nothing = np.float32(_FLAT) + _grain(other_variance, variance)
    variance += nothing
    alike = (together + np.sqrt(nothing * other_nothing)) / np.sqrt(variance * (other_variance + other_nothing))
    there = np.exp(-_missed_across(ours, missed) / np.float32(_MISS**2))
    flat = nothing / variance
    low = np.float32(1.6 * least - 0.6)
    shape = _rise((alike - low) / np.float32(0.4)) * (flat + (1 - flat) * there)
    telling = shape * (1 - flat) * (1 - other_nothing / (other_variance + other_nothing)) + np.float32(_HARDLY)
    off = np.abs(_mean(ours) - _toned(_mean(theirs), ours, theirs, telling))
    tone = np.exp(-np.square(off / (3 * np.median(off) + np.float32(_TONE))) / 2)
    return np.asarray(shape * tone, np.float32)


def _missed_across(lightness: Float, missed: Float) -> Float:
    """Mean square, in pixels^2, of what the flow (h, w, 2) misses by across the edges around a place.

    Along a line or a row of like things flow slides, and the colours with it: they are the same there.
    """
    import cv2

    slopes = np.stack([cv2.Sobel(lightness, cv2.CV_32F, 1, 0), cv2.Sobel(lightness, cv2.CV_32F, 0, 1)], axis=-1) / 8
    steep = _mean(np.square(slopes).sum(axis=-1)) / 2
    across = _mean(np.square((slopes * missed).sum(axis=-1)))
    return np.asarray(across / (steep + np.float32(_FAINT_SLOPE)), np.float32)


def _toned(lightness: Float, ours: Float, theirs: Float, telling: Float) -> Float:
    """Lightness of theirs as ours has it: the median of ours wherever theirs is about as light, and never falling.

    Args:
        lightness: (h, w), theirs.
        ours: (h, w).
        theirs: (h, w).
        telling: (h, w), how much each place has to say: what was painted in has its own lightness.
    """
    light, weight = ours[::3, ::3].ravel(), telling[::3, ::3].ravel()
    order = np.argsort(light)
    light, weight, steps = light[order], weight[order], np.clip(theirs[::3, ::3].ravel()[order] / 4, 0, 24).astype(int)
    levels, known = [], []
    for step in range(25):
        mine, sums = light[steps == step], np.cumsum(weight[steps == step])
        if len(mine) > 5:
            known.append(4 * step + 2)
            levels.append((float(mine[np.searchsorted(sums, sums[-1] / 2)]), float(sums[-1])))
    return np.asarray(np.interp(lightness, known or [0], _rising(levels) or [0]), np.float32)


def _rising(levels: list[tuple[float, float]]) -> list[float]:
    """The values nearest to these, each with its weight, that never fall: what falls is averaged."""
    blocks: list[tuple[float, float, int]] = []  # value, weight, how many
    for level, weight in levels:
        blocks.append((level, weight, 1))
        while len(blocks) > 1 and blocks[-2][0] > blocks[-1][0]:
            (one, light, few), (other, heavy, many) = blocks.pop(), blocks.pop()
            total = light + heavy
            blocks.append(((one * light + other * heavy) / total, total, few + many))
    return [level for level, _, count in blocks for _ in range(count)]


def _beyond_doubt(alike: Float) -> Float:
    """How far a place and all around it are alike, 0..1."""
    import cv2

    disc = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (2 * _RIM + 1, 2 * _RIM + 1))
    return _rise((np.asarray(cv2.erode(alike, disc), np.float32) - np.float32(0.5)) / np.float32(0.4))


def _in_keeping(ab: Float, around: Float) -> Float:
    """How far a place (h, w, 2) has a colour such as its surroundings, 0..1."""
    import cv2

    apart = cv2.GaussianBlur(np.linalg.norm(ab - around, axis=-1), (0, 0), 2)
    return np.asarray(np.exp(-np.square(apart / np.float32(_ODD))), np.float32)


def _company(agreed: Float, within: NDArray[np.bool_]) -> Float:
    """How far a place's surroundings agree, 0..1: as the picture's do, or hardly."""
    import cv2

    def mean(plane: Float) -> Any:
        return cv2.blur(plane, (2 * _ISLAND + 1, 2 * _ISLAND + 1), borderType=cv2.BORDER_REFLECT)

    around = mean(agreed) / np.maximum(mean(within.astype(np.float32)), np.float32(0.05))
    usual = max(float(np.median(around[within])), 1e-3) if within.any() else 1.0
    return _rise((around / np.float32(usual) - np.float32(0.3)) / np.float32(0.5))


def _rise(share: Float) -> Float:
    """From 0 at 0 to 1 at 1, smoothly."""
    share = np.clip(share, 0, 1)
    return np.asarray(share * share * (3 - 2 * share), np.float32)


@hookimpl
def autochrome_register_backends(register: Any) -> None:
    """Register graft."""
    register(Graft())
