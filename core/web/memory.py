"""Memory that is freed goes back to the system: glibc keeps as much again as a server uses, and ever more.

Each thread may have a heap of its own, and photographs leave holes in all of them (mallopt(3), malloc_trim(3)). To have
large arrays outside the heaps would do too, but then each costs the system's clean pages anew: half of a job's time.
"""

from __future__ import annotations

import ctypes
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

_ARENA_MAX = -8
"""``M_ARENA_MAX`` of malloc.h."""

_HEAPS = 2
_EVERY = 10.0
"""Seconds: seldom enough for what is soon used again."""


@contextmanager
def memory_given_back() -> Iterator[None]:
    """Have few heaps from now on, and give back now and then what is free in them; with glibc alone."""
    heap, over = _glibc(), threading.Event()
    if heap is None:
        yield
        return
    heap.mallopt(_ARENA_MAX, _HEAPS)

    def tidy() -> None:
        while not over.wait(_EVERY):
            heap.malloc_trim(0)

    threading.Thread(target=tidy, name="memory", daemon=True).start()
    try:
        yield
    finally:
        over.set()


def _glibc() -> Any:
    """What frees memory, or None where that is not glibc."""
    try:
        library = ctypes.CDLL(None)
        return library if library.malloc_trim and library.mallopt else None
    except (OSError, AttributeError, TypeError):
        return None
