"""``python app.py colorize`` with folders, patterns, zips, reports and Ctrl-C."""

from __future__ import annotations

import csv
import errno
import fcntl
import json
import multiprocessing
import os
import pty
import random
import re
import shutil
import signal
import stat
import struct
import subprocess
import sys
import termios
import threading
import time
import zipfile
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image
from typer.testing import CliRunner

import app
import core.cli.colorize
from core.jobs.job import Job
from tests.support.fakes import FakeBackend, fake_engine, make_engine, save_grey

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture
def backend(monkeypatch: pytest.MonkeyPatch) -> FakeBackend:
    """The only one that the command finds."""
    fake = FakeBackend()
    monkeypatch.setattr(core.cli.colorize, "make_engine", lambda settings: make_engine(fake))
    return fake


@pytest.fixture
def processes(monkeypatch: pytest.MonkeyPatch) -> None:
    """Has the command make engines that processes of their own can make too."""
    monkeypatch.setattr(core.cli.colorize, "make_engine", fake_engine)


@pytest.fixture
def colorize(tmp_path: Path, backend: FakeBackend, monkeypatch: pytest.MonkeyPatch) -> Any:
    """Runs the command in an empty folder, into its folder ``out``."""
    monkeypatch.chdir(tmp_path)

    def run(*arguments: Any) -> Any:
        return CliRunner().invoke(app.app, ["colorize", "--output", "out", *map(str, arguments)])

    return run


def photograph(path: str, height: int = 60) -> Path:
    Path(path).parent.mkdir(parents=True, exist_ok=True)
    return save_grey(Path(path), height)


def made(folder: str = "out") -> list[str]:
    files = (path for path in Path(folder).rglob("*") if path.is_file() and path.name != "try-again.csv")
    return sorted(path.relative_to(folder).as_posix() for path in files)


def zipped(path: str, *names: str) -> Path:
    picture = photograph("picture.png").read_bytes()
    Path("picture.png").unlink()
    with zipfile.ZipFile(path, "w") as archive:
        for name in names:
            archive.writestr(name, picture)
    return Path(path)


def test_a_folder_keeps_its_structure_and_what_is_no_picture_is_left_alone(colorize):
    for path in ("album/a.png", "album/1950/b.JPG", "album/1950/may/c.tif", "album/.hidden/d.png", "album/.e.png"):
        photograph(path)
    Path("album/notes.txt").write_text("dear diary")
    assert colorize("album").exit_code == 0
    assert made() == ["a.colour.png"]
    done = colorize("album", "--recursive")
    assert done.exit_code == 0, done.output
    assert made() == ["1950/b.colour.jpg", "1950/may/c.colour.tif", "a.colour.png"]
    assert np.ptp(np.asarray(Image.open("out/1950/may/c.colour.tif")).astype(int), axis=2).mean() > 2


def test_pictures_that_it_made_are_not_coloured_again(colorize):
    photograph("a.png")
    photograph("sub/b.png")
    for _ in range(2):
        assert colorize(".", "-r").exit_code == 0
        assert colorize(".", "-r", "--output", ".").exit_code == 0
    assert made(".") == [
        "a.colour.png", "a.png", "out/a.colour.png", "out/sub/b.colour.png", "sub/b.colour.png", "sub/b.png"
    ]  # fmt: skip


@pytest.mark.parametrize(("ending", "kind"), [("jpg", "JPEG"), ("JPEG", "JPEG"), ("webp", "WEBP"), ("bmp", "PNG")])
def test_the_picture_has_its_photographs_format(colorize, ending, kind):
    photograph(f"a.{ending}")
    assert colorize(f"a.{ending}").exit_code == 0
    (picture,) = made()
    assert Image.open(Path("out", picture)).format == kind


def test_a_pattern_is_matched_and_keeps_the_structure_below_it(colorize):
    for path in ("album/x/a.png", "album/y/z/b.png", "album/y/c.jpg"):
        photograph(path)
    assert colorize("album/**/*.png").exit_code == 0
    assert made() == ["x/a.colour.png", "y/z/b.colour.png"]


def test_a_zip_is_read_where_it_lies_and_keeps_its_structure(colorize):
    zipped("album.zip", "1950/a.png", "b.png", "__MACOSX/._b.png")
    done = colorize("album.zip")
    assert done.exit_code == 0, done.output
    assert f"album.zip/1950/a.png -> {Path('out/1950/a.colour.png')} (pocket, " in done.output
    assert made() == ["1950/a.colour.png", "b.colour.png"]
    assert made(".") == ["album.zip", "out/1950/a.colour.png", "out/b.colour.png"]


def encrypted() -> None:
    data = bytearray(zipped("bad.zip", "a.png").read_bytes())
    data[data.index(b"PK\1\2") + 8] |= 1
    Path("bad.zip").write_bytes(data)


def bomb() -> None:
    with zipfile.ZipFile("bad.zip", "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("a.png", bytes(30_000_000))


def link() -> None:
    with zipfile.ZipFile("bad.zip", "w") as archive:
        entry = zipfile.ZipInfo("a.png")
        entry.external_attr = (stat.S_IFLNK | 0o777) << 16
        archive.writestr(entry, "/etc/passwd")


@pytest.mark.parametrize(
    ("make", "words"),
    [
        (lambda: zipped("bad.zip", "a.png", "../../b.png"), "points out of it ('../../b.png')"),
        (lambda: zipped("bad.zip", "/etc/a.png"), "points out of it ('/etc/a.png')"),
        (lambda: zipped("bad.zip", "x\\..\\..\\a.png"), "points out of it"),
        (lambda: zipped("bad.zip", "C:\\a.png"), "points out of it"),
        (link, "points out of it"),
        (encrypted, "is locked with a password"),
        (bomb, "would unpack 'a.png' to 30 MB"),
        (lambda: Path("bad.zip").write_bytes(b"PK"), "is no zip that can be read"),
    ],
)
def test_a_zip_that_could_do_harm_is_refused_in_a_sentence_and_spoils_nothing(colorize, make, words):
    make()
    photograph("good.png")
    done = colorize("bad.zip", "good.png")
    assert done.exit_code == 1
    complaint, _, total = done.stderr.splitlines()
    assert complaint.startswith("bad.zip: bad.zip ") and words in complaint
    assert total == "1 of 2 failed."
    assert made() == ["good.colour.png"]
    assert made(".") == ["bad.zip", "good.png", "out/good.colour.png"]


def test_a_zip_with_a_broken_member_loses_only_that_one(colorize):
    data = bytearray(zipped("album.zip", "a.png", "b.png").read_bytes())
    data[data.index(b"IDAT") + 40] ^= 255
    Path("album.zip").write_bytes(data)
    done = colorize("album.zip")
    assert done.exit_code == 1
    assert done.stderr.splitlines()[0] == "album.zip/a.png: album.zip/a.png is damaged in its zip; zip it again."
    assert made() == ["b.colour.png"]


@pytest.mark.parametrize(
    ("given", "words"),
    [
        ("empty", "There is no picture in empty itself; add --recursive to look into its folders, or name another."),
        ("nothing/*.png", "Nothing matches nothing/*.png; check the pattern."),
        ("nowhere.zip", "There is no file nowhere.zip; check its name and folder."),
    ],
)
def test_what_holds_no_photograph_is_named(colorize, given, words):
    photograph("empty/inner/a.png")
    done = colorize(given)
    assert done.exit_code == 1
    assert done.stderr.splitlines() == [f"{given}: {words}", "1 of 1 failed."]


def test_photographs_that_would_become_one_file_all_stay(colorize):
    for number, path in enumerate(("x/a.png", "x/A.jpg", "x/a.tif", "y/a.png")):
        photograph(path, 60 + number)
    for _ in range(2):
        assert colorize("x", "y", "--format", "png").exit_code == 0
        first, *others = made()
        assert first == "A.colour.png"
        assert len(others) == 3 and all(re.fullmatch(r"a-[0-9a-f]{8}\.colour\.png", name) for name in others)


def test_what_is_done_is_skipped_when_asked(colorize, backend):
    for path in ("x/a.png", "x/b.png"):
        photograph(path)
    assert colorize("x/a.png").exit_code == 0
    Path("out/a.colour.png").write_text("my own")
    done = colorize("x", "--skip-existing")
    assert done.exit_code == 0
    assert f"{Path('x/a.png')}: {Path('out/a.colour.png')} is there already" in done.output
    assert Path("out/a.colour.png").read_text() == "my own"
    assert made() == ["a.colour.png", "b.colour.png"]


def test_the_report_and_the_lines_of_json_tell_of_each_photograph(colorize, processes):
    photograph("x/a.png")
    photograph("x/b.png")
    Path("x/c.png").write_text("dear diary")
    done = colorize("x", "--jobs", 2, "--report", "report.csv", "--json")
    assert done.exit_code == 1
    told = {line["photograph"]: line for line in map(json.loads, done.stdout.splitlines())}
    with open("report.csv", newline="") as file:
        rows = {row["photograph"]: row for row in csv.DictReader(file)}
    a, c = str(Path("x/a.png")), str(Path("x/c.png"))
    assert len(told) == len(rows) == 3
    assert told[a] | {"seconds": 0} == told[a] | {
        "status": "done", "picture": str(Path("out/a.colour.png")), "backend": "pocket", "problem": "",
        "width": 90, "height": 60, "seconds": 0,
    }  # fmt: skip
    assert (told[c]["status"], told[c]["picture"]) == ("failed", None)
    assert told[c]["problem"].startswith("c.png is no picture")
    for name, line in told.items():
        assert rows[name] == {key: "" if value is None else str(value) for key, value in line.items()}
    assert done.stderr.splitlines() == ["To try what is left: --input-list out/try-again.csv", "1 of 3 failed."]


def test_jobs_work_side_by_side_and_give_the_same_pictures(colorize, processes):
    for number in range(4):
        photograph(f"x/{number}.png")
    zipped("x/more.zip", "sub/4.png", "sub/5.png")
    assert colorize("x", "x/more.zip").exit_code == 0
    one_by_one = [Path("out", name).read_bytes() for name in made()]
    shutil.rmtree("out")
    assert colorize("x", "x/more.zip", "--jobs", 3).exit_code == 0
    assert [Path("out", name).read_bytes() for name in made()] == one_by_one
    assert len(one_by_one) == 6


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["--jobs", "0"], "--jobs is '0' and must be auto or a number from 1 up; correct it."),
        (["--jobs", "all"], "--jobs is 'all'"),
        (["--report", "no/such/folder.csv"], "The report no/such/folder.csv cannot be written"),
        (["--output", "a.png"], "The folder a.png cannot be made"),
    ],
)
def test_bad_usage_exits_with_2_before_anything_is_done(colorize, backend, arguments, words):
    photograph("a.png")
    done = colorize("a.png", *arguments)
    assert done.exit_code == 2
    assert words in done.stderr
    assert not backend.calls


SLOW = """
import sys, time
sys.path.insert(0, {root!r})
import app, core.cli.colorize
from tests.support.fakes import FakeBackend, make_engine

class Slow(FakeBackend):
    def predict(self, request, options):
        time.sleep({seconds})
        return super().predict(request, options)

core.cli.colorize.make_engine = lambda settings: make_engine(Slow())
app.app()
"""


def slow(seconds: float, *arguments: str, **streams: Any) -> subprocess.Popen[str]:
    """The command with a backend that takes its time."""
    program = SLOW.format(root=str(ROOT), seconds=seconds)
    command = [sys.executable, "-c", program, "colorize", "album", "--output", "out", *arguments]
    return subprocess.Popen(command, text=True, **streams)


def test_ctrl_c_keeps_all_that_is_finished(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    for number in range(20):
        Path("album").mkdir(exist_ok=True)
        Image.fromarray(np.full((40, 50), 60 + 5 * number, np.uint8)).save(f"album/{number:02}.png")
    arguments = ["--report", "report.csv"]
    process = slow(0.3, *arguments, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    assert process.stdout is not None
    first = process.stdout.readline()
    process.send_signal(signal.SIGINT)
    stdout, stderr = process.communicate(timeout=30)
    assert process.returncode == 130, stderr
    assert "Traceback" not in stderr
    finished = [line for line in (first + stdout).splitlines() if " -> " in line]
    assert 1 <= len(finished) < 20
    assert len(made()) == len(finished)
    for name in made():
        Image.open(Path("out", name)).load()
    assert len(Path("report.csv").read_text().splitlines()) == 1 + len(finished)
    last = f"Stopped; {len(finished)} of 20 were done with, and what was coloured is kept."
    assert stderr.splitlines()[-1] == last


def test_a_terminal_gets_a_bar_with_the_time_left(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    for number in range(3):
        photograph(f"album/{number}.png")
    terminal, end = pty.openpty()
    fcntl.ioctl(end, termios.TIOCSWINSZ, struct.pack("4H", 24, 100, 0, 0))
    seen: list[bytes] = []

    def read() -> None:
        try:
            while data := os.read(terminal, 4096):
                seen.append(data)
        except OSError:  # how Linux says that the other end is closed
            pass

    reader = threading.Thread(target=read)
    process = slow(0.2, stdout=subprocess.PIPE, stderr=end)
    os.close(end)
    reader.start()
    stdout, _ = process.communicate(timeout=30)
    reader.join(10)
    os.close(terminal)
    assert process.returncode == 0
    assert stdout.count(" -> ") == 3
    bar = b"".join(seen).decode()
    assert "3/3" in bar
    assert "<00:0" in bar  # the time left


def test_a_full_disk_ends_the_run_with_a_sentence_and_the_next_run_mends_it(colorize, backend, monkeypatch):
    for number in range(5):
        photograph(f"x/{number}.png", 60 + number)

    def full(*given: Any) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    with monkeypatch.context() as patch:
        patch.setattr("core.photo.save.write_png", full)
        done = colorize("x", "--report", "report.csv")
    assert done.exit_code == 1
    assert backend.calls == 1  # the others would have met the same
    assert "could not be written (No space left on device); free some space" in done.stderr
    assert "The disk is full, and so nothing more was coloured; make room and run this again." in done.stderr
    assert made() == []
    assert colorize("--input-list", "out/try-again.csv").exit_code == 0
    assert len(made()) == 5


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="only Linux has a disk that is always full")
def test_a_report_that_finds_no_room_costs_no_picture(colorize):
    photograph("x/a.png")
    photograph("x/b.png", 61)
    done = colorize("x", "--report", "/dev/full")
    assert made() == ["a.colour.png", "b.colour.png"]
    assert done.exit_code == 1
    assert "The report could not be written to its end (No space left on device); make room for it." in done.stderr


def test_a_report_may_be_a_table_in_parquet(colorize, processes, monkeypatch):
    parquet = pytest.importorskip("pyarrow.parquet")
    monkeypatch.setattr("core.cli.report_file._MOST_ROWS", 2)
    for number in range(5):
        photograph(f"x/{number}.png", 60 + number)
    Path("x/=broken.png").write_text("dear diary")
    assert colorize("x", "--report", "report.parquet").exit_code == 1
    assert sorted(path.name for path in Path("report.parquet").iterdir()) == [f"part-0000{n}.parquet" for n in range(3)]
    table = parquet.read_table("report.parquet")
    rows = {row["photograph"]: row for row in table.to_pylist()}
    assert len(rows) == table.num_rows == 6
    assert rows["x/0.png"]["height"] == 60 and rows["x/0.png"]["picture"] == "out/0.colour.png"
    assert rows["x/=broken.png"]["status"] == "failed" and rows["x/=broken.png"]["picture"] is None
    assert colorize("x/0.png", "--report", "report.parquet").exit_code == 0
    assert parquet.read_table("report.parquet")["status"].to_pylist() == ["skipped"]  # an earlier report gave way


def _coloured_until_killed(*arguments: str) -> None:
    core.cli.colorize.make_engine = fake_engine
    CliRunner().invoke(app.app, ["colorize", *arguments])


def test_a_run_that_is_killed_three_times_is_finished_by_the_same_command(colorize, processes):
    for number in range(30):
        photograph(f"x/{number % 5}/{number}.jpg", 200 + number)
    arguments = ("x", "-r", "--jobs", "2", "--report", "report.csv")
    colorize(*arguments)
    wanted = {name: Path("out", name).read_bytes() for name in made()}
    shutil.rmtree("out")
    chance = random.Random(7)
    for _ in range(3):
        before = len(made()) if Path("out").exists() else 0
        process = multiprocessing.get_context("spawn").Process(
            target=_coloured_until_killed, args=("--output", "out", *arguments)
        )
        process.start()
        deadline = time.monotonic() + 60
        while not (Path("out").exists() and len(made()) > before):
            assert time.monotonic() < deadline
            time.sleep(0.01)
        time.sleep(chance.uniform(0, 0.1))
        process.kill()
        process.join(10)
    assert colorize(*arguments).exit_code == 0
    assert {name: Path("out", name).read_bytes() for name in made()} == wanted
    with open("report.csv", newline="") as file:
        rows = list(csv.DictReader(file))
    assert len({row["photograph"] for row in rows}) == len(rows) == 30
    assert {row["status"] for row in rows} <= {"done", "skipped"} and all(row["picture"] for row in rows)


def test_zips_in_a_folder_are_looked_into_and_what_it_made_is_not_taken_from_them(colorize):
    photograph("album/a.png")
    Path("album/may").mkdir()
    zipped("album/may/more.zip", "sub/b.png", "c.png", "old.colour.png", "notes.doc")
    done = colorize("album", "-r")
    assert done.exit_code == 0, done.output
    assert made() == ["a.colour.png", "may/c.colour.png", "may/sub/b.colour.png"]


def test_a_folder_that_cannot_be_looked_into_is_told_of_and_can_be_tried_again(colorize, monkeypatch):
    photograph("album/a.png")
    photograph("album/shut/b.png", 61)
    scandir = os.scandir

    def refused(path: Any) -> Any:
        if str(path).endswith("shut"):
            raise PermissionError(errno.EACCES, "Permission denied", path)
        return scandir(path)

    with monkeypatch.context() as patch:
        patch.setattr(os, "scandir", refused)
        done = colorize("album", "-r")
    assert done.exit_code == 1
    assert "album/shut cannot be looked into (Permission denied); check who may read it." in done.stderr
    assert "1 of 2 failed." in done.stderr
    assert colorize("--input-list", "out/try-again.csv").exit_code == 0
    assert made() == ["a.colour.png", "shut/b.colour.png"]


def test_a_disk_so_full_that_no_list_can_be_left_ends_the_run_as_failed(colorize, monkeypatch):
    for number in range(3):
        photograph(f"x/{number}.png", 60 + number)

    def full(*given: Any) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr("core.photo.save.scratch_folder", full)
    done = colorize("x")
    assert done.exit_code == 1
    assert "The disk is full, and so nothing more was coloured; make room and run this again." in done.stderr
    assert "try-again.csv could not be written (No space left on device)" in done.stderr
    assert done.stderr.splitlines()[-1] == "1 of 3 failed."


@pytest.mark.parametrize("jobs", [1, 2])
def test_of_two_copies_one_is_coloured_and_what_is_said_of_the_other_is_true(colorize, processes, jobs):
    photograph("dup/a/x.png")
    photograph("dup/b/x.png")
    done = colorize("dup/a/x.png", "dup/b/x.png", "--jobs", jobs)
    assert done.exit_code == 0
    assert "dup/b/x.png: out/x.colour.png is there already" in done.stdout
    assert made() == ["x.colour.png"]
    for place in "ab":
        Image.fromarray(np.random.default_rng(1).integers(0, 256, (60, 80, 3), np.uint8)).resize(
            (800, 600), Image.Resampling.BICUBIC
        ).save(f"dup/{place}/y.jpg")
    done = colorize("dup/a/y.jpg", "dup/b/y.jpg", "--jobs", jobs)
    assert done.stdout.count("y.jpg is in colour already") == 2, done.output
    assert "is there already" not in done.stdout


def test_a_copy_is_coloured_where_the_other_one_could_not_be(colorize, monkeypatch):
    photograph("dup/a/x.png")
    photograph("dup/b/x.png")
    attempt = Job.attempt

    def lost(self: Job, engine: Any, source: Any, target: Path) -> Any:
        Path("dup/a/x.png").unlink(missing_ok=True)
        return attempt(self, engine, source, target)

    monkeypatch.setattr(Job, "attempt", lost)
    done = colorize("dup/a/x.png", "dup/b/x.png")
    assert done.exit_code == 1
    assert "dup/b/x.png -> out/x.colour.png" in done.stdout


@pytest.mark.parametrize("letter", ["n", "祖"])
def test_the_longest_name_that_the_disk_takes_is_coloured(colorize, letter):
    name = letter * (250 // len(letter.encode()))
    photograph(f"in/{name}.jpg")
    photograph(f"in/{name}.png", 61)
    done = colorize("in", "--sidecar", "--format", "png")
    assert done.exit_code == 0, done.output
    assert len(made()) == 4
