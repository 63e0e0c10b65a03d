"""Many photographs: zips looked into with care, one bad file spoils nothing, memory stays bounded."""

from __future__ import annotations

import copy
import csv
import errno
import io
import stat
import threading
import tracemalloc
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from core.engine import Engine
from core.errors import PhotoError
from core.jobs.batch import Done, colour_batch
from core.jobs.job import Job
from core.look.look import Look
from core.photo.archive import Source, sources
from core.photo.open import open_photo
from core.settings import Settings
from tests.support.fakes import FakeBackend, make_engine, save_grey

SETTINGS = Settings()


def packed(path: Path, files: dict[str, bytes], compression: int = zipfile.ZIP_DEFLATED) -> Path:
    with zipfile.ZipFile(path, "w", compression) as archive:
        for name, data in files.items():
            archive.writestr(name, data)
    return path


def grey_png(height: int = 40, width: int = 60) -> bytes:
    file = io.BytesIO()
    Image.effect_noise((width, height), 60).save(file, "PNG")
    return file.getvalue()


def run(engine: Engine, photographs: list[Source], target: Path, **given: Any) -> list[Done]:
    return list(colour_batch(engine, photographs, Job("pocket", Look()), target, **given))


def report(target: Path) -> list[dict[str, str]]:
    with zipfile.ZipFile(target) as archive:
        return list(csv.DictReader(io.StringIO(archive.read("report.csv").decode())))


def test_files_and_zips_become_one_zip_with_the_engines_own_pixels(tmp_path: Path) -> None:
    engine = make_engine()
    grandma = save_grey(tmp_path / "grandma.png")
    album = packed(tmp_path / "album.zip", {"1931/a.png": grey_png(), "1932/a.png": grey_png(), ".DS_Store": b"x"})
    target = tmp_path / "out.zip"
    run(engine, sources([(grandma, "grandma.png"), (album, "album.zip")], SETTINGS), target)
    with zipfile.ZipFile(target) as archive:
        assert archive.namelist() == ["grandma.colour.png", "1931/a.colour.png", "1932/a.colour.png", "report.csv"]
        assert all(entry.compress_type == zipfile.ZIP_STORED for entry in archive.infolist())
        picture = np.asarray(Image.open(io.BytesIO(archive.read("grandma.colour.png"))))
    expected, _ = engine.colorize(open_photo(grandma), "pocket")
    np.testing.assert_array_equal(picture, expected.rgb)
    assert [row["photograph"] for row in report(target)] == ["grandma.png", "1931/a.png", "1932/a.png"]
    assert {path.name for path in tmp_path.iterdir()} == {"grandma.png", "album.zip", "out.zip"}


def test_a_bad_file_is_named_and_spoils_nothing(tmp_path: Path) -> None:
    letter = tmp_path / "letter.jpg"
    letter.write_text("Dear grandma, " * 20)
    album = packed(tmp_path / "album.zip", {"notes.txt": b"hello", "b.png": grey_png(), "c.png": b"hello"})
    files = [(letter, "letter.jpg"), (album, "album.zip"), (tmp_path / "gone.png", "gone.png")]
    done = run(make_engine(), sources(files, SETTINGS), tmp_path / "out.zip")
    assert [each.outcome.picture for each in done] == [None, "b.colour.png", None, None]  # notes are no photographs
    problems = [row["problem"] for row in report(tmp_path / "out.zip")]
    assert problems[0].startswith("letter.jpg is no picture")
    assert problems[2].startswith("c.png is no picture")
    assert problems[3].startswith("There is no file gone.png")


def test_stopping_keeps_what_is_done(tmp_path: Path) -> None:
    backend, stop = FakeBackend(), threading.Event()
    photographs = [Source(f"{n}.png", save_grey(tmp_path / f"{n}.png", 40 + n)) for n in range(6)]
    for number, _ in enumerate(
        colour_batch(make_engine(backend), photographs, Job("pocket", Look()), tmp_path / "out.zip", stop)
    ):
        if number == 2:
            stop.set()
    assert [row["picture"] for row in report(tmp_path / "out.zip")] == [f"{n}.colour.png" for n in range(3)]
    assert backend.calls == 3


def test_a_batch_that_nobody_waits_for_leaves_nothing_behind(tmp_path: Path) -> None:
    photographs = [Source(f"{n}.png", save_grey(tmp_path / f"{n}.png", 40 + n)) for n in range(3)]
    folder = tmp_path / "out"
    folder.mkdir()
    running = colour_batch(make_engine(), photographs, Job("pocket", Look()), folder / "out.zip")
    next(running)
    running.close()  # type: ignore[attr-defined]
    assert not list(folder.iterdir())


def test_two_hundred_photographs_need_no_more_memory_than_a_few(tmp_path: Path) -> None:
    photographs = [Source(f"{n}.png", save_grey(tmp_path / f"{n}.png", 200, 300)) for n in range(8)] * 25
    running = colour_batch(make_engine(cache_mb=1), photographs, Job("pocket", Look()), tmp_path / "out.zip")
    peaks = []
    tracemalloc.start()
    for number, _ in enumerate(running):
        if number in (19, 199):
            peaks.append(tracemalloc.get_traced_memory()[1])
            tracemalloc.reset_peak()
    tracemalloc.stop()
    assert len(report(tmp_path / "out.zip")) == 200
    assert peaks[1] < peaks[0] + 8_000_000  # kept pictures would need 30 MB; threads of other tests allocate too


# --- zips that are refused ---


def traversal(path: Path) -> None:
    packed(path, {"good.png": grey_png(), "../../etc/cron.d/evil.png": grey_png()})


def absolute(path: Path) -> None:
    packed(path, {"/etc/passwd": b"x"})


def windows(path: Path) -> None:
    packed(path, {"C:\\Windows\\evil.png": b"x"})


def link(path: Path) -> None:
    with zipfile.ZipFile(path, "w") as archive:
        entry = zipfile.ZipInfo("link.png")
        entry.external_attr = (stat.S_IFLNK | 0o777) << 16
        archive.writestr(entry, "/etc/passwd")


def bomb(path: Path) -> None:
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive, archive.open("bomb.png", "w") as file:
        for _ in range(100):
            file.write(bytes(1 << 20))


def empty(path: Path) -> None:
    packed(path, {"folder/": b""})


def no_zip(path: Path) -> None:
    path.write_bytes(b"PK\x03\x04 not really")


def locked(path: Path) -> None:
    packed(path, {"a.png": b"x" * 50}, zipfile.ZIP_STORED)
    data = bytearray(path.read_bytes())
    data[6] |= 1
    data[data.index(b"PK\x01\x02") + 8] |= 1
    path.write_bytes(data)


def crowded(path: Path) -> None:
    with zipfile.ZipFile(path, "w") as archive:
        for number in range(40_000):
            archive.writestr(f"{number}.png", b"")


def overlapping(path: Path) -> None:
    """Ten names for one file, as in Fifield's "A better zip bomb" (WOOT 2019)."""
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("0.png", np.random.default_rng(2).bytes(5_000))
        first = archive.infolist()[0]
        for number in range(1, 10):
            archive.filelist.append(copy.copy(first))
            archive.filelist[-1].filename = f"{number}.png"


def vast(path: Path) -> None:
    """Each file unpacks to less than would be refused; all together are 21 GB to the number."""
    packed(path, {f"{number}.png": b"x" for number in range(1_200)})
    data = bytearray(path.read_bytes())
    at = data.find(b"PK\x01\x02")
    while at >= 0:
        data[at + 24 : at + 28] = (18_000_000).to_bytes(4, "little")
        at = data.find(b"PK\x01\x02", at + 4)
    path.write_bytes(data)


REFUSED: list[tuple[Callable[[Path], None], str]] = [
    (traversal, "points out of it"),
    (absolute, "points out of it"),
    (windows, "points out of it"),
    (link, "points out of it"),
    (bomb, "would unpack 'bomb.png' to 105 MB"),
    (empty, "album.zip is empty"),
    (no_zip, "is no zip that can be read"),
    (locked, "is locked with a password"),
    (crowded, "lists too many files"),
    (overlapping, "lie over one another"),
    (vast, "would unpack to 21,600 MB"),
]


@pytest.mark.parametrize(("make", "words"), REFUSED, ids=lambda value: getattr(value, "__name__", ""))
def test_a_zip_that_is_no_honest_one_is_refused_in_one_sentence(
    tmp_path: Path, make: Callable[[Path], None], words: str
) -> None:
    path = tmp_path / "album.zip"
    make(path)
    with pytest.raises(PhotoError) as caught:
        sources([(path, "album.zip")], SETTINGS)
    told = str(caught.value)
    assert words in told
    assert told.startswith("album.zip")
    assert told.endswith(".")
    assert ". " not in told


def test_beside_good_photographs_a_bad_zip_is_one_failure(tmp_path: Path) -> None:
    bomb(tmp_path / "album.zip")
    files = [(save_grey(tmp_path / "a.png"), "a.png"), (tmp_path / "album.zip", "album.zip")]
    done = run(make_engine(), sources(files, SETTINGS), tmp_path / "out.zip")
    assert [each.outcome.picture for each in done] == ["a.colour.png", None]


def test_a_file_over_the_limit_in_a_zip_is_refused(tmp_path: Path) -> None:
    noise = np.random.default_rng(1).bytes(1_500_000)
    path = packed(tmp_path / "album.zip", {"a.png": noise})
    with pytest.raises(PhotoError, match="the limit is 1; leave it out"):
        sources([(path, "album.zip")], Settings(max_upload_mb=1))


def test_damage_inside_a_zip_fails_that_photograph_only(tmp_path: Path) -> None:
    path = packed(tmp_path / "album.zip", {"a.png": grey_png(), "b.png": grey_png()}, zipfile.ZIP_STORED)
    data = bytearray(path.read_bytes())
    data[data.index(b"IDAT") + 40] ^= 255
    path.write_bytes(data)
    done = run(make_engine(), sources([(path, "album.zip")], SETTINGS), tmp_path / "out.zip")
    assert done[0].outcome.problem == "a.png is damaged in its zip; zip it again."
    assert done[1].outcome.picture == "b.colour.png"


def test_names_in_the_zip_suit_every_system(tmp_path: Path) -> None:
    names = [
        "CON.png",
        "aux .jpg",
        "Anna.png",
        "ANNA.png",
        "gnp\u202eanna.png",
        "a\x07b.png",
        'a:"b?.png',
        "b\ud83d.png",
        "COM\u00b2.png",
        "\u00e9.png",
        "e\u0301.png",
        "\u200b.png",
    ]
    photograph = save_grey(tmp_path / "a.png")
    run(make_engine(), [Source(name, photograph) for name in names], tmp_path / "out.zip")
    with zipfile.ZipFile(tmp_path / "out.zip") as archive:
        assert archive.namelist()[:-1] == [
            "_CON.colour.png", "_aux .colour.png", "Anna.colour.png", "ANNA-2.colour.png", "gnpanna.colour.png",
            "ab.colour.png", "a__b_.colour.png", "b.colour.png", "_COM\u00b2.colour.png", "\u00e9.colour.png",
            "\u00e9-2.colour.png", "_.colour.png",
        ]  # fmt: skip


@pytest.mark.parametrize("letter", ["n", "\u5199"])
def test_names_of_any_length_are_coloured_or_told_in_short(tmp_path: Path, letter: str) -> None:
    files = {f"{letter * 20_000}.png": grey_png(), f"{letter * 20_000}.jpg": b"x", f"../{letter * 20_000}.png": b"x"}
    *good, outward = ({name: file} for name, file in files.items())
    zips = [(packed(tmp_path / f"{number}.zip", each), f"{number}.zip") for number, each in enumerate([*good, outward])]
    done = [each.outcome for each in run(make_engine(), sources(zips, SETTINGS), tmp_path / "out.zip")]
    assert [each.status for each in done] == ["done", "failed", "failed"]
    assert all(len(each.problem) < 300 for each in done)
    assert len(str(done[0].picture).encode()) < 250
    assert str(done[0].picture).endswith(f"{letter}.colour.png")


def test_no_cell_of_the_report_is_a_formula(tmp_path: Path) -> None:
    names = ["=cmd|' /C calc'!A0.png", "+1.png", "-1.png", "@x.png", "plain.png"]
    photograph = save_grey(tmp_path / "a.png")
    run(make_engine(), [Source(name, photograph) for name in names], tmp_path / "out.zip")
    cells = [row["photograph"] for row in report(tmp_path / "out.zip")]
    assert cells == [*(f"'{name}" for name in names[:-1]), "plain.png"]


def test_what_nobody_foresaw_fails_one_photograph_only(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail_once(picture: Any, pixels: int) -> Any:
        monkeypatch.undo()
        raise LookupError("thumbnail")

    monkeypatch.setattr("core.jobs.batch.thumbnail", fail_once)
    photographs = [Source(name, save_grey(tmp_path / name)) for name in ("a.png", "b.png")]
    done = run(make_engine(), photographs, tmp_path / "out.zip")
    assert [each.outcome.picture for each in done] == ["a.colour.png", "b.colour.png"]
    assert done[0].thumbnail is None


def test_nothing_at_all_is_refused() -> None:
    with pytest.raises(PhotoError, match="There is no photograph to colour"):
        sources([], SETTINGS)


@pytest.mark.parametrize("packing", [zipfile.ZIP_DEFLATED, zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA])
def test_damage_is_told_of_however_it_was_packed(tmp_path: Path, packing: int) -> None:
    with zipfile.ZipFile(tmp_path / "a.zip", "w", packing) as archive:
        archive.writestr("a.bmp", np.random.default_rng(1).bytes(20_000))
    data = bytearray((tmp_path / "a.zip").read_bytes())
    data[60:90] = bytes(range(100, 130))
    (tmp_path / "a.zip").write_bytes(data)
    (source,) = sources([(tmp_path / "a.zip", "a.zip")], Settings())
    with pytest.raises(PhotoError, match=r"^a\.bmp is damaged in its zip; zip it again\.$"), source.file():
        pass


def test_a_zip_whose_directory_is_damaged_is_refused_in_a_sentence(tmp_path: Path) -> None:
    with zipfile.ZipFile(tmp_path / "a.zip", "w") as archive:
        for number in range(3):
            archive.writestr(f"{number}.bmp", bytes(50))
    whole, chance = (tmp_path / "a.zip").read_bytes(), np.random.default_rng(1)
    refused = 0
    for _ in range(2000):
        data = bytearray(whole)
        for place in chance.integers(150, len(data), chance.integers(1, 4)):
            data[place] = chance.choice([0, 1, 127, 128, 255])
        (tmp_path / "a.zip").write_bytes(data)
        try:
            for source in sources([(tmp_path / "a.zip", "a.zip")], Settings()):
                with source.file():
                    pass
        except PhotoError:
            refused += 1
    assert refused > 100


def test_no_room_to_unpack_is_not_called_damage(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with zipfile.ZipFile(tmp_path / "a.zip", "w") as archive:
        archive.writestr("a.bmp", bytes(50))
    (source,) = sources([(tmp_path / "a.zip", "a.zip")], Settings())

    def full(*given: Any) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    with monkeypatch.context() as patch:
        patch.setattr("shutil.copyfileobj", full)
        with pytest.raises(PhotoError, match=r"could not be unpacked \(No space left on device\); make room"):
            source.file().__enter__()
    (tmp_path / "a.zip").unlink()
    with pytest.raises(PhotoError, match=r"could not be unpacked \(No such file or directory\)"), source.file():
        pass


def test_a_zip_given_many_times_is_not_opened_when_there_are_too_many_already(tmp_path: Path, monkeypatch: Any) -> None:
    monkeypatch.setattr("core.photo.archive.MOST_FILES", 3)
    album = packed(tmp_path / "album.zip", {"a.png": b"1", "b.png": b"2"})
    gone = tmp_path / "gone.zip"  # would be a problem of its own, and no reason to stop
    with pytest.raises(PhotoError, match="4 files or more and one batch takes 3"):
        sources([(album, "album.zip")] * 2 + [(gone, "gone.zip")] * 100, SETTINGS)
