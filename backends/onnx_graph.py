"""What an ONNX colouriser takes and gives, as its manifest says: see docs/writing-a-backend.md."""

from __future__ import annotations

from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError, ValidationInfo, model_validator

from core.weights.manifest import Manifest

GRAPH = "model"
"""Role of the file that is an ONNX graph."""


class GraphInput(BaseModel):
    """What a graph takes. Batches are of one.

    ``takes`` is what is made of L*: "lightness" is L* itself (0..100), "lightness-50" is L* - 50, "lightness-unit" is
    L* / 100, all with one channel; "grey-rgb" is the neutral grey of that L* as sRGB 0..1 in three channels,
    "grey-rgb-255" the same from 0 to 255, "imagenet-rgb" the same normalised by ImageNet's mean and deviation.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    name: str = Field("", description="of the graph's input; empty: the first")
    size: tuple[int, int] | int | None = Field(None, description="as BackendInfo.input_size")
    multiple: int = Field(1, ge=1, description="as BackendInfo.multiple")
    layout: Literal["nchw", "nhwc"] = "nchw"
    takes: Literal["lightness", "lightness-50", "lightness-unit", "grey-rgb", "grey-rgb-255", "imagenet-rgb"]


class GraphOutput(BaseModel):
    """What a graph gives.

    ``kind`` is "ab" for a*b* once multiplied by ``scale``; "rgb" for sRGB 0..1 and "rgb-255" for sRGB 0..255, of which
    the chroma is kept; "logits" for one plane for each a*b* bin of the file with the role ``bins`` (.npy, (q, 2)).
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    name: str = Field("", description="of the graph's output; empty: the first")
    layout: Literal["nchw", "nhwc"] = "nchw"
    kind: Literal["ab", "rgb", "rgb-255", "logits"]
    scale: float = 1.0
    bins: str = ""


class Graph(BaseModel):
    """Both ends of a graph."""

    input: GraphInput
    output: GraphOutput

    @model_validator(mode="before")
    @classmethod
    def _has_both_ends(cls, ends: dict[str, Any]) -> dict[str, Any]:
        if None in ends.values():
            raise ValueError("an ONNX model needs both an [input] and an [output]")
        return ends

    @model_validator(mode="after")
    def _has_its_files(self, info: ValidationInfo) -> Graph:
        roles: set[str] = info.context or set()
        if GRAPH not in roles:
            raise ValueError(f"an ONNX model needs a file with the role {GRAPH}")
        if self.output.kind == "logits" and self.output.bins not in roles:
            raise ValueError("output.bins must be the role of the file that holds the bins of the logits")
        return self


def graph_of(manifest: Manifest) -> Graph | None:
    """The graph that a manifest describes, or None where it describes none.

    Raises:
        WeightsError: what it describes does not hold together; the message names file and field.
    """
    ends = {"input": manifest.input, "output": manifest.output}
    if not any(ends.values()):
        return None
    try:
        return Graph.model_validate(ends, context={file.role for file in manifest.files})
    except ValidationError as error:
        raise manifest.unusable(error) from error
