"""``colorize --ray``, on a Ray of this machine's own. Slow: starting one takes half a minute on two busy cores."""

from __future__ import annotations

import csv
import multiprocessing
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from typer.testing import CliRunner

import app
import core.cli.colorize
from tests.support.fakes import fake_engine, grey_picture

_SECONDS = 240


def colorize(*arguments: str) -> tuple[int, str]:
    done = CliRunner().invoke(app.app, ["colorize", *arguments])
    return done.exit_code, done.stdout + done.stderr


def _within_its_own_process(folder: Path) -> None:
    """Colour on Ray: a Ray that hangs is ended with the process."""
    core.cli.colorize.make_engine = fake_engine
    code, told = colorize("scans", "-r", "--output", "by-ray", "--ray", "local", "--jobs", "2", "--report", "ray.csv")
    (folder / "told").write_text(f"{code}\n{told}")


def test_ray_gives_the_same_files_as_one_machine_and_a_row_for_each(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    pytest.importorskip("ray", reason="Ray is not installed: pip install -r requirements-ray.txt")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("RAY_USAGE_STATS_ENABLED", "0")
    monkeypatch.setenv("RAY_worker_niceness", "0")  # else it waits for whatever else a machine does
    monkeypatch.setattr(core.cli.colorize, "make_engine", fake_engine)
    for number in range(12):
        path = Path("scans", str(number % 3), f"{number}.jpg")
        path.parent.mkdir(parents=True, exist_ok=True)
        Image.fromarray(np.roll(grey_picture(), number, axis=1)).save(path)
    Path("scans/0/broken.jpg").write_bytes(b"\xff\xd8\xff\xe0 no more")
    assert colorize("scans", "-r", "--output", "here")[0] == 1

    process = multiprocessing.get_context("spawn").Process(target=_within_its_own_process, args=(tmp_path,))
    process.start()
    process.join(_SECONDS)
    if process.is_alive():
        process.kill()
        pytest.fail(f"Ray has not ended within {_SECONDS} s")
    told = Path("told").read_text()
    assert told.startswith("1\n"), told  # some failed

    files = sorted(path.relative_to("here") for path in Path("here").rglob("*.colour.jpg"))
    assert len(files) == 12
    for path in files:
        assert Path("by-ray", path).read_bytes() == Path("here", path).read_bytes()
    with open("ray.csv", newline="") as file:
        rows = {row["photograph"]: row for row in csv.DictReader(file)}
    assert len(rows) == 13
    broken = rows.pop("scans/0/broken.jpg")
    assert broken["status"] == "failed" and "broken.jpg" in broken["problem"]
    assert {row["status"] for row in rows.values()} == {"done"}
    assert "broken.jpg" in Path("by-ray/try-again.csv").read_text()


def test_without_ray_the_command_says_what_to_install(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(core.cli.colorize, "make_engine", fake_engine)
    monkeypatch.setitem(__import__("sys").modules, "ray", None)
    Image.fromarray(grey_picture()).save("a.png")
    code, told = colorize("a.png", "--ray", "local", "--backend", "pocket")
    assert code == 2
    assert "--ray needs a package more: pip install -r requirements-ray.txt" in told
