"""The command line as a person runs it: real processes, real files, exit codes."""

import json
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from core.photo.open import open_photo
from tests.support.fakes import grey_picture, save_grey

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture(scope="module")
def offline(tmp_path_factory):
    """An environment with no hub and an empty cache."""
    return {**os.environ, "HF_HUB_OFFLINE": "1", "HF_HOME": str(tmp_path_factory.mktemp("hf")), "COLUMNS": "120"}


def run(env, *arguments, cwd=ROOT):
    command = [sys.executable, str(ROOT / "app.py"), *map(str, arguments)]
    return subprocess.run(command, env=env, cwd=cwd, capture_output=True, text=True, timeout=120, check=False)


def test_photographs_are_coloured_and_the_backend_is_named(tmp_path, offline):
    for name in ("a.png", "b.png"):
        save_grey(tmp_path / name, 70, 110)
    done = run(offline, "colorize", tmp_path / "a.png", tmp_path / "b.png", "--output", tmp_path / "out" / "new")
    assert done.returncode == 0, done.stderr
    assert done.stdout.count("(pocket, ") == 2
    assert "zhang-v2" in done.stdout  # why it is pocket
    for name in ("a.colour.png", "b.colour.png"):
        picture = np.asarray(Image.open(tmp_path / "out" / "new" / name)).astype(int)
        assert picture.shape == (70, 110, 3)
        assert np.ptp(picture, axis=2).mean() > 2
    lightness = open_photo(tmp_path / "out" / "new" / "a.colour.png").lightness()
    assert np.abs(lightness - open_photo(tmp_path / "a.png").lightness()).mean() < 0.5


def test_bad_files_are_named_and_spoil_nothing(tmp_path, offline):
    (tmp_path / "notes.jpg").write_text("dear diary")
    (tmp_path / "empty.png").write_bytes(b"")
    Image.fromarray(grey_picture(300, 400)).save(tmp_path / "whole.jpg")
    (tmp_path / "cut.jpg").write_bytes((tmp_path / "whole.jpg").read_bytes()[:4000])
    Image.fromarray(grey_picture(1, 1)).save(tmp_path / "one.png")
    Image.fromarray(grey_picture(3, 20_000)).save(tmp_path / "strip.png")
    names = ["notes.jpg", "empty.png", "cut.jpg", "one.png", "strip.png", "nowhere.jpg"]
    done = run(offline, "colorize", *(tmp_path / name for name in names), "--output", tmp_path / "out")
    assert done.returncode == 1
    assert "Traceback" not in done.stderr
    complaints = done.stderr.strip().splitlines()
    assert complaints[-1] == "4 of 6 failed."
    for complaint, name in zip(complaints, ("notes.jpg", "empty.png", "cut.jpg", "nowhere.jpg"), strict=False):
        assert complaint.startswith(f"{tmp_path / name}: ")
    made = sorted(path.name for path in (tmp_path / "out").iterdir())
    assert made == ["one.colour.png", "strip.colour.png", "try-again.csv"]
    assert Image.open(tmp_path / "out" / "strip.colour.png").size == (20_000, 3)


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("--strength", "3"), "The parameter 'strength' is not usable"),
        (("--backend", "sepia"), "There is no backend 'sepia'; choose one of: auto, zhang-v2, pocket"),
        (("--format", "psd"), "There is no output format 'psd'"),
        (("--colour", "red"), "No such option"),
    ],
)
def test_bad_usage_exits_with_2(tmp_path, offline, arguments, words):
    photograph = save_grey(tmp_path / "a.png")
    done = run(offline, "colorize", photograph, "--output", tmp_path / "out", *arguments)
    assert done.returncode == 2
    assert words in done.stderr
    assert "Traceback" not in done.stderr


def test_a_backend_asked_for_by_name_never_falls_back(tmp_path, offline):
    photograph = save_grey(tmp_path / "a.png")
    done = run(offline, "colorize", photograph, "--output", tmp_path / "out", "--backend", "zhang-v2")
    assert done.returncode == 1
    assert "The weights of zhang-v2 are not on this machine" in done.stderr
    assert not list((tmp_path / "out").iterdir())


def test_two_photographs_of_one_name_both_stay(tmp_path, offline):
    for folder, height in (("x", 60), ("y", 61)):
        (tmp_path / folder).mkdir()
        save_grey(tmp_path / folder / "a.png", height)
    done = run(offline, "colorize", tmp_path / "x" / "a.png", tmp_path / "y" / "a.png", "--output", tmp_path / "out")
    assert done.returncode == 0
    assert {Image.open(path).height for path in (tmp_path / "out").iterdir()} == {60, 61}
    assert (tmp_path / "out" / "a.colour.png").exists()


def test_jpeg_and_grey_strength(tmp_path, offline):
    photograph = save_grey(tmp_path / "a.png")
    done = run(offline, "colorize", photograph, "--output", tmp_path, "--format", "jpg", "--strength", "0")
    assert done.returncode == 0
    picture = Image.open(tmp_path / "a.colour.jpg")
    assert picture.format == "JPEG"
    assert np.ptp(np.asarray(picture).astype(int), axis=2).max() == 0


def test_the_backends_are_listed_with_their_state(offline):
    done = run(offline, "backends")
    assert done.returncode == 0
    lines = done.stdout.splitlines()
    assert lines[0].split()[:2] == ["zhang-v2", "unavailable"]
    assert any(line.split()[:2] == ["pocket", "ready"] for line in lines)
    assert max(map(len, lines)) <= 80


def test_a_setting_that_cannot_be_used_is_named(tmp_path, offline):
    done = run({**offline, "AUTOCHROME_MAX_PIXELS": "many"}, "colorize", save_grey(tmp_path / "a.png"))
    assert done.returncode == 2
    assert "AUTOCHROME_MAX_PIXELS cannot be used" in done.stderr


def test_a_name_that_is_no_text_costs_neither_its_own_picture_nor_the_run(tmp_path, offline):
    odd = os.fsencode(tmp_path / "in") + b"/caf\xe9.png"  # as an old archive's disks have them
    (tmp_path / "in").mkdir()
    save_grey(tmp_path / "in" / "one.png", 61)
    os.rename(save_grey(tmp_path / "in" / "x.png"), odd)
    strict = {**offline, "PYTHONIOENCODING": "utf-8:strict"}
    into = ("--output", tmp_path / "out", "--overwrite", "--sidecar")
    told = run(strict, "colorize", tmp_path / "in", *into, "--report", tmp_path / "report.csv")
    assert told.returncode == 0, told.stderr
    assert "caf\\udce9.png -> " in told.stdout
    made = sorted(os.listdir(os.fsencode(tmp_path / "out")))
    assert made == [b"caf\xe9.colour.png", b"caf\xe9.colour.png.json", b"one.colour.png", b"one.colour.png.json"]
    sidecar = (tmp_path / "out" / os.fsdecode(made[1])).read_text("utf-8")
    assert json.loads(sidecar)["photograph"] == "caf\udce9.png"
    assert "caf\\udce9.png," in (tmp_path / "report.csv").read_text("utf-8")
    for line in run(strict, "colorize", tmp_path / "in", *into, "--json").stdout.splitlines():
        assert json.loads(line)["status"] == "done"


def test_a_name_that_the_terminal_has_no_letters_for_is_told_of_all_the_same(tmp_path, offline):
    save_grey(tmp_path / "祖母.png")
    told = run({**offline, "PYTHONIOENCODING": "cp1252"}, "colorize", tmp_path / "祖母.png", "--output", tmp_path / "o")
    assert told.returncode == 0, told.stderr
    assert "\\u7956\\u6bcd.png -> " in told.stdout
