"""The release's Caffe network on OpenCV 4, run in three parts so that its slow middle is fast.

Half of the work lies in conv5 and conv6: 3x3 convolutions with dilation 2, for which OpenCV has no Winograd path.
With dilation 2 an output reads only inputs whose rows and columns are both an even distance away, so the layer is an
ordinary convolution on each of the four interleaved half-size maps. They are laid side by side once before conv5, with
a row and a column of zeros between them that stand for the padding, and taken back once after conv6. The function is
the same.
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import numpy as np

from core.colour.cielab import Float


class CaffeNetwork:
    """The network from L* - 50 to logits."""

    def __init__(self, prototxt: Path, caffemodel: Path):
        """Read the network.

        Args:
            prototxt: the release's description of it, checked.
            caffemodel: its weights, checked.
        """
        layers = _layers(prototxt.read_text("utf-8"))
        weights = np.fromfile(caffemodel, np.uint8)
        self._before = _read(_part(layers, "bw_conv1_1", "conv4_3norm"), (1, 224, 224), weights)
        middle = _part(layers, "conv5_1", "conv6_3norm")
        channels = int(_field(middle[0], "num_output"))
        self._dilated = _read(_keep_gap([_undilate(layer) for layer in middle]), (channels, 29, 29), weights)
        self._dilated.setInput(side_by_side(np.ones((1, channels, 28, 28), np.float32)), "mask")
        self._after = _read(_part(layers, "conv7_1", "conv8_313"), (channels, 28, 28), weights)

    def logits(self, centred: Float) -> Float:
        """Logits over the bins.

        Args:
            centred: (224, 224) float32, L* - 50.

        Returns:
            (313, 56, 56) float32.
        """
        features = side_by_side(_forward(self._before, centred[None, None]))
        features = interleaved(_forward(self._dilated, features))
        logits: Float = _forward(self._after, features)[0]
        return logits


def side_by_side(maps: Float) -> Float:
    """(1, c, 2h, 2w) to (1, c, 2h + 1, 2w + 1): every second row and column, from each start, with zeros between."""
    _, channels, height, width = maps.shape
    tiled = np.zeros((1, channels, height + 1, width + 1), np.float32)
    for row, column, tile in _tiles(tiled):
        tile[...] = maps[:, :, row::2, column::2]
    return tiled


def interleaved(tiled: Float) -> Float:
    """Undo ``side_by_side``."""
    _, channels, height, width = tiled.shape
    maps = np.empty((1, channels, height - 1, width - 1), np.float32)
    for row, column, tile in _tiles(tiled):
        maps[:, :, row::2, column::2] = tile
    return maps


def _tiles(tiled: Float) -> list[tuple[int, int, Float]]:
    rows, columns = tiled.shape[2] // 2, tiled.shape[3] // 2
    starts = [(row, column) for row in (0, 1) for column in (0, 1)]
    return [
        (row, column, tiled[:, :, (rows + 1) * row :, (columns + 1) * column :][:, :, :rows, :columns])
        for row, column in starts
    ]


def _forward(net: Any, blob: Float) -> Float:
    net.setInput(blob, "entry")
    return np.asarray(net.forward())


def _layers(prototxt: str) -> dict[str, str]:
    """Name -> text of each layer, in order. The text is known: its hash has been checked."""
    text = re.sub(r"#.*", "", prototxt)
    layers = {}
    for start in re.finditer(r"\blayer\s*\{", text):
        depth = 0
        for end in re.finditer(r"[{}]", text[start.start() :]):
            depth += 1 if end[0] == "{" else -1
            if depth == 0:
                break
        layer = text[start.start() : start.start() + end.end()]
        layers[_field(layer, "name")] = layer
    return layers


def _field(layer: str, name: str) -> str:
    found = re.search(rf'\b{name}:\s*"?(\w+)', layer)
    assert found is not None, name
    return found[1]


def _part(layers: dict[str, str], first: str, last: str) -> list[str]:
    names = list(layers)
    return [layers[name] for name in names[names.index(first) : names.index(last) + 1]]


def _undilate(layer: str) -> str:
    return re.sub(r"\bpad:\s*2\b", "pad: 1", re.sub(r"\bdilation:\s*2\b", "dilation: 1", layer))


def _keep_gap(layers: list[str]) -> list[str]:
    """Make what lies between the tiles zero again before each convolution but the first."""
    kept = layers[:1]
    for layer in layers[1:]:
        if _field(layer, "type") == "Convolution":
            bottom = _field(layer, "bottom")
            kept.append(
                f'layer {{ name: "{bottom}_kept" type: "Eltwise" bottom: "{bottom}" bottom: "mask" '
                f'top: "{bottom}_kept" eltwise_param {{ operation: PROD }} }}'
            )
            layer = layer.replace(f'"{bottom}"', f'"{bottom}_kept"', 1)
        kept.append(layer)
    return [_input("mask", (512, 29, 29)), *kept]


def _read(layers: list[str], shape: tuple[int, ...], weights: Any) -> Any:
    """A network of some layers, whose input is called "entry"; what else the caffemodel holds is left unread."""
    import cv2

    first = next(number for number, layer in enumerate(layers) if _field(layer, "type") == "Convolution")
    entered = layers[first].replace(f'"{_field(layers[first], "bottom")}"', '"entry"', 1)
    text = "\n".join([_input("entry", shape), *layers[:first], entered, *layers[first + 1 :]])
    return cv2.dnn.readNetFromCaffe(np.frombuffer(text.encode(), np.uint8), weights)


def _input(name: str, shape: tuple[int, ...]) -> str:
    dims = " ".join(f"dim: {size}" for size in (1, *shape))
    return f'layer {{ name: "{name}" type: "Input" top: "{name}" input_param {{ shape {{ {dims} }} }} }}'
