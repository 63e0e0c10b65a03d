"""Train: python -m models.fading.train FOLDER... [--count N]; writes fading.onnx beside this file, in five minutes.

FOLDERs hold clean photographs. Each is faded and made grainy, and the network learns which black and which white bring
its tones nearest to what they were.
"""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import onnx
import torch
from torch import Tensor, nn

from core.colour.cielab import linear_to_srgb, luminance_to_lightness, srgb_to_linear
from core.restore.fading import BLACK, FADED, MOST_GAIN, WHITE, described, tones_of
from models.graph import Graph, planes
from models.pocket.evaluate import photo_paths

OUT = Path(__file__).parent / "fading.onnx"

SIDES, ENLARGED = (500, 1024), 2.5
"""Longest sides that photographs are brought to, as what is looked at has; of how many times their own at most."""

BLACKS, WHITES = (0.02, 0.14), (0.3, 0.7)
"""Linear light of a faded print's black and white."""

GRAIN = (0.003, 0.03)
"""Standard deviations of its noise, in sRGB 0..1."""

HIDDEN, EPOCHS, BATCH, RATE = 16, 60, 256, 3e-3

USUAL, SPREAD = (2.0, 97.0), (4.0, 6.0)
"""L* that the two are to begin with, and how quickly they move: what most photographs have."""

LEAST_WIDE = 0.03
"""Width in linear light under which there is no picture."""


def sample(photo: Any, rng: np.random.Generator) -> Any:
    """Of a photograph, (h, w) uint8 grey: its tones clean, faded and grainy, and faded alone; linear light (3, 21)."""
    scale = min(ENLARGED, rng.uniform(*SIDES) / max(photo.shape))
    clean = cv2.resize(photo, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA if scale < 1 else cv2.INTER_CUBIC)
    clean = clean.astype(np.float32) / 255
    black, white = np.float32(rng.uniform(*BLACKS)), np.float32(rng.uniform(*WHITES))
    plane = linear_to_srgb(black + srgb_to_linear(clean) * (white - black))
    plane += np.float32(rng.uniform(*GRAIN)) * rng.standard_normal(plane.shape, np.float32)
    plane = np.rint(plane.clip(0, 1) * 255).astype(np.float32) / 255
    tones = tones_of(clean)
    return np.stack([tones, tones_of(plane), black + tones * (white - black)])


def samples(folders: list[Path], count: int) -> Any:
    """(n, 3, 21) of so many photographs from all over the folders."""
    cv2.setNumThreads(1)
    rng = np.random.default_rng(0)
    paths = sorted(path for folder in folders for path in photo_paths(folder))
    rows = []
    for path in paths[:: max(1, len(paths) // count)]:
        photo: Any = cv2.imread(str(path), cv2.IMREAD_GRAYSCALE)
        if photo is not None and min(photo.shape) >= 64:
            rows.append(sample(photo, rng))
    return np.array(rows)


class Ends(nn.Module):
    """What is told of tones (n, 22, 1, 1) to L* of the photograph's own black and white, (n, 2, 1, 1)."""

    def __init__(self, told: Tensor) -> None:
        super().__init__()
        self.register_buffer("mean", told.mean(0))
        self.register_buffer("deviation", told.std(0) + 1e-3)
        self.inner, self.outer = nn.Conv2d(told.shape[1], HIDDEN, 1), nn.Conv2d(HIDDEN, 2, 1)

    def forward(self, told: Tensor) -> Tensor:
        moved = self.outer(torch.tanh(self.inner((told - self.mean) / self.deviation)))
        usual, spread = (torch.tensor(each)[None, :, None, None] for each in (USUAL, SPREAD))
        return usual + spread * moved

    @torch.no_grad()
    def plain(self) -> tuple[nn.Conv2d, nn.Conv2d]:
        """The same as two convolutions with a tanh between."""
        inner, outer = nn.Conv2d(self.inner.in_channels, HIDDEN, 1), nn.Conv2d(HIDDEN, 2, 1)
        inner.weight.copy_(self.inner.weight / self.deviation)
        inner.bias.copy_(self.inner.bias - (inner.weight * self.mean).sum((1, 2, 3)))
        outer.weight.copy_(self.outer.weight * torch.tensor(SPREAD)[:, None, None, None])
        outer.bias.copy_(self.outer.bias * torch.tensor(SPREAD) + torch.tensor(USUAL))
        return inner, outer


def error(ends: Tensor, faded: Tensor, alone: Tensor, clean: Tensor) -> Tensor:
    """How far from the truth tones are that black and white bring back: the mean in L*. All (n, 21) linear light."""
    black, white = (_luminance(ends[:, number].flatten(1)) for number in (0, 1))
    gain = ((white - black) / (faded[:, WHITE] - faded[:, BLACK])[:, None]).clamp(max=MOST_GAIN)
    mended = black + gain * (alone - faded[:, BLACK, None])
    return (_lightness(mended) - _lightness(clean)).abs().mean()


def _luminance(lightness: Tensor) -> Tensor:
    return torch.where(lightness > 8, ((lightness + 16) / 116) ** 3, lightness.clamp(min=0) * 27 / 24389)


def _lightness(luminance: Tensor) -> Tensor:
    light = luminance.clamp(0, 1)
    return torch.where(light > 216 / 24389, 116 * light.clamp(min=1e-6) ** (1 / 3) - 16, light * 24389 / 27)


def export(net: Ends) -> onnx.ModelProto:
    """``told`` (1, 22, 1, 1) in, ``ends`` (1, 2, 1, 1) out."""
    graph = Graph()
    inner, outer = net.plain()
    graph.conv(graph.op("Tanh", graph.conv("told", inner)), outer, output="ends")
    shapes = (("told", inner.in_channels), ("ends", 2))
    told, ends = (planes(name, 1, channels, 1, 1) for name, channels in shapes)
    return graph.model("fading", [told], [ends])


def main() -> None:
    """Read the command line, train, say how well, and write."""
    parser = argparse.ArgumentParser()
    parser.add_argument("folders", type=Path, nargs="+")
    parser.add_argument("--count", type=int, default=20_000)
    parser.add_argument("--out", type=Path, default=OUT)
    given = parser.parse_args()
    torch.manual_seed(0)
    clean, faded, alone = (rows for rows in samples(given.folders, given.count).transpose(1, 0, 2))
    light = luminance_to_lightness(faded)
    kept = (faded[:, WHITE] - faded[:, BLACK] > LEAST_WIDE) & (light[:, WHITE] - light[:, BLACK] < FADED)
    order = np.random.default_rng(0).permutation(np.flatnonzero(kept))
    told = torch.from_numpy(np.stack([described(faded[number]) for number in order]))[..., None, None]
    rows = [torch.from_numpy(part[order]) for part in (faded, alone, clean)]
    unseen = len(order) // 10
    net = Ends(told[unseen:])
    adam = torch.optim.Adam(net.parameters(), RATE, weight_decay=1e-4)
    for epoch in range(EPOCHS):
        for group in adam.param_groups:
            group["lr"] = RATE * (1 - epoch / EPOCHS)
        for part in (unseen + torch.randperm(len(order) - unseen)).split(BATCH):
            loss = error(net(told[part]), *(each[part] for each in rows))
            adam.zero_grad()
            loss.backward()
            adam.step()
    with torch.no_grad():
        usual = torch.tensor(USUAL)[None, :, None, None].expand(unseen, 2, 1, 1)
        held = [each[:unseen] for each in rows]
        print(f"{len(order)} photographs; of {unseen} that were kept back tones are off by")
        print(f"{error(net(told[:unseen]), *held):.2f} L*, with the usual ends by {error(usual, *held):.2f}")
    onnx.save(export(net), given.out)


if __name__ == "__main__":
    main()
