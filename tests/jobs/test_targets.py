"""No picture takes the place of another photograph's, and none is made twice, whatever is given in whatever order."""

from __future__ import annotations

import errno
import random
import subprocess
from pathlib import Path, PurePath
from typing import Any

import numpy as np
import pytest
from PIL import Image
from typer.testing import CliRunner

import app
import core.cli.colorize
from core.jobs.job import Job
from core.jobs.targets import Targets
from core.photo.archive import Source
from core.photo.open import open_photo
from core.photo.origin import origin_of
from tests.support.fakes import FakeBackend, grey_picture, make_engine


@pytest.fixture
def backend(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> FakeBackend:
    monkeypatch.chdir(tmp_path)
    fake = FakeBackend()
    monkeypatch.setattr(core.cli.colorize, "make_engine", lambda settings: make_engine(fake, cache_mb=0))
    return fake


def colorize(*arguments: Any) -> Any:
    return CliRunner().invoke(app.app, ["colorize", *map(str, arguments)])


def photograph(path: str, shade: int = 0) -> Path:
    """A picture unlike those of another shade."""
    Path(path).parent.mkdir(parents=True, exist_ok=True)
    Image.fromarray(np.clip(grey_picture() * 0.8 + shade, 0, 255).astype(np.uint8)).save(path)
    return Path(path)


def made(folder: str = "coloured") -> list[str]:
    return sorted(path.relative_to(folder).as_posix() for path in Path(folder).rglob("*.colour.*"))


def is_of(picture: Path, path: Path) -> bool:
    """Whether a picture has a photograph's lightness."""
    return bool(np.abs(open_photo(picture).lightness() - open_photo(path).lightness()).mean() < 0.3)


def test_a_second_photograph_of_the_name_does_not_replace_the_first(backend: FakeBackend) -> None:
    first, second = photograph("a/img001.png"), photograph("b/img001.png", 40)
    assert colorize(first).exit_code == colorize(second).exit_code == 0
    plain, other = (Path("coloured", name) for name in sorted(made(), key=len))
    assert plain.name == "img001.colour.png"
    assert other.name == f"img001-{origin_of(other)[:8]}.colour.png"  # type: ignore[index]
    assert is_of(plain, first) and is_of(other, second)


def test_the_same_command_resumes_and_overwrite_must_be_said(backend: FakeBackend) -> None:
    path = photograph("a.png")
    assert colorize(path).exit_code == 0
    before = Path("coloured/a.colour.png").read_bytes()
    again = colorize(path, "--strength", 0)
    assert again.exit_code == 0
    assert "is there already; --overwrite makes it anew" in again.stdout
    assert backend.calls == 1 and Path("coloured/a.colour.png").read_bytes() == before
    assert colorize(path, "--strength", 0, "--overwrite").exit_code == 0
    assert np.ptp(np.asarray(Image.open("coloured/a.colour.png")).astype(int), axis=2).max() == 0
    assert made() == ["a.colour.png"]


@pytest.mark.parametrize("flag", [[], ["--skip-existing"], ["--overwrite"]])
def test_skipping_looks_whose_the_picture_is(backend: FakeBackend, flag: list[str]) -> None:
    tif, jpg = photograph("c/x.tif"), photograph("c/x.jpg", 40)
    assert colorize(tif, "--format", "png").exit_code == 0
    done = colorize("c", "--format", "png", *flag)
    assert done.exit_code == 0, done.output
    assert len(made()) == 2
    assert is_of(Path("coloured/x.colour.png"), tif)
    assert is_of(Path("coloured", min(made())), jpg)
    assert backend.calls == (3 if flag == ["--overwrite"] else 2)


@pytest.mark.parametrize("flag", [[], ["--overwrite"]])
def test_a_file_of_that_name_that_is_nobodys_is_never_replaced(backend: FakeBackend, flag: list[str]) -> None:
    photograph("a.png")
    Path("coloured").mkdir()
    Path("coloured/a.colour.png").write_text("my own")
    assert colorize("a.png", *flag).exit_code == 0
    assert Path("coloured/a.colour.png").read_text() == "my own"
    assert len(made()) == 2


def test_both_flags_at_once_are_bad_usage(backend: FakeBackend) -> None:
    assert colorize(photograph("a.png"), "--overwrite", "--skip-existing").exit_code == 2


def forty() -> list[Path]:
    return [
        photograph(f"top/{folder}/img{number}.png", 6 * (5 * folder + number) // 4)
        for folder in range(8)
        for number in range(5)
    ]


@pytest.mark.parametrize("seed", range(2))
def test_forty_photographs_of_equal_names_in_any_order_and_grouping(
    backend: FakeBackend, seed: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    paths, chance = forty(), random.Random(seed)
    whole = [["top", "-r"], ["top/*/*.png"], [f"top/{folder}" for folder in range(8)], ["top/3", "top/1/img2.png"]]
    tried, attempt = [], Job.attempt

    def interrupted(self: Job, *given: Any) -> Any:
        tried.append(given)
        if len(tried) % 3:
            return attempt(self, *given)
        raise KeyboardInterrupt

    for turn in range(2):
        left = [[path] for path in paths] + whole
        chance.shuffle(left)
        while left:
            size = chance.randint(1, 12)
            group, left = [each for part in left[:size] for each in part], left[size:]
            with monkeypatch.context() as patch:
                patch.setattr(Job, "attempt", interrupted)
                colorize(*group)
            assert colorize(*group).exit_code == 0
        assert len(made()) == 40 == backend.calls, turn
    assert len(tried) >= 3
    found = set()
    for path in paths:
        target = Targets(Path("coloured"), Job()).find(Source(path.name, path), PurePath())
        assert target.is_there and is_of(target.path, path)
        found.add(target.path)
    assert len(found) == 40


def test_the_order_in_which_photographs_are_given_makes_no_difference(backend: FakeBackend) -> None:
    paths = forty()
    names = []
    for seed in range(2):
        random.Random(seed).shuffle(paths)
        assert colorize(*paths, "--output", f"out{seed}").exit_code == 0
        names.append({name: origin_of(Path(f"out{seed}", name)) for name in made(f"out{seed}")})
    assert names[0] == names[1]
    assert sum("-" not in name for name in names[0]) == 5


def test_an_interrupted_run_goes_on_where_it_was(backend: FakeBackend, monkeypatch: pytest.MonkeyPatch) -> None:
    paths = [photograph(f"{folder}/a.png", 5 * folder) for folder in range(6)]

    def full(engine: Any, source: Any, target: Any) -> Any:
        raise KeyboardInterrupt

    assert colorize(*paths[:3]).exit_code == 0
    with monkeypatch.context() as patch:
        patch.setattr(Job, "attempt", lambda self, *given: full(*given))
        colorize(*paths)
    assert colorize(*paths).exit_code == 0
    assert len(made()) == 6 == backend.calls


@pytest.mark.parametrize("ending", ["png", "jpeg", "webp"])
def test_every_format_says_whose_picture_it_is(backend: FakeBackend, ending: str) -> None:
    path = photograph("a.png")
    assert colorize(path, "--format", ending).exit_code == 0
    assert colorize(path, "--format", ending).exit_code == 0
    assert backend.calls == 1
    digest = subprocess.run(["sha256sum", path], capture_output=True, text=True, check=True).stdout[:16]
    assert origin_of(Path("coloured", made()[0])) == digest


def test_a_photograph_that_could_not_be_read_for_a_moment_takes_no_other_ones_place(
    backend: FakeBackend, monkeypatch: pytest.MonkeyPatch
) -> None:
    first, second = photograph("a/x.png"), photograph("b/x.png", 40)
    assert colorize(first).exit_code == 0
    before = Path("coloured/x.colour.png").read_bytes()

    def away(path: Path) -> bytes:
        raise OSError(errno.EIO, "Input/output error")

    with monkeypatch.context() as patch:
        patch.setattr("core.jobs.targets.read_bytes", away)
        done = colorize(second)
    assert done.exit_code == 1 and "cannot be read (Input/output error)" in done.stderr
    assert Path("coloured/x.colour.png").read_bytes() == before
    assert colorize(second).exit_code == 0 and len(made()) == 2
