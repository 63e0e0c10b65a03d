"""What a person has brushed onto the mask of marks, or off it."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Annotated, Any

import numpy as np
from pydantic import BaseModel, ConfigDict, FailFast, Field, TypeAdapter, ValidationError

from core.errors import RequestError, first_problem
from core.restore.marks import Mask

_Share = Annotated[float, Field(ge=0, le=1, allow_inf_nan=False)]


class Stroke(BaseModel):
    """One stroke of the brush.

    Attributes:
        points: each across and down, as shares of the photograph's width and height.
        width: of the brush, as a share of the longer side.
        erase: whether it takes away, so that what it covers is not filled.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    points: Annotated[tuple[tuple[_Share, _Share], ...], FailFast()] = Field(min_length=1, max_length=400)
    width: float = Field(0.01, gt=0, le=0.2, allow_inf_nan=False)
    erase: bool = False


Strokes = tuple[Stroke, ...]

_READ: TypeAdapter[Strokes] = TypeAdapter(Annotated[Strokes, FailFast(), Field(max_length=400)])


def read_strokes(given: Any) -> Strokes:
    """Strokes as programs and sidecars give them: a list of objects.

    Raises:
        RequestError: they are none.
    """
    try:
        return _READ.validate_python(given or ())
    except ValidationError as error:
        raise RequestError(first_problem(error)) from error


def brushed(mask: Mask, strokes: Iterable[Stroke]) -> Mask:
    """A mask, (h, w), with strokes on it, one after another."""
    import cv2

    height, width = mask.shape
    drawn = mask.astype(np.uint8)
    for stroke in strokes:
        points = np.rint(np.array(stroke.points) * (width, height) - 0.5).astype(np.int32)
        thick = max(1, round(stroke.width * max(height, width)))
        cv2.polylines(drawn, [points], False, 0 if stroke.erase else 1, thick)
        if len(points) == 1:
            cv2.circle(drawn, points[0].tolist(), thick // 2, 0 if stroke.erase else 1, -1)
    return drawn > 0
