"""A thread of one's own for a backend or a plugin: what it calls may hang, and nobody waits for ever."""

from __future__ import annotations

import contextvars
import threading
import time
import weakref
from collections.abc import Callable
from concurrent.futures import Future, wait
from queue import SimpleQueue
from typing import TypeVar

from core.progress import Progress, no_progress

Result = TypeVar("Result")


class HangError(Exception):
    """A call was given up, or not begun behind one that was; says which. It goes on: Python can end no thread."""


class Worker:
    """Makes every call in the same thread, one at a time, in the order in which they come.

    What a library keeps for each thread (torch's grad mode, a CUDA stream) thus lasts from call to call. A thread that
    hangs does not keep the program up, and an idle one ends with its worker.
    """

    def __init__(self, name: str, timeout: float):
        """Start the thread.

        Args:
            name: the thread's.
            timeout: seconds without a sign of life after which a call is given up.
        """
        self._timeout = timeout
        self._alive_at: float | None = None  # when the call under way gave its last sign of life
        self._calls: SimpleQueue[Callable[[], None] | None] = SimpleQueue()
        threading.Thread(target=_work, args=(self._calls,), name=name, daemon=True).start()
        weakref.finalize(self, self._calls.put, None)

    def call(self, function: Callable[[Progress], Result], progress: Progress = no_progress) -> Result:
        """What the function returns; raises what it raises.

        Args:
            function: is given a ``progress`` of its own; using it is a sign of life.
            progress: gets what the function says, for as long as this call waits.

        Raises:
            HangError: there was no sign of life in time, from this call or from one before it.
        """
        future: Future[Result] = Future()
        context = contextvars.copy_context()  # Gradio knows by context variables whom progress is for
        waiting = True

        def sign_of_life(fraction: float, words: str) -> None:
            self._alive_at = time.monotonic()
            if waiting:
                progress(fraction, words)

        def run() -> None:
            self._alive_at = time.monotonic()
            try:
                if future.set_running_or_notify_cancel():
                    future.set_result(context.run(function, sign_of_life))
            except BaseException as error:
                future.set_exception(error)
            finally:
                self._alive_at = None

        self._calls.put(run)
        while not wait([future], self._seconds_left()).done:
            if self._seconds_left() == 0 and future.cancel():
                raise HangError("still hangs from an earlier photograph")
            if self._seconds_left() == 0:
                waiting = False
                raise HangError(f"gave no sign of life for {self._timeout:g} s and was given up")
        return future.result()

    def _seconds_left(self) -> float:
        """Until the call under way counts as hanging."""
        alive_at = self._alive_at
        return self._timeout if alive_at is None else max(0.0, alive_at + self._timeout - time.monotonic())


def _work(calls: SimpleQueue[Callable[[], None] | None]) -> None:
    while True:
        call = calls.get()
        if call is None:
            return
        call()
        del call  # while it waits for the next one, a thread keeps neither its worker nor a photograph
