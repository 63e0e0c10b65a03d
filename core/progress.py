"""How a slow step tells how far it is."""

from __future__ import annotations

from collections.abc import Callable
from threading import Event

Progress = Callable[[float, str], None]
"""Told how far a slow step is: a fraction 0..1 and a few words for a person."""


def no_progress(fraction: float, words: str) -> None:
    """Progress that nobody watches."""


class StoppedError(Exception):
    """Raised by a progress that is told something, to end the work: a person wants no more of it."""


def stopped_by(event: Event, progress: Progress) -> Progress:
    """A progress that ends the work once an event is set."""

    def told(fraction: float, words: str) -> None:
        if event.is_set():
            raise StoppedError
        progress(fraction, words)

    return told
