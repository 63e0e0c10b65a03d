"""What a person may change about a colouring without running the network again."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, FailFast, Field, ValidationError, model_validator

from core.errors import RequestError, first_problem

AlternativeName = Literal["default", "warmer", "cooler", "vivid", "calm", "other", "other-2"]
"""Colourings that a prediction can hold, see ``core.look.alternatives``."""

Share = Annotated[float, Field(ge=0, le=1)]


class Hint(BaseModel):
    """A spot, or a brush stroke, whose colour a person knows or likes as it is."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    x: float = Field(ge=0, le=1, description="from the left edge, as a share of the width")
    y: float = Field(ge=0, le=1, description="from the top edge, as a share of the height")
    color: str | None = Field(
        None,
        pattern=r"^#[0-9a-fA-F]{6}$",
        description="sRGB; its lightness is not used; may be left out where keep is true",
    )
    radius: float | None = Field(
        None,
        gt=0,
        le=1,
        description="how far it may reach, as a share of the longer side; null is as far as the thing goes it is on",
    )
    keep: bool = Field(False, description="leave what is here as predicted, whatever other hints are near")
    stroke: Annotated[tuple[tuple[Share, Share], ...], FailFast()] = Field(
        (), max_length=500, description="further points, [x, y], through which a brush went on from x, y"
    )
    width: float = Field(0.0, ge=0, le=0.5, description="of the brush, as a share of the longer side; 0 is a thin line")

    @model_validator(mode="after")
    def _says_something(self) -> Hint:
        if self.color is None and not self.keep:
            raise ValueError("it needs a color, or keep")
        return self


class Look(BaseModel):
    """Applied by core to any prediction; every value has a default that suits most photographs."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    strength: float = Field(
        1.0, ge=0, le=2, description="chroma as a multiple of the predicted; 0 is grey, with tints and hints too"
    )
    temperature: float = Field(
        0.38, ge=0, le=1, description="of the annealed mean: 0 takes the likeliest colour, 1 the plain mean"
    )
    vividness: float = Field(
        0.5,
        ge=0,
        le=1,
        description="from calm, 0, to as colourful as the model expects photographs to be, 1",
    )
    pooling: bool = Field(True, description="let things that are near and alike take colour together")
    refine: bool = Field(True, description="let colour follow the photograph's edges")
    tint_warm: float = Field(0.0, ge=-1, le=1, description="a cast over the picture: -1 is cool, 1 is warm")
    tint_magenta: float = Field(0.0, ge=-1, le=1, description="a cast over the picture: -1 is green, 1 is magenta")
    alternative: AlternativeName = Field("default", description="another colouring that the prediction holds")
    hints: Annotated[tuple[Hint, ...], FailFast()] = Field(
        (), max_length=100, description="spots whose colour is known"
    )


def make_look(**values: Any) -> Look:
    """A Look from a person's values.

    Raises:
        RequestError: a value is out of range; the message names it and its range.
    """
    try:
        return Look.model_validate(values)
    except ValidationError as error:
        raise RequestError(first_problem(error)) from error
