"""zhang-v2 from the local Hub: the same colours as the plain OpenCV recipe on the same weights."""

from pathlib import Path

import cv2
import numpy as np
import pytest

from backends.zhang_caffe import interleaved, side_by_side
from backends.zhang_v2 import ZhangV2, resize_linear
from core.look.distribution import annealed_mean
from core.look.look import Look
from core.photo.open import Photo
from core.prediction import Request
from core.progress import no_progress
from core.settings import Settings
from core.weights.manifest import load_manifests
from core.weights.weights import Weights
from tests.support.fakes import FakeBackend, grey_picture, make_engine
from tests.support.standins import stock_ab, zhang_manifest


@pytest.fixture
def zhang(tmp_path, hub, zhang_files) -> ZhangV2:
    """The backend, its stand-in weights on the local Hub and nothing of them on this machine."""
    (tmp_path / "manifests").mkdir()
    (tmp_path / "manifests" / "zhang-v2.toml").write_text(zhang_manifest(zhang_files))
    settings = Settings(models_dir=tmp_path / "manifests")
    manifest = load_manifests(settings)["zhang-v2"]
    hub.add_manifest(manifest, zhang_files)
    return ZhangV2(Weights(manifest, settings))


stock_only = pytest.mark.skipif(
    not hasattr(cv2.dnn, "readNetFromCaffe"),
    reason="the stock recipe needs OpenCV 4; test_zhang_onnx.py has its numbers",
)


def plain_recipe(folder: Path, rgb: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """What every tutorial does: the picture, and which of its pixels sRGB could show unclipped."""
    scaled = rgb.astype(np.float32) / 255
    small = cv2.cvtColor(cv2.resize(scaled, (224, 224)), cv2.COLOR_RGB2Lab)[..., 0]
    height, width = rgb.shape[:2]
    ab = cv2.resize(stock_ab(folder, small), (width, height))
    lab = np.dstack([cv2.cvtColor(scaled, cv2.COLOR_RGB2Lab)[..., 0], ab])
    picture = np.clip(cv2.cvtColor(lab, cv2.COLOR_Lab2RGB), 0, 1)
    again = cv2.cvtColor(picture, cv2.COLOR_RGB2Lab)
    return np.rint(picture * 255), np.abs(again - lab).max(axis=-1) < 0.3


@stock_only
def test_a_photograph_is_coloured_as_by_the_plain_recipe(zhang, zhang_files):
    grey = cv2.GaussianBlur(np.random.default_rng(12).normal(0, 900, (280, 380)), (0, 0), 9) + 130
    photo = Photo(np.clip(grey, 60, 200).astype(np.uint8))
    engine = make_engine(zhang, FakeBackend("pocket"))
    picture, report = engine.colorize(photo, "zhang-v2", Look(refine=False, pooling=False, temperature=1 / 2.606))
    plain, showable = plain_recipe(zhang_files, np.dstack([photo.pixels] * 3))
    difference = np.abs(picture.rgb - plain).max(axis=-1)
    assert showable.mean() > 0.5
    assert difference[showable].max() <= 2
    assert np.ptp(picture.rgb.astype(int), axis=2).mean() > 10
    assert report.backend == "zhang-v2"
    assert report.fallback_reason is None
    assert set(report.weights) == {file.name for file in zhang.weights.manifest.files}


@pytest.mark.parametrize("shape", [(56, 77), (300, 477), (224, 224), (1, 1)])
@pytest.mark.parametrize("source", [(200, 300, 3), (31, 17), (1, 1), (1, 500)])
def test_the_small_picture_is_opencvs(source, shape):
    pixels = np.random.default_rng(10).integers(0, 256, source).astype(np.float32)
    np.testing.assert_allclose(resize_linear(pixels, shape), cv2.resize(pixels, shape[::-1]), atol=0.01)


@stock_only
def test_the_annealed_mean_is_the_releases_own(zhang, zhang_files):
    zhang.load(no_progress)
    lightness = cv2.resize(grey_picture(60, 90).astype(np.float32), (224, 224)) / 2.55
    distribution = zhang.predict(Request(lightness), None)
    assert distribution.logits.shape == (313, 56, 56)
    assert distribution.bins.shape == (313, 2)
    ab = annealed_mean(distribution, 1 / 2.606)
    assert np.abs(ab - stock_ab(zhang_files, lightness)).max() < 0.01
    assert ab.std(axis=(0, 1)).min() > 1  # not a flat picture


def test_a_dilated_convolution_is_an_ordinary_one_on_the_tiles():
    rng = np.random.default_rng(14)
    maps = rng.normal(0, 1, (1, 3, 28, 28)).astype(np.float32)
    np.testing.assert_array_equal(interleaved(side_by_side(maps)), maps)
    kernel = rng.normal(0, 1, (3, 3)).astype(np.float32)
    dilated = np.zeros((5, 5), np.float32)
    dilated[::2, ::2] = kernel
    wanted = [cv2.filter2D(plane, -1, dilated, borderType=cv2.BORDER_CONSTANT) for plane in maps[0]]
    tiles = side_by_side(maps)
    got = np.stack([cv2.filter2D(plane, -1, kernel, borderType=cv2.BORDER_CONSTANT) for plane in tiles[0]])[None]
    np.testing.assert_allclose(interleaved(got)[0], wanted, atol=1e-4)


def test_auto_is_zhang_once_its_weights_have_come(zhang):
    engine = make_engine(zhang, FakeBackend("pocket"), auto_wait=30)
    _, report = engine.colorize(Photo(grey_picture()))
    assert (report.backend, report.requested, report.fallback_reason) == ("zhang-v2", "auto", None)
