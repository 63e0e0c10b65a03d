"""Write a trained network as marks.onnx: python -m models.marks.export CHECKPOINT

Batch norms are folded into the convolutions, the weights are kept in 16 bits, and the graph is written node by node
from operators that cv2.dnn knows, so that one loaded net takes pictures of any size in turn. `restore` reads one back.
"""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import torch
from onnx import TensorProto, helper, numpy_helper
from torch import nn

from models.marks.network import Marks

OUT = Path(__file__).parent / "marks.onnx"


class _Graph:
    """Nodes under construction; every method gives back the name of what it adds."""

    def __init__(self) -> None:
        self.nodes: list[Any] = []
        self.kept: list[Any] = []

    def op(self, kind: str, *inputs: str, output: str | None = None, **attributes: Any) -> str:
        output = output or f"{kind.lower()}{len(self.nodes)}"
        self.nodes.append(helper.make_node(kind, list(inputs), [output], name=output, **attributes))
        return output

    def constant(self, values: Any, kind: Any = np.float32) -> str:
        name = f"constant{len(self.kept)}"
        self.kept.append(numpy_helper.from_array(np.asarray(values, kind), name))
        return name if kind == np.float32 else self.op("Cast", name, to=TensorProto.FLOAT)

    def conv(self, x: str, conv: nn.Conv2d, norm: Any = None, output: str | None = None) -> str:
        weight = conv.weight.detach()
        bias = torch.zeros(conv.out_channels) if conv.bias is None else conv.bias.detach()
        if norm is not None:
            scale = norm.weight.detach() / (norm.running_var + norm.eps).sqrt()
            weight = weight * scale[:, None, None, None]
            bias = (bias - norm.running_mean) * scale + norm.bias.detach()
        padding, stride = int(conv.padding[0]), int(conv.stride[0])
        inputs = self.constant(weight.numpy(), np.float16), self.constant(bias.numpy(), np.float16)
        return self.op(
            "Conv", x, *inputs, output=output, kernel_shape=list(conv.kernel_size), strides=[stride] * 2,
            pads=[padding] * 4, dilations=[1, 1], group=1,
        )  # fmt: skip

    def block(self, x: str, block: Any) -> str:
        return self.op("Relu", self.conv(x, block[0], block[1]))


def _write(graph: _Graph, net: Marks) -> None:
    x = graph.op("Sub", graph.op("Mul", "grey", graph.constant(4.0)), graph.constant(2.0))
    skips = []
    for level, blocks in enumerate(net.down):
        x = x if level == 0 else graph.op("MaxPool", x, kernel_shape=[2, 2], strides=[2, 2])
        for block in blocks:
            x = graph.block(x, block)
        skips.append(x)
    twice = graph.constant([1.0, 1.0, 2.0, 2.0])
    way = {"mode": "nearest", "coordinate_transformation_mode": "asymmetric", "nearest_mode": "floor"}
    for level in reversed(range(len(net.side))):
        x = graph.op("Resize", graph.conv(x, net.side[level]), "", twice, **way)
        x = graph.op("Add", x, skips[level])
        x = graph.block(x, net.up[level]) if level < len(net.up) else x
    graph.conv(x, net.out, output="logits")


def export(net: Marks) -> Any:
    """``grey`` (1, 4, h/2, w/2) 0..1, the pixels of each square of 2x2 in reading order, in; ``logits`` alike out.

    h and w are multiples of 32.
    """
    graph = _Graph()
    _write(graph, net.eval())
    ends = [
        helper.make_tensor_value_info(name, TensorProto.FLOAT, [1, 4, "height", "width"]) for name in ("grey", "logits")
    ]
    model = helper.make_model(
        helper.make_graph(graph.nodes, "marks", ends[:1], ends[1:], graph.kept),
        opset_imports=[helper.make_opsetid("", 13)],
        ir_version=8,
    )
    onnx.checker.check_model(model)
    return model


class _Reader(_Graph):
    """Puts the weights of a written graph back into a network, in the order in which `export` wrote them."""

    def __init__(self, path: Path) -> None:
        super().__init__()
        kept = (numpy_helper.to_array(each) for each in onnx.load(path).graph.initializer)
        self._weights = (torch.from_numpy(each.astype(np.float32)) for each in kept if each.dtype == np.float16)

    @torch.no_grad()
    def conv(self, x: str, conv: nn.Conv2d, norm: Any = None, output: str | None = None) -> str:
        conv.weight.copy_(next(self._weights))
        bias = next(self._weights)
        if norm is None:
            assert conv.bias is not None
            conv.bias.copy_(bias)
        else:  # folded: an identity, but that it adds the bias
            norm.reset_parameters()
            nn.init.constant_(norm.running_var, 1 - norm.eps)
            norm.bias.copy_(bias)
        return super().conv(x, conv, norm, output)


def restore(path: Path) -> Marks:
    """The network with an exported file's weights, its batch norms identities."""
    net = Marks()
    _write(_Reader(path), net)
    return net.eval()


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
