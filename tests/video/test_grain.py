"""A grainy film: the network sees it smooth, the picture keeps its grain."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np

from core.video.colour_film import FilmJob, colour_film
from core.video.encoding import Encoding
from core.video.film import look_at
from core.video.grain import find_grain_of_film
from core.video.still import still
from tests.support.fakes import FakeBackend, make_engine
from tests.support.films import read_film, scene, write_film


class Seeing(FakeBackend):
    """Keeps what it is shown."""

    def __init__(self) -> None:
        super().__init__(input_size=128)
        self.seen: list[Any] = []

    def predict(self, request: Any, options: Any) -> Any:
        self.seen.append(request.lightness)
        return super().predict(request, options)


def roughness(plane: Any) -> float:
    return float(np.abs(np.diff(plane.astype(np.float32), 2, axis=1)).mean())


def film(path: Path, grain: float) -> Path:
    rng = np.random.default_rng(1)
    greys = ((scene(n, 96, 128) + rng.normal(0, grain, (96, 128))).clip(0, 255).astype(np.uint8) for n in range(12))
    return write_film(path, greys)


def test_the_network_sees_a_grainy_film_smooth_and_the_picture_keeps_its_grain(tmp_path: Path) -> None:
    smooth, grainy = film(tmp_path / "smooth.mp4", 0), film(tmp_path / "grainy.mp4", 20)
    assert not find_grain_of_film(look_at(smooth))
    found = {}
    for path in (smooth, grainy):
        backend = Seeing()
        colour_film(make_engine(backend), FilmJob("pocket"), path, tmp_path / "out.mkv", Encoding("ffv1", ".mkv"))
        found[path] = roughness(backend.seen[0]), roughness(read_film(tmp_path / "out.mkv")[0][1].mean(axis=2))
        backend.seen.clear()
        still(make_engine(backend), FilmJob("pocket"), path, 0)
        assert roughness(backend.seen[0]) < 1.2 * found[path][0]
    before = roughness(read_film(grainy)[0][1].mean(axis=2))
    assert found[grainy][0] < 0.7 * before / 2.55  # L* over levels
    assert found[grainy][1] > 0.9 * before
