"""Previews without a browser: what is kept of a photograph, for how long, and where."""

from __future__ import annotations

import contextvars
from pathlib import Path
from typing import Any

import gradio as gr
import numpy as np
import pytest
from gradio.context import LocalContext
from PIL import Image

from core.errors import PhotoError
from core.look.look import Look
from core.photo.open import open_photo, pixels_in_work
from core.progress import no_progress
from core.web.colouring import limit_cache
from core.web.previews import Previews, Region
from core.web.session import Session, find_session
from core.web.upload_fields import Upload
from tests.support.fakes import FakeBackend, grey_picture, make_engine, save_grey

MANY = 1_000_000


@pytest.fixture(autouse=True)
def _own_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GRADIO_TEMP_DIR", str(tmp_path / "gradio"))


def begun(previews: Previews, path: Path) -> Session:
    return previews.begin(Upload(str(path), path.name), "pocket", no_progress)


def test_a_look_runs_no_network_and_shows_the_engines_own_pixels(tmp_path: Path) -> None:
    backend = FakeBackend()
    engine = make_engine(backend)
    session = begun(Previews(engine), save_grey(tmp_path / "a.png"))
    after = Previews(engine).after(session, Look(strength=1.5), MANY)  # nothing is kept by the object itself
    assert backend.calls == 1
    expected, _ = engine.colorize(open_photo(tmp_path / "a.png"), "pocket", Look(strength=1.5))
    np.testing.assert_array_equal(after.pixels, expected.rgb)


def test_a_part_in_full_resolution_is_cut_from_the_whole_picture(tmp_path: Path) -> None:
    engine = make_engine()
    grey = np.random.default_rng(1).integers(40, 220, (40, 60), np.uint8)
    Image.fromarray(grey).save(tmp_path / "a.png")
    session = begun(Previews(engine), tmp_path / "a.png")
    before, after = Previews(engine).tile(session, Look(), Region(10, 5, 20, 16, 400))
    expected, _ = engine.colorize(open_photo(tmp_path / "a.png"), "pocket")
    np.testing.assert_array_equal(before.pixels, grey[5:21, 10:30])
    np.testing.assert_array_equal(after.pixels, expected.rgb[5:21, 10:30])
    beyond, _ = Previews(engine).tile(session, Look(), Region(10_000, 10_000, 20, 16, 400))
    assert beyond.pixels.size > 0
    smaller, _ = Previews(engine).tile(session, Look(), Region(10, 5, 20, 16, 10))
    assert smaller.pixels.shape == (8, 10)


def test_predictions_are_kept_by_their_bytes_and_not_by_their_number(tmp_path: Path) -> None:
    for megabytes, calls_more in ((128, 0), (0, 1)):
        backend = FakeBackend()
        previews = Previews(make_engine(backend, cache_mb=megabytes))
        paths = [save_grey(tmp_path / f"{number}.png", 60 + number) for number in range(14)]
        first, *_ = [begun(previews, path) for path in paths]
        previews.after(first, Look(strength=0.5), MANY)
        assert backend.calls == 14 + calls_more


def test_transparency_and_16_bits_outlive_the_small_copy(tmp_path: Path) -> None:
    grey = grey_picture(dtype=np.uint8)
    Image.fromarray(np.dstack([grey, grey, grey, grey])).save(tmp_path / "a.png")
    session = begun(Previews(make_engine()), tmp_path / "a.png")
    previews = Previews(make_engine())
    assert session.see_through
    for photo in (previews.before(session, MANY), previews.after(session, Look(strength=0), MANY)):
        assert photo.alpha is not None
        np.testing.assert_array_equal(photo.alpha, grey)


def test_nothing_is_shown_of_a_photograph_that_has_been_deleted(tmp_path: Path) -> None:
    previews = Previews(make_engine())
    session = begun(previews, save_grey(tmp_path / "a.png"))
    (tmp_path / "a.png").unlink()
    with pytest.raises(PhotoError, match="has been deleted"):
        previews.after(session, Look(strength=0.5), MANY)


def test_a_token_gives_the_photograph_back_and_nothing_else_does(tmp_path: Path) -> None:
    session = begun(Previews(make_engine()), save_grey(tmp_path / "a.png"))
    assert find_session(session.token) == session  # another process would find it too
    # What a stranger uploads lies in a folder too, and must never be taken for a session: it could name any file.
    uploaded = Path(gr.utils.get_upload_folder()) / ("0" * 64)
    uploaded.mkdir()
    (uploaded / "session.json").write_text(session.model_dump_json())
    for token in (uploaded.name, f"../gradio/{session.token}", "..", "", None, 7, "x" * 22):
        with pytest.raises(PhotoError, match="has been deleted"):
            find_session(token)


def test_the_small_copy_is_among_the_files_that_gradio_deletes(tmp_path: Path) -> None:
    with gr.Blocks() as page:
        pass
    entered = contextvars.copy_context()
    entered.run(LocalContext.blocks.set, page)
    session = entered.run(begun, Previews(make_engine()), save_grey(tmp_path / "a.png"))
    assert {str(path) for path in session.folder.iterdir()} == page.upload_file_set != set()


def test_previews_count_among_the_pixels_in_work(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("core.photo.pixel_budget.PATIENCE", 0.2)
    engine = make_engine(pixels_at_once=8000)  # each photograph has 5,400
    session = begun(Previews(engine), save_grey(tmp_path / "a.png"))
    other = open_photo(tmp_path / "a.png", engine.settings)
    with pytest.raises(PhotoError, match="large photographs in work"):
        Previews(engine).after(session, Look(), MANY)
    del other
    assert Previews(engine).after(session, Look(), MANY).width == 90
    assert pixels_in_work() == 0


def test_a_part_of_a_photograph_that_has_room_once_and_whose_prediction_is_gone(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("core.photo.pixel_budget.PATIENCE", 0.2)
    engine = make_engine(pixels_at_once=8000, cache_mb=0)
    session = begun(Previews(engine), save_grey(tmp_path / "a.png"))
    before, _ = Previews(engine).tile(session, Look(), Region(0, 0, 90, 60, 90))
    assert before.pixels.shape == (60, 90)


def test_what_is_zoomed_into_counts_among_what_the_disk_may_hold(tmp_path: Path) -> None:
    previews, region = Previews(make_engine()), Region(0, 0, 50, 50, 50)
    first, second = (begun(previews, save_grey(tmp_path / f"{height}.png", height, 600)) for height in (500, 501))
    limit_cache(2)  # two small copies have 0.6 MB of it, and a zoom into one takes 1.2 MB
    previews.tile(first, Look(), region)
    with pytest.raises(PhotoError, match="as its disk may hold"):
        previews.tile(second, Look(), region)
    files = [path for path in (tmp_path / "gradio").rglob("*") if path.is_file()]
    assert sum(path.stat().st_size for path in files) < 2_000_000


def test_a_disk_that_is_full_leaves_no_half_a_picture(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    previews = Previews(make_engine())
    session = begun(previews, save_grey(tmp_path / "a.png"))
    region, save = Region(0, 0, 20, 20, 20), np.save

    def full(file: Any, pixels: Any, **how: Any) -> None:
        file.write(b"half")
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(np, "save", full)
    with pytest.raises(OSError, match="No space"):
        previews.tile(session, Look(), region)
    monkeypatch.setattr(np, "save", save)
    before, _ = previews.tile(session, Look(), region)
    assert before.pixels.shape[:2] == (20, 20)
