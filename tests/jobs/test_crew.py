"""Worker processes: what becomes of the run where one of them dies, hangs, or cannot start."""

from __future__ import annotations

import os
import signal
import threading
import time
from functools import partial
from pathlib import Path

import pytest

from core.errors import BackendError
from core.jobs import crew
from core.jobs.crew import Attempt, Crew, Task, how_many
from core.jobs.job import Job, Outcome
from core.jobs.one_backend import Album
from core.photo.archive import Source


def prepare(folder: Path) -> Attempt:
    """An attempt that does what the photograph's name says."""

    def attempt(job: Job, source: Source, target: Path) -> Outcome:
        tried = folder / f"{source.name}.{os.getpid()}"
        tried.touch()
        if source.name.startswith("dies"):
            (target.parent / f".autochrome-{os.getpid()}-x").mkdir()
            os.kill(os.getpid(), signal.SIGKILL)
        if source.name.startswith("hangs"):
            time.sleep(60)
        return Outcome(photograph=source.name, picture=str(target), backend=job.backend.replace("auto", "pocket"))

    return attempt


def mortal(folder: Path) -> Attempt:
    """Dies over the first photograph that it is given, where nobody has died before."""
    attempt = prepare(folder)

    def once(job: Job, source: Source, target: Path) -> Outcome:
        if not (folder / "died").exists():
            (folder / "died").touch()
            os.kill(os.getpid(), signal.SIGKILL)
        return attempt(job, source, target)

    return once


def stillborn() -> Attempt:
    os._exit(7)


def outcomes(folder: Path, make: object, names: list[str], timeout: float = 30, backend: str = "pocket") -> dict:
    tasks = [Task(at, Source(name, folder / name), folder / f"{name}.png") for at, name in enumerate(names)]
    album = Album(Job(backend))
    with Crew(2, make, timeout) as processes:  # type: ignore[arg-type]
        found = processes.run(tasks, album, threading.Event())
        return {task.source.name: outcome for task, outcome in found}


def test_a_photograph_over_which_processes_die_fails_and_the_others_are_coloured(tmp_path):
    names = ["a", "dies", "b", "c"]
    found = outcomes(tmp_path, partial(prepare, tmp_path), names)
    assert {name: each.status for name, each in found.items()} == {
        "a": "done", "b": "done", "c": "done", "dies": "failed"
    }  # fmt: skip
    assert found["dies"].problem == (
        "dies could not be coloured, its process died twice (signal 9); it may need too much memory."
    )
    assert len(list(tmp_path.glob("dies.*"))) == 2
    assert not list(tmp_path.glob(".autochrome-*"))  # what they were writing


def test_a_process_that_is_killed_costs_no_photograph(tmp_path):
    found = outcomes(tmp_path, partial(mortal, tmp_path), ["a", "b", "c"])
    assert [found[name].status for name in "abc"] == ["done"] * 3
    assert (tmp_path / "died").exists()


def test_a_photograph_that_hangs_is_given_up_and_its_process_killed(tmp_path):
    found = outcomes(tmp_path, partial(prepare, tmp_path), ["a", "hangs", "b"], timeout=1.5)
    assert (found["a"].status, found["b"].status) == ("done", "done")
    assert found["hangs"].problem == (
        "hangs could not be coloured, its process took more than 1.5 s; leave it out, or raise --give-up."
    )


def test_the_first_photograph_alone_decides_what_auto_means(tmp_path):
    found = outcomes(tmp_path, partial(prepare, tmp_path), ["a", "b", "c", "d"], backend="auto")
    assert next(iter(found)) == "a"
    assert {each.backend for each in found.values()} == {"pocket"}


def test_processes_that_cannot_start_end_the_run_with_a_sentence(tmp_path):
    with pytest.raises(BackendError, match=r"Worker processes cannot be started \(exit code 7\); use --jobs 1."):
        outcomes(tmp_path, stillborn, ["a", "b", "c", "d"])


def test_as_many_as_cores_and_memory_allow(monkeypatch):
    monkeypatch.setattr(crew, "_cores", lambda: 8)
    monkeypatch.setattr(crew, "_free_memory", lambda: 8_000_000_000)
    assert how_many() == 8
    assert how_many(1_000_000_000) == 2
    monkeypatch.setattr(crew, "_free_memory", lambda: 100)
    assert how_many() == 1
    monkeypatch.setattr(crew, "_free_memory", lambda: None)
    assert how_many() == 8


def test_files_that_a_container_keeps_in_memory_are_no_memory_that_is_used(monkeypatch):
    said = {
        "/proc/meminfo": "MemTotal: 64000000 kB\nMemAvailable: 32000000 kB",
        "/sys/fs/cgroup/memory.max": "8000000000",
        "/sys/fs/cgroup/memory.current": "7900000000",
        "/sys/fs/cgroup/memory.stat": "anon 900000000\nfile 7000000000\ninactive_file 6900000000",
    }
    monkeypatch.setattr(crew, "_words_of", lambda path: said.get(path, ""))
    monkeypatch.setattr(crew, "_cores", lambda: 8)
    assert how_many() == 8
    said["/sys/fs/cgroup/memory.stat"] = ""
    assert how_many() == 1
