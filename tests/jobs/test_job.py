"""One way from a file to a coloured file, and what a fault that nobody has foreseen costs: that photograph alone."""

from __future__ import annotations

import zipfile
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

import app
import core.cli.colorize
import core.jobs.job
from core.jobs.batch import colour_batch
from core.jobs.job import Job
from core.look.look import Look
from core.photo.archive import Source
from core.photo.save import save_picture
from tests.support.fakes import make_engine, save_grey


@pytest.fixture
def faulty(monkeypatch: pytest.MonkeyPatch) -> None:
    """Writing the picture of ``b.png`` fails in a way that is nobody's to put right; ``c.png`` is too much."""

    def write(path: Path, rgb: Any, photo: Any, *more: Any) -> list[str]:
        if photo.name == "b.png":
            raise ZeroDivisionError("division\nby zero")
        if photo.name == "c.png":
            raise MemoryError
        return save_picture(path, rgb, photo, *more)

    monkeypatch.setattr(core.jobs.job, "save_picture", write)


def album(folder: Path) -> list[Source]:
    return [Source(f"x/{name}.png", save_grey(folder / f"{name}.png")) for name in "abcd"]


@pytest.mark.usefixtures("faulty")
def test_a_fault_costs_a_batch_one_photograph_and_is_logged(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    done = list(colour_batch(make_engine(), album(tmp_path), Job("pocket"), tmp_path / "out.zip"))
    assert [each.outcome.status for each in done] == ["done", "failed", "failed", "done"]
    assert done[1].outcome.problem == (
        "b.png met a fault of Autochrome's own (ZeroDivisionError: division by zero); "
        "leave it out, and report what the log says."
    )
    assert done[2].outcome.problem == "c.png needs more memory than there is; make it smaller."
    assert "Traceback" in caplog.text and "division" in caplog.text
    with zipfile.ZipFile(tmp_path / "out.zip") as archive:
        assert archive.namelist() == ["x/a.colour.png", "x/d.colour.png", "report.csv"]


@pytest.mark.usefixtures("faulty")
def test_a_fault_costs_the_command_line_one_photograph(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(core.cli.colorize, "make_engine", lambda settings: make_engine())
    for name in "abd":
        save_grey(tmp_path / f"{name}.png")
    done = CliRunner().invoke(app.app, ["colorize", "a.png", "b.png", "d.png", "--output", "out"])
    assert done.exit_code == 1
    assert done.stderr.splitlines()[0].startswith("b.png: b.png met a fault of Autochrome's own (ZeroDivisionError")
    assert "Traceback" not in done.output
    assert sorted(path.name for path in Path("out").iterdir()) == [
        "a.colour.png",
        "autochrome.log",
        "d.colour.png",
        "try-again.csv",
    ]
    assert "Traceback" in Path("out/autochrome.log").read_text()


def test_a_job_that_says_nothing_has_the_looks_own_defaults(tmp_path: Path) -> None:
    assert Job() == Job("auto", Look(), "png")
    coloured = Job().run(make_engine(), save_grey(tmp_path / "a.png"), "a.png", tmp_path / "x" / "y.png", print)
    assert (coloured.path, coloured.report.requested) == (tmp_path / "x" / "y.png", "auto")


@pytest.mark.parametrize("command", [["--strength", "1"], ["--refine"], []])
def test_options_left_out_are_the_looks(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, command: list[str]) -> None:
    monkeypatch.setattr(core.cli.colorize, "make_engine", lambda settings: make_engine())
    photograph = save_grey(tmp_path / "a.png")
    done = CliRunner().invoke(app.app, ["colorize", str(photograph), "--output", str(tmp_path), *command])
    assert done.exit_code == 0
    expected = Job().run(make_engine(), photograph, "a.png", tmp_path / "expected.png", print).path
    assert (tmp_path / "a.colour.png").read_bytes() == expected.read_bytes()
