"""Simulated users: how much nearer to the truth hints bring a picture, and how much of it one of them changes.

    python -m tests.benchmarks.hints PHOTOS [--backend ID] [--segments FOLDER]

A user points at random places of a colour photograph's centre square, 224 pixels wide, and gives the colours that are
there (the mean of 3 x 3 pixels). Printed are the mean PSNR of RGB after so many hints, and the share of pixels that one
hint alone changes by more than 8 levels: on average, and on average over the tenth of hints that change most. With
segments (STEM*.png, of a photograph's size, a number for each segment; those of the Berkeley set have several drawers)
also the share of a hint's change that lies outside the segment that it was put on.
"""

from __future__ import annotations

import argparse
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from core.colour.cielab import Pixels
from core.engine import Engine
from core.look.look import Hint, Look
from core.photo.open import Photo
from core.registry.registry import load_registry
from core.settings import Settings
from models.pocket.evaluate import open_truth, photo_paths

SIDE = 224
COUNTS = (0, 1, 5, 10, 50)
SINGLE = 6
"""Hints of each photograph that are tried alone."""

CHANGED = 8
"""Levels by which a pixel that a hint changes is changed at least."""


def user(truth: Pixels, seed: int) -> tuple[Hint, ...]:
    """As many hints as the longest row has."""
    rng = np.random.default_rng(seed)
    hints = []
    for row, column in rng.integers(0, SIDE, (max(COUNTS), 2)):
        around = truth[max(0, row - 1) : row + 2, max(0, column - 1) : column + 2].reshape(-1, 3).mean(axis=0)
        red, green, blue = np.rint(around).astype(int)
        hints.append(
            Hint(x=(column + 0.5) / SIDE, y=(row + 0.5) / SIDE, color=f"#{red:02x}{green:02x}{blue:02x}"),
        )
    return tuple(hints)


def drawn(folder: Path, stem: str) -> list[NDArray[np.int64]]:
    """The centre squares of a photograph's segments, (SIDE, SIDE) each, one for each drawer."""
    found = []
    for path in sorted(folder.glob(f"{stem}*.png")):
        numbers = np.asarray(Image.open(path)).astype(np.int64)
        side = min(numbers.shape)
        at = (np.arange(SIDE) + 0.5) * side / SIDE
        rows, columns = (np.floor(at + (length - side) / 2).astype(int) for length in numbers.shape)
        found.append(numbers[np.ix_(rows, columns)])
    return found


def outside(change: Pixels, hint: Hint, segments: list[NDArray[np.int64]]) -> float:
    """The share of (SIDE, SIDE) change outside the hint's segment, the drawers' mean."""
    row, column = int(hint.y * SIDE), int(hint.x * SIDE)
    return float(np.mean([change[each != each[row, column]].sum() for each in segments]) / change.sum())


def psnr(made: Pixels, truth: Pixels) -> float:
    """dB of 8-bit RGB."""
    error = np.square(made.astype(np.float32) - truth).mean()
    return float(10 * np.log10(255**2 / max(float(error), 1e-9)))


def main() -> None:
    """Read the command line, simulate, print."""
    parser = argparse.ArgumentParser(prog="python -m tests.benchmarks.hints", description="Simulated users' hints.")
    parser.add_argument("photos", type=Path)
    parser.add_argument("--backend", default="pocket")
    parser.add_argument("--segments", type=Path)
    given = parser.parse_args()
    engine = Engine(load_registry(plugins=False), Settings())
    curve: list[list[float]] = []
    changed: list[float] = []
    beyond: list[float] = []
    for seed, path in enumerate(photo_paths(given.photos)):
        truth = open_truth(path, SIDE)
        photo, hints = Photo(truth), user(truth, seed)
        forecast = engine.forecast(photo, given.backend)

        def made(*some: Hint, photo: Photo = photo, forecast=forecast) -> Pixels:  # type: ignore[no-untyped-def]
            return engine.render(photo, forecast, Look(hints=some))[0].rgb

        plain = made().astype(np.int16)
        curve.append([psnr(made(*hints[:count]), truth) for count in COUNTS])
        segments = drawn(given.segments, path.stem) if given.segments else []
        for hint in hints[:SINGLE]:
            change = np.abs(made(hint) - plain).max(axis=-1)
            change[change <= CHANGED] = 0
            changed.append(float((change > 0).mean()))
            if segments and change.any():
                beyond.append(outside(change, hint, segments))
    if not curve:
        parser.error(f"There are no photographs below {given.photos}.")
    for count, value in zip(COUNTS, np.mean(curve, axis=0), strict=True):
        print(f"{count:3d} hints: {value:.2f} dB")
    most = np.sort(changed)[-max(1, len(changed) // 10) :]
    print(f"one hint changes {np.mean(changed):.1%} of the pixels, {np.mean(most):.1%} in the worst tenth")
    if beyond:
        print(f"{np.mean(beyond):.1%} of its change lies outside its segment")


if __name__ == "__main__":
    main()
