"""How far a transfer is, how fast it goes, and for how long it has been silent."""

from __future__ import annotations

import time
from collections import deque

_WINDOW = 5.0
"""Seconds over which the rate is averaged."""


class StoppedError(Exception):
    """A transfer that is not wanted any more."""


class Meter:
    """One thread tells it what happens, and is told so when that is not wanted any more; any thread reads it.

    Attributes:
        total: bytes of all that is to come.
        stopped: set by any thread to end the transfer.
    """

    def __init__(self, total: int):
        self.total, self.stopped = total, False
        self._complete = self._partial = 0  # bytes of the files that are in place, and of the one on its way
        self._asked_at: float | None = None  # when the Hub was asked, until it answers
        self._heard_at: float | None = None  # when a transfer under way last brought something
        self._samples: deque[tuple[float, int]] = deque()

    def asked(self) -> None:
        """The Hub has been asked for a file."""
        self._partial, self._asked_at, self._heard_at = 0, time.monotonic(), None

    def answered(self) -> None:
        """It has answered: a transfer is to begin."""
        self._partial, self._asked_at, self._heard_at = 0, None, time.monotonic()

    def settled(self, size: int = 0) -> None:
        """A transfer has ended, with a file of this size in place or with none."""
        self._complete += size
        self._partial, self._asked_at, self._heard_at = 0, None, None

    def go_on(self) -> None:
        """Raise StoppedError where it is not to."""
        if self.stopped:
            raise StoppedError

    def count(self, more: int) -> None:
        """So many bytes more have come; fewer when a transfer starts over. Raises StoppedError as ``go_on`` does."""
        self.go_on()
        self._partial += more
        self._asked_at, self._heard_at = None, time.monotonic()
        self._samples.append((self._heard_at, self.done))
        while len(self._samples) > 2 and self._samples[1][0] < self._heard_at - _WINDOW:
            self._samples.popleft()

    @property
    def done(self) -> int:
        """Bytes that are here, of ``total``."""
        return min(self._complete + self._partial, self.total)

    @property
    def rate(self) -> float:
        """Bytes a second over the last few seconds; 0 while unknown."""
        samples = list(self._samples)
        if len(samples) < 2:
            return 0.0
        return max(0.0, (samples[-1][1] - samples[0][1]) / max(time.monotonic() - samples[0][0], 1e-3))

    @property
    def seconds_left(self) -> float:
        """How long the rest will take at this rate; 0 while that cannot be told."""
        samples, rate = list(self._samples), self.rate
        known = rate and samples[-1][0] - samples[0][0] >= 0.5
        return (self.total - self.done) / rate if known else 0.0

    @property
    def unanswered(self) -> float:
        """Seconds for which the Hub has left a question without any answer."""
        return time.monotonic() - self._asked_at if self._asked_at else 0.0

    @property
    def silent(self) -> float:
        """Seconds for which a transfer under way has brought nothing."""
        return time.monotonic() - self._heard_at if self._heard_at else 0.0

    @property
    def is_waiting(self) -> bool:
        """Whether a transfer under way has brought nothing at all: another process may be fetching the same file."""
        return self._heard_at is not None and not self._partial
