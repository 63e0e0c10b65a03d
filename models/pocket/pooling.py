"""Pooling as ``core.look.pooling`` does it, on batches and differentiable, so that training sees what is shown."""

from __future__ import annotations

import torch
from torch import Tensor, nn

REACH, TONE = 6.0, 12.0
"""Sigma of position, in places of a crop's field (40 to 56 wide), and of L*. Features have a sigma of 1."""


def pooled(logits: Tensor, lightness: Tensor, features: Tensor) -> Tensor:
    """Logits averaged over what is near and alike.

    Args:
        logits: (n, h, w, q).
        lightness: (n, h, w) L*, as the network saw it.
        features: (n, h, w, c).

    Returns:
        (n, h, w, q) float32.
    """
    n, h, w, q = logits.shape
    rows, columns = torch.meshgrid(torch.arange(h) / REACH, torch.arange(w) / REACH, indexing="ij")
    position = torch.stack([rows, columns], -1).expand(n, -1, -1, -1)
    places = torch.cat([lightness[..., None] / TONE, position, features], 3)
    own, block = places.flatten(1, 2), _halved(places)
    # Half the squared distance, negative, as one product: these matrices are what pooling's time goes to.
    own = torch.cat([own, own.square().sum(2, keepdim=True) / -2, torch.ones_like(own[..., :1])], 2)
    block = torch.cat([block, torch.ones_like(block[..., :1]), block.square().sum(2, keepdim=True) / -2], 2)
    weight = torch.exp(own @ block.transpose(1, 2))
    share = (weight.sum(2, keepdim=True) + 1).reciprocal()
    with torch.autocast("cpu", torch.bfloat16):
        near = torch.bmm(weight, _halved(logits))
    return ((near.float() + logits.flatten(1, 2)) * share).view(n, h, w, q)


def _halved(places: Tensor) -> Tensor:
    """(n, h, w, c) to (n, h/2 * w/2, c), the means of blocks of four."""
    return nn.functional.avg_pool2d(places.movedim(3, 1), 2).movedim(1, 3).flatten(1, 2)
