"""Previews without a browser: what is kept of a photograph, for how long, and where."""

from __future__ import annotations

import contextvars
from pathlib import Path

import gradio as gr
import numpy as np
import pytest
from gradio.context import LocalContext
from PIL import Image

from core.errors import PhotoError
from core.look.look import Look
from core.photo.open import open_photo
from core.progress import no_progress
from core.web.session import Previews, Session
from core.web.upload_fields import Upload
from tests.support.fakes import FakeBackend, grey_picture, make_engine, save_grey


@pytest.fixture(autouse=True)
def _own_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GRADIO_TEMP_DIR", str(tmp_path / "gradio"))


def begun(previews: Previews, path: Path) -> Session:
    return previews.begin(Upload(str(path), path.name), "pocket", no_progress)


def test_a_look_runs_no_network_and_shows_the_engines_own_pixels(tmp_path: Path) -> None:
    backend = FakeBackend()
    engine = make_engine(backend)
    session = begun(Previews(engine), save_grey(tmp_path / "a.png"))
    _, after = Previews(engine).preview(session, Look(strength=1.5))  # nothing is kept by the object itself
    assert backend.calls == 1
    expected, _ = engine.colorize(open_photo(tmp_path / "a.png"), "pocket", Look(strength=1.5))
    assert np.abs(np.asarray(Image.open(after)).astype(int) - expected.rgb).mean() < 2  # it is a JPEG


def test_predictions_are_kept_by_their_bytes_and_not_by_their_number(tmp_path: Path) -> None:
    for megabytes, calls_more in ((32, 0), (0, 1)):
        backend = FakeBackend()
        previews = Previews(make_engine(backend, cache_mb=megabytes))
        paths = [save_grey(tmp_path / f"{number}.png", 60 + number) for number in range(14)]
        first, *_ = [begun(previews, path) for path in paths]
        previews.preview(first, Look(strength=0.5))
        assert backend.calls == 14 + calls_more


def test_transparency_and_16_bits_outlive_the_small_copy(tmp_path: Path) -> None:
    grey = grey_picture(dtype=np.uint8)
    Image.fromarray(np.dstack([grey, grey, grey, grey])).save(tmp_path / "a.png")
    session = begun(Previews(make_engine()), tmp_path / "a.png")
    before, after = Previews(make_engine()).preview(session, Look(strength=0))
    np.testing.assert_array_equal(np.asarray(Image.open(before))[..., 3], grey)
    np.testing.assert_array_equal(np.asarray(Image.open(after))[..., 3], grey)


def test_nothing_is_shown_of_a_photograph_that_has_been_deleted(tmp_path: Path) -> None:
    previews = Previews(make_engine())
    session = begun(previews, save_grey(tmp_path / "a.png"))
    (tmp_path / "a.png").unlink()
    with pytest.raises(PhotoError, match="has been deleted"):
        previews.preview(session, Look(strength=0.5))


def test_the_small_copy_is_among_the_files_that_gradio_deletes(tmp_path: Path) -> None:
    with gr.Blocks() as page:
        pass
    entered = contextvars.copy_context()
    entered.run(LocalContext.blocks.set, page)
    session = entered.run(begun, Previews(make_engine()), save_grey(tmp_path / "a.png"))
    assert {str(path) for path in session.folder.iterdir()} == page.upload_file_set != set()
