"""The release's Caffe network as ONNX, for OpenCV 5, which has no Caffe importer.

A caffemodel is a protobuf message (caffe.proto). These fields are read: NetParameter 100 layer; LayerParameter 1 name,
7 blobs; BlobProto 7 shape, 5 data (packed float); BlobShape 1 dim (packed int64).
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from contextlib import suppress
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import numpy as np

from backends.prototxt import Layer, read_layers
from core.colour.cielab import Float
from core.errors import BackendError
from core.weights import hub
from core.weights.checksum import sha256, write_atomically

LOGITS = "conv8_313"
_NO_ONNX = "zhang-v2 needs the onnx package with this OpenCV; run: pip install -r requirements-onnx.txt"
_BATCH_NORM_EPS = 1e-5  # Caffe's default, which the release uses


class OnnxNetwork:
    """The network from L* - 50 to logits, on an OpenCV that reads no Caffe models."""

    def __init__(self, prototxt: Path, caffemodel: Path):
        """Read the network, which is converted where that has not been done before.

        Args:
            prototxt: the release's description of it, checked.
            caffemodel: its weights, checked.

        Raises:
            BackendError: it is to be converted and ``onnx`` is not installed.
        """
        import cv2

        self._net = cv2.dnn.readNetFromONNX(np.frombuffer(onnx_model(prototxt, caffemodel), np.uint8))

    def logits(self, centred: Float) -> Float:
        """Logits over the bins.

        Args:
            centred: (224, 224) float32, L* - 50.

        Returns:
            (313, 56, 56) float32.
        """
        self._net.setInput(centred[None, None])
        logits: Float = self._net.forward()[0]
        return logits


def onnx_model(prototxt: Path, caffemodel: Path) -> bytes:
    """The network as an ONNX model: converted at first, then kept beside the Hub's cache.

    What is kept is named after the files it was made from and after its own hash, and is used only where both fit.
    """
    key = f"zhang-v2-{sha256(prototxt)[:12]}-{sha256(caffemodel)[:12]}"
    for kept in hub.derived_folder().glob(f"{key}-*.onnx"):
        with suppress(OSError):
            model = kept.read_bytes()
            if kept.name == _kept_name(key, model):
                return model
            kept.unlink()
    model = convert(prototxt.read_text("utf-8"), caffemodel.read_bytes())
    with suppress(OSError):  # on a read-only or full disk it is converted again at the next start
        write_atomically(hub.derived_folder() / _kept_name(key, model), model)
    return model


def lacking() -> str:
    """A sentence about what this machine lacks to convert the network; empty where nothing, or where that is done."""
    done = find_spec("onnx") or any(hub.derived_folder().glob("zhang-v2-*.onnx"))
    return "" if done else f"{_NO_ONNX}."


def _kept_name(key: str, model: bytes) -> str:
    return f"{key}-{hashlib.sha256(model).hexdigest()[:12]}.onnx"


def convert(prototxt: str, caffemodel: bytes) -> bytes:
    """The network up to its logits as an ONNX model.

    Raises:
        BackendError: ``onnx`` is not installed.
        KeyError, ValueError: the files are not those of zhang-v2.
    """
    try:
        from onnx import TensorProto, helper, numpy_helper
    except ImportError as error:
        raise BackendError(_NO_ONNX) from error
    blobs = dict(_caffe_layers(caffemodel))
    nodes, tensors = [], []
    tops: dict[str, str] = {}  # a top of the prototxt -> the ONNX value that holds it now: ReLU works in place
    source = ""
    for layer in read_layers(prototxt):
        name, kind, top = layer["name"], layer["type"], layer["top"]
        if kind == "Input":
            tops[top] = source = top
            shape = [int(n) for n in layer.fields["dim"]]
            continue
        arrays = blobs.get(name, [])
        inputs = [tops[layer["bottom"]], *(f"{name}.{i}" for i in range(len(arrays)))]
        attributes: dict[str, Any] = {}
        if kind in ("Convolution", "Deconvolution"):
            operator = "Conv" if kind == "Convolution" else "ConvTranspose"
            attributes = _geometry(layer)
        elif kind == "BatchNorm":
            operator, attributes = "BatchNormalization", {"epsilon": _BATCH_NORM_EPS}
            arrays = _scale_shift_mean_variance(arrays)
            inputs = [inputs[0], *(f"{name}.{i}" for i in range(4))]
        elif kind == "ReLU":
            operator = "Relu"
        else:
            raise ValueError(f"layer {name} is a {kind}")
        tensors += [numpy_helper.from_array(array, f"{name}.{i}") for i, array in enumerate(arrays)]
        tops[top] = top if name == LOGITS else name
        nodes.append(helper.make_node(operator, inputs, [tops[top]], name=name, **attributes))
        if name == LOGITS:
            break
    graph = helper.make_graph(
        nodes,
        "zhang-v2",
        [helper.make_tensor_value_info(source, TensorProto.FLOAT, shape)],
        [helper.make_tensor_value_info(LOGITS, TensorProto.FLOAT, ["n", "bins", "h", "w"])],
        tensors,
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 13)], ir_version=8)
    serialized: bytes = model.SerializeToString()
    return serialized


def _geometry(layer: Layer) -> dict[str, list[int]]:
    return {
        "kernel_shape": [layer.number("kernel_size")] * 2,
        "strides": [layer.number("stride", 1)] * 2,
        "pads": [layer.number("pad")] * 4,
        "dilations": [layer.number("dilation", 1)] * 2,
    }


def _scale_shift_mean_variance(blobs: list[Float]) -> list[Float]:
    """Caffe's batch norm keeps sums and how many they are of: mean and variance are the first two over the third."""
    mean, variance, factor = blobs
    scale = np.float32(1 / factor.item()) if factor.item() else np.float32(0)
    return [np.ones_like(mean), np.zeros_like(mean), mean * scale, variance * scale]


def _caffe_layers(data: bytes) -> Iterator[tuple[str, list[Float]]]:
    """Each layer's name and blobs."""
    for field, layer in _fields(memoryview(data)):
        if field == 100:
            parts = list(_fields(layer))
            name = next(bytes(value).decode() for number, value in parts if number == 1)
            yield name, [_blob(value) for number, value in parts if number == 7]


def _blob(data: memoryview) -> Float:
    parts = dict(_fields(data))
    dims, at = [], 0
    shape = dict(_fields(parts[7]))[1]
    while at < len(shape):
        dim, at = _varint(shape, at)
        dims.append(dim)
    return np.frombuffer(parts[5], "<f4").reshape(dims).astype(np.float32)


def _fields(data: memoryview) -> Iterator[tuple[int, memoryview]]:
    """A message's length-delimited fields; numbers are skipped."""
    at = 0
    while at < len(data):
        tag, at = _varint(data, at)
        wire = tag & 7
        if wire == 0:
            _, at = _varint(data, at)
        elif wire == 2:
            size, at = _varint(data, at)
            yield tag >> 3, data[at : at + size]
            at += size
        else:
            at += {1: 8, 5: 4}[wire]


def _varint(data: memoryview, at: int) -> tuple[int, int]:
    value = shift = 0
    while True:
        byte = data[at]
        value |= (byte & 0x7F) << shift
        at, shift = at + 1, shift + 7
        if byte < 0x80:
            return value, at
