"""``colorize`` with films."""

from __future__ import annotations

import csv
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

import app
import core.cli.colorize
from tests.support.fakes import FakeBackend, make_engine, save_grey
from tests.support.films import read_film, scene, write_film


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


def test_a_codec_that_is_none_is_said(colorize: Any) -> None:
    done = colorize(film("b.mp4"), "--codec", "best")
    assert done.exit_code != 0
    assert "choose one of h264" in done.output
