"""Photographs to training samples: what the network sees, and the colours it should have guessed."""

from __future__ import annotations

import csv
import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.utils.data import DataLoader, IterableDataset, get_worker_info

from core.colour.cielab import pixel_lightness, rgb_to_lab
from core.photo.resize import resize_area

Rgb = NDArray[np.uint8]

SIZES = {(160, 160): 0.4, (160, 192): 0.2, (192, 160): 0.15, (160, 224): 0.15, (224, 160): 0.1}
"""Heights and widths of training crops, and their shares; a photograph goes to the one nearest in aspect."""

SHORT = 192
"""Photographs are kept at this short side at most."""

SOURCES = Path(__file__).with_name("sources.csv")
"""How often the photographs of a source (a folder's name) are drawn, against 1: people, and old colour, often."""


def load_rgb(path: Path) -> Rgb:
    """(h, w, 3) uint8 sRGB."""
    bgr = cv2.imread(str(path), cv2.IMREAD_COLOR)
    if bgr is None:
        raise ValueError(f"{path} is no photograph that OpenCV reads; take it out of the folder.")
    return np.asarray(bgr[..., ::-1], np.uint8)


def crop(rgb: Rgb, height: int, width: int, rng: np.random.Generator) -> Rgb:
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


def age(rgb: Rgb, rng: np.random.Generator) -> Rgb:
    """(h, w) uint8 grey that looks like an old print of a photograph, each trait coming and going at random.

    The film of its time, a tone curve, fading, softness, grain, a printer's screen, scratches, JPEG.
    """
    grey = _film(rgb, rng)
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
    levels: Rgb = np.rint(grey.clip(0, 1) * 255).astype(np.uint8)
    if rng.random() < 0.3:
        _, jpeg = cv2.imencode(".jpg", levels, [cv2.IMWRITE_JPEG_QUALITY, int(rng.integers(30, 90))])
        levels = np.asarray(cv2.imdecode(jpeg, cv2.IMREAD_GRAYSCALE), np.uint8)
    return levels


def _film(rgb: Rgb, rng: np.random.Generator) -> NDArray[np.float64]:
    """Grey 0..1 on panchromatic film, on film keen on one colour, or on orthochromatic film.

    Orthochromatic film sees no red and much blue: skies are white and lips black.
    """
    kind = rng.random()
    if kind < 0.25:
        red, green = rng.uniform(0, 0.12), rng.uniform(0.2, 0.6)
        light = (rgb / 255) ** 2.2 @ np.array((red, green, 1 - red - green))
        return np.asarray(light ** (1 / 2.2))
    film = rng.dirichlet((2, 4, 2)) if kind < 0.55 else np.array((0.299, 0.587, 0.114))
    return np.asarray(rgb @ film / 255)


def mounted(rgb: Rgb, rng: np.random.Generator) -> Rgb:
    """The photograph, made smaller, on a grey mount or within a border, at times behind an oval window.

    Mounts are neutral: without such pictures a network takes pale ones for sky.
    """
    height, width = rgb.shape[:2]
    if rng.random() < 0.5:
        top = left = bottom = right = int(rng.uniform(0.02, 0.14) * min(height, width))
    else:
        top, bottom = (rng.uniform(0.02, 0.16, 2) * height).astype(int).tolist()
        left, right = (rng.uniform(0.02, 0.16, 2) * width).astype(int).tolist()
    mount = _mount((height, width), rng)
    if rng.random() < 0.3:
        gap = int(rng.integers(1, 5))
        corners = (max(0, left - gap), max(0, top - gap)), (width - max(0, right - gap), height - max(0, bottom - gap))
        cv2.rectangle(mount, *corners, float(rng.uniform(0, 1)), 1)
    inner = width - left - right, height - top - bottom
    whole = np.rint(mount.clip(0, 1) * 255)[..., None].repeat(3, axis=2)
    placed = whole.copy()
    placed[top : height - bottom, left : width - right] = cv2.resize(rgb, inner, interpolation=cv2.INTER_AREA)
    window = np.zeros((height, width), np.float32)
    if rng.random() < 0.3:
        centre = (left + inner[0] // 2, top + inner[1] // 2)
        cv2.ellipse(window, centre, (inner[0] // 2, inner[1] // 2), 0, 0, 360, 1.0, -1, cv2.LINE_AA)
    else:
        window[top : height - bottom, left : width - right] = 1
    return np.asarray(np.rint(whole + (placed - whole) * window[..., None]), np.uint8)


def _mount(shape: tuple[int, int], rng: np.random.Generator) -> NDArray[np.float32]:
    """A sheet of pale card, black film or grey paper: 0..1, unevenly lit and grained at times."""
    levels = [rng.uniform(0.75, 1), rng.uniform(0, 0.12), rng.uniform(0.12, 0.75)]
    sheet = np.full(shape, rng.choice(levels, p=[0.55, 0.15, 0.3]))
    if rng.random() < 0.5:
        down, across = rng.normal(0, 0.08, 2)
        sheet += down * np.linspace(-0.5, 0.5, shape[0])[:, None] + across * np.linspace(-0.5, 0.5, shape[1])
    if rng.random() < 0.7:
        sheet += rng.uniform(0, 0.03) * _blur(rng.standard_normal(shape), rng.uniform(0.4, 2))
    return np.asarray(sheet, np.float32)


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


class Photographs:
    """Decoded photographs in one memory-mapped file: reading them again and again costs nothing."""

    def __init__(self, folder: Path) -> None:
        """Open what ``pack`` wrote."""
        self._pixels = np.memmap(folder / "pixels.bin", np.uint8, "r")
        rows = json.loads((folder / "index.json").read_text())
        self._places = [(int(offset), int(height), int(width)) for offset, height, width, _ in rows]
        with SOURCES.open(newline="") as table:
            known = {row["source"]: float(row["weight"]) for row in csv.DictReader(table)}
        self.weights = np.array([known.get(source, 1.0) for *_, source in rows])
        aspects = np.log([height / width for height, width in SIZES])
        self.size_numbers = np.array([np.abs(aspects - np.log(h / w)).argmin() for _, h, w in self._places])

    def rgb(self, number: int) -> Rgb:
        """(h, w, 3) sRGB."""
        offset, height, width = self._places[number]
        return np.asarray(self._pixels[offset : offset + height * width * 3]).reshape(height, width, 3)


def pack(paths: list[Path], folder: Path) -> None:
    """Decode photographs into a folder that ``Photographs`` opens; a photograph's source is its folder's name."""
    folder.mkdir(parents=True, exist_ok=True)
    offset, rows = 0, []
    with (folder / "pixels.bin").open("wb") as pixels:
        for path in paths:
            rgb = load_rgb(path)
            scale = SHORT / min(rgb.shape[:2])
            if scale < 1:
                size = round(rgb.shape[1] * scale), round(rgb.shape[0] * scale)
                rgb = np.asarray(cv2.resize(rgb, size, interpolation=cv2.INTER_AREA), np.uint8)
            pixels.write(rgb.tobytes())
            rows.append((offset, *rgb.shape[:2], path.parent.name))
            offset += rgb.size
    (folder / "index.json").write_text(json.dumps(rows))


@dataclass(frozen=True)
class Batch:
    """Training samples.

    Attributes:
        seen: (n, 1, h, w) float32 L* 0..100 as the network sees it, at times aged.
        lightness: (n, h, w) float32 L* of the photographs as they are.
        ab: (n, h/4, w/4, 2) float32 a*b*.
        rgb: (n, 3, h, w) uint8 sRGB.
    """

    seen: Tensor
    lightness: Tensor
    ab: Tensor
    rgb: Tensor


class Batches(IterableDataset[Batch]):
    """Batches without end, drawn by the sources' weights."""

    def __init__(self, photographs: Photographs, size: int, aged: float, mounts: float, seed: int) -> None:
        self._photographs, self._size, self._aged, self._mounts, self._seed = photographs, size, aged, mounts, seed

    def __iter__(self) -> Iterator[Batch]:
        worker = get_worker_info()
        rng = np.random.default_rng((self._seed, worker.id if worker else 0))
        members = [np.flatnonzero(self._photographs.size_numbers == number) for number in range(len(SIZES))]
        shares = np.array([*SIZES.values()]) * [len(group) > 0 for group in members]
        while True:
            number = int(rng.choice(len(SIZES), p=shares / shares.sum()))
            weights = self._photographs.weights[members[number]]
            drawn = rng.choice(members[number], self._size, p=weights / weights.sum())
            samples = [self._sample(self._photographs.rgb(n), [*SIZES][number], rng) for n in drawn]
            yield Batch(*(torch.from_numpy(np.stack(planes)) for planes in zip(*samples, strict=True)))

    def _sample(self, rgb: Rgb, size: tuple[int, int], rng: np.random.Generator) -> tuple[NDArray[np.generic], ...]:
        height, width = size
        rgb = crop(rgb, height, width, rng)
        if rng.random() < self._mounts:
            rgb = mounted(rgb, rng)
        rgb = np.ascontiguousarray(rgb)
        seen = pixel_lightness(age(rgb, rng) if rng.random() < self._aged else rgb)
        lab = rgb_to_lab(rgb.astype(np.float32) / np.float32(255))
        ab = resize_area(np.ascontiguousarray(lab[..., 1:]), (height // 4, width // 4))
        return seen[None], lab[..., 0], ab, np.moveaxis(rgb, 2, 0)


def loader(batches: Batches) -> DataLoader[Batch]:
    """The batches, made in one process beside the training."""
    return DataLoader(batches, batch_size=None, num_workers=1, prefetch_factor=4)
