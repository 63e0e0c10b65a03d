"""zhang-v2's network as ONNX. CI runs this file twice: with OpenCV 4, and with OpenCV 5, which reads no Caffe."""

from __future__ import annotations

import sys
from pathlib import Path
from types import SimpleNamespace

import cv2
import numpy as np
import pytest

from backends.zhang_onnx import OnnxNetwork, convert, onnx_model
from core.colour.cielab import Float
from core.errors import BackendError
from core.registry.registry import load_registry
from tests.support.standins import CAFFEMODEL, PROTOTXT, bins, stock_ab

OPENCV_4 = hasattr(cv2.dnn, "readNetFromCaffe")

# a*b* that the stock recipe on OpenCV 4.14 gives at 16 places, with the two stand-ins, for the picture below
FULL = """
    -11.959 -1.360 7.297 6.277 -5.309 10.194 -0.796 8.872 -14.867 -19.734 -37.530 7.349 -6.304 15.259 2.708 8.781
    -9.929 -7.118 1.803 5.345 -9.751 2.776 -5.708 -6.049 -7.488 14.597 -0.458 3.625 -5.370 22.949 4.089 1.572
"""
NARROW = """
    1.663 -4.667 7.405 5.116 -1.402 -6.371 2.629 0.132 -3.410 -12.846 -8.136 -6.333 18.526 2.155 -4.118 -14.196
    2.344 -3.877 3.203 -2.895 -14.686 -25.438 3.468 -7.916 -9.156 -8.725 -6.851 -5.225 18.380 -21.795 -8.335 -20.193
"""


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A cache of this test's own."""
    monkeypatch.setenv("HF_HOME", str(tmp_path / "hf"))
    return tmp_path / "hf" / "autochrome"


def picture() -> Float:
    """(224, 224) float32 L*: waves of many lengths."""
    y, x = np.mgrid[:224, :224].astype(np.float32)
    waves = np.sin(x / 3 + y / 11) + np.sin(y / 5 - x / 17) + np.sin(x * y / 900)
    return (50 + 16 * waves).astype(np.float32)


def colours(folder: Path) -> Float:
    """(56, 56, 2) a*b*: what the release's own last layers compute from the logits (paper, equation 5)."""
    logits = 2.606 * OnnxNetwork(*files(folder)).logits(picture() - np.float32(50))
    weights = np.exp(logits - logits.max(0))
    return np.einsum("qhw,qc->hwc", weights / weights.sum(0), bins().astype(np.float32))


def files(folder: Path) -> tuple[Path, Path]:
    return folder / PROTOTXT, folder / CAFFEMODEL


def test_the_full_network_gives_opencv_4s_colours(zhang_files: Path) -> None:
    ab = colours(zhang_files)
    assert np.abs(ab[6::14, 6::14].ravel() - np.array(FULL.split(), float)).max() < 0.05


def test_the_narrow_network_gives_opencv_4s_colours(narrow_files: Path) -> None:
    ab = colours(narrow_files)
    assert np.abs(ab[6::14, 6::14].ravel() - np.array(NARROW.split(), float)).max() < 0.05


@pytest.mark.skipif(not OPENCV_4, reason="OpenCV 5 reads no Caffe models: the numbers above stand for it")
def test_everywhere_it_gives_the_colours_of_the_stock_recipe(narrow_files: Path) -> None:
    assert np.abs(colours(narrow_files) - stock_ab(narrow_files, picture())).max() < 0.05


def test_it_is_converted_once_and_kept_by_its_files(
    narrow_files: Path, tmp_path: Path, home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = onnx_model(*files(narrow_files))
    (kept,) = home.glob("zhang-v2-*.onnx")
    monkeypatch.setitem(sys.modules, "onnx", None)  # what is kept needs no package
    assert onnx_model(*files(narrow_files)) == first == kept.read_bytes()
    other = tmp_path / "other.caffemodel"
    other.write_bytes((narrow_files / CAFFEMODEL).read_bytes() + b"\x0a\x00")
    with pytest.raises(BackendError):  # other weights are not served from it
        onnx_model(narrow_files / PROTOTXT, other)


def test_without_the_package_there_is_one_sentence(narrow_files: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "onnx", None)
    with pytest.raises(BackendError) as raised:
        onnx_model(*files(narrow_files))
    assert str(raised.value) == (
        "zhang-v2 needs the onnx package with this OpenCV; run: pip install -r requirements-onnx.txt"
    )


def test_without_the_package_its_weights_are_not_fetched(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "onnx", None)
    monkeypatch.setattr(cv2, "dnn", SimpleNamespace())  # OpenCV 5
    weights = load_registry(plugins=False).get("zhang-v2").weights  # type: ignore[attr-defined]
    assert weights.status().state == "unusable"
    assert weights.status().message == (
        "zhang-v2 needs the onnx package with this OpenCV; run: pip install -r requirements-onnx.txt."
    )
    home.mkdir(parents=True)
    (home / "zhang-v2-0123-4567-89ab.onnx").touch()  # converted before: the package is not needed any more
    assert weights.status().state == "missing"


def test_a_damaged_conversion_is_made_again(narrow_files: Path, home: Path) -> None:
    good = onnx_model(*files(narrow_files))
    (kept,) = home.glob("zhang-v2-*.onnx")
    kept.write_bytes(good[:-1])
    assert onnx_model(*files(narrow_files)) == good
    assert [path.read_bytes() for path in home.iterdir()] == [good]


def test_where_nothing_can_be_kept_it_is_converted_each_time(narrow_files: Path, tmp_path: Path) -> None:
    (tmp_path / "hf").write_text("not a folder")
    assert onnx_model(*files(narrow_files)) == onnx_model(*files(narrow_files))


def test_another_network_is_refused(narrow_files: Path) -> None:
    text = (narrow_files / PROTOTXT).read_text().replace("BatchNorm", "LRN")
    with pytest.raises(ValueError, match="layer conv1_2norm is a LRN"):
        convert(text, (narrow_files / CAFFEMODEL).read_bytes())
