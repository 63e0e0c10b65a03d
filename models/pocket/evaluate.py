"""Score a backend on a folder of colour photographs: their own colours are the truth.

    python -m models.pocket.evaluate PHOTOS [--backend ID] [--side N] [--vividness F] [--temperature F] ...

The backend sees each photograph's lightness only, of the centre square brought to N x N. Rows: grey, the backend, the
truth. Columns, see ``metrics`` and ``features`` beside this file:

    distance   of a classifier's features, place by place         } where torch is installed
    frechet    of its features of the whole set                   } (models/pocket/requirements.txt)
    colour     mean colourfulness          spikes     of chroma, 2 to 3 in photographs
    psnr       of RGB, dB                  pale/over  pictures of under half, over 1.8 of the true chroma, per cent
    hue, skin  on light and dark faces: hue error in degrees, faces of the right chroma in per cent
"""

from __future__ import annotations

import argparse
import importlib.util
from collections.abc import Callable
from pathlib import Path
from typing import Any

import cv2
import numpy as np

from core.colour.cielab import Pixels
from core.look.look import Look, make_look
from core.photo.open import Photo, open_photo
from models.pocket.metrics import picture_scores, skin_scores

Colouriser = Callable[[Photo], Pixels]
"""Takes a photograph, gives it coloured: (h, w, 3) uint8 sRGB."""

SUFFIXES = {".jpg", ".jpeg", ".png", ".webp"}


def photo_paths(folder: Path) -> list[Path]:
    """All photographs below a folder, sorted."""
    return sorted(path for path in folder.rglob("*") if path.suffix.lower() in SUFFIXES)


def open_truth(path: Path, side: int) -> Pixels:
    """The centre square of a photograph, (side, side, 3) uint8 sRGB."""
    pixels = open_photo(path).pixels
    if pixels.dtype != np.uint8:
        pixels = np.rint(pixels / 257).astype(np.uint8)
    if pixels.ndim == 2:
        pixels = pixels[..., None].repeat(3, axis=2)
    height, width = pixels.shape[:2]
    scale = side / min(height, width)
    size = max(side, round(width * scale)), max(side, round(height * scale))
    pixels = cv2.resize(pixels, size, interpolation=cv2.INTER_AREA if scale < 1 else cv2.INTER_CUBIC)
    top, left = (size[1] - side) // 2, (size[0] - side) // 2
    return np.ascontiguousarray(pixels[top : top + side, left : left + side])


def backend_colouriser(backend: str, look: Look) -> Colouriser:
    """A backend of the registry at a look."""
    from core.engine import Engine
    from core.registry.registry import load_registry
    from core.settings import load_settings

    settings = load_settings()
    engine = Engine(load_registry(settings=settings), settings)
    return lambda photo: engine.colorize(photo, backend, look)[0].rgb


def score(paths: list[Path], colourisers: dict[str, Colouriser], side: int) -> dict[str, dict[str, float]]:
    """Scores of each colouriser, by its name and the column's, and of the truth itself."""
    truths = [open_truth(path, side) for path in paths]
    sets = {name: [colour(Photo(truth)) for truth in truths] for name, colour in colourisers.items()}
    sets["truth"] = truths
    rows = {name: picture_scores(made, truths) | skin_scores(made, truths) for name, made in sets.items()}
    if importlib.util.find_spec("torch"):
        from models.pocket.features import Features, distance, frechet

        true = Features(truths)
        for name, made in sets.items():
            ours = Features(made)
            rows[name] = {"distance": distance(ours, true), "frechet": frechet(ours, true)} | rows[name]
    return rows


def table(rows: dict[str, dict[str, float]]) -> str:
    """The scores as lines of text."""
    columns = list(next(iter(rows.values())))
    width = max(map(len, rows)) + 2
    lines = [" " * width + "".join(f"{column:>{max(len(column), 6) + 2}}" for column in columns)]
    for name, row in rows.items():
        cells = (f"{row[column]:>{max(len(column), 6) + 2}.{3 if column == 'distance' else 1}f}" for column in columns)
        lines.append(f"{name:<{width}}" + "".join(cells))
    return "\n".join(lines)


def main(arguments: list[str] | None = None) -> None:
    """Read the command line, score, and print the table."""
    parser = argparse.ArgumentParser(description="Score a backend on a folder of colour photographs.")
    parser.add_argument("photos", type=Path)
    parser.add_argument("--backend", default="pocket")
    parser.add_argument("--side", type=int, default=224)
    default = Look()
    for name in ("strength", "temperature", "vividness"):
        parser.add_argument(f"--{name}", type=float, default=getattr(default, name))
    for name in ("pooling", "refine"):
        parser.add_argument(f"--{name}", action=argparse.BooleanOptionalAction, default=True)
    args = parser.parse_args(arguments)
    chosen: dict[str, Any] = {
        n: getattr(args, n) for n in ("strength", "temperature", "vividness", "pooling", "refine")
    }
    colourisers = {
        "grey": backend_colouriser("pocket", Look(strength=0)),
        args.backend: backend_colouriser(args.backend, make_look(**chosen)),
    }
    paths = photo_paths(args.photos)
    if not paths:
        parser.error(f"There are no photographs below {args.photos}.")
    print(f"{len(paths)} photographs")
    print(table(score(paths, colourisers, args.side)))


if __name__ == "__main__":
    main()
