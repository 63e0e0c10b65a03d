"""Train the network on a folder of colour photographs.

    python -m models.pocket.train PHOTOS --out DIR [--val PHOTOS] [--start CHECKPOINT] [--frozen] [--epochs N]

Writes DIR/bins.csv, DIR/log.csv and, after every epoch, DIR/checkpoint.pt; the same command again goes on from there.
"""

from __future__ import annotations

import argparse
import copy
import csv
import math
import time
from functools import partial
from pathlib import Path

import numpy as np
import torch
from torch import Tensor, nn

from core.color import Pixels
from core.look import Look
from core.photo import Photo
from core.prediction import AbDistribution
from core.render import render, small_lightness
from core.resize import input_shape
from models.pocket import metrics
from models.pocket.bins import Bins, Floats, encoding_table, make_bins
from models.pocket.data import load_rgb, loader, shapes
from models.pocket.evaluate import count_colours, photo_paths, score, to_lab
from models.pocket.network import Pocket

INPUT_SIDE = 192
"""Validation enlarges or reduces photographs to the area of this square, as the backend does."""

WARM_UP = 200
"""Steps over which the learning rate rises at first."""

ENCODER_RATE = 0.1
"""Learning rate of the pretrained encoder, as a share of the decoder's."""

EMA = 0.999
"""Decay, per step, of the moving average of the weights; the average is what is evaluated and exported."""


def sample_colours(paths: list[Path], stride: int = 4) -> Floats:
    """(n, 2) float32 a*b* of every stride-th pixel, row and column of the photographs."""
    return np.concatenate([to_lab(load_rgb(p)[::stride, ::stride])[..., 1:].reshape(-1, 2) for p in paths])


class SoftCrossEntropy(nn.Module):
    """Cross-entropy of logits (n, q, h, w) with the soft encoding of a*b* (n, h, w, 2); Zhang 2016, equation 2."""

    def __init__(self, centres: Floats) -> None:
        super().__init__()
        nearest, weight = encoding_table(centres)
        self.nearest = torch.from_numpy(nearest).flatten(0, 1)
        self.weight = torch.from_numpy(weight).flatten(0, 1)

    def forward(self, logits: Tensor, ab: Tensor) -> Tensor:
        """The mean over the batch's pixels, in nats."""
        cell = (ab.round().long() + 128).clamp(0, 255)
        entry = (cell[..., 0] * 256 + cell[..., 1]).flatten()
        rows = logits.permute(0, 2, 3, 1).flatten(0, 2).float()
        likelihood = (rows.gather(1, self.nearest[entry]) * self.weight[entry]).sum(1)
        return (rows.logsumexp(1) - likelihood).mean()


def learning_rate(step: int, total: int) -> float:
    """Share of the full rate: linear warm-up, then a cosine to zero."""
    return min(1.0, (step + 1) / WARM_UP) * 0.5 * (1 + math.cos(math.pi * min(1.0, step / total)))


@torch.no_grad()
def follow(average: nn.Module, net: nn.Module, step: int) -> None:
    """Move the averaged weights and statistics a step towards the network's."""
    decay = min(EMA, (1 + step) / (10 + step))
    for kept, new in zip(average.state_dict().values(), net.state_dict().values(), strict=True):
        if kept.is_floating_point():
            kept.lerp_(new, 1 - decay)
        else:
            kept.copy_(new)


def train(args: argparse.Namespace) -> None:
    """Run or resume a training run."""
    out: Path = args.out
    out.mkdir(parents=True, exist_ok=True)
    paths = photo_paths(args.photos)
    if not (out / "bins.csv").exists():
        make_bins(sample_colours(paths)).save(out / "bins.csv")
    bins = Bins.load(out / "bins.csv")
    unseen = photo_paths(args.val)[::3] if args.val else []
    counts = count_colours(unseen)
    sizes = shapes(paths)

    torch.manual_seed(0)
    net = Pocket(len(bins.centres)).to(memory_format=torch.channels_last)  # type: ignore[call-overload]
    net.encoder.requires_grad_(not args.frozen)
    rates = [(net.encoder, args.rate * ENCODER_RATE), (net.decoder, args.rate)]
    groups = [{"params": [*part.parameters()], "lr": rate} for part, rate in rates]
    optimizer = torch.optim.AdamW(groups, weight_decay=args.decay)
    loss_of = SoftCrossEntropy(bins.centres)
    first = 0
    if (out / "checkpoint.pt").exists():
        saved = torch.load(out / "checkpoint.pt", weights_only=True)
        net.load_state_dict(saved["net"])
        average = copy.deepcopy(net)
        average.load_state_dict(saved["average"])
        optimizer.load_state_dict(saved["optimizer"])
        first = saved["epoch"]
    else:
        if args.start:
            net.load_state_dict(torch.load(args.start, weights_only=True)["average"])
        average = copy.deepcopy(net)

    for epoch in range(first, args.epochs):
        began = time.monotonic()
        net.train()
        net.encoder.eval()  # the encoder's batch norms keep ImageNet's statistics
        batches = loader(paths, sizes, args.batch, epoch, 0.0 if args.frozen else args.aged)
        losses = []
        for number, (lightness, ab) in enumerate(batches):
            step = epoch * len(batches) + number
            share = learning_rate(step, args.epochs * len(batches))
            for group, (_, rate) in zip(optimizer.param_groups, rates, strict=True):
                group["lr"] = rate * share
            with torch.autocast("cpu", torch.bfloat16):
                with torch.set_grad_enabled(not args.frozen):
                    features = net.encoder(lightness.contiguous(memory_format=torch.channels_last))
                logits = net.decoder(features)
            loss = loss_of(logits, ab)
            optimizer.zero_grad()
            loss.backward()
            nn.utils.clip_grad_norm_(net.parameters(), 1.0)
            optimizer.step()
            follow(average, net, step)
            losses.append(loss.item())
            if number % 50 == 49:
                print(f"epoch {epoch} step {number + 1}/{len(batches)} loss {np.mean(losses[-50:]):.4f}", flush=True)
        row = {"epoch": epoch + 1, "loss": f"{np.mean(losses):.4f}", "seconds": round(time.monotonic() - began)}
        saved = {"net": net.state_dict(), "average": average.state_dict(), "optimizer": optimizer.state_dict()}
        torch.save({**saved, "epoch": epoch + 1, "bins": len(bins.centres)}, out / "checkpoint.tmp")
        (out / "checkpoint.tmp").replace(out / "checkpoint.pt")
        if unseen:
            row |= validate(average, bins, unseen, counts)
        print(row, flush=True)
        with open(out / "log.csv", "a", newline="") as log:
            writer = csv.DictWriter(log, row)
            if log.tell() == 0:
                writer.writeheader()
            writer.writerow(row)


@torch.inference_mode()
def validate(net: Pocket, bins: Bins, paths: list[Path], counts: metrics.Floats) -> dict[str, str]:
    """Scores on photographs that the network has not seen, at vividness 0 and 0.5."""
    net.eval()

    def colour(photo: Photo, look: Look) -> Pixels:
        lightness = small_lightness(photo, input_shape(photo.height, photo.width, INPUT_SIDE, 32))
        logits = net(torch.from_numpy(lightness)[None, None])[0].numpy()
        return render(photo, AbDistribution(logits, bins.centres, bins.log_weight), look).rgb

    row: dict[str, str] = {}
    for vividness in (0.0, 0.5):
        look = Look(vividness=vividness)
        scores = score(paths, partial(colour, look=look), counts)[""].summary()
        row |= {f"{name}@{vividness:g}": f"{value:.3f}" for name, value in scores.items()}
    return row


def main() -> None:
    """Read the command line and train."""
    parser = argparse.ArgumentParser(description="Train the pocket colouriser.")
    parser.add_argument("photos", type=Path, help="folder of colour photographs, one subfolder per source")
    parser.add_argument("--out", type=Path, required=True, help="folder for the checkpoint, the bins and the log")
    parser.add_argument("--val", type=Path, help="folder of photographs to score after every epoch")
    parser.add_argument("--start", type=Path, help="checkpoint whose averaged weights to start from")
    parser.add_argument("--frozen", action="store_true", help="train the decoder only, on clean photographs")
    parser.add_argument("--epochs", type=int, default=4)
    parser.add_argument("--batch", type=int, default=48)
    parser.add_argument("--rate", type=float, default=3e-3, help="learning rate of the decoder")
    parser.add_argument("--decay", type=float, default=0.02, help="weight decay")
    parser.add_argument("--aged", type=float, default=0.5, help="share of photographs made to look like old prints")
    parser.add_argument("--threads", type=int, default=2)
    args = parser.parse_args()
    torch.set_num_threads(args.threads)
    train(args)


if __name__ == "__main__":
    main()
