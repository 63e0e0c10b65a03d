"""The command line has what the page has: hints, tints, other colourings, a reference, a backend's own options."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image
from typer.testing import CliRunner

import app
import core.cli.colorize
from core.colour.cielab import rgb_to_lab
from tests.support.browser import Second
from tests.support.fakes import FakeBackend, make_engine, save_grey


@pytest.fixture
def colorize(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Any:
    """Runs the command on ``a.png``; gives the picture's mean a*b* at left and right, or what was said."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(core.cli.colorize, "make_engine", lambda settings: make_engine(FakeBackend(), Second()))
    save_grey(Path("a.png"))

    def run(*arguments: str) -> Any:
        done = CliRunner().invoke(app.app, ["colorize", "a.png", "--overwrite", *arguments])
        if done.exit_code:
            return done
        lab = rgb_to_lab(np.asarray(Image.open("coloured/a.colour.png")) / np.float32(255))[..., 1:]
        return lab[:, :20].mean(axis=(0, 1)), lab[:, -20:].mean(axis=(0, 1))

    return run


def test_each_option_changes_the_picture_as_it_says(colorize: Any) -> None:
    left, right = colorize()
    assert colorize("--tint-warm", "1")[0][1] > left[1] + 10
    assert colorize("--tint-magenta", "-1")[0][0] < left[0] - 10
    assert abs(colorize("--alternative", "calm")[0] - left).max() > 1
    hinted = colorize("--hint", "0.1,0.5,#00c040", "--hint", "0.9,0.5,#00c040")
    assert hinted[0][0] < left[0] - 3 and hinted[1][0] < right[0] - 3
    assert abs(colorize("--option", "shift=3.5")[1] - right).max() > 1
    Image.new("RGB", (40, 30), (60, 110, 200)).save("sky.png")
    assert colorize("--backend", "reference", "--reference", "sky.png")[0][1] < -30


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["--hint", "0.3,0.4"], "write it as X,Y,#RRGGBB"),
        (["--hint", "0.3,0.4,green"], "'hints.0.color' is not usable"),
        (["--hint", "3,0.4,#112233"], "'hints.0.x' is not usable"),
        (["--option", "shift"], "write it as NAME=VALUE"),
        (["--option", "shift=blue"], "'shift' is not usable"),
        (["--option", "size=3"], "'size' is not usable"),
        (["--alternative", "loud"], "'alternative' is not usable"),
        (["--tint-warm", "2"], "'tint_warm' is not usable"),
        (["--reference", "a.png"], "uses no reference"),
        (["--backend", "reference"], "takes its colours from a second photograph"),
    ],
)
def test_what_cannot_be_meant_is_said_before_anything_is_done(colorize: Any, arguments: list[str], words: str) -> None:
    done = colorize(*arguments)
    assert done.exit_code == 2
    assert words in done.stderr
    assert not Path("coloured").exists()


def test_a_reference_that_cannot_be_opened_is_named(colorize: Any) -> None:
    done = colorize("--backend", "reference", "--reference", "none.png")
    assert done.exit_code == 2
    assert "There is no file none.png" in done.stderr


def test_a_key_without_its_certificate_is_refused(colorize: Any) -> None:
    done = colorize("--c2pa-key", "key.pem")
    assert done.exit_code == 2
    assert "takes both --c2pa-cert and --c2pa-key" in done.output


def test_a_folder_of_references_goes_by_name(colorize: Any) -> None:
    Path("theirs").mkdir()
    Image.new("RGB", (40, 30), (60, 110, 200)).save("theirs/A.webp")
    Image.new("RGB", (40, 30), (200, 110, 60)).save("theirs/b.png")
    assert colorize("--backend", "reference", "--reference", "theirs")[0][1] < -30
    Image.new("RGB", (40, 30)).save("theirs/a.png")
    assert (
        "Both A.webp and a.png in theirs go with a.png"
        in colorize("--backend", "reference", "--reference", "theirs").stderr
    )
    Path("theirs/a.png").unlink()
    Path("theirs/A.webp").unlink()
    done = colorize("--backend", "reference", "--reference", "theirs")
    assert done.exit_code == 1
    assert "Nothing in theirs is called a; put a picture of that name there" in done.stderr
