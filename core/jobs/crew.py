"""Worker processes that colour photographs side by side; one that dies or hangs costs one photograph, not the run.

Processes and not threads: two threads hand Python's lock to and fro and reach three quarters of twice one's speed.
"""

from __future__ import annotations

import multiprocessing
import os
import signal
import threading
import time
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from multiprocessing.connection import Connection, wait
from multiprocessing.context import SpawnProcess
from pathlib import Path

from core.errors import BackendError
from core.jobs.job import Job, Outcome
from core.jobs.one_backend import Album
from core.photo.archive import Source
from core.photo.stores import clear_scratch, is_elsewhere
from core.registry.registry import AUTO

Attempt = Callable[[Job, Source, Path], Outcome]
"""Colours one photograph into a file and says what became of it; raises nothing."""

WORKER_BYTES = 700_000_000
"""Memory for a worker and a photograph of some 20 megapixels, without a backend's weights."""

_TRIES = 2
"""How often a photograph is given out whose worker dies: others may have eaten the memory."""

_SLOW_START = 120.0
"""Seconds that a process has at least until it is ready."""

_STARTS = 3
"""Workers that may die one after the other before any of them is ready."""


@dataclass(frozen=True)
class Task:
    """A photograph to be coloured into a file; ``at`` is its place in the run."""

    at: int
    source: Source
    target: Path


def how_many(weights: int = 0) -> int:
    """As many workers as this process has cores, and as there is memory for.

    Args:
        weights: bytes of a backend's weights, which each worker has for itself, twice over while it loads them.
    """
    free = _free_memory()
    fitting = free // (WORKER_BYTES + 2 * weights) if free is not None else _cores()
    return max(1, min(_cores(), fitting))


class Crew:
    """Processes with an engine each, every one of them in a single thread; they wait between runs, and end with it."""

    def __init__(self, size: int, prepare: Callable[[], Attempt], timeout: float):
        """Start nothing yet.

        Args:
            size: how many processes.
            prepare: makes in each process what it colours with; is pickled.
            timeout: seconds after which a photograph is given up, and its process killed.
        """
        self._size, self._prepare, self._timeout = size, prepare, timeout
        self._failed_starts = 0
        self._workers: list[_Worker] = []

    def __enter__(self) -> Crew:
        return self

    def __exit__(self, *error: object) -> None:
        for worker in self._workers:
            worker.end()
        self._workers.clear()

    def run(self, tasks: Iterable[Task], album: Album, stopped: threading.Event) -> Iterator[tuple[Task, Outcome]]:
        """Colour everything, in no order; what is under way when ``stopped`` is set is finished.

        Raises:
            BackendError: no process could be started.
        """
        due, again, workers = iter(tasks), deque[tuple[Task, int]](), self._workers
        while True:
            self._deal(due, again, album, stopped)
            if not any(worker.task for worker in workers):
                return
            for worker in self._with_news():
                task, tries, outcome = worker.task, worker.tries, worker.news(self._timeout)
                if worker.is_dead:
                    workers.remove(worker)
                    self._check_start(worker)
                if task is None or (outcome is None and not worker.is_dead):
                    continue
                if outcome is None and worker.tries < _TRIES:
                    again.append((task, tries))
                    continue
                yield task, album.told_of(outcome or _lost(task, worker))

    def _deal(
        self,
        due: Iterator[Task],
        again: deque[tuple[Task, int]],
        album: Album,
        stopped: threading.Event,
    ) -> None:
        """Give work to all who have none; to one alone as long as ``auto`` may yet mean anything."""
        workers = self._workers
        for number in range(1 if album.job.backend == AUTO else self._size):
            if stopped.is_set() or (number < len(workers) and workers[number].task):
                continue
            task, tries = again.popleft() if again else (next(due, None), 0)
            if task is None:
                return
            if number >= len(workers):
                workers.append(_Worker(self._prepare))
            workers[min(number, len(workers) - 1)].give(task, tries + 1, album.job)

    def _with_news(self) -> list[_Worker]:
        """Those who have said something, are dead, or have taken too long."""
        workers = self._workers
        now = time.monotonic()
        soonest = min(worker.until(self._timeout) for worker in workers if worker.task)
        heard = wait([worker.connection for worker in workers], max(0.0, soonest - now))
        now = time.monotonic()
        return [
            worker
            for worker in workers
            if worker.connection in heard or (worker.task and now >= worker.until(self._timeout))
        ]

    def _check_start(self, worker: _Worker) -> None:
        self._failed_starts = 0 if worker.is_ready else self._failed_starts + 1
        if self._failed_starts >= _STARTS:
            raise BackendError(f"Worker processes cannot be started ({worker.death}); use --jobs 1.")


class _Worker:
    """One process, as its parent sees it.

    Attributes:
        connection: to the process.
        task: what it has in hand, or None.
        tries: how often that was given out.
        since: when it was, by ``time.monotonic``.
        is_ready: whether it has ever said that it is.
        is_dead: whether it has ended; ``death`` says how.
    """

    def __init__(self, prepare: Callable[[], Attempt]):
        context = multiprocessing.get_context("spawn")
        self.connection, theirs = context.Pipe()
        self._process: SpawnProcess = context.Process(target=_serve, args=(theirs, prepare), daemon=True)
        with _deaf_to_ctrl_c():
            self._process.start()
        theirs.close()
        self.task: Task | None = None
        self.tries, self.since = 0, 0.0
        self.is_ready = self.is_dead = False
        self.death = ""
        self._job: Job | None = None

    def give(self, task: Task, tries: int, job: Job) -> None:
        """Have it colour a photograph. A job is sent once, since a second photograph may be part of it."""
        self.task, self.tries, self.since = task, tries, time.monotonic()
        with suppress(OSError):  # it is dead, which is seen when it is listened to
            self.connection.send((None if job is self._job else job, task.source, task.target))
        self._job = job

    def until(self, timeout: float) -> float:
        """When it has taken too long."""
        return self.since + (timeout if self.is_ready else max(timeout, _SLOW_START))

    def news(self, timeout: float) -> Outcome | None:
        """The outcome of what it had in hand, which it then has no more; None where there is none, or it is dead."""
        if not self.connection.poll():
            self.end()
            self.death = f"took more than {timeout:g} s"
            self.tries = _TRIES
            return None
        try:
            said: Outcome | None = self.connection.recv()
        except (EOFError, OSError):
            self._process.join(10)
            self.end()
            code = self._process.exitcode or 0
            self.death = f"signal {-code}" if code < 0 else f"exit code {code}"
            return None
        if said is None:
            self.is_ready, self.since = True, time.monotonic()
        else:
            self.task = None
        return said

    def end(self) -> None:
        """End the process, in the middle of whatever it does; what it was writing goes."""
        self._process.kill()
        self._process.join()
        if self.task and not is_elsewhere(self.task.target):
            clear_scratch(self.task.target, self._process.pid or 0)
        self.connection.close()
        self.is_dead = True


def _serve(connection: Connection, prepare: Callable[[], Attempt]) -> None:
    """What a worker process does: says that it is ready, and colours what it is given until its parent has gone."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is for the parent, who lets what is under way be finished
    import cv2

    cv2.setNumThreads(1)
    attempt = prepare()
    connection.send(None)
    current: Job | None = None
    with suppress(EOFError, OSError):
        while True:
            job, source, target = connection.recv()
            current = job or current
            assert current is not None
            connection.send(attempt(current, source, target))


class _deaf_to_ctrl_c:  # noqa: N801 - reads as the function that it is
    """A process started meanwhile does not end by Ctrl-C, not even before it is ready."""

    def __enter__(self) -> None:
        self._is_main = threading.current_thread() is threading.main_thread()
        if self._is_main:
            self._before = signal.signal(signal.SIGINT, signal.SIG_IGN)

    def __exit__(self, *error: object) -> None:
        if self._is_main:
            signal.signal(signal.SIGINT, self._before)


def _lost(task: Task, worker: _Worker) -> Outcome:
    """The outcome where the process died or was killed over a photograph."""
    advice = "leave it out, or raise --give-up" if worker.death.startswith("took") else "it may need too much memory"
    problem = f"{task.source.name} could not be coloured, its process {worker.death}; {advice}."
    if not worker.death.startswith("took"):
        problem = f"{task.source.name} could not be coloured, its process died twice ({worker.death}); {advice}."
    return Outcome(status="failed", photograph=task.source.name, problem=problem)


def _cores() -> int:
    """Cores that this process may use, by its affinity and a container's quota."""
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    quota, _, period = _words_of("/sys/fs/cgroup/cpu.max").partition(" ")
    return max(1, min(cores, int(quota) // int(period))) if quota.isdigit() and period.isdigit() else cores


def _free_memory() -> int | None:
    """Bytes that are free, also by a container's limit; None where nobody says."""
    known = dict(line.split(":") for line in _words_of("/proc/meminfo").splitlines() if ":" in line)
    free = [int(known["MemAvailable"].split()[0]) * 1024] if "MemAvailable" in known else []
    limit, used = _words_of("/sys/fs/cgroup/memory.max"), _words_of("/sys/fs/cgroup/memory.current")
    if limit.isdigit() and used.isdigit():
        stat = dict(line.split() for line in _words_of("/sys/fs/cgroup/memory.stat").splitlines())
        cached = int(stat.get("inactive_file", 0))  # of files once read: given back to whoever asks for memory
        free.append(max(0, int(limit) - int(used) + cached))
    return min(free, default=None)


def _words_of(path: str) -> str:
    try:
        return Path(path).read_text().strip()
    except OSError:
        return ""
