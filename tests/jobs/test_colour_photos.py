"""A mixed album: colour photographs keep their colours, all others get some, and each is told of."""

from __future__ import annotations

import json
import zipfile
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image
from typer.testing import CliRunner

import app
import core.cli.colorize
from core.colour.cielab import rgb_to_lab
from core.errors import InColourError, RequestError
from core.jobs.batch import colour_batch
from core.jobs.job import Job
from core.photo.archive import Source
from core.progress import no_progress
from tests.support.fakes import FakeBackend, grey_picture, make_engine

TONES = {"sepia": (1.0, 0.84, 0.62), "cyanotype": (0.62, 0.8, 1.0), "yellowed": (1.0, 0.96, 0.7)}


def save(path: Path, kind: str, seed: int) -> Path:
    """A photograph of a kind, with noise, as a JPEG."""
    chance = np.random.default_rng(seed)
    grey = np.roll(grey_picture(120, 180).astype(float), 17 * seed, axis=1)
    tone = np.array(TONES.get(kind, (1, 1, 1)), float)
    across = np.linspace(0.6, 1.4, 180)[None, :, None] if kind == "yellowed" else 1.0
    rgb = grey[..., None] * (1 - (1 - tone) * across)
    if kind == "colour":
        rgb[20:100, 30:90] *= chance.permutation([1.3, 1.0, 0.6])
        rgb[10:60, 100:170] *= chance.permutation([0.6, 0.9, 1.2])
    rgb += chance.normal(0, 3, (120, 180, 1 if kind == "grey" else 3))
    Image.fromarray(np.clip(rgb, 0, 255).astype(np.uint8)).save(path, quality=85)
    return path


def has_the_backends_colours(picture: Path | str) -> bool:
    """Whether it is blue where it is dark and warm where it is light."""
    lab = rgb_to_lab(np.asarray(Image.open(picture).convert("RGB")) / np.float32(255)).reshape(-1, 3)
    light = lab[:, 0] > np.median(lab[:, 0])
    return bool(lab[light, 2].mean() - lab[~light, 2].mean() > 15)


@pytest.fixture
def album(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> list[Path]:
    """Ten in colour, ten grey, ten toned."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(core.cli.colorize, "make_engine", lambda settings: make_engine(FakeBackend()))
    Path("album").mkdir()
    kinds = ["colour"] * 10 + ["grey"] * 10 + [*TONES] * 3 + ["sepia"]
    return [save(Path(f"album/{kind}{number}.jpg"), kind, number) for number, kind in enumerate(kinds)]


def colorize(*arguments: str) -> list[dict[str, Any]]:
    done = CliRunner().invoke(app.app, ["colorize", "album", "--json", *arguments])
    assert done.exit_code == 0, done.output
    return [json.loads(line) for line in done.stdout.splitlines()]


def test_a_mixed_album_keeps_its_true_colours(album: list[Path]) -> None:
    before = {path: path.read_bytes() for path in album}
    told = {Path(each["photograph"]): each for each in colorize()}
    assert len(told) == 30
    for path in album:
        if path.name.startswith("colour"):
            assert told[path]["status"] == "skipped"
            assert "is in colour already" in told[path]["problem"]
        else:
            assert told[path]["status"] == "done"
            assert has_the_backends_colours(told[path]["picture"])
    assert {path: path.read_bytes() for path in album} == before
    assert len(list(Path("coloured").iterdir())) == 20


@pytest.mark.parametrize("ending", [".jpg", ".png"])
def test_kept_as_they_are_they_are_copied_byte_for_byte_and_found_again(album: list[Path], ending: str) -> None:
    for _ in range(2):
        told = colorize("--colour-photos", "keep-as-is", "--format", ending)
        pictures = sorted(Path("coloured").iterdir())
        assert len(pictures) == 30
        for path in album[:10]:
            assert Path(f"coloured/{path.stem}.colour.jpg").read_bytes() == path.read_bytes()
    assert {each["status"] for each in told} == ({"skipped"} if ending == ".jpg" else {"skipped", "kept"})


def test_a_kept_photograph_takes_no_others_place(album: list[Path]) -> None:
    Path("other").mkdir()
    save(Path("other/colour1.jpg"), "grey", 50)
    assert CliRunner().invoke(app.app, ["colorize", "other"]).exit_code == 0
    others = Path("coloured/colour1.colour.jpg").read_bytes()
    colorize("--colour-photos", "keep-as-is", "--format", "png")
    assert Path("coloured/colour1.colour.jpg").read_bytes() == others
    (kept,) = Path("coloured").glob("colour1-*.jpg")
    assert kept.read_bytes() == album[1].read_bytes()


def test_recoloured_when_asked(album: list[Path]) -> None:
    assert {each["status"] for each in colorize("--colour-photos", "recolour")} == {"done"}
    assert len(list(Path("coloured").iterdir())) == 30


def test_a_zip_holds_them_as_they_are(album: list[Path], tmp_path: Path) -> None:
    sources = [Source(path.name, path) for path in album] + [Source("more/colour0.jpg", album[1])]
    job = Job("pocket", format_name="jpeg", colour_photos="keep-as-is", with_sidecar=True)
    done = list(colour_batch(make_engine(), sources, job, tmp_path / "out.zip"))
    assert [each.outcome.status for each in done] == ["kept"] * 10 + ["done"] * 20 + ["kept"]
    assert all(each.thumbnail is not None and "in colour already" in each.outcome.warnings for each in done[:10])
    with zipfile.ZipFile(tmp_path / "out.zip") as archive:
        assert archive.read("colour0.colour.jpg") == album[0].read_bytes()
        assert archive.read("more/colour0.colour.jpg") == album[1].read_bytes()
        archive.extract("sepia20.colour.jpg", tmp_path)
        assert len(archive.namelist()) == 31 + 20 + 1
    assert has_the_backends_colours(tmp_path / "sepia20.colour.jpg")


def test_one_to_be_skipped_is_said_so_and_nothing_is_written(album: list[Path], tmp_path: Path) -> None:
    target = tmp_path / "new" / "a.png"
    with pytest.raises(InColourError, match=r"colour0\.jpg is in colour already and was left as it is"):
        Job("pocket", colour_photos="skip").run(make_engine(), album[0], "colour0.jpg", target, no_progress)
    assert not target.parent.exists()


def test_another_word_is_refused(tmp_path: Path) -> None:
    with pytest.raises(RequestError, match="choose skip, recolour or keep-as-is"):
        Job("pocket", colour_photos="grey").run(make_engine(), tmp_path / "a", "a", tmp_path / "b.png", no_progress)
