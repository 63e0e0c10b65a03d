"""One album, one network: what ``auto`` means is decided once a run, and said."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

from core.jobs.batch import colour_batch
from core.jobs.job import Job
from core.jobs.one_backend import OneBackend
from core.photo.archive import Source
from core.weights.weights import WeightStatus
from tests.support.fakes import FakeBackend, make_engine, save_grey


class Late(FakeBackend):
    """The preferred backend, whose weights are here from when they ``arrive``."""

    def __init__(self) -> None:
        super().__init__("later", order=1)
        self.weights: Any = self
        self.arrived = False

    def arrive(self) -> None:
        self.arrived = True

    def start(self) -> None:
        pass

    def wait(self, timeout: float) -> bool:
        return self.arrived

    def status(self) -> WeightStatus:
        return WeightStatus(
            state="ready" if self.arrived else "missing", bytes_done=0, bytes_total=9, message="Not yet."
        )

    def digests(self) -> dict[str, str]:
        return {}


def album(folder: Path) -> list[Source]:
    return [Source(f"{number}.png", save_grey(folder / f"{number}.png", 40 + number)) for number in range(6)]


def test_weights_that_arrive_in_the_middle_change_nothing_until_the_next_run(tmp_path: Path) -> None:
    late, pocket = Late(), FakeBackend(embedded=True)
    engine = make_engine(late, pocket, auto_wait=0)
    outcomes = []
    for number, done in enumerate(colour_batch(engine, album(tmp_path), Job(), tmp_path / "out.zip")):
        if number == 2:
            late.arrive()
        outcomes.append(done.outcome)
    assert {outcome.backend for outcome in outcomes} == {"pocket"}
    assert {outcome.fallback_reason for outcome in outcomes} == {
        "later: Not yet. All of this run is coloured by pocket."
    }
    again = list(colour_batch(engine, album(tmp_path), Job(), tmp_path / "out.zip"))
    assert {done.outcome.backend for done in again} == {"later"}


def test_photographs_side_by_side_wait_for_the_decision(tmp_path: Path) -> None:
    late, pocket = Late(), FakeBackend(embedded=True)
    colourer = OneBackend(make_engine(late, pocket, auto_wait=0), Job())
    pocket.go.clear()

    def attempt(source: Source) -> Any:
        return colourer.attempt(source, tmp_path / f"{source.name}.colour.png")[0]

    with ThreadPoolExecutor(3) as pool:
        threading.Timer(0.2, lambda: (late.arrive(), pocket.go.set())).start()
        assert {outcome.backend for outcome in pool.map(attempt, album(tmp_path))} == {"pocket"}


def test_a_photograph_that_cannot_be_opened_decides_nothing(tmp_path: Path) -> None:
    late, pocket = Late(), FakeBackend(embedded=True)
    colourer = OneBackend(make_engine(late, pocket, auto_wait=0), Job())
    assert colourer.attempt(Source("none.png", tmp_path / "none.png"), tmp_path / "a.png")[0].status == "failed"
    late.arrive()
    assert colourer.attempt(album(tmp_path)[0], tmp_path / "b.png")[0].backend == "later"
