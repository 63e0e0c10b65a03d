"""Train the network on a folder of colour photographs.

    python -m models.pocket.train PHOTOS --out DIR [--val PHOTOS] [--start CHECKPOINT] [--frozen] [--epochs N]

Writes DIR/bins.csv, DIR/checkpoint.pt and, after every epoch, a line of DIR/log.csv and the averaged weights as
DIR/epoch-N.pt: the last need not be the best. The same command again goes on from the checkpoint. --frozen trains
the decoder alone, on clean photographs; without it the encoder learns too, all but its early blocks, and some
photographs are made to look like old prints.
"""

from __future__ import annotations

import argparse
import copy
import csv
import math
import time
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from core.colour.cielab import Pixels
from core.look.look import Look
from core.photo.open import Photo
from core.photo.resize import input_shape, small_lightness
from core.prediction import AbDistribution
from core.render.render import render
from models.pocket import metrics
from models.pocket.bins import Bins, Floats, encoding_table, make_bins
from models.pocket.data import epoch_batches, load_rgb, loader, shapes
from models.pocket.evaluate import count_colours, photo_paths, score, to_lab
from models.pocket.network import Pocket

INPUT_SIDE = 192
"""Validation enlarges or reduces photographs to the area of this square, as the backend does."""

WARM_UP = 200
"""Steps over which the learning rate rises at first."""

SAVE_EVERY = 100
"""Steps between checkpoints."""

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


class Run:
    """A training run: the network, its moving average, the optimiser, and the number of steps taken."""

    def __init__(self, bins: Bins, rate: float, decay: float, frozen: bool) -> None:
        torch.manual_seed(0)
        self.net = Pocket(len(bins.centres)).to(memory_format=torch.channels_last)  # type: ignore[call-overload]
        fixed = [self.net.encoder] if frozen else self.net.encoder.early()
        for part in fixed:
            part.requires_grad_(False)
        self.frozen = frozen
        self.average = copy.deepcopy(self.net)
        self.rates = (rate * ENCODER_RATE, rate)
        parts = (self.net.encoder, self.net.decoder)
        self.optimizer = torch.optim.AdamW([{"params": [*part.parameters()]} for part in parts], weight_decay=decay)
        self.loss_of = SoftCrossEntropy(bins.centres)
        self.step = 0

    def start_from(self, path: Path) -> None:
        """Take another run's averaged weights."""
        weights = torch.load(path, weights_only=True)["average"]
        self.net.load_state_dict(weights)
        self.average.load_state_dict(weights)

    def load(self, path: Path) -> None:
        """Go back to where `save` was called."""
        state = torch.load(path, weights_only=True)
        for name in ("net", "average", "optimizer"):
            getattr(self, name).load_state_dict(state[name])
        self.step = state["step"]

    def save(self, path: Path) -> None:
        """Write a checkpoint; the old one stays whole until the new one is."""
        state: dict[str, Any] = {n: getattr(self, n).state_dict() for n in ("net", "average", "optimizer")}
        torch.save(state | {"step": self.step}, path.with_suffix(".tmp"))
        path.with_suffix(".tmp").replace(path)

    def learn(self, lightness: Tensor, ab: Tensor, share: float) -> float:
        """Take one step at a share of the full learning rate; gives the loss."""
        self.net.train()
        self.net.encoder.eval()  # its batch norms keep ImageNet's statistics
        for group, rate in zip(self.optimizer.param_groups, self.rates, strict=True):
            group["lr"] = rate * share
        with torch.autocast("cpu", torch.bfloat16):
            logits = self.net(lightness.contiguous(memory_format=torch.channels_last))
        loss: Tensor = self.loss_of(logits, ab)
        self.optimizer.zero_grad()
        loss.backward()  # type: ignore[no-untyped-call]
        nn.utils.clip_grad_norm_(self.net.parameters(), 1.0)
        self.optimizer.step()
        self.step += 1
        self._follow()
        return loss.item()

    @torch.no_grad()
    def _follow(self) -> None:
        decay = min(EMA, self.step / (10 + self.step))
        for kept, new in zip(self.average.state_dict().values(), self.net.state_dict().values(), strict=True):
            if kept.is_floating_point():
                kept.lerp_(new, 1 - decay)
            else:
                kept.copy_(new)


def train(args: argparse.Namespace) -> None:
    """Start a training run, or go on with one."""
    out: Path = args.out
    out.mkdir(parents=True, exist_ok=True)
    paths, unseen = photo_paths(args.photos), photo_paths(args.val)[::3] if args.val else []
    if not (out / "bins.csv").exists():
        bins = Bins.load(args.start.parent / "bins.csv") if args.start else make_bins(sample_colours(paths))
        bins.save(out / "bins.csv")
    bins, counts, sizes = Bins.load(out / "bins.csv"), count_colours(unseen), shapes(paths)
    run = Run(bins, args.rate, args.decay, args.frozen)
    checkpoint = out / "checkpoint.pt"
    if checkpoint.exists():
        run.load(checkpoint)
    elif args.start:
        run.start_from(args.start)

    steps = len(epoch_batches(paths, sizes, args.batch, 0))
    while run.step < args.epochs * steps:
        epoch, done = divmod(run.step, steps)
        began, losses = time.monotonic(), []
        batches = epoch_batches(paths, sizes, args.batch, epoch)[done:]
        for lightness, ab in loader(paths, batches, 0.0 if args.frozen else args.aged):
            losses.append(run.learn(lightness, ab, learning_rate(run.step, args.epochs * steps)))
            if run.step % SAVE_EVERY == 0 or run.step % steps == 0:
                run.save(checkpoint)
            if run.step % 50 == 0:
                print(f"step {run.step} of {args.epochs * steps}: loss {np.mean(losses[-50:]):.4f}", flush=True)
        torch.save({"average": run.average.state_dict()}, out / f"epoch-{epoch + 1}.pt")
        row = {"epoch": f"{epoch + 1}", "loss": f"{np.mean(losses):.4f}", "seconds": f"{time.monotonic() - began:.0f}"}
        if unseen:
            row |= validate(run.average, bins, unseen, counts)
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
    parser.add_argument("--start", type=Path, help="checkpoint to start from: its averaged weights, and its bins")
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
