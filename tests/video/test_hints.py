"""Colours that a person has put on a frame go along with what they are on."""

from __future__ import annotations

import tracemalloc
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest

from core.colour.cielab import rgb_to_lab
from core.errors import RequestError
from core.video.colour_film import FilmJob, colour_film
from core.video.encoding import Encoding
from core.video.film import look_at
from core.video.hints import Trails, film_hints
from tests.support.clips import TREE, behind_a_tree, walker
from tests.support.fakes import FakeBackend, make_engine
from tests.support.films import read_film, scene, write_film

BLUE = "#3060c0"


class Grey(FakeBackend):
    """No colours of its own."""

    def predict(self, request: Any, options: Any) -> Any:
        self.calls += 1
        return np.zeros((48, 64, 2), np.float32)


def blues(film: Path, target: Path, *hints: dict[str, Any], **job: Any) -> list[Any]:
    """-b* of each frame, (h, w), of a film that has no colours but those hints."""
    colour_film(
        make_engine(Grey()), FilmJob("pocket", hints=film_hints(hints), **job), film, target, Encoding("h264", ".mp4")
    )
    return [-rgb_to_lab(rgb.astype(np.float32) / 255)[..., 2] for _, rgb in read_film(target)]


def test_a_colour_goes_with_the_one_who_walks_behind_a_tree_and_back_in_time(tmp_path: Path) -> None:
    greys = (cv2.cvtColor(rgb, cv2.COLOR_RGB2GRAY) for rgb in behind_a_tree(90))
    film = write_film(tmp_path / "a.mp4", greys)
    x, y = (40 + 1.7 * 20) / 256, 110 / 192
    seen = blues(film, tmp_path / "b.mp4", {"t": 0.8, "x": x, "y": y, "color": BLUE})
    for number in (0, 10, 20, 35, 55, 70, 89):
        coat = cv2.erode(walker(number).astype(np.uint8), np.ones((7, 7), np.uint8)).astype(bool)
        away = ~cv2.dilate(walker(number).astype(np.uint8), np.ones((25, 25), np.uint8)).astype(bool)
        assert seen[number][coat].mean() > 25, number
        assert abs(seen[number][away].mean()) < 2, number
    assert abs(seen[89][:, TREE].mean()) < 5


def test_a_colour_stays_in_its_shot_and_a_later_one_lies_over_it(tmp_path: Path) -> None:
    film = write_film(tmp_path / "a.mp4", [scene(3, 96, 128, seed) for seed in (0, 5, 0) for _ in range(20)])
    ball = {"x": 11 / 128, "y": 0.5}
    seen = blues(film, tmp_path / "b.mp4", {"t": 1.2, "color": BLUE, "width": 0.05, **ball})
    here = [float(blue[44:52, 8:14].mean()) for blue in seen]
    assert min(here[20:40]) > 15
    assert max(map(abs, here[:20] + here[40:])) < 2
    part = blues(film, tmp_path / "c.mp4", {"t": 1.2, "color": BLUE, "width": 0.05, **ball}, start=1.4, seconds=0.1)
    assert float(part[0][44:52, 8:14].mean()) == pytest.approx(here[35], abs=3)
    over = {"t": 1.4, "color": "#808080", "width": 0.05, **ball}
    both = blues(film, tmp_path / "d.mp4", {"t": 1.2, "color": BLUE, "width": 0.05, **ball}, over)
    assert abs(float(both[35][44:52, 8:14].mean())) < 6


def test_a_hint_needs_a_time_and_a_colour() -> None:
    with pytest.raises(RequestError, match=r"'0\.t' is not usable: field required"):
        film_hints([{"x": 0.5, "y": 0.5, "color": BLUE}])
    with pytest.raises(RequestError, match="not usable"):
        film_hints("a hint")
    assert film_hints(None) == ()


def test_hints_of_many_frames_take_little_memory(tmp_path: Path) -> None:
    film = look_at(write_film(tmp_path / "a.mp4", [scene(number, 120, 160) for number in range(12)]))
    spot = np.zeros((120, 160, 3), np.float32)
    spot[50:70, 60:100] = 10, -40, 1
    hints = film_hints([{"t": number / 25, "x": 0.5, "y": 0.5, "color": BLUE} for number in range(5)])
    Trails(film, hints, lambda *_: spot).at(0)  # what is made once and for all is none of theirs
    tracemalloc.start()
    again = Trails(film, hints, lambda *_: spot)
    layers = again.at(0)
    kept = tracemalloc.get_traced_memory()[0]
    tracemalloc.stop()
    assert len(layers) == 5
    assert kept - sum(layer.nbytes for layer in layers) < 5 * 12 * layers[0].size / 4
