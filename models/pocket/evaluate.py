"""Score a backend on a folder of colour photographs: their own colours are the truth.

    python -m models.pocket.evaluate PHOTOS [--backend ID] [--vividness F] [--temperature F] [--strength F]

The backend sees each photograph's lightness only. One row is printed for grey, one for the backend, and one for each
source (subfolder of PHOTOS):

    dB      mean PSNR of RGB                      M3    mean colourfulness (the truth's in brackets)
    dE00    mean CIEDE2000                        <10   share of pixels within 10 a*b*, per cent
    AuC     Zhang's area under the error curve    bal   the same with every colour counting alike
    skin    pixels of skin's hue within 25 degrees of it, per cent: means something on pictures of faces
    over    photographs of more than 1.8 times the true mean chroma, per cent
"""

from __future__ import annotations

import argparse
from collections.abc import Callable, Iterable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from core.colour.cielab import Float, Pixels, rgb_to_lab
from core.look.look import Look, make_look
from core.photo.open import Photo, open_photo
from core.prediction import AbField
from core.render.render import render
from models.pocket import metrics

Colouriser = Callable[[Photo], Pixels]
"""Takes a photograph, gives it coloured: (h, w, 3) uint8 sRGB."""


class Scores:
    """Scores of photographs, added up."""

    def __init__(self, counts: metrics.Floats):
        """Begin at none; `counts` are the colour counts of the truths (`metrics.colour_counts`)."""
        self._counts = counts
        self._means: list[list[float]] = []
        self._curve, self._balanced = np.zeros(152), np.zeros(152)
        self._skin = np.zeros(2)

    def add(self, rgb: Pixels, truth: Pixels) -> None:
        """Score one colouring."""
        lab, true_lab = to_lab(rgb), to_lab(truth)
        ab, true_ab = lab[..., 1:], true_lab[..., 1:]
        self._means.append(
            [
                metrics.psnr(rgb, truth),
                metrics.colourfulness(rgb),
                metrics.colourfulness(truth),
                float(metrics.ciede2000(lab, true_lab).mean()),
                100 * metrics.share_within(ab, true_ab),
                100 * (metrics.chroma_ratio(ab, true_ab) > 1.8),
            ]
        )
        self._curve += metrics.accuracy_curve(ab, true_ab)
        self._balanced += metrics.accuracy_curve(ab, true_ab, metrics.balance(true_ab, self._counts))
        self._skin += metrics.skin_pixels(ab, true_ab)

    def summary(self) -> dict[str, float]:
        """Means over the photographs, by the names that the module's docstring explains."""
        names = ("dB", "M3", "true M3", "dE00", "<10", "over")
        means = dict(zip(names, np.mean(self._means, axis=0).tolist(), strict=True))
        return means | {
            "AuC": metrics.area_under(self._curve),
            "bal": metrics.area_under(self._balanced),
            "skin": float(100 * self._skin[0] / max(self._skin[1], 1)),
        }

    def __len__(self) -> int:
        return len(self._means)


def to_lab(rgb: Pixels) -> Float:
    """(h, w, 3) uint8 sRGB to CIELAB."""
    return rgb_to_lab(rgb.astype(np.float32) / np.float32(255))


def grey(photo: Photo) -> Pixels:
    """The colouriser to beat: none."""
    return render(photo, AbField(np.zeros((2, 2, 2), np.float32)), Look()).rgb


def photo_paths(folder: Path) -> list[Path]:
    """All photographs below a folder, sorted."""
    return sorted(p for p in folder.rglob("*") if p.suffix.lower() in {".jpg", ".jpeg", ".png"})


def open_truth(path: Path) -> Photo:
    """A photograph as (h, w, 3) uint8, whatever the file holds."""
    photo = open_photo(path)
    pixels = photo.pixels if photo.pixels.ndim == 3 else np.repeat(photo.pixels[..., None], 3, axis=2)
    return replace(photo, pixels=pixels if pixels.dtype == np.uint8 else (pixels // 257).astype(np.uint8))


def count_colours(paths: Iterable[Path]) -> metrics.Floats:
    """Colour counts of the photographs (`metrics.colour_counts`)."""
    counts = np.zeros((27, 27))
    for path in paths:
        counts += metrics.colour_counts(to_lab(open_truth(path).pixels)[..., 1:])
    return counts


def score(paths: list[Path], colouriser: Colouriser, counts: metrics.Floats) -> dict[str, Scores]:
    """Scores by source, and of all photographs under ""."""
    scores = {"": Scores(counts)}
    for path in paths:
        photo = open_truth(path)
        rgb = colouriser(photo)
        for source in ("", path.parent.name):
            scores.setdefault(source, Scores(counts)).add(rgb, photo.pixels)
    return scores


def backend_colouriser(backend: str, **look: Any) -> Colouriser:
    """A backend of the registry at a look (see `core.look.look.Look`)."""
    from core.engine import Engine
    from core.registry.registry import load_registry
    from core.settings import load_settings

    settings = load_settings()
    engine = Engine(load_registry(settings=settings), settings)
    chosen = make_look(**look)
    return lambda photo: engine.colorize(photo, backend, chosen)[0].rgb


def main() -> None:
    """Read the command line, score, and print the table."""
    parser = argparse.ArgumentParser(description="Score a backend on a folder of colour photographs.")
    parser.add_argument("photos", type=Path)
    parser.add_argument("--backend", default="pocket")
    parser.add_argument("--strength", type=float, default=1.0)
    parser.add_argument("--temperature", type=float, default=0.38)
    parser.add_argument("--vividness", type=float, default=0.5)
    args = parser.parse_args()

    paths = photo_paths(args.photos)
    counts = count_colours(paths)
    look = {"strength": args.strength, "temperature": args.temperature, "vividness": args.vividness}
    plain = score(paths, grey, counts)[""]
    scores = score(paths, backend_colouriser(args.backend, **look), counts)
    print(f"{'':<26}photos     dB    M3         dE00   <10    AuC    bal   skin  over")
    for name, result in [("grey", plain), (args.backend, scores.pop("")), *sorted(scores.items())]:
        values = result.summary()
        print(
            f"{name:<26}{len(result):>6} {values['dB']:>6.2f} {values['M3']:>5.1f} ({values['true M3']:>4.1f})"
            f" {values['dE00']:>6.2f} {values['<10']:>5.1f} {values['AuC']:>6.2f} {values['bal']:>6.2f}"
            f" {values['skin']:>6.1f} {values['over']:>5.1f}"
        )


if __name__ == "__main__":
    main()
