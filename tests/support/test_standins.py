"""The stand-in for zhang-v2's weights behaves as the real files do."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np

from tests.support.standins import BINS, CAFFEMODEL, PROTOTXT, bins, stock_ab, write_zhang

REAL_BYTES = 128_946_764


def texture() -> np.ndarray:
    """(224, 224) float32 L*, smooth and varied."""
    noise = np.random.default_rng(3).normal(50, 100, (224, 224)).astype(np.float32)
    return np.clip(cv2.GaussianBlur(noise, (0, 0), 3), 0, 100)


def test_it_has_the_real_size_and_layout(zhang_files: Path) -> None:
    assert abs((zhang_files / CAFFEMODEL).stat().st_size - REAL_BYTES) < 1024
    assert (zhang_files / BINS).stat().st_size == 5088
    loaded = np.load(zhang_files / BINS)
    assert (loaded.dtype, loaded.shape) == (np.dtype("<i8"), (313, 2))
    assert np.unique(loaded, axis=0).shape == (313, 2)
    assert (loaded % 10 == 0).all()
    assert np.array_equal(loaded, bins())


def test_its_layers_are_release_v2s(narrow_files: Path) -> None:
    net = cv2.dnn.readNetFromCaffe(str(narrow_files / PROTOTXT), str(narrow_files / CAFFEMODEL))
    names = net.getLayerNames()
    kinds = [net.getLayer(net.getLayerId(name)).type for name in names]
    assert {kind: kinds.count(kind) for kind in sorted(set(kinds))} == {
        "BatchNorm": 7,
        "Convolution": 23,
        "Deconvolution": 1,
        "ReLU": 22,
        "Scale": 1,
        "Silence": 1,
        "Softmax": 1,
    }
    assert names[0] == "conv1_1"  # OpenCV names a layer by its top; in the file it is bw_conv1_1
    assert names[-5:] == ("conv8_313", "conv8_313_rh", "class8_313_rh", "class8_ab", "Silence")


def test_its_colours_vary_and_are_moderate(zhang_files: Path) -> None:
    ab = stock_ab(zhang_files, texture())
    assert ab.shape == (56, 56, 2)
    assert (ab.std((0, 1)) > 3).all()
    assert 5 < np.hypot(ab[..., 0], ab[..., 1]).mean() < 25


def test_seeds_differ_and_repeat(tmp_path: Path) -> None:
    first, again, other = (
        write_zhang(tmp_path / name, seed=seed, narrow=32) for name, seed in (("a", 1), ("b", 1), ("c", 2))
    )
    assert (first / CAFFEMODEL).read_bytes() == (again / CAFFEMODEL).read_bytes()
    assert (first / CAFFEMODEL).read_bytes() != (other / CAFFEMODEL).read_bytes()
    assert (first / PROTOTXT).read_bytes() == (other / PROTOTXT).read_bytes()
