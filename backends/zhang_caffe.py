"""The release's Caffe network on OpenCV 4, run in three parts so that its slow middle is fast.

Half of the work lies in conv5 and conv6: 3x3 convolutions with dilation 2, for which OpenCV has no Winograd path.
With dilation 2 an output reads only inputs whose rows and columns are both an even distance away, so the layer is an
ordinary convolution on each of the four interleaved half-size maps. They are laid side by side once before conv5, with
a row and a column of zeros between them that stand for the padding, and taken back once after conv6. The function is
the same.
"""

from __future__ import annotations

import re
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from backends.prototxt import Layer, read_layers
from core.colour.cielab import Float


class CaffeNetwork:
    """The network from L* - 50 to logits."""

    def __init__(self, prototxt: Path, caffemodel: Path):
        """Read the network.

        Args:
            prototxt: the release's description of it, checked.
            caffemodel: its weights, checked.
        """
        layers = read_layers(prototxt.read_text("utf-8"))
        weights = np.fromfile(caffemodel, np.uint8)
        self._before = _read(_part(layers, "bw_conv1_1", "conv4_3norm"), (1, 224, 224), weights)
        middle = _part(layers, "conv5_1", "conv6_3norm")
        channels = middle[0].number("num_output")
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


def _part(layers: list[Layer], first: str, last: str) -> list[Layer]:
    names = [layer["name"] for layer in layers]
    return layers[names.index(first) : names.index(last) + 1]


def _undilate(layer: Layer) -> Layer:
    return replace(
        layer, text=re.sub(r"\bpad:\s*2\b", "pad: 1", re.sub(r"\bdilation:\s*2\b", "dilation: 1", layer.text))
    )


def _rename_bottom(layer: Layer, bottom: str) -> Layer:
    return replace(layer, text=layer.text.replace(f'"{layer["bottom"]}"', f'"{bottom}"', 1))


def _keep_gap(layers: list[Layer]) -> list[Layer]:
    """Make what lies between the tiles zero again before each convolution but the first."""
    kept = [_input("mask", (512, 29, 29)), layers[0]]
    for layer in layers[1:]:
        if layer["type"] == "Convolution":
            bottom = layer["bottom"]
            kept += read_layers(
                f'layer {{ name: "{bottom}_kept" type: "Eltwise" bottom: "{bottom}" bottom: "mask" '
                f'top: "{bottom}_kept" eltwise_param {{ operation: PROD }} }}'
            )
            layer = _rename_bottom(layer, f"{bottom}_kept")
        kept.append(layer)
    return kept


def _read(layers: list[Layer], shape: tuple[int, ...], weights: Any) -> Any:
    """A network of some layers, whose input is called "entry"; what else the caffemodel holds is left unread."""
    import cv2

    first = next(number for number, layer in enumerate(layers) if layer["type"] == "Convolution")
    entered = [_input("entry", shape), *layers[:first], _rename_bottom(layers[first], "entry"), *layers[first + 1 :]]
    text = "\n".join(layer.text for layer in entered)
    return cv2.dnn.readNetFromCaffe(np.frombuffer(text.encode(), np.uint8), weights)


def _input(name: str, shape: tuple[int, ...]) -> Layer:
    dims = " ".join(f"dim: {size}" for size in (1, *shape))
    (layer,) = read_layers(
        f'layer {{ name: "{name}" type: "Input" top: "{name}" input_param {{ shape {{ {dims} }} }} }}'
    )
    return layer
