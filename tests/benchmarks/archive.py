"""An album of JPEGs coloured by ``--jobs 1``, by ``--jobs auto``, and by the plain recipe's loop: wall and CPU time.

``python -m tests.benchmarks.archive [PHOTOGRAPHS [ROUNDS [OPTION...]]]``, options being those of ``colorize``; each way
in a process of its own, in turn, imports included.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import cv2
import numpy as np

from tests.benchmarks.scans import scan

ROOT = Path(__file__).resolve().parents[2]


def loop(folder: Path, target: Path) -> None:
    """The plain recipe: OpenCV reads, the same network by cv2.dnn, the mean of its colours, painted, written."""
    from tests.benchmarks.plain import paint

    model = ROOT / "models" / "pocket"
    net = cv2.dnn.readNetFromONNX(str(model / "pocket.onnx"))
    bins = np.loadtxt(model / "bins.csv", delimiter=",", skiprows=1, dtype=np.float32)[:, :2]
    target.mkdir()
    for path in sorted(folder.iterdir()):
        rgb = cv2.cvtColor(cv2.imread(str(path)), cv2.COLOR_BGR2RGB)
        small = cv2.resize(rgb, (256, 192), interpolation=cv2.INTER_AREA).astype(np.float32) / 255
        net.setInput(cv2.cvtColor(small, cv2.COLOR_RGB2Lab)[None, None, ..., 0])
        logits = net.forward(["logits"])[0][0] / np.float32(0.38)
        share = np.exp(logits - logits.max(axis=0))
        ab = np.tensordot(share / share.sum(axis=0), bins, (0, 0))
        picture = cv2.cvtColor(paint(rgb, ab), cv2.COLOR_RGB2BGR)
        cv2.imwrite(str(target / path.name), picture, [cv2.IMWRITE_JPEG_QUALITY, 92])


def measure(photographs: int, rounds: int, *options: str) -> None:
    """Print the least wall time and CPU time of each way, in milliseconds a photograph."""
    with tempfile.TemporaryDirectory() as home:
        folder, target = Path(home) / "scans", Path(home) / "coloured"
        folder.mkdir()
        whole = scan(2)
        for number in range(photographs):
            moved = np.roll(whole, 37 * number, axis=1)
            cv2.imwrite(str(folder / f"{number:05}.jpg"), moved, [cv2.IMWRITE_JPEG_QUALITY, 92])
        ours = [sys.executable, "app.py", "colorize", str(folder), "--backend", "pocket", "--output", str(target)]
        ours += options
        ways = {
            "--jobs 1": [*ours, "--jobs", "1"],
            "--jobs auto": [*ours, "--jobs", "auto"],
            "plain loop": [sys.executable, "-m", "tests.benchmarks.archive", "loop", str(folder), str(target)],
        }
        taken: dict[str, list[tuple[float, float]]] = {name: [] for name in ways}
        for _ in range(rounds):
            for name, command in ways.items():
                shutil.rmtree(target, ignore_errors=True)
                before, started = os.times(), time.perf_counter()
                subprocess.run(command, cwd=ROOT, check=True, capture_output=True)
                wall, after = time.perf_counter() - started, os.times()
                cpu = after.children_user + after.children_system - before.children_user - before.children_system
                taken[name].append((wall, cpu))
    print(f"| {photographs} photographs | wall, ms each | CPU, ms each | wall of it / of --jobs auto |")
    print("| --- | --- | --- | --- |")
    best = {name: [1000 * min(each) / photographs for each in zip(*runs, strict=True)] for name, runs in taken.items()}
    for name, (wall, cpu) in best.items():
        print(f"| {name} | {wall:.1f} | {cpu:.1f} | {wall / best['--jobs auto'][0]:.2f} |")


if __name__ == "__main__":
    if sys.argv[1:2] == ["loop"]:
        loop(Path(sys.argv[2]), Path(sys.argv[3]))
    else:
        given = sys.argv[1:3] + ["400", "3"][len(sys.argv[1:3]) :]
        measure(*map(int, given), *sys.argv[3:])
