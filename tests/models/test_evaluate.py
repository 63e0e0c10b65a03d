"""Scores of a backend on photographs whose colours are known."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from core.colour.cielab import lab_to_linear, linear_to_srgb
from models.pocket.evaluate import main, open_truth
from models.pocket.metrics import picture_scores, skin_scores, to_lab

EXAMPLES = Path(__file__).parents[2] / "core" / "web" / "examples"


def tinted(rgb: np.ndarray, chroma: float, hue: float) -> np.ndarray:
    """A grey photograph in one hue, in degrees, with more colour on one side."""
    lab = to_lab(rgb)
    across = np.linspace(0.5, 1.5, rgb.shape[1])
    lab[..., 1] = chroma * np.cos(np.radians(hue)) * across
    lab[..., 2] = chroma * np.sin(np.radians(hue)) * across
    return np.rint(linear_to_srgb(lab_to_linear(lab).clip(0, 1)) * 255).astype(np.uint8)


@pytest.fixture(scope="module")
def greys() -> list[np.ndarray]:
    return [open_truth(EXAMPLES / name, 224) for name in ("astronaut.jpg", "cat.jpg", "coffee.jpg")]


@pytest.fixture(scope="module")
def truths(greys: list[np.ndarray]) -> list[np.ndarray]:
    return [tinted(rgb, 20, 55) for rgb in greys]


def test_the_truth_is_neither_pale_nor_overcoloured(truths: list[np.ndarray]) -> None:
    scores = picture_scores(truths, truths)
    assert scores["psnr"] == 60
    assert scores["pale %"] == scores["over %"] == 0
    assert 1.2 < scores["spikes"] < 3


def test_grey_is_pale_and_three_times_the_chroma_is_too_much(greys: list[np.ndarray], truths: list[np.ndarray]) -> None:
    assert picture_scores(greys, truths)["pale %"] == 100
    assert picture_scores([tinted(rgb, 60, 55) for rgb in greys], truths)["over %"] == 100


def test_a_green_face_has_the_wrong_hue_and_a_pale_one_the_wrong_chroma(
    greys: list[np.ndarray], truths: list[np.ndarray]
) -> None:
    right = skin_scores(truths, truths)
    shown = "dark" if np.isnan(right["hue light"]) else "light"
    assert right[f"hue {shown}"] == 0
    assert right[f"skin {shown} %"] == 100
    green = skin_scores([tinted(rgb, 20, 125) for rgb in greys], truths)
    assert green[f"hue {shown}"] == pytest.approx(70, abs=5)
    assert skin_scores([tinted(rgb, 6, 55) for rgb in greys], truths)[f"skin {shown} %"] == 0


def test_the_command_prints_a_line_for_grey_the_backend_and_the_truth(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], truths: list[np.ndarray]
) -> None:
    for number, rgb in enumerate(truths):
        Image.fromarray(rgb).save(tmp_path / f"{number}.png")
    main([str(tmp_path), "--side", "96", "--no-refine"])
    lines = capsys.readouterr().out.splitlines()
    assert lines[0] == "3 photographs"
    assert "spikes" in lines[1]
    assert [line.split()[0] for line in lines[2:]] == ["grey", "pocket", "truth"]
