"""The network for marks, written, read back to be trained on, and written again."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
import pytest

pytest.importorskip("torch", reason="PyTorch is not installed: only training needs it")
onnx = pytest.importorskip("onnx", reason="ONNX is not installed: only training needs it")

from models.marks.export import OUT, export, restore  # noqa: E402
from models.marks.train import normed  # noqa: E402


def logits_of(path: Path) -> np.ndarray:
    grey = np.random.default_rng(0).random((1, 4, 64, 96), np.float32)
    net = cv2.dnn.readNetFromONNX(str(path))
    net.setInput(grey)
    return np.asarray(net.forward())


def test_a_file_read_back_and_written_again_gives_the_same_marks(tmp_path: Path) -> None:
    onnx.save(export(restore(OUT)), tmp_path / "again.onnx")
    np.testing.assert_array_equal(logits_of(tmp_path / "again.onnx"), logits_of(OUT))


def test_what_is_to_be_trained_on_gives_the_same_marks_and_norms_its_batches(tmp_path: Path) -> None:
    import torch

    net = restore(OUT)
    batch = torch.rand(4, 1, 96, 96, generator=torch.manual_seed(0))
    before = net(batch)
    normed(net, batch)
    torch.testing.assert_close(net(batch), before, atol=0.01, rtol=0.01)
    torch.testing.assert_close(net.train()(batch), before, atol=0.05, rtol=0.05)
