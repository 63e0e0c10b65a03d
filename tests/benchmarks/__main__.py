"""Run all benchmarks, print one report, write docs/benchmarks.md."""

from __future__ import annotations

import argparse
import os
import platform
import tempfile
from pathlib import Path

import cv2
import numpy as np

from tests.benchmarks import forward, slider, upsampling, whole
from tests.support.standins import write_zhang

REPORT = Path(__file__).resolve().parent.parent.parent / "docs" / "benchmarks.md"

INTRODUCTION = """# Benchmarks

Written by `python -m tests.benchmarks`. What counts are the ratios: both sides of each run in turn in one process.
"Plain" is the recipe that colourisers commonly use: the whole picture to float Lab, bilinear resize of a\\*b\\*,
concatenate, back to RGB, clip. The network's forward is taken out of both but where it is the subject.
"""


def table(title: str, remark: str, heads: tuple[str, ...], rows: list[tuple[str, ...]]) -> str:
    """A heading, a remark and a Markdown table."""
    lines = [f"| {' | '.join(cells)} |" for cells in (heads, ("---",) * len(heads), *rows)]
    return "\n".join(["", f"## {title}", "", *([remark, ""] if remark else []), *lines, ""])


def main() -> None:
    """Run what the options allow."""
    parser = argparse.ArgumentParser(prog="python -m tests.benchmarks", description=__doc__)
    parser.add_argument("--weights", type=Path, help="folder with zhang-v2's three files; else a random stand-in")
    parser.add_argument("--photos", type=Path, help="folder of colour photographs, for the upsampling table")
    given = parser.parse_args()
    machine = f"{os.cpu_count()} cores, {platform.machine()}, Python {platform.python_version()}"
    parts = [INTRODUCTION, f"Measured on {machine}, OpenCV {cv2.__version__}, numpy {np.__version__}.\n"]
    with tempfile.TemporaryDirectory() as scratch:
        folder = Path(scratch)
        weights = given.weights or write_zhang(folder / "zhang")
        parts.append(
            table(
                "Painting and whole files",
                "Seconds. Painting is array to array; a file is a grey JPEG opened, painted, saved as PNG: the plain "
                "recipe's by OpenCV, or by Pillow as it comes, as demos do. Memory is the peak in a fresh process "
                "beyond the decoded input and the picture, in MiB.",
                ("size", "paint", "plain", "ratio", "file", "OpenCV", "ratio", "Pillow", "ratio", "memory", "plain"),
                whole.rows(folder),
            )
        )
        parts.append(table("zhang-v2's forward", "", ("engine", "seconds", "ours / it"), forward.rows(weights)))
        parts.append(
            table(
                "A slider moved",
                "Seconds from the cached prediction to the page's preview; plain is its whole way, forward included.",
                ("what", "ours", "plain", "ratio"),
                slider.rows(weights, folder),
            )
        )
        parts.append(table("Start", "", ("what", "seconds", "stock"), forward.start(weights)))
        parts.append(
            table(
                "Callers at once",
                "Seconds until all have their picture of 0.5 MP from pocket.",
                ("callers", "one photograph", "each their own"),
                forward.callers(folder),
            )
        )
    if given.photos:
        parts.append(
            table(
                "Chroma upsampling",
                "PSNR in dB of a\\*b\\* reduced 5.7 times by area and brought back.",
                ("way", "PSNR", "over bilinear"),
                upsampling.rows(given.photos),
            )
        )
    report = "".join(parts)
    print(report)
    REPORT.write_text(report)


if __name__ == "__main__":
    main()
