"""What the network learns from beside colours: a network that was trained before, and what a classifier knows.

Both see the photograph as it was, where the network itself may see an old print of it.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn

from models.pocket.network import CHANNELS, Encoder, Pocket, lite

KNOWN, HEAD = {14: 120, 20: 352}, 1280
"""Blocks of EfficientNet-Lite2 that end strides 16 and 32, and their channels; those of the whole picture."""


class Teacher(nn.Module):
    """A frozen network's distributions: which colours are as likely as those that the photograph happens to have.

    (Hinton, Vinyals and Dean, "Distilling the Knowledge in a Neural Network", 2015.)
    """

    def __init__(self, net: Pocket) -> None:
        super().__init__()
        self.net = net.eval().requires_grad_(False).to(memory_format=torch.channels_last)  # type: ignore[call-overload]

    @torch.no_grad()
    def forward(self, lightness: Tensor) -> Tensor:
        """(n, 1, h, w) L* to probabilities (n, h/4, w/4, q)."""
        return torch.softmax(self.net(lightness)[0].float().movedim(1, 3), 3)

    @staticmethod
    def cross_entropy(logits: Tensor, taught: Tensor) -> Tensor:
        """Of logits (n, h, w, q) with such probabilities: the mean over the batch's pixels, in nats."""
        return -(taught * torch.log_softmax(logits, 3)).sum(3).mean()


class Hints(nn.Module):
    """How far the encoder's features are from saying what a frozen classifier recognises in the same lightness.

    That is EfficientNet-Lite2 with ImageNet's weights: it knows a thousand things by a million photographs, more than
    training on colours can teach, or should unteach. The convolutions between the two are learnt and then thrown away
    (Romero et al., "FitNets: Hints for Thin Deep Nets", ICLR 2015).
    """

    def __init__(self) -> None:
        super().__init__()
        net = lite(2)
        self.known = Encoder(net, tuple(KNOWN)).requires_grad_(False).to(memory_format=torch.channels_last)
        self.head = net._conv_head.requires_grad_(False)
        self.told = nn.ModuleList(
            nn.Conv2d(ours, theirs, 1)
            for ours, theirs in zip((*CHANNELS[2:], CHANNELS[3]), (*KNOWN.values(), HEAD), strict=True)
        )

    def forward(self, features: list[Tensor], lightness: Tensor) -> Tensor:
        """1 less the cosine between told and known features, the mean over places, and strides and the whole.

        Args:
            features: the encoder's at strides 4, 8, 16 and 32.
            lightness: (n, 1, h, w) L* that the classifier sees.
        """
        with torch.no_grad():
            near, far = self.known(lightness)
            whole = nn.functional.relu6(self.head(far)).mean((2, 3), keepdim=True)
        ours = (features[2], features[3], features[3].mean((2, 3), keepdim=True))
        cosines = [
            nn.functional.cosine_similarity(conv(x).float(), known.float(), 1).mean()
            for conv, x, known in zip(self.told, ours, (near, far, whole), strict=True)
        ]
        return 1 - torch.stack(cosines).mean()
