"""A stand-in for ComfyUI's ``comfy_api.latest``: as much of its V3 schema as the recipe's node uses, and its checks."""

from __future__ import annotations

import sys
from dataclasses import dataclass, field
from types import ModuleType, SimpleNamespace
from typing import Any

import numpy as np
import pytest


@dataclass
class Input:
    id: str
    default: Any = None
    min: float | None = None
    max: float | None = None
    step: float | None = None


@dataclass
class Output:
    id: str | None = None


@dataclass
class Schema:
    node_id: str
    category: str
    display_name: str | None = None
    inputs: list[Input] = field(default_factory=list)
    outputs: list[Output] = field(default_factory=list)
    description: str = ""


class NodeOutput:
    def __init__(self, *args: Any) -> None:
        self.args = args


class ComfyNode:
    pass


class ComfyExtension:
    pass


class Tensor:
    """What ComfyUI's images are, as far as a node needs to know: (images, h, w, 3) float32 0..1."""

    def __init__(self, values: Any) -> None:
        self.values = np.asarray(values, np.float32)

    def cpu(self) -> Tensor:
        return self

    def numpy(self) -> Any:
        return self.values

    def new_tensor(self, values: Any) -> Tensor:
        return Tensor(values)


def install(patch: pytest.MonkeyPatch) -> None:
    """Have ``from comfy_api.latest import ComfyExtension, io`` find what is here."""
    kind = SimpleNamespace(Input=Input, Output=Output)
    latest = ModuleType("comfy_api.latest")
    latest.io = SimpleNamespace(  # type: ignore[attr-defined]
        Schema=Schema, NodeOutput=NodeOutput, ComfyNode=ComfyNode, Image=kind, String=kind, Float=kind
    )
    latest.ComfyExtension = ComfyExtension  # type: ignore[attr-defined]
    patch.setitem(sys.modules, "comfy_api", ModuleType("comfy_api"))
    patch.setitem(sys.modules, "comfy_api.latest", latest)
