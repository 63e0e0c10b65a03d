"""Photographs to training pairs: lightness in, a*b* at a quarter of the size out."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
import torch
from numpy.typing import NDArray
from torch.utils.data import DataLoader, Dataset

from core.colour.cielab import pixel_lightness, rgb_to_lab
from core.photo.resize import resize_area

Key = tuple[int, int, int, int]
"""A photograph of a batch: its number, the height and width to crop to, and a seed."""

SIZES = ((160, 160), (160, 192), (192, 160), (160, 224), (224, 160))
"""Heights and widths of training crops; a photograph goes to the one nearest in aspect."""

REPEATS = {"imagenet_samples_imagen": 3, "osie": 3}
"""How often an epoch shows the photographs of a source (a folder's name); others once."""


def load_rgb(path: Path) -> NDArray[np.uint8]:
    """(h, w, 3) uint8 sRGB."""
    bgr = cv2.imread(str(path), cv2.IMREAD_COLOR)
    if bgr is None:
        raise ValueError(f"{path} is no photograph that OpenCV reads; take it out of the folder.")
    return np.asarray(bgr[..., ::-1], np.uint8)


def crop(rgb: NDArray[np.uint8], height: int, width: int, rng: np.random.Generator) -> NDArray[np.uint8]:
    """A random crop of at least two thirds of what fits (height, width), mirrored half the time."""
    h, w = rgb.shape[:2]
    scale = max(height / h, width / w) * rng.uniform(1, 1.25)
    size = max(width, round(w * scale)), max(height, round(h * scale))
    resized = np.asarray(
        cv2.resize(rgb, size, interpolation=cv2.INTER_AREA if scale < 1 else cv2.INTER_CUBIC), np.uint8
    )
    top, left = rng.integers(size[1] - height + 1), rng.integers(size[0] - width + 1)
    cut = resized[top : top + height, left : left + width]
    return cut[:, ::-1] if rng.random() < 0.5 else cut


def age(rgb: NDArray[np.uint8], rng: np.random.Generator) -> NDArray[np.uint8]:
    """(h, w) uint8 grey that looks like an old print of a photograph, each trait coming and going at random.

    Film blind to red or keen on blue, a tone curve, fading, softness, grain, a printer's screen, scratches, JPEG.
    """
    film = rng.dirichlet((2, 4, 2)) if rng.random() < 0.4 else np.array((0.299, 0.587, 0.114))
    grey = rgb @ film / 255
    if rng.random() < 0.5:
        grey = grey ** np.exp(rng.normal(0, 0.25))
    if rng.random() < 0.3:
        black, white = rng.uniform(0, 0.2), rng.uniform(0.75, 1)
        grey = black + (white - black) * grey
    if rng.random() < 0.3:
        grey = _blur(grey, rng.uniform(0.3, 1.2))
    if rng.random() < 0.3:
        grey = grey + rng.uniform(0, 0.06) * _blur(rng.standard_normal(grey.shape), rng.uniform(0.3, 0.8))
    if rng.random() < 0.1:
        grey = grey + rng.uniform(0.03, 0.12) * _screen(grey.shape, rng)
    if rng.random() < 0.15:
        grey = _scratch(grey, rng)
    levels: NDArray[np.uint8] = np.rint(grey.clip(0, 1) * 255).astype(np.uint8)
    if rng.random() < 0.3:
        _, jpeg = cv2.imencode(".jpg", levels, [cv2.IMWRITE_JPEG_QUALITY, int(rng.integers(30, 90))])
        levels = np.asarray(cv2.imdecode(jpeg, cv2.IMREAD_GRAYSCALE), np.uint8)
    return levels


def _screen(shape: tuple[int, ...], rng: np.random.Generator) -> NDArray[np.float64]:
    """The dots of a printer's screen, -1..1: two waves at right angles, 2.5 to 5 pixels long."""
    angle, pitch = rng.uniform(0, np.pi / 2), rng.uniform(2.5, 5)
    y, x = np.indices(shape) * (2 * np.pi / pitch)
    return np.asarray(np.sin(x * np.cos(angle) + y * np.sin(angle)) * np.sin(y * np.cos(angle) - x * np.sin(angle)))


def _scratch(grey: NDArray[np.float64], rng: np.random.Generator) -> NDArray[np.float64]:
    """Light or dark scratches, folds and specks of dust across a picture."""
    height, width = grey.shape
    mark = np.zeros((height, width), np.float32)
    for _ in range(rng.integers(1, 6)):
        ends = rng.uniform(-0.1, 1.1, (2, 2)) * (width, height)
        if rng.random() < 0.5:
            ends[1] = ends[0] + rng.normal(0, 3, 2)
        start, end = np.rint(ends).astype(int).tolist()
        cv2.line(mark, start, end, float(rng.uniform(0.3, 1)), 1, cv2.LINE_AA)
    return np.asarray(grey + mark * (rng.choice((0.1, 0.95)) - grey))


def _blur(plane: NDArray[np.float64], sigma: float) -> NDArray[np.float64]:
    return np.asarray(cv2.GaussianBlur(plane, (0, 0), sigma), np.float64)


@dataclass(frozen=True)
class Pairs(Dataset[tuple[torch.Tensor, torch.Tensor]]):
    """Training pairs of photographs: (1, h, w) float32 L* 0..100 and (h/4, w/4, 2) float32 a*b*."""

    paths: list[Path]
    aged: float = 0.5

    def __getitem__(self, key: Key) -> tuple[torch.Tensor, torch.Tensor]:
        """The pair of a key."""
        index, height, width, seed = key
        rng = np.random.default_rng((seed, index))
        rgb = crop(load_rgb(self.paths[index]), height, width, rng)
        lightness = pixel_lightness(age(rgb, rng) if rng.random() < self.aged else rgb)
        small = resize_area(rgb, (height // 4, width // 4)) / np.float32(255)
        return torch.from_numpy(lightness)[None], torch.from_numpy(rgb_to_lab(small)[..., 1:].copy())


def shapes(paths: list[Path]) -> list[tuple[int, int]]:
    """The crop size of each photograph, from its aspect."""
    logs = np.log([h / w for h, w in SIZES])
    chosen = []
    for path in paths:
        h, w = load_rgb(path).shape[:2]
        chosen.append(SIZES[int(np.abs(logs - np.log(h / w)).argmin())])
    return chosen


def epoch_batches(paths: list[Path], sizes: list[tuple[int, int]], batch: int, epoch: int) -> list[list[Key]]:
    """The batches of one epoch, each of one crop size, in an order that the epoch's number decides."""
    rng = np.random.default_rng(epoch)
    batches: list[list[Key]] = []
    for height, width in sorted(set(sizes)):
        members = [
            index
            for index, path in enumerate(paths)
            if sizes[index] == (height, width)
            for _ in range(REPEATS.get(path.parent.name, 1))
        ]
        keys = [(index, height, width, int(rng.integers(2**31))) for index in rng.permutation(members).tolist()]
        batches += [keys[start : start + batch] for start in range(0, len(keys) - batch + 1, batch)]
    return [batches[number] for number in rng.permutation(len(batches))]


def loader(paths: list[Path], batches: list[list[Key]], aged: float) -> DataLoader[tuple[torch.Tensor, torch.Tensor]]:
    """Batches of pairs, made in one process beside the training."""
    return DataLoader(Pairs(paths, aged), batch_sampler=batches, num_workers=1, prefetch_factor=4)
