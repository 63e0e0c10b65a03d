"""Small backends and pictures that stand for real ones."""

from __future__ import annotations

import threading
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image
from pydantic import BaseModel, ConfigDict

from core.engine import Engine
from core.look.colouring import Colouring, colouring_of
from core.look.look import Look
from core.photo.open import Photo
from core.photo.resize import resize_area
from core.prediction import AbDistribution, Prediction
from core.registry.registry import Registry
from core.render.render import Picture, render
from core.settings import Settings

BINS = np.array([[0, 0], [40, 20], [-30, 30], [5, -45]], np.float32)


class FakeBackend:
    """Warm where the photograph is light, blue where it is dark; counts its calls and can be held up."""

    class Options(BaseModel):
        model_config = ConfigDict(extra="forbid")
        shift: float = 0.0

    def __init__(self, backend_id: str = "pocket", **info: Any):
        self.info = {"id": backend_id, "title": backend_id.title(), "input_size": 64, "multiple": 8, **info}
        self.calls = 0
        self.loads = 0
        self.inside = 0
        self.most_inside = 0
        self.go = threading.Event()
        self.go.set()

    def load(self, progress: Any) -> None:
        self.loads += 1

    def predict(self, request: Any, options: Any) -> Any:
        self.calls += 1
        self.inside += 1
        self.most_inside = max(self.most_inside, self.inside)
        assert self.go.wait(30)
        self.inside -= 1
        light = request.lightness[::4, ::4] / 100
        logits = np.stack([0 * light + 0.5, 2 * light, light, 2 * (1 - light) + options.shift]).astype(np.float32)
        return AbDistribution(logits, BINS, np.array([-0.5, 1, 0.5, 1], np.float32))


def make_engine(*backends: Any, **settings: Any) -> Engine:
    registry = Registry()
    for backend in backends or (FakeBackend(),):
        registry.register(backend)
    return Engine(registry, Settings(**settings))


def fake_engine(settings: Settings) -> Engine:
    """For processes of their own, which get functions by their names."""
    return make_engine(FakeBackend())


def grey_picture(height: int = 60, width: int = 90, dtype: Any = np.uint8) -> Any:
    """A smooth picture with an edge and a little grain, mid-tones only: (h, w)."""
    y, x = np.mgrid[0:height, 0:width]
    grain = np.random.default_rng(7).normal(0, 2, (height, width))
    light = 70 + 90 * x / width + 30 * (y > height / 2) + grain
    return np.rint(light * (257 if dtype == np.uint16 else 1)).astype(dtype)


def save_grey(path: Path, height: int = 60, width: int = 90) -> Path:
    Image.fromarray(grey_picture(height, width)).save(path)
    return path


def paint(photo: Photo, prediction: Prediction, look: Look) -> Picture:
    """The picture that a prediction becomes."""
    return render(photo, colouring_of(prediction, photo.lightness()), look)


def laid_over(ab: Any, overlay: Any) -> Any:
    """(h, w, 2) a*b* under the overlay of a ``HintField``."""
    overlay = resize_area(overlay, ab.shape[:2])
    return ab * (1 - overlay[..., 2:]) + overlay[..., :2]


def coloured(colouring: Colouring, look: Look) -> Any:
    """The (h', w', 2) a*b* of a prediction under all of a look but its refinement, hints' own colours included."""
    ab = colouring.chroma(look)
    return laid_over(ab, colouring.overlay(look.hints)) if look.hints else ab
