"""``colorize`` from a store and into one: fsspec's ``memory://`` stands for them all."""

from __future__ import annotations

import io
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from PIL import Image
from typer.testing import CliRunner

import app
import core.cli.colorize
from core.errors import RequestError
from core.photo import stores
from core.photo.stores import path_of, read_bytes, shown
from tests.support.fakes import FakeBackend, grey_picture, make_engine

COLOUR_PHOTOS = Path(__file__).resolve().parents[1] / "support" / "colour_photos"

fsspec = pytest.importorskip("fsspec")
pytest.importorskip("upath")


@pytest.fixture
def memory() -> Iterator[Any]:
    """The store, empty before and after."""
    store = fsspec.filesystem("memory")
    store.store.clear()
    yield store
    store.store.clear()
    store.pseudo_dirs[:] = [""]


@pytest.fixture
def colorize(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Any:
    """Runs the command in an empty folder."""
    monkeypatch.setattr(core.cli.colorize, "make_engine", lambda settings: make_engine(FakeBackend()))
    monkeypatch.setattr(stores, "_FIRST_WAIT", 0.001)
    monkeypatch.chdir(tmp_path)
    return lambda *arguments: CliRunner().invoke(app.app, ["colorize", *map(str, arguments)])


def put(store: Any, *paths: str) -> None:
    for number, path in enumerate(paths):
        file = io.BytesIO()
        Image.fromarray(grey_picture(40 + number, 60)).save(file, path.rpartition(".")[2].replace("jpg", "jpeg"))
        store.pipe(path, file.getvalue())


def pictures(store: Any, folder: str = "/out") -> list[str]:
    return sorted(path[len(folder) + 1 :] for path in store.find(folder))


def test_a_folder_of_a_store_is_coloured_into_another_and_goes_on_where_it_stopped(colorize, memory, tmp_path):
    put(memory, "/scans/a.png", "/scans/1931/b.jpg", "/scans/1931/.c.png")
    memory.pipe("/scans/notes.png.txt", b"dear diary")
    arguments = ("memory://scans", "--recursive", "--output", "memory://out", "--sidecar")
    done = colorize(*arguments)
    assert done.exit_code == 0, done.output
    assert "memory://scans/1931/b.jpg -> memory://out/1931/b.colour.jpg (pocket, " in done.stdout
    names = ["1931/b.colour.jpg", "1931/b.colour.jpg.json", "a.colour.png", "a.colour.png.json"]
    assert pictures(memory) == names
    assert Image.open(io.BytesIO(memory.cat("/out/1931/b.colour.jpg"))).mode == "RGB"
    assert json.loads(memory.cat("/out/a.colour.png.json"))["photograph"] == "a.png"
    again = colorize(*arguments)
    assert again.stdout.count("is there already") == 2
    assert pictures(memory) == names
    assert not list(tmp_path.iterdir())


def test_a_list_of_uris_keeps_the_stores_folders(colorize, memory, tmp_path):
    put(memory, "/bucket/x/a.png")
    memory.pipe("/lists/list.txt", b"memory://bucket/x/a.png\nmemory://bucket/x/nowhere.png\n")
    done = colorize("--input-list", "memory://lists/list.txt", "--output", "out")
    assert done.exit_code == 1
    assert "memory://bucket/x/nowhere.png: There is no file nowhere.png; check its name and folder." in done.stderr
    assert (tmp_path / "out/bucket/x/a.colour.png").exists()
    assert "memory://bucket/x/nowhere.png,bucket/x" in (tmp_path / "out/try-again.csv").read_text()


def test_a_photograph_in_colour_is_copied_and_equal_names_stay_apart(colorize, memory):
    put(memory, "/x/a.png", "/y/c.png", "/y/a.png")
    colours = next(COLOUR_PHOTOS.glob("*.jpg")).read_bytes()
    memory.pipe("/y/b.jpg", colours)
    put_in = ("memory://x/a.png", "memory://y/a.png", "memory://y/b.jpg", "--output", "memory://out")
    assert colorize(*put_in, "--colour-photos", "keep-as-is").exit_code == 0
    assert memory.cat("/out/b.colour.jpg") == colours
    assert len(pictures(memory)) == 3


def test_a_store_that_has_no_time_now_and_then_is_asked_again(colorize, memory, monkeypatch):
    put(memory, *(f"/scans/{number}.png" for number in range(8)))
    calls, ask = iter(range(1000)), type(memory).open

    def busy(self: Any, path: str, *arguments: Any, **named: Any) -> Any:
        if next(calls) % 3 == 0:
            raise ConnectionError("503 for https://key:secret@store")
        return ask(self, path, *arguments, **named)

    monkeypatch.setattr(type(memory), "open", busy)
    done = colorize("memory://scans", "--output", "memory://out")
    assert done.exit_code == 0, done.output
    assert len(pictures(memory)) == 8


def test_a_store_that_never_answers_costs_one_sentence_without_its_secrets(colorize, memory, monkeypatch):
    put(memory, "/scans/a.png")

    def closed(self: Any, *arguments: Any, **named: Any) -> Any:
        raise ConnectionError("503 for https://key:secret@store")

    monkeypatch.setattr(type(memory), "open", closed)
    done = colorize("memory://scans/a.png", "--output", "out")
    assert done.exit_code == 1
    assert "a.png cannot be read (its store answers ConnectionError); check that" in done.stderr
    assert "secret" not in done.output + done.stderr


def test_what_is_to_be_tried_again_is_listed_without_its_secrets(colorize, monkeypatch):
    def closed(*given: Any) -> Any:
        raise PermissionError

    monkeypatch.setattr("core.photo.stores._asked", closed)
    done = colorize("memory://me:secret@scans/a.png", "memory://scans/b.png?token=secret", "--output", "out")
    assert done.exit_code == 1
    listed = Path("out/try-again.csv").read_text()
    assert "memory://scans/a.png" in listed and "memory://scans/b.png" in listed
    assert "secret" not in listed + done.output + done.stderr
    assert "without user, password and query" in done.stderr


def test_addresses_are_shown_without_their_secrets():
    assert shown("https://me:secret@example.org/a.jpg?token=1") == "https://example.org/a.jpg"
    assert shown("s3://bucket/a.jpg") == "s3://bucket/a.jpg"
    assert shown("album/a?b@c.jpg") == "album/a?b@c.jpg"


def test_a_store_that_nobody_speaks_is_named(colorize):
    done = colorize("nowhere://a.png")
    assert done.exit_code == 2
    assert "There is no store of the kind nowhere://; check the address." in done.stderr
    with pytest.raises(RequestError, match="cannot be reached without a package more"):
        path_of("sftp://host/a.png").read_bytes() if _has("paramiko") else path_of("sftp://host/a.png")


def _has(package: str) -> bool:
    import importlib.util

    return importlib.util.find_spec(package) is not None


def test_a_file_elsewhere_is_read_whole(memory):
    memory.pipe("/a/b.bin", b"1234")
    assert read_bytes(path_of("memory://a/b.bin")) == b"1234"


def test_a_report_in_a_store_is_parquet(colorize, memory):
    parquet = pytest.importorskip("pyarrow.parquet")
    put(memory, "/scans/a.png", "/scans/b.png")
    done = colorize("memory://scans", "--output", "memory://out", "--report", "memory://out/report.csv")
    assert done.exit_code == 2
    assert "A report in a store is Parquet, and memory://out/report.csv is not" in done.stderr
    for status in ("done", "skipped"):
        done = colorize("memory://scans", "--output", "memory://out", "--report", "memory://out/report.parquet")
        assert done.exit_code == 0, done.output
        (part,) = memory.find("/out/report.parquet")
        rows = parquet.read_table(io.BytesIO(memory.cat(part))).to_pylist()
        assert [(row["photograph"], row["status"]) for row in rows] == [
            ("memory://scans/a.png", status),
            ("memory://scans/b.png", status),
        ]
