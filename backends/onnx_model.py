"""Any ONNX colouriser that a manifest describes: see docs/writing-a-backend.md and ``backends.onnx_graph``."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import numpy as np

from backends.onnx_graph import GRAPH, Graph, GraphInput, GraphOutput, graph_of
from core.colour.cielab import Float, lightness_to_grey, rgb_to_lab, three_channels
from core.errors import BackendError
from core.prediction import AbDistribution, AbField, Request
from core.progress import Progress
from core.registry.backend import BackendInfo
from core.registry.hookspecs import hookimpl
from core.weights.manifest import Manifest, load_manifests
from core.weights.weights import Weights

Network = Callable[[Float], Float]
"""From the graph's input to its output, both of four dimensions."""

_PROVIDERS = ("CUDAExecutionProvider", "CoreMLExecutionProvider", "CPUExecutionProvider")
"""onnxruntime's ways to run a graph, best first; each is used where this machine has it."""

_IMAGENET_MEAN = np.array([0.485, 0.456, 0.406], np.float32)
_IMAGENET_DEVIATION = np.array([0.229, 0.224, 0.225], np.float32)


class OnnxModel:
    """One manifest's graph."""

    def __init__(self, manifest: Manifest, graph: Graph, weights: Weights):
        self._input, self._output = graph.input, graph.output
        self.weights = weights
        self.info = BackendInfo(
            id=manifest.id,
            title=manifest.title,
            summary=manifest.summary,
            licence=manifest.licence,
            citation=manifest.citation,
            input_size=graph.input.size,
            multiple=graph.input.multiple,
            order=manifest.order,
        )

    def load(self, progress: Progress) -> None:
        """Fetch what is missing, then read the graph.

        Raises:
            WeightsError: the files could not be had.
            BackendError: nothing that is installed runs the graph, or it has other inputs or outputs.
        """
        paths = self.weights.fetch(progress)
        progress(0.4, f"Reading {self.info.title}")
        self._bins = None
        if self._output.kind == "logits":
            self._bins = np.load(paths[self._output.bins]).astype(np.float32)
        try:
            self._network = _onnxruntime(paths[GRAPH], self._input.name, self._output.name)
        except ImportError:
            self._network = _opencv(self.info.id, paths[GRAPH], self._input.name, self._output.name)

    def predict(self, request: Request, options: None) -> AbField | AbDistribution:
        """What the graph says, as a*b* or as logits over bins."""
        planes = self._network(graph_input(request.lightness, self._input))
        channels = np.asarray(planes, np.float32)[0]
        if self._output.layout == "nhwc":
            channels = np.moveaxis(channels, -1, 0)
        if self._bins is not None:
            return AbDistribution(channels, self._bins)
        return AbField(chroma_of(channels, self._output))


def graph_input(lightness: Float, described: GraphInput) -> Float:
    """L* (h, w) as a graph takes it: (1, c, h, w) or (1, h, w, c) float32."""
    if described.takes.startswith("lightness"):
        centre, scale = {"lightness": (0, 1), "lightness-50": (50, 1), "lightness-unit": (0, 100)}[described.takes]
        channels = (lightness[..., None] - np.float32(centre)) / np.float32(scale)
    else:
        channels = three_channels(lightness_to_grey(lightness))
        if described.takes == "grey-rgb-255":
            channels = channels * np.float32(255)
        elif described.takes == "imagenet-rgb":
            channels = (channels - _IMAGENET_MEAN) / _IMAGENET_DEVIATION
    if described.layout == "nchw":
        channels = np.moveaxis(channels, -1, 0)
    return np.ascontiguousarray(channels[None], dtype=np.float32)


def chroma_of(channels: Float, described: GraphOutput) -> Float:
    """What a graph gives, (c, h, w), as (h, w, 2) a*b*; the lightness of an RGB picture is dropped."""
    picture = np.moveaxis(channels, 0, -1)
    if described.kind == "ab":
        return picture * np.float32(described.scale)
    if described.kind == "rgb-255":
        picture = picture / np.float32(255)
    if picture.shape[-1] != 3:
        raise BackendError(f"The graph gives {picture.shape[-1]} channels where RGB was due; correct its manifest.")
    return rgb_to_lab(np.clip(picture, 0, 1))[..., 1:]


def _onnxruntime(path: Path, input_name: str, output_name: str) -> Network:
    """Raises ImportError where onnxruntime is not installed."""
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.log_severity_level = 3
    available = onnxruntime.get_available_providers()
    providers = [name for name in _PROVIDERS if name in available]
    session = onnxruntime.InferenceSession(str(path), options, providers=providers)
    given = _named(session.get_inputs(), input_name, "input", path)
    wanted = _named(session.get_outputs(), output_name, "output", path).name
    dtype = np.float16 if given.type == "tensor(float16)" else np.float32

    def run(blob: Float) -> Float:
        return np.asarray(session.run([wanted], {given.name: blob.astype(dtype)})[0], np.float32)

    return run


def _named(there: list[Any], name: str, what: str, path: Path) -> Any:
    """The graph's input or output of this name, or its first where that is empty."""
    for value in there:
        if name in ("", value.name):
            return value
    names = ", ".join(value.name for value in there)
    raise BackendError(f"{path.name} has no {what} '{name}' but: {names}; correct its manifest.")


def _opencv(model: str, path: Path, input_name: str, output_name: str) -> Network:
    import cv2

    try:
        network = cv2.dnn.readNetFromONNX(str(path))
    except cv2.error as error:
        raise BackendError(
            f"OpenCV cannot run the graph of {model}; install onnxruntime: pip install -r requirements-onnx.txt"
        ) from error

    def run(blob: Float) -> Float:
        try:
            network.setInput(blob, input_name)
            return np.asarray(network.forward(output_name) if output_name else network.forward())
        except cv2.error as error:
            raise BackendError(
                f"OpenCV cannot run the graph of {model} ({error.err}); correct the names in its manifest, or install "
                "onnxruntime: pip install -r requirements-onnx.txt"
            ) from error

    return run


def lacking(manifest: Manifest) -> str:
    """A sentence about the packages that a model needs and this machine lacks; empty where none."""
    missing = [name for name in manifest.needs if find_spec(name) is None]
    if not missing:
        return ""
    return f"{manifest.id} runs on {' and '.join(missing)}, not installed here; run: pip install {' '.join(missing)}."


@hookimpl
def autochrome_register_backends(register: Any, settings: Any) -> None:
    """Register a backend for each manifest that describes a graph."""
    for manifest in load_manifests(settings).values():
        if graph := graph_of(manifest):
            register(OnnxModel(manifest, graph, Weights(manifest, settings, lacks=partial(lacking, manifest))))
