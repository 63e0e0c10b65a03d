"""Write a trained network as marks.onnx: python -m models.marks.export CHECKPOINT

`restore` reads one back.
"""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any

import onnx
import torch

from models.graph import Graph, Reader, planes
from models.marks.network import Marks

OUT = Path(__file__).parent / "marks.onnx"


def _write(graph: Graph, net: Marks) -> None:
    def through(x: str, block: Any) -> str:
        return graph.op("Relu", graph.conv(x, block[0], block[1]))

    x = graph.op("Sub", graph.op("Mul", "grey", graph.constant(4.0)), graph.constant(2.0))
    skips = []
    for level, blocks in enumerate(net.down):
        x = x if level == 0 else graph.op("MaxPool", x, kernel_shape=[2, 2], strides=[2, 2])
        for block in blocks:
            x = through(x, block)
        skips.append(x)
    twice = graph.constant([1.0, 1.0, 2.0, 2.0])
    way = {"mode": "nearest", "coordinate_transformation_mode": "asymmetric", "nearest_mode": "floor"}
    for level in reversed(range(len(net.side))):
        x = graph.op("Resize", graph.conv(x, net.side[level]), "", twice, **way)
        x = graph.op("Add", x, skips[level])
        x = through(x, net.up[level]) if level < len(net.up) else x
    graph.conv(x, net.out, output="logits")


def export(net: Marks) -> onnx.ModelProto:
    """``grey`` (1, 4, h/2, w/2) 0..1, the pixels of each square of 2x2 in reading order, in; ``logits`` alike out.

    h and w are multiples of 32.
    """
    graph = Graph()
    _write(graph, net.eval())
    sides = (1, 4, "height", "width")
    return graph.model("marks", [planes("grey", *sides)], [planes("logits", *sides)])


def restore(path: Path) -> Marks:
    """The network with an exported file's weights, its batch norms identities."""
    net = Marks().eval()
    _write(Reader(path), net)
    return net


def main() -> None:
    """Read the command line and export."""
    parser = argparse.ArgumentParser()
    parser.add_argument("checkpoint", type=Path)
    parser.add_argument("--out", type=Path, default=OUT)
    given = parser.parse_args()
    net = Marks()
    net.load_state_dict(torch.load(given.checkpoint, weights_only=True))
    onnx.save(export(net), given.out)


if __name__ == "__main__":
    main()
