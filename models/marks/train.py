"""Train: python -m models.marks.train OUT TAR... [--minutes N]; the tars hold photographs, of any size."""

from __future__ import annotations

import argparse
import tarfile
import time
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import torch
from torch import nn
from torch.nn import functional as F
from torch.utils.data import DataLoader, IterableDataset

from models.marks.damage import sample
from models.marks.export import restore
from models.marks.network import Marks

SIDE, BATCH = 160, 12

CLEAN = 3.0
"""Weight of a photograph without marks: to see some in it is worse than to miss one."""


def read(tars: list[Path], most: int = 10**9) -> list[Any]:
    """Grey uint8 photographs."""
    photos: list[Any] = []
    for tar in tars:
        with tarfile.open(tar) as members:
            for member in members:
                file = members.extractfile(member)
                if file is None or len(photos) >= most:
                    continue
                data = np.frombuffer(file.read(), np.uint8)
                photo = cv2.imdecode(data, cv2.IMREAD_GRAYSCALE)
                if photo is not None and min(photo.shape) >= 64:
                    photos.append(photo)
    return photos


def read_large(folder: Path | None) -> list[Any]:
    """Grey uint8 photographs of a folder, each as it is looked at: of 1024 pixels at most, and half the size."""
    photos: list[Any] = []
    paths = sorted(path for path in folder.rglob("*") if path.suffix in (".jpg", ".png")) if folder else []
    for path in paths:
        photo: Any = cv2.imread(str(path), cv2.IMREAD_GRAYSCALE)
        if photo is None or max(photo.shape) < 480:
            continue
        for side in (min(1024, max(photo.shape)), min(1024, max(photo.shape)) // 2):
            scale = side / max(photo.shape)
            photos.append(cv2.resize(photo, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA))
    return photos


@torch.inference_mode()
def hard_places(net: Marks, photos: list[Any]) -> list[tuple[int, tuple[int, int]]]:
    """Where a network sees marks on photographs without any: which one, and row and column; the more marks, the more.

    A third of them is looked at, because each takes a second.
    """
    places = []
    for number in range(0, len(photos), 3):
        photo = photos[number]
        height, width = (side // 32 * 32 for side in photo.shape)
        grey = torch.from_numpy(photo[:height, :width].astype(np.float32) / 255)
        wrong = np.argwhere(net(grey[None, None])[0, 0].numpy() > 0)
        places += [(number, (int(y), int(x))) for y, x in wrong[::200]]
    return places


@torch.no_grad()
def normed(net: Marks, grey: torch.Tensor) -> None:
    """Give batch norms that are identities the mean and deviation of (n, 1, h, w), and take them back behind it.

    The network stays the same, but can be trained: its batches are normed by what they are.
    """

    def norm(module: Any, given: Any) -> None:
        module.running_mean.copy_(given[0].mean((0, 2, 3)))
        module.running_var.copy_(given[0].var((0, 2, 3)))
        module.weight.copy_((module.running_var + module.eps).sqrt())
        module.bias.add_(module.running_mean)

    hooks = [each.register_forward_pre_hook(norm) for each in net.modules() if isinstance(each, nn.BatchNorm2d)]
    net.eval()(grey)
    for hook in hooks:
        hook.remove()


class Samples(IterableDataset):
    """Without end."""

    def __init__(self, photos: list[Any], large: list[Any], hard: list[Any], seed: int):
        self.photos, self.large, self.hard, self.seed = photos, large, hard, seed

    def __iter__(self) -> Any:
        cv2.setNumThreads(1)
        worker = torch.utils.data.get_worker_info()
        rng = np.random.default_rng((self.seed, worker.id if worker else 0))
        while True:
            kind, place = rng.random(), None
            photos = self.large if self.large and kind < 0.8 else self.photos
            photo = photos[rng.integers(len(photos))]
            if self.hard and kind < 0.2:
                number, place = self.hard[rng.integers(len(self.hard))]
                photo = self.large[number]
            planes = sample(photo, SIDE, rng, place)
            yield tuple(torch.from_numpy(np.ascontiguousarray(plane))[None] for plane in planes)


def loss_of(logits: torch.Tensor, marks: torch.Tensor, asked: torch.Tensor) -> torch.Tensor:
    """Cross-entropy, and the share of marks that is missed or made up (Dice)."""
    cross = F.binary_cross_entropy_with_logits(logits, marks, reduction="none")
    cross = cross * torch.where(marks.amax((1, 2, 3), keepdim=True) > 0, 1.0, CLEAN)  # nothing is to be found there
    sure = torch.sigmoid(logits) * asked
    dice = 1 - (2 * (sure * marks).sum() + 1) / (sure.sum() + marks.sum() + 1)
    return (cross * asked).mean() * 10 + dice


def main() -> None:
    """Train for so long."""
    parser = argparse.ArgumentParser()
    parser.add_argument("out", type=Path)
    parser.add_argument("tars", type=Path, nargs="+")
    parser.add_argument("--large", type=Path, help="folder of photographs of 480 pixels and more")
    parser.add_argument("--minutes", type=float, default=25)
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--start", type=Path, help="what an earlier run wrote, or marks.onnx")
    parser.add_argument("--rate", type=float, default=4e-3)
    given = parser.parse_args()
    torch.set_num_threads(given.threads)
    cv2.setNumThreads(0)  # the worker is a fork, and OpenCV's threads do not come along
    torch.manual_seed(0)
    photos = [photo for photo in read(given.tars) if min(photo.shape) >= 120]
    large = read_large(given.large)
    print(len(photos), "photographs,", len(large), "large ones", flush=True)
    net = Marks()
    if given.start and given.start.suffix == ".onnx":
        net = restore(given.start)
        parts = iter(Samples(photos, large, [], 0))
        normed(net, torch.stack([next(parts)[0] for _ in range(10 * BATCH)]))
    elif given.start:
        net.load_state_dict(torch.load(given.start, weights_only=True), strict=False)
    hard = hard_places(net.eval(), large) if given.start else []
    print(len(hard), "places on clean photographs that look like marks", flush=True)
    net = net.to(memory_format=torch.channels_last).train()
    adam = torch.optim.AdamW(net.parameters(), given.rate, weight_decay=1e-4)
    started, step, mean = time.time(), 0, 0.0
    loader = DataLoader(Samples(photos, large, hard, int(time.time())), BATCH, num_workers=1, prefetch_factor=8)
    for grey, marks, asked in loader:
        done = (time.time() - started) / 60 / given.minutes
        if done >= 1:
            break
        for group in adam.param_groups:  # one cosine, after a short warm-up
            group["lr"] = given.rate * min(1, (step + 1) / 100) * 0.5 * (1 + np.cos(np.pi * done))
        loss = loss_of(net(grey.contiguous(memory_format=torch.channels_last)), marks, asked)
        adam.zero_grad()
        loss.backward()
        torch.nn.utils.clip_grad_norm_(net.parameters(), 1.0)
        adam.step()
        step, mean = step + 1, 0.98 * mean + 0.02 * loss.item()
        if step % 100 == 0:
            print(step, f"{done:.2f} {mean:.4f}", flush=True)
            torch.save(net.state_dict(), given.out)
    torch.save(net.state_dict(), given.out)


if __name__ == "__main__":
    main()
