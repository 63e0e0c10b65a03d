"""A call that may hang, made in a thread of its own, so that nobody has to wait for it for ever."""

from __future__ import annotations

import contextvars
import threading
import time
from collections.abc import Callable
from typing import Generic, TypeVar

from core.progress import Progress

Result = TypeVar("Result")


class Watched(Generic[Result]):
    """A call under way. Python can end no thread: one that hangs is left behind, and does not keep the program up."""

    def __init__(self, call: Callable[[Progress], Result], progress: Progress | None = None):
        """Begin.

        Args:
            call: is given a ``progress`` of its own; using it is a sign of life.
            progress: is told what the call tells, for as long as somebody waits.
        """
        self._progress = progress
        self._heard = time.monotonic()
        self._ended = threading.Event()
        self._error: BaseException | None = None
        # Gradio knows by context variables whom progress is for.
        target, context = self._run, contextvars.copy_context()
        threading.Thread(target=context.run, args=(target, call), name="backend", daemon=True).start()

    @property
    def has_ended(self) -> bool:
        """Whether it has returned or raised."""
        return self._ended.is_set()

    def ended_within(self, silence: float) -> bool:
        """Wait for the end; False, and no more progress, after so many seconds without a sign of life."""
        while not self._ended.wait(max(0.0, self._heard + silence - time.monotonic())):
            if time.monotonic() - self._heard >= silence:
                self._progress = None
                return False
        return True

    def result(self) -> Result:
        """What the call returned. Raises what it raised."""
        if self._error is not None:
            raise self._error
        return self._result

    def _run(self, call: Callable[[Progress], Result]) -> None:
        try:
            self._result = call(self._tell)
        except BaseException as error:
            self._error = error
        finally:
            self._ended.set()

    def _tell(self, fraction: float, words: str) -> None:
        self._heard = time.monotonic()
        progress = self._progress
        if progress is not None:
            progress(fraction, words)
