"""The network: strides 2 to 32, skips that are added, nothing that cv2.dnn does not know."""

from __future__ import annotations

from itertools import pairwise

from torch import Tensor, nn
from torch.nn import functional as F

WIDTHS = (16, 24, 48, 64, 64)
"""Channels at strides 2, 4, 8, 16 and 32: few where pixels are many, for nearly all of the time is spent there."""

UP = 3
"""Of the finest strides have a block on the way up too."""


def _block(inputs: int, outputs: int) -> nn.Sequential:
    return nn.Sequential(
        nn.Conv2d(inputs, outputs, 3, padding=1, bias=False),
        nn.BatchNorm2d(outputs),
        nn.ReLU(inplace=True),
    )


class Marks(nn.Module):
    """Grey 0..1 (n, 1, h, w), sides multiples of 32, to how surely each pixel is a mark: logits (n, 1, h, w).

    Within, the pixels of each square of 2x2 are four channels, in reading order.
    """

    def __init__(self) -> None:
        super().__init__()
        self.down = nn.ModuleList(
            [nn.Sequential(_block(fine, wide), _block(wide, wide)) for fine, wide in pairwise((4, *WIDTHS))]
        )
        self.side = nn.ModuleList([nn.Conv2d(wide, fine, 1) for fine, wide in pairwise(WIDTHS)])
        self.up = nn.ModuleList([_block(width, width) for width in WIDTHS[:UP]])
        self.out = nn.Conv2d(WIDTHS[0], 4, 3, padding=1)

    def forward(self, grey: Tensor) -> Tensor:
        """Logits."""
        x = F.pixel_unshuffle(grey, 2) * 4 - 2
        skips = []
        for level, block in enumerate(self.down):
            x = block(x if level == 0 else F.max_pool2d(x, 2))
            skips.append(x)
        for level in reversed(range(len(self.side))):
            x = F.interpolate(self.side[level](x), scale_factor=2, mode="nearest") + skips[level]
            x = self.up[level](x) if level < len(self.up) else x
        return F.pixel_shuffle(self.out(x), 2)
