"""How far a transfer is, how fast it goes, and for how long it has been silent."""

from __future__ import annotations

from types import SimpleNamespace

import pytest

from core.weights.meter import Meter
from core.weights.transfer import _bar


class Clock:
    """Time that passes when told."""

    now = 100.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    clock = Clock()
    monkeypatch.setattr("core.weights.meter.time.monotonic", clock)
    return clock


def test_rate_and_time_left(clock: Clock) -> None:
    meter = Meter(1000)
    meter.answered()
    assert (meter.done, meter.rate, meter.seconds_left) == (0, 0, 0)
    for _ in range(11):
        meter.count(10)
        clock.now += 0.1
    assert meter.done == 110
    assert meter.rate == pytest.approx(100 / 1.1)
    assert meter.seconds_left == pytest.approx(890 / meter.rate)


def test_the_rate_is_that_of_the_last_seconds(clock: Clock) -> None:
    meter = Meter(10_000)
    for _ in range(100):
        meter.count(50)
        clock.now += 0.1
    for _ in range(100):
        meter.count(1)
        clock.now += 0.1
    assert meter.rate == pytest.approx(10, rel=0.1)


def test_a_silent_transfer_slows_down(clock: Clock) -> None:
    meter = Meter(1000)
    meter.answered()
    meter.count(100)
    clock.now += 1
    meter.count(100)
    clock.now += 9
    assert meter.silent == 9
    assert meter.rate == pytest.approx(10)
    meter.settled(300)
    assert (meter.done, meter.silent) == (300, 0)


def test_a_question_without_answer(clock: Clock) -> None:
    meter = Meter(1000)
    meter.asked()
    clock.now += 2
    assert meter.unanswered == 2
    meter.answered()
    assert meter.unanswered == 0


def test_a_transfer_that_starts_over_counts_anew(clock: Clock) -> None:
    meter = Meter(1000)
    meter.settled(100)
    meter.count(300)
    meter.answered()
    assert meter.done == 100
    meter.count(50)
    meter.count(-50)
    assert meter.done == 100


def test_xet_transfers_are_counted_once() -> None:
    """hf_xet tells of bytes over the line and of bytes in the file; the real reporter drives our bar here."""
    from huggingface_hub.utils._xet_progress_reporting import XetDownloadProgressReporter

    told: list[int] = []
    with XetDownloadProgressReporter(
        reconstruction_desc="file", total=1000, log_level=30, tqdm_class=_bar(told.append)
    ) as reporter:
        for done in (100, 400, 1000):
            reporter.update_progress(
                SimpleNamespace(
                    total_bytes=1000,
                    total_bytes_completed=done,
                    total_bytes_completion_rate=5.0,
                    total_transfer_bytes_completed=done // 2,
                    total_transfer_bytes_completion_rate=2.0,
                )
            )
    assert told == [100, 300, 600]
