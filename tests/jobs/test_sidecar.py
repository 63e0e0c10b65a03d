"""The file beside a picture is enough to make the same pixels again."""

import hashlib
import json
import zipfile

import numpy as np
import pytest
from PIL import Image

from backends.pocket import MODEL, Pocket
from core import __version__
from core.errors import AutochromeError, PhotoError, RequestError
from core.jobs.batch import colour_batch
from core.jobs.job import Job
from core.jobs.sidecar import Sidecar, sidecar_of
from core.look.look import Hint, Look
from core.photo.archive import Source
from core.photo.captions import COLOURED, ENHANCED
from core.photo.open import open_photo
from core.photo.origin import digest_of
from core.progress import no_progress
from tests.support.browser import Second
from tests.support.fakes import FakeBackend, make_engine, save_grey

LOOK = Look(strength=1.3, vividness=0.8, tint_warm=0.2, hints=(Hint(x=0.2, y=0.3, color="#aa3311"),))


def test_a_sidecar_makes_the_same_pixels_again(tmp_path):
    photograph = save_grey(tmp_path / "grandma.png")
    job = Job("pocket", LOOK, options={"shift": 0.7}, with_sidecar=True)
    first = job.run(make_engine(), photograph, "grandma.png", tmp_path / "a.png", no_progress)
    told = json.loads(sidecar_of(first.path).read_text("utf-8"))
    assert told["sha256"] == hashlib.sha256(photograph.read_bytes()).hexdigest()
    assert 0 < told["confidence"] < 1
    assert {"python", "opencv", "numpy"} <= told["versions"].keys()

    sidecar = Sidecar.model_validate(told)
    again = Job(sidecar.backend, sidecar.look, sidecar.output_format, sidecar.options, quality=sidecar.quality)
    again.run(make_engine(), photograph, "grandma.png", tmp_path / "b.png", no_progress)
    np.testing.assert_array_equal(open_photo(tmp_path / "a.png").pixels, open_photo(tmp_path / "b.png").pixels)
    assert not sidecar_of(tmp_path / "b.png").exists()


def test_a_sidecar_names_the_embedded_networks_files_and_the_program(tmp_path):
    photograph = save_grey(tmp_path / "a.png")
    job = Job("pocket", Look(hints=LOOK.hints), with_sidecar=True)
    told = job.run(make_engine(Pocket()), photograph, "a.png", tmp_path / "b.png", no_progress).sidecar
    network = hashlib.sha256((MODEL / "pocket.onnx").read_bytes()).hexdigest()
    assert told.weights.keys() == {"pocket.onnx", "bins.csv"}
    assert network.startswith(told.weights["pocket.onnx"]) and len(told.weights["pocket.onnx"]) == 12
    assert told.versions["autochrome"] == __version__


def test_the_second_photograph_is_found_again_by_its_digest(tmp_path):
    photograph = save_grey(tmp_path / "grandma.png")
    for name, colour in (("sky.png", (60, 110, 200)), ("wood.jpg", (150, 90, 40))):
        Image.new("RGB", (40, 30), colour).save(tmp_path / name)
    first = Job("reference", LOOK, reference=open_photo(tmp_path / "wood.jpg"), with_sidecar=True)
    engine = make_engine(FakeBackend(), Second())
    told = first.run(engine, photograph, "grandma.png", tmp_path / "a.tif", no_progress).sidecar
    known = {digest_of((tmp_path / name).read_bytes()): tmp_path / name for name in ("sky.png", "wood.jpg")}
    again = Job(told.backend, told.look, told.output_format, told.options, open_photo(known[told.reference_sha256]))
    again.run(make_engine(FakeBackend(), Second()), photograph, "grandma.png", tmp_path / "b.tif", no_progress)
    pictures = [open_photo(tmp_path / name).pixels for name in ("a.tif", "b.tif")]
    assert pictures[0].ndim == 3
    np.testing.assert_array_equal(*pictures)


def test_a_batch_has_a_sidecar_for_each_picture(tmp_path):
    photographs = [Source(f"{n}.png", save_grey(tmp_path / f"{n}.png", 40 + n)) for n in range(2)]
    list(colour_batch(make_engine(), photographs, Job("pocket", with_sidecar=True), tmp_path / "out.zip"))
    names = [f"{n}.colour.png{ending}" for n in range(2) for ending in ("", ".json")]
    assert zipfile.ZipFile(tmp_path / "out.zip").namelist() == [*names, "report.csv"]


@pytest.mark.parametrize(("learned", "mark"), [(True, COLOURED), (False, ENHANCED)])
def test_the_mark_says_whether_a_network_gave_the_colour(tmp_path, learned, mark):
    engine = make_engine(FakeBackend(learned=learned))
    Job("pocket").run(engine, save_grey(tmp_path / "a.png"), "a.png", tmp_path / "b.png", no_progress)
    assert mark in Image.open(tmp_path / "b.png").info["xmp"].decode()


@pytest.mark.parametrize("quality", [0, 101])
def test_a_quality_out_of_range_is_refused_before_anything_is_done(tmp_path, quality):
    with pytest.raises(RequestError, match=r"'quality' is \d+ and must be 1 to 100"):
        Job("pocket", quality=quality).run(make_engine(), tmp_path / "none", "a", tmp_path / "b.png", no_progress)


def test_a_sidecar_that_cannot_be_written_is_told_of(tmp_path):
    sidecar_of(tmp_path / "b.png").mkdir()
    job = Job("pocket", with_sidecar=True)
    with pytest.raises(PhotoError, match=r"b\.png\.json could not be written"):
        job.run(make_engine(), save_grey(tmp_path / "a.png"), "a.png", tmp_path / "b.png", no_progress)
    assert not (tmp_path / "b.png").exists()


@pytest.mark.parametrize(
    "job", [Job("x" * 5000), Job("pocket", options={"y" * 5000: 1}), Job("pocket", format_name="z" * 999)]
)
def test_long_names_are_not_repeated_whole(tmp_path, job):
    with pytest.raises(AutochromeError) as caught:
        job.run(make_engine(), save_grey(tmp_path / "a.png"), "a.png", tmp_path / "b.png", no_progress)
    assert len(str(caught.value)) < 400


def test_no_picture_stays_without_its_sidecar_whatever_goes_wrong(tmp_path, monkeypatch):
    def broken(*given):
        raise ValueError("nobody has foreseen it")

    monkeypatch.setattr("core.jobs.job.make_sidecar", broken)
    job = Job("pocket", with_sidecar=True)
    with pytest.raises(ValueError, match="foreseen"):
        job.run(make_engine(), save_grey(tmp_path / "a.png"), "a.png", tmp_path / "b.png", no_progress)
    assert not (tmp_path / "b.png").exists()
