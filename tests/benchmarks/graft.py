"""How near the truth graft comes, on photographs in colour and versions that another tool might have made of them.

``python -m tests.benchmarks.graft PHOTOS`` prints a line for each photograph and the means; nothing is written.
"""

from __future__ import annotations

import argparse
import itertools
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import cv2
import numpy as np

from backends.graft import Graft
from core.colour.cielab import Pixels, rgb_to_lab
from core.colour.gamut import lab_to_gamut
from core.colour.metrics import psnr
from core.engine import Engine
from core.errors import RequestError
from core.photo.open import Photo
from tests.support.fakes import make_engine
from tests.support.other_tool import MILD, REPLACED, SHIFTED, STRONG, aged, blended, chroma_error, grey, make_version

PIXELS = 600_000
CASES = {"strong": STRONG, "mild": MILD, "replaced": REPLACED, "aged": STRONG, "shifted": SHIFTED}
HEADS = ("case", "Color blend", "graft", "ratio", "other's own", "over it", "elsewhere over it", "PSNR over blend", "s")


def photographs(folder: Path) -> Iterator[tuple[str, Pixels]]:
    """Names and pixels (h, w, 3) of all below a folder, of at most ``PIXELS``."""
    for path in sorted([*folder.rglob("*.png"), *folder.rglob("*.jpg")]):
        bgr = cv2.imread(str(path), cv2.IMREAD_COLOR)
        scale = min(1.0, (PIXELS / (bgr.shape[0] * bgr.shape[1])) ** 0.5)
        size = (round(bgr.shape[1] * scale), round(bgr.shape[0] * scale))
        yield path.stem, np.ascontiguousarray(cv2.resize(bgr, size, interpolation=cv2.INTER_AREA)[..., ::-1])


def rows(
    folder: Path, cases: tuple[str, ...] = ("strong", "mild", "replaced", "aged", "shifted")
) -> list[tuple[str, ...]]:
    """Means over the photographs, a row for each case: a*b* RMSE, dB, seconds."""
    engine, known = make_engine(Graft()), list(photographs(folder))
    found = []
    for case in cases:
        scores = []
        for at, (name, truth) in enumerate(known):
            stranger = known[(at + 5) % len(known)][1]
            try:
                scores.append(measured(engine, case, at, truth, stranger))
            except RequestError as error:
                print(f"{case} {name}: {error}", flush=True)
                continue
            print(case, name, *(f"{score:.2f}" for score in scores[-1]), flush=True)
        blend, ours, own, elsewhere, better, seconds = np.nanmean(scores, axis=0)
        apart = [f"{blend:.2f}", f"{ours:.2f}", f"{ours / blend:.2f}", f"{own:.2f}", f"{ours - own:+.2f}"]
        found.append((case, *apart, f"{elsewhere:+.2f}", f"{better:+.1f}", f"{seconds:.2f}"))
    return found


def measured(engine: Engine, case: str, seed: int, truth: Pixels, stranger: Pixels) -> tuple[float, ...]:
    """Errors of the blend, of ours, the version's own, ours beyond that outside of what was replaced, dB, seconds."""
    version = make_version(truth, CASES[case], seed, stranger)
    photo = aged(truth, seed) if case == "aged" else grey(truth)
    started = time.perf_counter()
    picture, _ = engine.colorize(Photo(photo), "graft", reference=Photo(version.rgb))
    seconds = time.perf_counter() - started
    shown = np.empty_like(truth)  # the blend, on the same lightness and as a picture too: that costs both some chroma
    planes = np.moveaxis(blended(version.rgb, photo), -1, 0)
    lab_to_gamut(*(np.ascontiguousarray(plane) for plane in planes), shown)
    lab, own, blend = (rgb_to_lab(rgb / np.float32(255)) for rgb in (picture.rgb, version.own, shown))
    kept = ~version.object
    better = float("nan") if case == "aged" else psnr(picture.rgb, truth) - psnr(shown, truth)
    elsewhere = chroma_error(lab, truth, kept) - chroma_error(own, truth, kept)
    errors = chroma_error(blend, truth), chroma_error(lab, truth), chroma_error(own, truth)
    return (*errors, elsewhere, better, seconds)


def pairs(folder: Path, most: int = 100) -> tuple[int, int, int, int]:
    """How many pairs of a photograph and its version are accepted, of how many, and of unrelated ones refused."""
    engine = make_engine(Graft())
    known = list(photographs(folder))[:most]
    tools = itertools.cycle([STRONG, REPLACED, SHIFTED, replace(STRONG, size=0.5, corners=0.04, quality=70)])
    accepted = refused = 0
    for at, ((name, truth), tool) in enumerate(zip(known, tools, strict=False)):
        photo = aged(truth, at) if at % 3 == 2 else grey(truth)
        for other, same in ((truth, True), (known[(at + 1) % len(known)][1], False)):
            version = make_version(other, tool, at, known[(at + 7) % len(known)][1])
            try:
                engine.colorize(Photo(photo), "graft", reference=Photo(version.rgb))
                accepted += same
                if not same:
                    print("taken for the same:", name, known[(at + 1) % len(known)][0], flush=True)
            except RequestError:
                refused += not same
                if same:
                    print("refused:", name, flush=True)
    return accepted, len(known), refused, len(known)


def main() -> None:
    """Measure."""
    parser = argparse.ArgumentParser(prog="python -m tests.benchmarks.graft", description=__doc__)
    parser.add_argument("photos", type=Path)
    parser.add_argument("--pairs", action="store_true", help="count pairs that are accepted and refused instead")
    parser.add_argument("--cases", nargs="+", default=list(CASES), choices=list(CASES))
    given = parser.parse_args()
    if given.pairs:
        print("accepted {} of {}, refused {} of {}".format(*pairs(given.photos)))
    else:
        for row in (HEADS, *rows(given.photos, tuple(given.cases))):
            print(" | ".join(row))


if __name__ == "__main__":
    main()
