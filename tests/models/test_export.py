"""pocket.onnx read back, averaged and written again."""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np
import pytest

for name in ("torch", "onnx", "efficientnet_lite_pytorch"):
    pytest.importorskip(name, reason="Only training needs it.")

import onnx  # noqa: E402
import torch  # noqa: E402

from models.pocket import export  # noqa: E402

FOLDER = Path(export.__file__).parent


def weights_in(path: Path) -> list[np.ndarray]:
    return [onnx.numpy_helper.to_array(each).astype(np.float32) for each in onnx.load(path).graph.initializer]


def test_the_mean_of_a_file_and_another_lies_half_way(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    other = {
        name: value + 0.5 * (name == "decoder.head.weight")
        for name, value in export.weights_of(FOLDER / "pocket.onnx").items()
    }
    torch.save({"average": other}, tmp_path / "at-1.pt")
    given = [str(FOLDER / "pocket.onnx"), str(tmp_path / "at-1.pt")]
    monkeypatch.setattr(sys, "argv", ["export", *given, "--out", str(tmp_path)])
    export.main()
    moved = [
        after - before
        for after, before in zip(weights_in(tmp_path / "pocket.onnx"), weights_in(FOLDER / "pocket.onnx"), strict=True)
    ]
    assert {float(each.max().round(2)) for each in moved} == {0, 0.25}
    tables = [np.loadtxt(folder / "bins.csv", delimiter=",", skiprows=1) for folder in (tmp_path, FOLDER)]
    np.testing.assert_array_equal(*tables)
