"""The network: five strides, skips that are added, nothing that cv2.dnn does not know."""

from __future__ import annotations

from itertools import pairwise

from torch import Tensor, nn
from torch.nn import functional as F

WIDTHS = (12, 24, 32, 32, 32)


def _block(inputs: int, outputs: int, dilation: int = 1) -> nn.Sequential:
    return nn.Sequential(
        nn.Conv2d(inputs, outputs, 3, padding=dilation, dilation=dilation, bias=False),
        nn.BatchNorm2d(outputs),
        nn.ReLU(inplace=True),
    )


class Marks(nn.Module):
    """Grey 0..1 (n, 1, h, w), sides multiples of 16, to how surely each pixel is a mark: logits (n, 1, h, w)."""

    def __init__(self) -> None:
        super().__init__()
        first, second, third, fourth, last = WIDTHS
        self.down = nn.ModuleList(
            [
                nn.Sequential(_block(1, first), _block(first, first)),
                nn.Sequential(_block(first, second), _block(second, second)),
                nn.Sequential(_block(second, third), _block(third, third, 2)),
                nn.Sequential(_block(third, fourth), _block(fourth, fourth, 2), _block(fourth, fourth, 4)),
                nn.Sequential(_block(fourth, last), _block(last, last, 2), _block(last, last, 4)),
            ]
        )
        self.side = nn.ModuleList([nn.Conv2d(wide, narrow, 1) for narrow, wide in pairwise(WIDTHS)])
        self.up = nn.ModuleList([_block(width, width) for width in WIDTHS[:3]])
        self.out = nn.Conv2d(first, 1, 3, padding=1)

    def forward(self, grey: Tensor) -> Tensor:
        """Logits."""
        x = grey * 4 - 2
        skips = []
        for level, block in enumerate(self.down):
            x = block(x if level == 0 else F.max_pool2d(x, 2))
            skips.append(x)
        for level in (3, 2, 1, 0):
            x = F.interpolate(self.side[level](x), scale_factor=2, mode="nearest") + skips[level]
            x = self.up[level](x) if level < len(self.up) else x
        return self.out(x)
