"""Write a trained network as pocket.onnx, its weights in 16 bits.

    python -m models.pocket.export CHECKPOINT [CHECKPOINT ...] [--out FOLDER]

Of several checkpoints the mean of their weights is written; one that is named twice counts twice.
"""

from __future__ import annotations

import argparse
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import torch
from torch import Tensor

from models.graph import Graph, Reader, planes
from models.pocket.bins import Bins
from models.pocket.network import Pocket

REBALANCE = 0.0
"""Multiple of the log-weights: none since the loss looks at the picture, which is colourful enough."""


def _relu6(graph: Graph, x: str) -> str:
    return graph.op("Clip", x, graph.constant(0.0), graph.constant(6.0))


def _encoder(graph: Graph, encoder: Any, x: str) -> list[str]:
    x = graph.op("Sub", x, graph.constant(50.0))
    x = graph.op("Div", x, graph.constant(50.0))
    x = _relu6(graph, graph.conv(x, encoder.stem))
    features = []
    for index, block in enumerate(encoder.blocks):
        y = x
        if hasattr(block, "_expand_conv"):
            y = _relu6(graph, graph.conv(y, block._expand_conv))
        y = _relu6(graph, graph.conv(y, block._depthwise_conv))
        y = graph.conv(y, block._project_conv)
        args = block._block_args
        x = graph.op("Add", y, x) if args.stride == 1 and args.input_filters == args.output_filters else y
        if index in encoder.taps:
            features.append(x)
    return features


def _decoder(graph: Graph, decoder: Any, features: list[str]) -> None:
    def stage(x: str, level: int) -> str:
        for block in decoder.stages[level]:
            y = graph.conv(x, block.depthwise)
            x = graph.op("Add", _relu6(graph, graph.conv(y, block.pointwise)), x)
        return x

    context = graph.conv(graph.op("GlobalAveragePool", features[3]), decoder.context[1])
    # Taken from 0 and subtracted: OpenCV 5 fuses a plain Add into the convolution and then refuses to broadcast.
    context = graph.op("Sub", graph.constant(0.0), context)
    x = stage(graph.op("Sub", graph.conv(features[3], decoder.lateral[3]), context), 3)
    twice = graph.constant([1.0, 1.0, 2.0, 2.0])
    for level in (2, 1, 0):
        x = graph.conv(x, decoder.narrow[level])
        x = graph.op("Resize", x, "", twice, mode="linear", coordinate_transformation_mode="half_pixel")
        x = stage(graph.op("Add", x, graph.conv(features[level], decoder.lateral[level])), level)
    graph.conv(x, decoder.head, output="logits")
    graph.conv(x, decoder.affinity, output="features")


def restore(path: Path) -> Pocket:
    """The network with an exported file's weights, to train on."""
    net = Pocket(len(Bins.load(path.with_name("bins.csv")).centres), pretrained=False)
    graph = Reader(path)
    _decoder(graph, net.decoder, _encoder(graph, net.encoder, "lightness"))
    return net.eval()


def weights_of(path: Path) -> dict[str, Tensor]:
    """A network's weights, float32: an exported file's, or the moving average's of a training's at-STEP.pt."""
    if path.suffix == ".onnx":
        return restore(path).state_dict()
    return {name: value.float() for name, value in torch.load(path, weights_only=True)["average"].items()}


def mean_weights(paths: list[Path]) -> dict[str, Tensor]:
    """The mean of several networks' weights.

    Of networks that were trained on from one another it does better on strangers' photographs than each (Izmailov et
    al., "Averaging Weights Leads to Wider Optima and Better Generalization", UAI 2018; Wortsman et al., "Model Soups",
    ICML 2022).
    """
    states = [weights_of(path) for path in paths]
    return {name: torch.stack([state[name].float() for state in states]).mean(0) for name in states[0]}


def export(net: Pocket) -> onnx.ModelProto:
    """The network as an ONNX model, all float32.

    `lightness` (1, 1, h, w) L* in; `logits` (1, q, h/4, w/4) and `features` (1, FEATURES, h/4, w/4) out.
    """
    net = net.eval().cpu()
    graph = Graph()
    _decoder(graph, net.decoder, _encoder(graph, net.encoder, "lightness"))
    heads = (("logits", net.decoder.head), ("features", net.decoder.affinity))
    outputs = [planes(name, 1, head.out_channels, "rows", "columns") for name, head in heads]
    return graph.model("pocket", [planes("lightness", 1, 1, "height", "width")], outputs)


def main() -> None:
    """Read the command line and export."""
    folder = Path(__file__).parent
    parser = argparse.ArgumentParser(description="Export a trained pocket colouriser.")
    parser.add_argument("checkpoints", type=Path, nargs="+", help="at-STEP.pt or .onnx; bins.csv lies beside the first")
    parser.add_argument("--out", type=Path, default=folder, help="folder for pocket.onnx and bins.csv")
    parser.add_argument(
        "--rebalance", type=float, default=REBALANCE, help="what the log-weights are multiplied by, once"
    )
    args = parser.parse_args()
    bins = Bins.load(args.checkpoints[0].parent / "bins.csv")
    bins = replace(bins, log_weight=bins.log_weight * np.float32(args.rebalance))
    net = Pocket(len(bins.centres), pretrained=False)
    net.load_state_dict(mean_weights(args.checkpoints))
    onnx.save(export(net), args.out / "pocket.onnx")
    bins.save(args.out / "bins.csv")


if __name__ == "__main__":
    main()
