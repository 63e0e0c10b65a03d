"""``colorize --input-list``, and the list of what to try again."""

from __future__ import annotations

import csv
from pathlib import Path, PurePath
from typing import Any

import pytest
from typer.testing import CliRunner

import app
import core.cli.colorize
from core.cli.input_list import Listed, read_list, write_list
from core.errors import RequestError
from tests.support.fakes import FakeBackend, make_engine, save_grey


@pytest.fixture
def colorize(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Any:
    """Runs the command in an empty folder, into its folder ``out``."""
    monkeypatch.setattr(core.cli.colorize, "make_engine", lambda settings: make_engine(FakeBackend()))
    monkeypatch.chdir(tmp_path)
    return lambda *arguments: CliRunner().invoke(app.app, ["colorize", "--output", "out", *map(str, arguments)])


def photographs(*paths: str, height: int = 60) -> None:
    for path in paths:
        Path(path).parent.mkdir(parents=True, exist_ok=True)
        save_grey(Path(path), height)


def made() -> list[str]:
    return sorted(path.relative_to("out").as_posix() for path in Path("out").rglob("*") if path.is_file())


def test_a_list_is_coloured_and_each_picture_keeps_its_folders(colorize, tmp_path):
    photographs("scans/1931/a [1].png", "scans/b.png", "c.png")
    Path("list.txt").write_text(f"scans/1931/a [1].png\n\n../{tmp_path.name}/scans/b.png\r\n{tmp_path / 'c.png'}\n")
    done = colorize("--input-list", "list.txt")
    assert done.exit_code == 0, done.output
    below = PurePath(*tmp_path.parts[1:]).as_posix()
    assert made() == sorted(
        ["scans/1931/a [1].colour.png", f"{tmp_path.name}/scans/b.colour.png", f"{below}/c.colour.png"]
    )


def test_a_table_may_say_in_which_column_and_to_which_folder(colorize):
    photographs("a.png", "b.png")
    rows = "number,scan,folder\n1,a.png,album/may\n2,b.png,../../elsewhere\n3,,\n"
    Path("list.csv").write_text("\ufeff" + rows, encoding="utf-8")
    assert colorize("--input-list", "list.csv", "--input-column", "scan").exit_code == 0
    assert made() == ["album/may/a.colour.png", "elsewhere/b.colour.png"]
    wrong = colorize("--input-list", "list.csv", "--input-column", "picture")
    assert wrong.exit_code == 2
    assert "The list list.csv has no column 'picture'; it has number, scan, folder." in wrong.stderr


def test_a_parquet_table_is_read(tmp_path):
    arrow = pytest.importorskip("pyarrow")
    parquet = pytest.importorskip("pyarrow.parquet")
    path = tmp_path / "list.parquet"
    parquet.write_table(arrow.table({"id": [1, 2], "uri": ["a.png", "s3://bucket/b.png"]}), path)
    assert read_list(path, "uri") == [Listed("a.png"), Listed("s3://bucket/b.png")]


@pytest.mark.parametrize("name", ["list.txt", "list.csv", "list.parquet"])
def test_what_is_no_list_is_said(tmp_path, name):
    if name.endswith("parquet"):
        pytest.importorskip("pyarrow")
    (tmp_path / name).write_bytes(b"\x89PNG\0\0\0")
    with pytest.raises(RequestError, match="is no UTF-8 text, CSV or Parquet file; save it as one of these"):
        read_list(tmp_path / name)
    with pytest.raises(RequestError, match=r"The list .*nowhere\.txt cannot be read \(No such file"):
        read_list(tmp_path / "nowhere.txt")


def test_any_name_comes_back_from_a_written_list(tmp_path):
    listed = [
        Listed('a, "b".png', PurePath("1931")),
        Listed("\udcff.png", PurePath()),
        Listed("=x.png", PurePath("a/b")),
    ]
    write_list(tmp_path / "list.csv", listed)
    assert read_list(tmp_path / "list.csv") == listed


def test_an_empty_list_is_bad_usage(colorize):
    Path("list.txt").write_text("\n")
    for arguments in (("--input-list", "list.txt"), ()):
        done = colorize(*arguments)
        assert done.exit_code == 2
        assert "There is nothing to colour; give photographs, or --input-list with some." in done.stderr


def test_what_failed_is_tried_again_from_the_list_that_it_left(colorize):
    photographs("album/1931/a.png", "album/1931/b.png")
    whole = Path("album/1931/b.png").read_bytes()
    Path("album/1931/b.png").write_bytes(whole[:50])
    assert colorize("album", "--recursive").exit_code == 1
    with open("out/try-again.csv", newline="") as file:
        assert list(csv.DictReader(file)) == [{"photograph": "album/1931/b.png", "folder": "1931"}]
    photographs("other/c.png", "other/d.png")
    assert colorize("other").exit_code == 0  # which is none of its business
    Path("album/1931/b.png").write_bytes(whole)
    assert colorize("--input-list", "out/try-again.csv", "--report", "report.csv").exit_code == 0
    assert made() == ["1931/a.colour.png", "1931/b.colour.png", "c.colour.png", "d.colour.png"]
    again = colorize("--input-list", "report.csv")  # a report is a list, too
    assert "is there already" in again.stdout


def test_a_long_run_ends_with_what_failed(colorize):
    for number in range(30):
        photographs(f"album/{number:02}.png", height=8 + number)
    for number in (3, 5):
        Path(f"album/{number:02}.png").write_text("dear diary")
    lines = colorize("album").stderr.splitlines()
    at = lines.index("What failed:")
    assert [line[:13] for line in lines[at + 1 : -2]] == ["album/03.png:", "album/05.png:"]
    assert lines[-2:] == ["To try what is left: --input-list out/try-again.csv", "2 of 30 failed."]
