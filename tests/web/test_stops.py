"""Long work that a visitor may stop, also while it waits for its turn."""

from __future__ import annotations

import gc
import threading
from types import SimpleNamespace
from typing import Any

from core.web.stops import Stops


def visitor(number: int) -> Any:
    return SimpleNamespace(session_hash=f"visitor {number}")


def events() -> int:
    return sum(isinstance(each, threading.Event) for each in gc.get_objects())


def test_work_that_waits_can_be_stopped_and_what_never_comes_is_forgotten() -> None:
    stops, before = Stops(), events()
    stops.expect(visitor(-1))
    with stops.working(visitor(-1)) as long:
        for number in range(2000):
            stops.expect(visitor(number))
        assert events() - before < 400
        stops.stop(visitor(-1))
        assert long.is_set()
    stops.stop(visitor(1999))
    with stops.working(visitor(1999)) as event:
        assert event.is_set()
    with stops.working(visitor(1999)) as event:
        assert not event.is_set()
