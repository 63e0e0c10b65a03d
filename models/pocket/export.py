"""Write a trained network as pocket.onnx: batch norm folded into the convolutions, weights stored in 16 bits.

    python -m models.pocket.export CHECKPOINT [CHECKPOINT ...] [--out FOLDER]

Of several checkpoints the mean of their weights is written; one that is named twice counts twice.

The graph is written node by node from the operators that cv2.dnn and onnxruntime compute alike (Conv, Clip,
Add, Resize by a constant factor, GlobalAveragePool) and has no shape arithmetic, so one loaded net takes
pictures of any size in turn.
"""

from __future__ import annotations

import argparse
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import torch
from onnx import TensorProto, helper, numpy_helper
from torch import Tensor, nn

from models.pocket.bins import Bins
from models.pocket.network import TAPS, Pocket

REBALANCE = 0.0
"""Multiple of the log-weights: none since the loss looks at the picture, which is colourful enough."""


class Graph:
    """An ONNX graph under construction; every method adds nodes and gives back the name of their output."""

    def __init__(self) -> None:
        self.nodes: list[onnx.NodeProto] = []
        self.initializers: list[onnx.TensorProto] = []

    def op(self, kind: str, *inputs: str, output: str | None = None, **attributes: object) -> str:
        """Add one node."""
        output = output or f"{kind.lower()}{len(self.nodes)}"
        self.nodes.append(helper.make_node(kind, list(inputs), [output], name=output, **attributes))
        return output

    def constant(self, values: object) -> str:
        """Add a float32 initialiser."""
        name = f"constant{len(self.initializers)}"
        self.initializers.append(numpy_helper.from_array(np.asarray(values, np.float32), name))
        return name

    def weight(self, values: Tensor) -> str:
        """Add an initialiser stored as float16 and cast to float32 when the graph is loaded."""
        name = f"weight{len(self.initializers)}"
        self.initializers.append(numpy_helper.from_array(values.detach().numpy().astype(np.float16), name))
        return self.op("Cast", name, to=TensorProto.FLOAT)

    def conv(self, x: str, conv: nn.Conv2d, *norms: nn.BatchNorm2d, output: str | None = None) -> str:
        """Add a convolution with the batch norms that follow it folded in."""
        kernel = conv.weight
        bias = torch.zeros(conv.out_channels) if conv.bias is None else conv.bias
        for norm in norms:
            assert norm.running_var is not None and norm.running_mean is not None
            scale = norm.weight / (norm.running_var + norm.eps).sqrt()
            kernel = kernel * scale[:, None, None, None]
            bias = (bias - norm.running_mean) * scale + norm.bias
        same = getattr(conv, "static_padding", None)
        if isinstance(same, nn.ZeroPad2d):
            left, right, top, bottom = same.padding
        else:
            top = bottom = int(conv.padding[0])
            left = right = int(conv.padding[1])
        return self.op(
            "Conv", x, self.weight(kernel), self.weight(bias), output=output,
            kernel_shape=list(conv.kernel_size), strides=list(conv.stride),
            pads=[top, left, bottom, right], group=conv.groups,
        )  # fmt: skip

    def relu6(self, x: str) -> str:
        """Add a clip to 0..6."""
        return self.op("Clip", x, self.constant(0.0), self.constant(6.0))


def _encoder(graph: Graph, encoder: Any, x: str) -> list[str]:
    x = graph.op("Sub", x, graph.constant(50.0))
    x = graph.op("Div", x, graph.constant(50.0))
    x = graph.relu6(graph.conv(x, encoder.stem, encoder.norm))
    features = []
    for index, block in enumerate(encoder.blocks):
        y = x
        if hasattr(block, "_expand_conv"):
            y = graph.relu6(graph.conv(y, block._expand_conv, block._bn0))
        y = graph.relu6(graph.conv(y, block._depthwise_conv, block._bn1))
        y = graph.conv(y, block._project_conv, block._bn2)
        args = block._block_args
        x = graph.op("Add", y, x) if args.stride == 1 and args.input_filters == args.output_filters else y
        if index in TAPS:
            features.append(x)
    return features


def _decoder(graph: Graph, decoder: Any, features: list[str]) -> None:
    def stage(x: str, level: int) -> str:
        for block in decoder.stages[level]:
            y = graph.conv(x, block.depthwise, block.norm1)
            x = graph.op("Add", graph.relu6(graph.conv(y, block.pointwise, block.norm2)), x)
        return x

    context = graph.conv(graph.op("GlobalAveragePool", features[3]), decoder.context[1])
    # Taken from 0 and subtracted: OpenCV 5 fuses a plain Add into the convolution and then refuses to broadcast.
    context = graph.op("Sub", graph.constant(0.0), context)
    x = stage(graph.op("Sub", graph.conv(features[3], *decoder.lateral[3]), context), 3)
    twice = graph.constant([1.0, 1.0, 2.0, 2.0])
    for level in (2, 1, 0):
        x = graph.conv(x, *decoder.narrow[level])
        x = graph.op("Resize", x, "", twice, mode="linear", coordinate_transformation_mode="half_pixel")
        x = stage(graph.op("Add", x, graph.conv(features[level], *decoder.lateral[level])), level)
    graph.conv(x, decoder.head, output="logits")
    graph.conv(x, decoder.affinity, output="features")


class _Reader(Graph):
    """Puts the weights of a written graph back into a network, in the order in which `export` wrote them."""

    def __init__(self, path: Path) -> None:
        super().__init__()
        self._kept = (
            torch.from_numpy(numpy_helper.to_array(each).astype(np.float32))
            for each in onnx.load(path).graph.initializer
            if each.name.startswith("weight")
        )

    @torch.no_grad()
    def conv(self, x: str, conv: nn.Conv2d, *norms: nn.BatchNorm2d, output: str | None = None) -> str:
        conv.weight.copy_(next(self._kept))
        bias = next(self._kept)
        if conv.bias is not None:
            conv.bias.copy_(bias)
        for norm in norms:  # folded: an identity, but that the last one adds the bias
            nn.init.constant_(norm.running_var, 1 - norm.eps)  # type: ignore[arg-type]
            nn.init.zeros_(norm.running_mean)  # type: ignore[arg-type]
            nn.init.ones_(norm.weight)
            nn.init.zeros_(norm.bias)
        if norms and conv.bias is None:
            norms[-1].bias.copy_(bias)
        return super().conv(x, conv, *norms, output=output)


def restore(path: Path) -> Pocket:
    """The network with an exported file's weights, to train on; its batch norms must stay in eval mode."""
    net = Pocket(len(Bins.load(path.with_name("bins.csv")).centres), pretrained=False)
    graph = _Reader(path)
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
    model = helper.make_model(
        helper.make_graph(
            graph.nodes,
            "pocket",
            [helper.make_tensor_value_info("lightness", TensorProto.FLOAT, [1, 1, "height", "width"])],
            [
                helper.make_tensor_value_info(name, TensorProto.FLOAT, [1, head.out_channels, "rows", "columns"])
                for name, head in (("logits", net.decoder.head), ("features", net.decoder.affinity))
            ],
            graph.initializers,
        ),
        opset_imports=[helper.make_opsetid("", 13)],
        ir_version=8,
    )
    onnx.checker.check_model(model, full_check=True)
    return model


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
