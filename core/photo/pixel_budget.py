"""Pixels that a server holds decoded at once, for all its callers together: who comes when there is no room waits."""

from __future__ import annotations

import gc
import threading
import time
import weakref
from collections.abc import Callable
from typing import Any

import numpy as np

from core.errors import PhotoError

PATIENCE = 120.0
"""Seconds that a photograph waits for others."""


_SENTENCE = "This server has large photographs in work; try again in a minute."


class PixelBudget:
    """Pixels in work. Thread-safe; a photograph that is larger than the whole of it is let in when it is alone."""

    def __init__(self) -> None:
        self._changed = threading.Condition(threading.RLock())  # an array may be dropped while this thread waits here
        self._used = 0
        self._door = threading.Lock()

    @property
    def used(self) -> int:
        """Pixels in work now."""
        return self._used

    def come_in(self) -> Callable[[], None]:
        """Wait until no other waits: each that does has its whole file in memory. Gives what lets the next come in.

        Raises:
            PhotoError: that took too long.
        """
        if not self._door.acquire(timeout=PATIENCE):
            raise PhotoError(_SENTENCE)
        return self._door.release

    def admit(self, pixels: int, limit: int) -> Callable[[], None]:
        """Wait until there is room; gives what makes room again.

        Raises:
            PhotoError: there was none for too long.
        """
        deadline = time.monotonic() + PATIENCE
        with self._changed:
            while self._used and self._used + pixels > limit:
                if not self._changed.wait(min(1.0, max(0.0, deadline - time.monotonic()))):
                    if time.monotonic() >= deadline:
                        raise PhotoError(_SENTENCE)
                    gc.collect()  # an error may hold on to its photograph
            self._used += pixels
        return lambda: self._give_back(pixels)

    def _give_back(self, pixels: int) -> None:
        with self._changed:
            self._used -= pixels
            self._changed.notify_all()


def when_dropped(pixels: np.ndarray[Any, Any], call: Callable[[], None]) -> None:
    """Call something once an array's memory is given back."""
    owner = pixels
    while isinstance(owner.base, np.ndarray):
        owner = owner.base
    weakref.finalize(owner, call).atexit = False
