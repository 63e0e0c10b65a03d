"""Train the network on a folder of colour photographs.

    python -m models.pocket.train PHOTOS --out DIR [--start CHECKPOINT] [--teacher FILE] [--minutes N]

The loss looks at what a person will see: the distribution is pooled, made one colour and given its vividness as
``core/look`` does, and the picture is compared with the true one by a classifier's features. A teacher says what else
it might have been. Learning slows down over the minutes that are given. Writes DIR/bins.csv, DIR/log.csv, every ten
minutes DIR/checkpoint.pt, from which the same command goes on, and beside it the averaged weights as DIR/at-STEP.pt:
the last need not be the best.
"""

from __future__ import annotations

import argparse
import copy
import csv
import math
import time
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from models.pocket.bins import Bins, Floats, make_bins
from models.pocket.data import Batch, Batches, Photographs, load_rgb, loader, pack
from models.pocket.evaluate import photo_paths
from models.pocket.export import restore, weights_of
from models.pocket.losses import (
    Classifier,
    Critic,
    SoftCrossEntropy,
    false_violet,
    feature_distance,
    lab_to_srgb,
    skin_error,
)
from models.pocket.metrics import to_lab
from models.pocket.network import Pocket
from models.pocket.pooling import pooled
from models.pocket.teacher import Hints, Teacher

TEMPERATURE, VIVIDNESS = 0.38, 0.5
"""How a picture is decoded: as ``core.look.look.Look`` does it by default."""

WEIGHTS = {
    "cross_entropy": 0.25,
    "teacher": 0.5,
    "pooled": 0.5,
    "perceptual": 8.0,
    "head": 2.0,
    "classes": 0.3,
    "chroma": 0.2,
    "skin": 0.5,
    "violet": 0.6,
    "hints": 1.0,
    "critic": 0.08,
}
"""Of the terms of the loss: distributions raw, as taught and pooled, features at three strides and the head's, what the
classifier takes the picture for, its mean chroma, the colour of skin, violet that is none, and what the encoder knows
of things; the critic's verdict comes in later."""

CRITIC_FROM = 0.3
"""Share of the time after which the critic has its say."""

ENCODER_RATE, HINTS_RATE = 0.3, 2.0
"""Learning rates of the pretrained encoder and of what is thrown away, as shares of the decoder's."""

WARM_UP = 100
"""Steps over which the learning rate rises at first."""

EMA = 0.999
"""Decay, per step, of the moving average of the weights; the average is what is evaluated and exported."""

SAVE_EVERY = 600.0
"""Seconds between checkpoints."""


def sample_colours(paths: list[Path], stride: int = 4) -> Floats:
    """(n, 2) float32 a*b* of every stride-th pixel, row and column of the photographs."""
    return np.concatenate([to_lab(load_rgb(p)[::stride, ::stride])[..., 1:].reshape(-1, 2) for p in paths])


class Run:
    """A training run: the network, its moving average, the critic, and how far it has come."""

    def __init__(self, bins: Bins, teacher: Path, rate: float, decay: float, minutes: float, seed: int = 0) -> None:
        torch.manual_seed(seed)
        self.net = Pocket(len(bins.centres))
        for part in self.net.encoder.early():
            part.requires_grad_(False)
        for module in self.net.encoder.modules():
            # On a CPU the weights' gradient of 5x5 depthwise kernels takes a third of a step, for 0.1 % of the weights.
            if isinstance(module, nn.Conv2d) and module.groups > 1 and module.kernel_size[0] == 5:
                module.requires_grad_(False)
        self.net.to(memory_format=torch.channels_last)  # type: ignore[call-overload]
        self.average = copy.deepcopy(self.net)
        self.teacher, self.hints = Teacher(restore(teacher)), Hints()
        self.classifier, self.critic = Classifier(), Critic()
        self.rates = (rate * ENCODER_RATE, rate, rate * HINTS_RATE)
        parts = (self.net.encoder, self.net.decoder, self.hints)
        trained = [[weight for weight in part.parameters() if weight.requires_grad] for part in parts]
        self.weights = [weight for group in trained for weight in group]
        self.optimizer = torch.optim.AdamW([{"params": group} for group in trained], weight_decay=decay)
        self.critic_optimizer = torch.optim.Adam(self.critic.parameters(), 2e-4, betas=(0.0, 0.99))
        self.centres = torch.from_numpy(bins.centres)
        self.cross_entropy = SoftCrossEntropy(bins.centres)
        self.seconds = minutes * 60
        self.step, self.spent = 0, 0.0

    def start_from(self, path: Path) -> None:
        """Take another run's averaged weights, or those of an exported file."""
        weights = weights_of(path)
        self.net.load_state_dict(weights)
        self.average.load_state_dict(weights)

    _STATE = ("net", "average", "hints", "critic", "optimizer", "critic_optimizer")

    def load(self, path: Path) -> None:
        """Go back to where `save` was called."""
        state = torch.load(path, weights_only=True)
        for name in self._STATE:
            getattr(self, name).load_state_dict(state[name])
        self.step, self.spent = state["step"], state["spent"]

    def save(self, folder: Path) -> None:
        """Write a checkpoint, the old one stays whole until the new one is; and the average in 16 bits."""
        state: dict[str, Any] = {name: getattr(self, name).state_dict() for name in self._STATE}
        torch.save(state | {"step": self.step, "spent": self.spent}, folder / "checkpoint.tmp")
        (folder / "checkpoint.tmp").replace(folder / "checkpoint.pt")
        halves = {name: value.half() for name, value in self.average.state_dict().items()}
        torch.save({"average": halves}, folder / f"at-{self.step}.pt")

    @property
    def share(self) -> float:
        """Of the time that is given, how much is spent."""
        return self.spent / self.seconds

    def learn(self, batch: Batch) -> dict[str, float]:
        """Take one step; gives the terms of the loss."""
        rate = min(1.0, (self.step + 1) / WARM_UP) * max(0.02, 0.5 * (1 + math.cos(math.pi * self.share)))
        for group, full in zip(self.optimizer.param_groups, self.rates, strict=True):
            group["lr"] = full * rate
        picture, terms = self._decoded(batch)
        with torch.autocast("cpu", torch.bfloat16):
            ours = self.classifier(picture)
            with torch.no_grad():
                true = self.classifier(batch.rgb.float())
        distances = [feature_distance(a, b) for a, b in zip(ours, true, strict=True)]
        terms["perceptual"], terms["head"] = torch.stack(distances[:-1]).mean(), distances[-1]
        terms["classes"] = self.classifier.divergence(ours[-1], true[-1])
        if self.share >= CRITIC_FROM:
            self.critic.requires_grad_(False)
            ramp = min(1.0, (self.share - CRITIC_FROM) / 0.1)
            terms["critic"] = -ramp * torch.stack([score.mean() for score in self.critic(ours)]).mean()
        loss = torch.stack([WEIGHTS[name] * term for name, term in terms.items()]).sum()
        self.optimizer.zero_grad()
        loss.backward()  # type: ignore[no-untyped-call]
        nn.utils.clip_grad_norm_(self.weights, 1.0)
        self.optimizer.step()
        if self.share >= CRITIC_FROM - 0.05:
            self._teach_critic([x.detach() for x in ours], [x.detach() for x in true])
        self.step += 1
        self._follow()
        return {name: float(term.detach()) for name, term in terms.items()}

    def _decoded(self, batch: Batch) -> tuple[Tensor, dict[str, Tensor]]:
        """The picture that a person would see, (n, 3, h, w) sRGB 0..255, and the terms that need no classifier.

        The network may see an old print; the picture is decoded on the photograph's own lightness all the same.
        """
        seen, clean = (x.contiguous(memory_format=torch.channels_last) for x in (batch.seen, batch.lightness[:, None]))
        with torch.autocast("cpu", torch.bfloat16):
            encoded = self.net.encoder(seen)
            logits, features = self.net.decoder(encoded)
            hints, taught = self.hints(encoded, clean), self.teacher(clean)
        logits, features = logits.float().movedim(1, 3), features.float().movedim(1, 3)
        shown = pooled(logits, nn.functional.avg_pool2d(batch.seen, 4)[:, 0], features)
        ab = (torch.softmax(shown / TEMPERATURE, 3) @ self.centres).movedim(3, 1)
        belief = torch.softmax(logits, 3).mean((1, 2))
        expected = belief @ self.centres.norm(dim=1)
        mean = (ab.square().sum(1) + 1e-3).sqrt().mean((1, 2))
        gain = (expected / mean).pow(VIVIDNESS).clamp(0.8, 2.5)
        ab = ab * gain[:, None, None, None]
        true_ab = batch.ab.movedim(-1, 1)
        true = true_ab.norm(dim=1).mean((1, 2))
        terms = {
            "cross_entropy": self.cross_entropy(logits, batch.ab),
            "teacher": self.teacher.cross_entropy(logits, taught),
            "pooled": self.cross_entropy(shown, batch.ab),
            "chroma": torch.log((mean * gain + 2) / (true + 2)).abs().mean(),
            "skin": skin_error(ab, true_ab, nn.functional.avg_pool2d(batch.lightness, 4)),
            "violet": false_violet(ab, true_ab),
            "hints": hints,
        }
        wide = nn.functional.interpolate(ab, scale_factor=4.0, mode="bilinear")
        return lab_to_srgb(batch.lightness, wide), terms

    def _teach_critic(self, ours: list[Tensor], true: list[Tensor]) -> None:
        """One step of the hinge loss."""
        self.critic.requires_grad_(True)
        margins = [1 + score for score in self.critic(ours)] + [1 - score for score in self.critic(true)]
        self.critic_optimizer.zero_grad()
        torch.stack([margin.relu().mean() for margin in margins]).mean().backward()  # type: ignore[no-untyped-call]
        self.critic_optimizer.step()

    @torch.no_grad()
    def _follow(self) -> None:
        decay = min(EMA, self.step / (10 + self.step))
        for kept, new in zip(self.average.parameters(), self.net.parameters(), strict=True):
            kept.lerp_(new, 1 - decay)


def train(args: argparse.Namespace) -> None:
    """Start a training run, or go on with one."""
    out: Path = args.out
    packed = out / "photographs"
    if not packed.exists():
        pack(photo_paths(args.photos), packed)
    if not (out / "bins.csv").exists():
        start = args.start and Bins.load(args.start.parent / "bins.csv")
        (start or make_bins(sample_colours(photo_paths(args.photos)))).save(out / "bins.csv")
    run = Run(Bins.load(out / "bins.csv"), args.teacher, args.rate, args.decay, args.minutes, args.seed)
    if (out / "checkpoint.pt").exists():
        run.load(out / "checkpoint.pt")
    elif args.start:
        run.start_from(args.start)
    batches = Batches(Photographs(packed), args.batch, args.aged, args.mounts, seed=args.seed * 1_000_000 + run.step)
    began = saved = time.monotonic()
    losses: list[dict[str, float]] = []
    for batch in loader(batches):
        losses.append(run.learn(batch))
        run.spent, began = run.spent + time.monotonic() - began, time.monotonic()
        if run.step % 50 == 0:
            report(out / "log.csv", run, losses)
            losses.clear()
        if began - saved > SAVE_EVERY or run.share >= 1:
            run.save(out)
            saved = began
        if run.share >= 1:
            break


def report(path: Path, run: Run, losses: list[dict[str, float]]) -> None:
    """Add a line to the log: means of the terms since the last one."""
    means = {name: np.mean([terms.get(name, 0.0) for terms in losses]) for name in WEIGHTS}
    row = {"step": f"{run.step}", "minutes": f"{run.spent / 60:.1f}"} | {n: f"{m:.4f}" for n, m in means.items()}
    print(row, flush=True)
    with path.open("a", newline="") as log:
        writer = csv.DictWriter(log, row)
        if log.tell() == 0:
            writer.writeheader()
        writer.writerow(row)


def main() -> None:
    """Read the command line and train."""
    parser = argparse.ArgumentParser(description="Train the pocket colouriser.")
    parser.add_argument("photos", type=Path, help="folder of colour photographs, one subfolder per source")
    parser.add_argument("--out", type=Path, required=True, help="folder for checkpoints, bins and the log")
    parser.add_argument("--start", type=Path, help="at-STEP.pt or pocket.onnx to start from, and the bins beside it")
    shipped = Path(__file__).with_name("pocket.onnx")
    parser.add_argument("--teacher", type=Path, default=shipped, help="exported file that sees the clean photographs")
    parser.add_argument("--minutes", type=float, default=480, help="how long to train; learning slows towards the end")
    parser.add_argument("--batch", type=int, default=16)
    parser.add_argument("--rate", type=float, default=3.5e-4, help="learning rate of the decoder")
    parser.add_argument("--decay", type=float, default=0.02, help="weight decay")
    parser.add_argument("--aged", type=float, default=0.3, help="share of photographs made to look like old prints")
    parser.add_argument("--mounts", type=float, default=0.08, help="share of photographs put on a mount")
    parser.add_argument("--seed", type=int, default=0, help="another one gives another network, to take the mean with")
    parser.add_argument("--threads", type=int, default=2)
    args = parser.parse_args()
    torch.set_num_threads(args.threads)
    train(args)


if __name__ == "__main__":
    main()
