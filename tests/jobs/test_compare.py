"""Every ready backend on one photograph."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from core.colour.metrics import ciede2000, colourfulness, psnr
from core.errors import BackendError
from core.jobs.compare import compare
from core.photo.open import Photo
from core.prediction import AbField
from tests.support.fakes import FakeBackend, grey_picture, make_engine


class Plain:
    """One chroma everywhere."""

    def __init__(self, backend_id: str, ab: tuple[float, float], **info: Any):
        self.info = {"id": backend_id, "input_size": 16, **info}
        self.ab = ab

    def predict(self, request: Any, options: Any) -> AbField:
        field = np.empty((*request.lightness.shape, 2), np.float32)
        field[:] = self.ab
        return AbField(field)


class Broken(Plain):
    def predict(self, request: Any, options: Any) -> AbField:
        raise BackendError("Backend 'broken' is not well; choose another backend.")


class Missing(Plain):
    class weights:  # noqa: N801
        @staticmethod
        def status() -> Any:
            return type("Status", (), {"state": "missing"})


def coloured_photo() -> Photo:
    grey = grey_picture(80, 120).astype(float)
    rgb = np.dstack([grey * 1.2, grey * 0.9, grey * 0.7])
    rgb[:, 60:] = np.dstack([grey * 0.8, grey, grey * 0.6])[:, 60:]
    return Photo(np.clip(rgb, 0, 255).astype(np.uint8))


def test_ready_backends_are_measured_and_failing_ones_named() -> None:
    engine = make_engine(
        Plain("right", (18, 28), order=1),
        Plain("wrong", (-40, -50), order=2),
        Broken("broken", (0, 0), order=3),
        Missing("missing", (0, 0)),
        Plain("guided", (0, 0), wants_reference=True),
    )
    found = list(compare(engine, coloured_photo(), 5000))
    assert [measured.backend for measured, _ in found] == ["right", "wrong", "broken"]
    (right, picture), (wrong, _), (broken, nothing) = found
    assert picture is not None
    assert picture.shape[0] * picture.shape[1] <= 5100
    assert right.psnr is not None and wrong.psnr is not None and right.psnr > wrong.psnr + 3
    assert right.ciede2000 is not None and wrong.ciede2000 is not None and right.ciede2000 < wrong.ciede2000 - 3
    assert nothing is None
    assert broken.problem == "Backend 'broken' is not well; choose another backend."


def test_a_black_and_white_photograph_has_no_truth_to_measure_against() -> None:
    [(measured, _)] = compare(make_engine(FakeBackend()), Photo(grey_picture(dtype=np.uint16)), 10_000)
    assert measured.psnr is None and measured.ciede2000 is None
    assert measured.colourfulness is not None and measured.colourfulness > 5


@pytest.mark.parametrize(
    ("one", "two", "difference"),
    [  # Sharma, Wu and Dalal (2005), table 1: pairs 1, 7, 13, 17, 25 and 34
        ((50, 2.6772, -79.7751), (50, 0, -82.7485), 2.0425),
        ((50, 0, 0), (50, -1, 2), 2.3669),
        ((50, -0.001, 2.49), (50, 0.0011, -2.49), 4.7461),
        ((50, 2.5, 0), (73, 25, -18), 27.1492),
        ((60.2574, -34.0099, 36.2677), (60.4626, -34.1751, 39.4387), 1.2644),
        ((2.0776, 0.0795, -1.135), (0.9033, -0.0636, -0.5514), 0.9082),
    ],
)
def test_ciede2000_is_the_papers(one: Any, two: Any, difference: float) -> None:
    assert ciede2000(np.array([[one]]), np.array([[two]]))[0, 0] == pytest.approx(difference, abs=1e-4)


def test_psnr_and_colourfulness_of_what_is_known() -> None:
    grey = np.full((4, 4, 3), 100, np.uint8)
    assert colourfulness(grey) == 0
    assert psnr(grey, grey) == float("inf")
    assert psnr(grey + np.uint8(1), grey) == pytest.approx(48.13, abs=0.01)
