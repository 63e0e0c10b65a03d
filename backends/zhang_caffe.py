"""The release's Caffe network on OpenCV 4, run in three parts so that its slow middle is fast.

Half of the work lies in conv5 and conv6: 3x3 convolutions with dilation 2, for which OpenCV has no Winograd path.
With dilation 2 an output reads only inputs whose rows and columns are both an even distance away, so the layer is an
ordinary convolution on each of the four interleaved half-size maps. They are taken apart once before conv5 and put
together once after conv6; the function is the same.
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import numpy as np

from core.color import Float


class CaffeNetwork:
    """The network from L* - 50 to logits."""

    def __init__(self, prototxt: Path, caffemodel: Path, size: int = 224):
        """Read the network.

        Args:
            prototxt: the release's description of it.
            caffemodel: its weights.
            size: side of the square input, a multiple of 16.
        """
        layers = _layers(prototxt.read_text("utf-8"))
        weights = np.fromfile(caffemodel, np.uint8)
        eighth = size // 8
        self._before = _read(layers, "bw_conv1_1", "conv4_3norm", (1, 1, size, size), weights)
        undilated = {name: _undilate(text) for name, text in layers.items()}
        self._dilated = _read(undilated, "conv5_1", "conv6_3norm", (4, 512, eighth // 2, eighth // 2), weights)
        self._after = _read(layers, "conv7_1", "conv8_313", (1, 512, eighth, eighth), weights)

    def logits(self, centred: Float) -> Float:
        """Logits over the bins.

        Args:
            centred: (size, size) float32, L* - 50.

        Returns:
            (313, size/4, size/4) float32.
        """
        features = _forward(self._before, centred[None, None])
        features = together(_forward(self._dilated, apart(features)))
        logits: Float = _forward(self._after, features)[0]
        return logits


def apart(maps: Float) -> Float:
    """(1, c, 2h, 2w) to (4, c, h, w): every second row and column, for each of the four ways to start."""
    _, channels, rows, columns = maps.shape
    split = maps.reshape(channels, rows // 2, 2, columns // 2, 2).transpose(2, 4, 0, 1, 3)
    return np.ascontiguousarray(split).reshape(4, channels, rows // 2, columns // 2)


def together(maps: Float) -> Float:
    """(4, c, h, w) to (1, c, 2h, 2w): undoes ``apart``."""
    _, channels, rows, columns = maps.shape
    joined = maps.reshape(2, 2, channels, rows, columns).transpose(2, 3, 0, 4, 1)
    return np.ascontiguousarray(joined).reshape(1, channels, 2 * rows, 2 * columns)


def _forward(net: Any, blob: Float) -> Float:
    net.setInput(blob)
    return np.asarray(net.forward())


def _read(layers: dict[str, str], first: str, last: str, shape: tuple[int, ...], weights: Any) -> Any:
    """A network of the layers from ``first`` to ``last``; the caffemodel's other layers are left unread."""
    import cv2

    names = list(layers)
    part = names[names.index(first) : names.index(last) + 1]
    bottom = re.search(r'\bbottom:\s*"([^"]+)"', layers[first])
    assert bottom is not None  # the prototxt is checked by its hash
    dims = " ".join(f"dim: {size}" for size in shape)
    entry = f'layer {{ name: "entry" type: "Input" top: "{bottom[1]}" input_param {{ shape {{ {dims} }} }} }}'
    text = "\n".join([entry, *(layers[name] for name in part)])
    return cv2.dnn.readNetFromCaffe(np.frombuffer(text.encode(), np.uint8), weights)


def _layers(prototxt: str) -> dict[str, str]:
    """Name -> text of each layer, in order."""
    text = re.sub(r"#.*", "", prototxt)
    layers = {}
    for start in re.finditer(r"\blayer\s*\{", text):
        depth = 0
        for end in re.finditer(r"[{}]", text[start.start() :]):
            depth += 1 if end[0] == "{" else -1
            if depth == 0:
                break
        layer = text[start.start() : start.start() + end.end()]
        name = re.search(r'\bname:\s*"([^"]+)"', layer)
        assert name is not None
        layers[name[1]] = layer
    return layers


def _undilate(layer: str) -> str:
    return re.sub(r"\bpad:\s*2\b", "pad: 1", re.sub(r"\bdilation:\s*2\b", "dilation: 1", layer))
