"""An ONNX graph written node by node: what the networks' exports share.

It has operators that cv2.dnn and onnxruntime compute alike and no shape arithmetic, so that one loaded net takes
pictures of any size in turn. Batch norms are folded into the convolutions before them, and weights stored in 16 bits.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import onnx
import torch
from onnx import TensorProto, helper, numpy_helper
from torch import Tensor, nn
from torch.nn.utils.fusion import fuse_conv_bn_eval


class Graph:
    """Under construction; every method adds nodes and gives back the name of their output."""

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

    def conv(self, x: str, conv: nn.Conv2d, norm: nn.BatchNorm2d | None = None, output: str | None = None) -> str:
        """Add a convolution with the batch norm that follows it folded in."""
        if norm is not None:
            conv = fuse_conv_bn_eval(conv, norm)
        bias = torch.zeros(conv.out_channels) if conv.bias is None else conv.bias
        same = getattr(conv, "static_padding", None)
        if isinstance(same, nn.ZeroPad2d):
            left, right, top, bottom = same.padding
        else:
            top = bottom = int(conv.padding[0])
            left = right = int(conv.padding[1])
        return self.op(
            "Conv", x, self.weight(conv.weight), self.weight(bias), output=output,
            kernel_shape=list(conv.kernel_size), strides=list(conv.stride),
            pads=[top, left, bottom, right], group=conv.groups,
        )  # fmt: skip

    def model(
        self, name: str, inputs: Sequence[onnx.ValueInfoProto], outputs: Sequence[onnx.ValueInfoProto]
    ) -> onnx.ModelProto:
        """The whole as a model that has been checked."""
        model = helper.make_model(
            helper.make_graph(self.nodes, name, inputs, outputs, self.initializers),
            opset_imports=[helper.make_opsetid("", 13)],
            ir_version=8,
        )
        onnx.checker.check_model(model, full_check=True)
        return model


class Reader(Graph):
    """Puts a written graph's weights back into a network, when the same code that wrote them goes through it again."""

    def __init__(self, path: Path) -> None:
        super().__init__()
        kept = (numpy_helper.to_array(each) for each in onnx.load(path).graph.initializer)
        self._weights = (torch.from_numpy(each.astype(np.float32)) for each in kept if each.dtype == np.float16)

    @torch.no_grad()
    def conv(self, x: str, conv: nn.Conv2d, norm: nn.BatchNorm2d | None = None, output: str | None = None) -> str:
        """Fill a convolution; a norm behind it becomes an identity, but that it adds the bias."""
        conv.weight.copy_(next(self._weights))
        bias = next(self._weights)
        if norm is not None:
            norm.reset_parameters()
            nn.init.constant_(norm.running_var, 1 - norm.eps)  # type: ignore[arg-type]
        adds = conv if norm is None else norm
        if adds.bias is not None:
            adds.bias.copy_(bias)
        return super().conv(x, conv, norm, output)


def planes(name: str, *shape: int | str) -> onnx.ValueInfoProto:
    """A float32 input or output; a side that may differ is given by a name."""
    return helper.make_tensor_value_info(name, TensorProto.FLOAT, shape)
