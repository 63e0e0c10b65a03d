"""``colorize --ray``, on a Ray of this machine's own. Slow: starting one takes half a minute on two busy cores."""

from __future__ import annotations

import csv
import multiprocessing
import random
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from typer.testing import CliRunner

import app
import core.cli.colorize
from core.engine import Engine
from core.errors import RequestError
from core.settings import Settings
from tests.support.fakes import fake_engine, grey_picture

_SECONDS = 240
"""Until a run on Ray has ended, or has come so far that it is to be killed."""


def colorize(*arguments: str) -> tuple[int, str]:
    done = CliRunner().invoke(app.app, ["colorize", *arguments])
    return done.exit_code, done.stdout + done.stderr


def unhurried_engine(settings: Settings) -> Engine:
    """Slow enough for a run to be met in its middle."""
    engine = fake_engine(settings)
    engine.measured = lambda stage, report: time.sleep(0.2)
    return engine


def _within_its_own_process(folder: Path, unhurried: bool) -> None:
    """Colour on Ray: a Ray that hangs is ended with the process."""
    core.cli.colorize.make_engine = unhurried_engine if unhurried else fake_engine
    code, told = colorize("scans", "-r", "--output", "by-ray", "--ray", "local", "--jobs", "2", "--report", "ray.csv")
    (folder / "told").write_text(f"{code}\n{told}")


@pytest.fixture
def on_ray(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., str]:
    """Colours the folder ``scans`` into ``by-ray``, and gives exit code and words, as ``ray.csv`` has the rows.

    With ``kill_at`` the run is killed once there are so many pictures.
    """
    pytest.importorskip("ray", reason="Ray is not installed: pip install -r requirements-ray.txt")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("RAY_USAGE_STATS_ENABLED", "0")
    monkeypatch.setenv("RAY_worker_niceness", "0")  # else it waits for whatever else a machine does
    monkeypatch.setattr(core.cli.colorize, "make_engine", fake_engine)

    def run(kill_at: int | None = None) -> str:
        process = multiprocessing.get_context("spawn").Process(
            target=_within_its_own_process, args=(tmp_path, kill_at is not None)
        )
        process.start()
        deadline = time.monotonic() + _SECONDS
        while process.is_alive() and (kill_at is None or len(_pictures("by-ray")) < kill_at):
            if time.monotonic() > deadline:
                process.kill()
                pytest.fail(f"Ray has not come so far within {_SECONDS} s")
            process.join(0.02)
        if kill_at is not None:
            assert process.is_alive(), "it had ended before it was killed"
            process.kill()
            process.join()
            return "killed"
        return Path("told").read_text()

    return run


def _pictures(folder: str) -> dict[str, Path]:
    return {str(path.relative_to(folder)): path for path in Path(folder).rglob("*.colour.jpg")}


def _photographs(count: int) -> None:
    for number in range(count):
        path = Path("scans", str(number % 3), f"{number}.jpg")
        path.parent.mkdir(parents=True, exist_ok=True)
        Image.fromarray(np.roll(grey_picture(), number, axis=1)).save(path)


def _rows() -> list[dict[str, str]]:
    with open("ray.csv", newline="") as file:
        return list(csv.DictReader(file))


def _same_files_as_one_machine(count: int) -> None:
    """Every picture is there, once and whole, and nothing that is half written."""
    here, by_ray = _pictures("here"), _pictures("by-ray")
    assert len(here) == count
    assert {name: path.read_bytes() for name, path in by_ray.items()} == {
        name: path.read_bytes() for name, path in here.items()
    }


def test_ray_gives_the_same_files_as_one_machine_and_a_row_for_each(on_ray: Callable[..., str]) -> None:
    _photographs(12)
    Path("scans/0/broken.jpg").write_bytes(b"\xff\xd8\xff\xe0 no more")
    assert colorize("scans", "-r", "--output", "here")[0] == 1
    told = on_ray()
    assert told.startswith("1\n"), told  # some failed
    _same_files_as_one_machine(12)
    rows = {row["photograph"]: row for row in _rows()}
    assert len(rows) == len(_rows()) == 13
    broken = rows.pop("scans/0/broken.jpg")
    assert broken["status"] == "failed" and "broken.jpg" in broken["problem"]
    assert {row["status"] for row in rows.values()} == {"done"}
    assert "broken.jpg" in Path("by-ray/try-again.csv").read_text()


def test_a_run_on_ray_that_is_killed_three_times_is_finished_by_the_same_command(on_ray: Callable[..., str]) -> None:
    _photographs(36)
    assert colorize("scans", "-r", "--output", "here")[0] == 0
    for pictures in sorted(random.Random(18).sample(range(1, 30), 3)):
        assert on_ray(kill_at=pictures) == "killed"
    told = on_ray()
    assert told.startswith("0\n"), told
    _same_files_as_one_machine(36)
    rows = _rows()
    assert len({row["photograph"] for row in rows}) == len(rows) == 36
    assert {row["status"] for row in rows} <= {"done", "skipped"}
    assert {row["picture"] for row in rows} == {str(path) for path in _pictures("by-ray").values()}


def test_without_ray_the_command_says_what_to_install(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(core.cli.colorize, "make_engine", fake_engine)
    monkeypatch.setitem(__import__("sys").modules, "ray", None)
    Image.fromarray(grey_picture()).save("a.png")
    code, told = colorize("a.png", "--ray", "local", "--backend", "pocket")
    assert code == 2
    assert "--ray needs a package more: pip install -r requirements-ray.txt" in told


@pytest.mark.parametrize(("jobs", "size"), [((), None), (("--jobs", "2"), 2)])
def test_a_cluster_works_with_all_its_cores_unless_told(tmp_path, monkeypatch, jobs, size):
    asked = []

    def refuses(address, size, *rest):
        asked.append(size)
        raise RequestError("No cluster.")

    monkeypatch.setattr("core.jobs.cluster.colour_on_ray", refuses)
    monkeypatch.setattr(core.cli.colorize, "make_engine", fake_engine)
    Image.fromarray(np.zeros((8, 8), np.uint8)).save(tmp_path / "a.png")
    monkeypatch.chdir(tmp_path)
    colorize("a.png", "--backend", "pocket", "--output", "out", "--ray", "local", *jobs)
    assert asked == [size]
