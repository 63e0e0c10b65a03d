"""A file in, a picture out, with the forward taken out of both: time, and memory in a fresh process."""

from __future__ import annotations

import subprocess
import sys
import tempfile
from pathlib import Path

import numpy as np

from core.colour.cielab import Float
from core.look.colouring import Colouring
from tests.benchmarks.scans import SIZES, field, scan, write_scan
from tests.benchmarks.timing import in_turn

MIB = 1024 * 1024


def coloured(ab: Float) -> Colouring:
    """A field of colours as the renderer takes it."""
    from core.look.colouring import colouring_of
    from core.prediction import AbField

    return colouring_of(AbField(ab), np.zeros(ab.shape[:2], np.float32))


def ours(path: Path, target: Path | None) -> int:
    """Open, render and (with a target) save; gives the bytes of the decoded input and the picture."""
    from core.look.look import Look
    from core.photo.open import open_photo
    from core.photo.save import save_picture
    from core.render.render import render

    photo = open_photo(path)
    picture = render(photo, coloured(field()), Look())
    if target:
        save_picture(target, picture.rgb, photo, "benchmark")
    return photo.pixels.nbytes + picture.rgb.nbytes


def plain(path: Path, target: Path | None) -> int:
    """The same by the plain recipe."""
    import cv2

    from tests.benchmarks.plain import paint

    rgb = cv2.cvtColor(cv2.imread(str(path)), cv2.COLOR_BGR2RGB)
    picture = paint(rgb, field())
    if target:
        cv2.imwrite(str(target), cv2.cvtColor(picture, cv2.COLOR_RGB2BGR))
    return rgb.nbytes + picture.nbytes


def plain_with_pillow(path: Path, target: Path) -> None:
    """The plain recipe between Pillow's reader and Pillow's writer, both as they come: what demos do."""
    from PIL import Image

    from tests.benchmarks.plain import paint

    Image.fromarray(paint(np.asarray(Image.open(path).convert("RGB")), field())).save(target)


def peak(recipe: str, path: Path, target: Path) -> float:
    """MiB that a recipe needs beyond its imports, its decoded input and its picture, in a process of its own."""
    command = [sys.executable, "-m", "tests.benchmarks.whole", recipe, str(path), str(target)]
    return float(subprocess.run(command, capture_output=True, text=True, check=True).stdout)


def rows(folder: Path) -> list[tuple[str, ...]]:
    """One row a size: painting alone, the whole way of a file, and memory."""
    from core.look.look import Look
    from core.photo.open import Photo
    from core.render.render import render
    from tests.benchmarks.plain import paint

    table: list[tuple[str, ...]] = []
    for size in SIZES:
        path, target = write_scan(folder, size), folder / "out.png"
        rounds = 7 if size < 24 else 5 if size == 24 else 3
        grey = scan(size)
        rgb = grey[..., None].repeat(3, axis=2)
        photo, ab = Photo(grey), field()
        arrays = in_turn(
            rounds,
            ours=lambda photo=photo, ab=ab: render(photo, coloured(ab), Look()),  # type: ignore[misc]
            plain=lambda rgb=rgb, ab=ab: paint(rgb, ab),  # type: ignore[misc]
        )
        del rgb, grey, photo
        files = in_turn(
            rounds,
            ours=lambda path=path, target=target: ours(path, target),  # type: ignore[misc]
            plain=lambda path=path, target=target: plain(path, target),  # type: ignore[misc]
            pillow=lambda path=path, target=target: plain_with_pillow(path, target),  # type: ignore[misc]
        )
        memory = {recipe: peak(recipe, path, target) for recipe in ("ours", "plain")}
        table.append(
            (
                f"{size} MP",
                f"{arrays['ours']:.3f}",
                *_compared(arrays, "plain"),
                f"{files['ours']:.3f}",
                *_compared(files, "plain"),
                *_compared(files, "pillow"),
                f"{memory['ours']:.0f}",
                f"{memory['plain']:.0f}",
            )
        )
    return table


def _compared(seconds: dict[str, float], other: str) -> tuple[str, str]:
    return f"{seconds[other]:.3f}", f"{seconds['ours'] / seconds[other]:.2f}"


def _main(recipe: str, path: Path, target: Path) -> None:
    with tempfile.TemporaryDirectory() as folder:  # imports, tables and threads are there before the measurement
        small = write_scan(Path(folder), 0.5)
        {"ours": ours, "plain": plain}[recipe](small, Path(folder) / "small.png")
    before = _peak_memory()
    needed = {"ours": ours, "plain": plain}[recipe](path, target)
    print((_peak_memory() - before - needed) / MIB)


def _peak_memory() -> int:
    """Bytes at most held by this process so far. Linux; ``ru_maxrss`` would count what its parent held at the fork."""
    status = Path("/proc/self/status").read_text()
    return int(status.partition("VmHWM:")[2].split()[0]) * 1024


if __name__ == "__main__":
    _main(sys.argv[1], Path(sys.argv[2]), Path(sys.argv[3]))
