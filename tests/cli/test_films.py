"""``colorize`` with films."""

from __future__ import annotations

import csv
import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from typer.testing import CliRunner

import app
import core.cli.colorize
from tests.support.fakes import FakeBackend, make_engine, save_grey
from tests.support.films import read_film, scene, write_film

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture
def colorize(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Any:
    """Runs the command in an empty folder, into its folder ``out``."""
    monkeypatch.setattr(core.cli.colorize, "make_engine", lambda settings: make_engine(FakeBackend()))
    monkeypatch.chdir(tmp_path)
    return lambda *arguments: CliRunner().invoke(app.app, ["colorize", "--output", "out", *map(str, arguments)])


def film(path: str, seed: int = 0) -> Path:
    Path(path).parent.mkdir(parents=True, exist_ok=True)
    return write_film(Path(path), (scene(number, seed=seed) for number in range(12)))


def made() -> list[str]:
    return sorted(path.name for path in Path("out").iterdir())


def test_films_and_photographs_together(colorize: Any) -> None:
    save_grey(Path("a.png"))
    done = colorize(film("b.mp4"), "a.png", "--report", "report.csv")
    assert done.exit_code == 0, done.output
    assert made() == ["a.colour.png", "b.colour.mp4"]
    assert len(read_film(Path("out/b.colour.mp4"))) == 12
    rows = {row["photograph"]: row for row in csv.DictReader(Path("report.csv").read_text().splitlines())}
    assert (rows["b.mp4"]["status"], rows["b.mp4"]["backend"], rows["b.mp4"]["width"]) == ("done", "pocket", "64")


def test_films_in_a_folder_are_taken_and_what_was_made_of_them_is_not(colorize: Any) -> None:
    film("album/b.mp4")
    film("album/old.colour.part.mp4")
    film("album/.b.colour.mp4.parts/part-0000.nut")
    for _ in range(2):
        assert colorize("album", "-r", "--output", "album").exit_code == 0
    assert len(list(Path("album").rglob("*.mp4"))) == 3 and Path("album/b.colour.mp4").exists()


def test_a_film_is_made_once_and_no_other_films_place_is_taken(colorize: Any) -> None:
    assert colorize(film("b.mp4")).exit_code == 0
    before = Path("out/b.colour.mp4").read_bytes()
    again = colorize("b.mp4")
    assert "is there already" in again.output
    assert colorize(film("other/b.mp4", seed=2)).exit_code == 0
    assert len(made()) == 2
    assert Path("out/b.colour.mp4").read_bytes() == before
    assert colorize("b.mp4", "--overwrite", "--strength", "0").exit_code == 0
    assert len(made()) == 2
    assert Path("out/b.colour.mp4").read_bytes() != before


def test_what_is_no_film_is_said_and_can_be_tried_again(colorize: Any) -> None:
    Path("b.mp4").write_text("no film")
    done = colorize("b.mp4", film("c.mp4"), "--codec", "ffv1")
    assert done.exit_code == 1
    assert "b.mp4 is no film that can be read" in done.output
    assert "c.colour.mkv" in made()
    assert "b.mp4" in Path("out/try-again.csv").read_text()


def test_a_codec_that_is_none_is_said_before_any_work(colorize: Any) -> None:
    save_grey(Path("a.png"))
    for given in (["a.png", film("b.mp4")], ["a.png"]):
        done = colorize(*given, "--codec", "best")
        assert done.exit_code == 2
        assert "There is no codec 'best'; choose one of h264" in done.output
        assert made() == []


def test_a_hint_on_a_film_has_its_time(colorize: Any) -> None:
    place = "0.5,0.5,#3060c0"
    assert colorize(film("b.mp4"), "--strength", "1").exit_code == 0
    plain = read_film(Path("out/b.colour.mp4"))
    done = colorize("b.mp4", "--hint", f"{place}@0.2", "--overwrite")
    assert done.exit_code == 0, done.output
    hinted = read_film(Path("out/b.colour.mp4"))
    assert max(np.abs(one.astype(int) - other).max() for (_, one), (_, other) in zip(plain, hinted, strict=True)) > 20
    for given, words in (
        ([film("c.mp4"), "--hint", place], "A hint on a film needs its time; write it as X,Y,#RRGGBB@SECONDS."),
        ([save_grey(Path("a.png")), "--hint", f"{place}@2"], "There is no film for the hint"),
        (["c.mp4", "--hint", f"{place}@soon"], "is no place and colour"),
        (["c.mp4", "--hint", f"{place}@-2"], "'0.t' is not usable"),
    ):
        done = colorize(*given)
        assert done.exit_code == 2
        assert words in done.output


def test_ctrl_c_leaves_what_is_done_and_the_same_command_goes_on(tmp_path: Path) -> None:
    greys = [scene(number, 96, 128) for number in range(240)]
    write_film(tmp_path / "b.mkv", greys, [number * 400 for number in range(240)], sound=True)
    command = [sys.executable, str(ROOT / "app.py"), "colorize", "b.mkv", "--output", "out", "--backend", "pocket"]
    env = os.environ | {"OMP_NUM_THREADS": "1"}
    running = subprocess.Popen(command, cwd=tmp_path, env=env, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
    try:
        deadline = time.monotonic() + 120
        while not (tmp_path / "out" / ".b.colour.mkv.parts" / "part-0001.nut").exists():
            assert running.poll() is None
            assert time.monotonic() < deadline
            time.sleep(0.05)
        running.send_signal(signal.SIGINT)
        told, _ = running.communicate(timeout=60)
    finally:
        running.kill()
    assert running.returncode == 130
    beginning = tmp_path / "out" / "b.colour.part.mkv"
    frames = len(read_film(beginning))
    assert 75 <= frames < 240
    assert f"b.mkv: its first {frames} frames are in out/b.colour.part.mkv" in told.decode()
    assert not (tmp_path / "out" / "b.colour.mkv").exists()
    again = subprocess.run(command, cwd=tmp_path, env=env, capture_output=True, text=True, timeout=120)
    assert again.returncode == 0, again.stderr
    assert len(read_film(tmp_path / "out" / "b.colour.mkv")) == 240
    assert [path.name for path in (tmp_path / "out").iterdir()] == ["b.colour.mkv"]
