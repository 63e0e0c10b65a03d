"""The network for faded prints, trained on a few photographs, and written."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
import pytest

torch = pytest.importorskip("torch", reason="PyTorch is not installed: only training needs it")
onnx = pytest.importorskip("onnx", reason="ONNX is not installed: only training needs it")

from core.restore.fading import BLACK, WHITE, described  # noqa: E402
from models.fading.train import Ends, error, export, sample  # noqa: E402

PHOTOS = Path(__file__).parents[1] / "support" / "colour_photos"


def rows() -> np.ndarray:
    rng = np.random.default_rng(0)
    photos = [cv2.imread(str(path), cv2.IMREAD_GRAYSCALE) for path in sorted(PHOTOS.glob("*.jpg"))]
    return np.array([sample(photo, rng) for photo in photos for _ in range(4)])


def test_a_written_file_says_what_the_network_says(tmp_path: Path) -> None:
    told = torch.from_numpy(np.stack([described(faded) for _, faded, _ in rows()]))[..., None, None]
    torch.manual_seed(0)
    net = Ends(told)
    onnx.save(export(net), tmp_path / "fading.onnx")
    read = cv2.dnn.readNetFromONNX(str(tmp_path / "fading.onnx"))
    for each in told:
        read.setInput(each[None].numpy())
        np.testing.assert_allclose(read.forward(), net(each[None]).detach(), atol=0.1)


def test_the_true_ends_bring_tones_back_and_others_do_not() -> None:
    clean, faded, alone = (torch.from_numpy(part) for part in rows().transpose(1, 0, 2))
    light = torch.from_numpy(np.float32(116) * np.cbrt(clean[:, [BLACK, WHITE]].numpy()) - 16).clamp(min=0)
    true = light[..., None, None]
    assert error(true, faded, alone, clean) < 5
    assert error(true + torch.tensor([20.0, -20.0])[None, :, None, None], faded, alone, clean) > 8
