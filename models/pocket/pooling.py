"""Pooling as ``core.look.pooling`` does it, on batches and differentiable, so that training sees what is shown."""

from __future__ import annotations

import torch
from torch import Tensor, nn

REACH, TONE = 6.0, 12.0
"""Sigma of position, in places of a crop's field (40 to 56 wide), and of L*. Features have a sigma of 1."""


def pooled(logits: Tensor, lightness: Tensor, features: Tensor) -> Tensor:
    """Logits averaged over what is near and alike.

    Args:
        logits: (n, q, h, w).
        lightness: (n, 1, h, w) L*, as the network saw it.
        features: (n, c, h, w).

    Returns:
        (n, q, h, w) float32.
    """
    n, q, h, w = logits.shape
    rows, columns = torch.meshgrid(torch.arange(h) / REACH, torch.arange(w) / REACH, indexing="ij")
    position = torch.stack([rows, columns])[None].expand(n, -1, -1, -1)
    places = torch.cat([lightness / TONE, position, features], 1)
    own = places.flatten(2).transpose(1, 2)
    block = nn.functional.avg_pool2d(places, 2).flatten(2)
    # Half the squared distance, negative, as one product: these matrices are what pooling's time goes to.
    own = torch.cat([own, own.square().sum(2, keepdim=True) / -2, torch.ones_like(own[..., :1])], 2)
    block = torch.cat([block, torch.ones_like(block[:, :1]), block.square().sum(1, keepdim=True) / -2], 1)
    weight = torch.exp(own @ block)
    with torch.autocast("cpu", torch.bfloat16):
        near = torch.bmm(nn.functional.avg_pool2d(logits, 2).flatten(2), weight.transpose(1, 2))
    total = weight.sum(2)[:, None] + 1
    return ((near.float() + logits.flatten(2)) / total).view(n, q, h, w)
