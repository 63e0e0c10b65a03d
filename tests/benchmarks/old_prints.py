"""What restoring old prints is worth, on photographs of your own.

    python -m tests.benchmarks.old_prints FOLDER [--count N] [--coloured N] [--keep DIR]

FOLDER holds clean colour photographs. Each is damaged in a known way (tests/support/old_prints.py), and coloured by the
embedded model from what it is, from the damaged print, and from that after ``restore="auto"``. The picture's own
lightness is left out of it: all three colourings are laid on the clean photograph.
"""

from __future__ import annotations

import argparse
import time
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import cv2
import numpy as np

from backends.pocket import Pocket
from core.engine import Engine
from core.look.look import Look
from core.photo.open import Photo, open_photo
from core.registry.registry import Registry
from core.restore.marks import filled, find_marks
from core.restore.restore import restoration_of
from core.settings import Settings
from tests.support.old_prints import (
    SCREENS,
    cracked,
    creased,
    faded,
    mounted,
    rubbed,
    scratched,
    screened,
    torn,
    yellowed,
)

LARGER = 2
"""Times by which photographs are enlarged that are smaller than half a thousand pixels."""

MOST = 1024
"""Longest side that photographs are made smaller to, which is that of the copy in which damage is looked for."""

KEPT = 256
"""Shorter side of the colourings that are kept."""


def photographs(folder: Path, count: int) -> Iterator[tuple[str, Any]]:
    """Names and (h, w, 3) uint8, from all over the folder."""
    paths = sorted(path for path in folder.rglob("*") if path.suffix in (".jpg", ".jpeg", ".png", ".webp"))
    for path in paths[:: max(1, len(paths) // count)][:count]:
        pixels = open_photo(path, Settings()).pixels
        scale = MOST / max(pixels.shape)
        if scale < 1:
            pixels = cv2.resize(pixels, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA)
        if pixels.ndim == 3:
            yield path.name, pixels


def grey_of(pixels: Any) -> Any:
    """(h, w) float32 0..1, twice as large where it is small."""
    grey = cv2.cvtColor(pixels, cv2.COLOR_RGB2GRAY).astype(np.float32) / 255
    if max(grey.shape) < 500:
        grey = cv2.resize(grey, None, fx=LARGER, fy=LARGER, interpolation=cv2.INTER_CUBIC)
    return grey.clip(0, 1)


def as_photo(plane: Any) -> Photo:
    """8 bits."""
    return Photo(np.rint(plane.clip(0, 1) * 255).astype(np.uint8))


def _mounted(grey: Any, rng: Any) -> tuple[Any, Any]:
    return mounted(grey, rng)


WHOLE = slice(None), slice(None)
DAMAGES: dict[str, Callable[[Any, Any], tuple[Any, Any]]] = {
    "yellowed": lambda grey, rng: (yellowed(grey, rng), WHOLE),
    "faded": lambda grey, rng: (faded(grey, rng), WHOLE),
    "screen": lambda grey, rng: (screened(grey, *SCREENS[rng.integers(len(SCREENS))]), WHOLE),
    "scratched": lambda grey, rng: (scratched(grey, rng)[0], WHOLE),
    "creased": lambda grey, rng: (creased(grey, rng)[0], WHOLE),
    "mounted": _mounted,
}


def taken_back(photos: list[Any], engine: Engine, keep: Path | None = None) -> None:
    """Print, for each damage, the loss that it brings and the share that restoration takes back.

    What is kept is for judges of other kinds: a folder each of the truth, of the clean photographs' colourings, and of
    those of each damage, as it is and restored.
    """

    def coloured(photo: Photo, restore: str, clean: Photo, inside: Any) -> Any:
        """a*b* laid on the clean photograph, as RGB 0..1."""
        restoration = restoration_of(photo, restore)
        forecast = engine.forecast(restoration.photo, "pocket", restoration=restoration)
        plain = Photo(np.full((photo.height, photo.width), 128, np.uint8))
        plain.pixels[inside] = clean.pixels
        return engine.render(plain, forecast, Look(refine=False))[0].rgb[inside].astype(np.float32) / 255

    def kept(name: str, number: int, rgb: Any) -> None:
        if keep:
            (keep / name).mkdir(parents=True, exist_ok=True)
            scale = KEPT / min(rgb.shape[:2])
            small = cv2.resize(rgb, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA)
            bgr = np.rint(small[..., ::-1].clip(0, 1) * 255).astype(np.uint8)
            cv2.imwrite(str(keep / name / f"{number:03}.png"), bgr)

    print("| damage | PSNR: clean | damaged | auto | taken back | off clean: damaged | auto | taken back |")
    print("| --- " * 8 + "|")
    for name, damage in DAMAGES.items():
        rng = np.random.default_rng(1)
        errors = []
        for number, truth in enumerate(photos):
            grey = grey_of(truth)
            print_, inside = damage(grey, rng)
            clean = as_photo(grey)
            rgb = cv2.resize(truth, grey.shape[::-1], interpolation=cv2.INTER_CUBIC).astype(np.float32) / 255
            best = coloured(clean, "none", clean, WHOLE)
            off = [coloured(as_photo(print_), restore, clean, inside) for restore in ("none", "auto")]
            named = {"truth": rgb, "clean": best, f"{name}-none": off[0], f"{name}-auto": off[1]}
            for folder, picture in named.items():
                kept(folder, number, picture)
            errors.append(
                [_error(best, rgb), *(_error(each, rgb) for each in off), *(_error(each, best) for each in off)]
            )
        clean_, damaged, auto = (_psnr(column) for column in np.array(errors).T[:3])
        far, near = np.sqrt(np.array(errors)[:, 3:]).mean(axis=0)
        print(
            f"| {name} | {clean_:.2f} | {damaged:.2f} | {auto:.2f} | {(auto - damaged) / (clean_ - damaged):.0%} "
            f"| {far:.4f} | {near:.4f} | {1 - near / far:.0%} |",
            flush=True,
        )


def _error(one: Any, other: Any) -> float:
    return float(((one - other) ** 2).mean())


def _psnr(errors: Any) -> float:
    return float(np.mean(-10 * np.log10(np.maximum(errors, 1e-9))))


def marks(photos: list[Any]) -> None:
    """Print how well marks are found and filled, and how much of clean photographs is taken for marks."""
    near = np.ones((5, 5), np.uint8)
    for damage in (scratched, creased, torn, cracked, rubbed):
        rng = np.random.default_rng(2)
        hit = real = right = said = 0
        gains = []
        for truth in photos:
            grey = grey_of(truth)
            print_, mask = damage(grey, rng)
            print_ = as_photo(print_).pixels.astype(np.float32) / 255
            found = find_marks(print_, WHOLE).mask
            hit += int((mask & (cv2.dilate(found.astype(np.uint8), near) > 0)).sum())
            right += int((found & (cv2.dilate(mask.astype(np.uint8), near) > 0)).sum())
            real, said = real + int(mask.sum()), said + int(found.sum())
            if found.any() and mask.any():
                mended = filled(print_.copy(), found)
                gains.append(
                    10 * np.log10(_error(print_[mask], grey[mask]) / max(_error(mended[mask], grey[mask]), 1e-9))
                )
        print(
            f"{damage.__name__}: recall {hit / real:.2f}, precision {right / max(said, 1):.2f}, "
            f"{np.mean(gains):+.1f} dB inside the mask, middle {np.median(gains):+.1f}"
        )
    shares = [find_marks(grey_of(truth), WHOLE).mask.mean() for truth in photos]
    print(f"clean: {np.mean(shares):.3%} of the pixels, on {np.mean(np.array(shares) > 0):.1%} of the photographs")


def false_alarms(named: list[tuple[str, Any]]) -> None:
    """Print what is mended of photographs that have nothing, or offered, and of which."""
    for kind in ("grey", "colour"):
        mended: Counter[str] = Counter()
        offered: Counter[str] = Counter()
        wrong = []
        for name, truth in named:
            restoration = restoration_of(as_photo(grey_of(truth)) if kind == "grey" else Photo(truth))
            told = [each.step for each in restoration.told]
            others = [each.step for each in restoration.suggested]
            mended.update(told)
            offered.update(others)
            if told or others:
                wrong.append(f"    {name}: mends {told}, offers {others}")
        share = len(wrong) / len(named)
        print(f"clean, {kind}: mends {dict(mended)}, offers {dict(offered)}: anything on {share:.1%} of {len(named)}")
        print("\n".join(wrong), flush=True)


def casts(photos: list[Any]) -> None:
    """Print on how many toned prints a cast is found."""
    rng = np.random.default_rng(3)
    for name, hue in {"sepia": (1.0, 0.9, 0.7), "cyanotype": (0.55, 0.8, 1.0), "yellowed": None}.items():
        found = 0
        for truth in photos:
            grey = grey_of(truth)
            print_ = yellowed(grey, rng) if hue is None else grey[..., None] ** np.array(1 / np.array(hue), np.float32)
            found += "tone" in [each.step for each in restoration_of(as_photo(print_)).told]
        print(f"{name}: a cast is found on {found / len(photos):.1%}")


def seconds() -> None:
    """Print how long a scan of 24 megapixels takes, with everything wrong with it."""
    rng = np.random.default_rng(4)
    coarse = cv2.resize(rng.random((30, 45)).astype(np.float32), (6000, 4000), interpolation=cv2.INTER_CUBIC).clip(0, 1)
    print_, _ = scratched(coarse * 0.5 + 0.2, rng, scratches=12, specks=200)
    photo = Photo(np.rint(print_ * 65535).astype(np.uint16))
    for restore, picture in (("auto", False), ("tone,screen,marks,fading,grain,frame", True)):
        started = time.perf_counter()
        restoration = restoration_of(photo, restore, picture)
        looked = time.perf_counter()
        restoration.seen()
        saw = time.perf_counter()
        restoration.picture()
        ended = time.perf_counter()
        print(
            f"24 MP, {restore}, picture {picture}: looked at in {looked - started:.2f} s, for the network "
            f"{saw - looked:.2f} s, picture {ended - saw:.2f} s; {[each.step for each in restoration.told]}"
        )


def main() -> None:
    """Run all of it."""
    parser = argparse.ArgumentParser(prog="python -m tests.benchmarks.old_prints", description=__doc__)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--count", type=int, default=300)
    parser.add_argument("--coloured", type=int, default=40, help="of these are coloured, which takes longest")
    parser.add_argument("--keep", type=Path, help="where colourings are written, for judges of other kinds")
    given = parser.parse_args()
    named = list(photographs(given.folder, given.count))
    photos = [truth for _, truth in named]
    registry = Registry()
    registry.register(Pocket())
    engine = Engine(registry, Settings())
    seconds()
    false_alarms(named)
    casts(photos[::4])
    marks(photos[::4])
    taken_back(photos[:: max(1, len(photos) // given.coloured)], engine, given.keep)


if __name__ == "__main__":
    main()
