"""What a process colours one of many photographs with: an engine, and where second photographs and faults go."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

from core.engine import Engine
from core.errors import AutochromeError
from core.jobs.job import Job, Outcome
from core.jobs.references import ReferenceFolder
from core.photo.archive import Source


class Colourer:
    """Colours a photograph into a file, and tells what became of it: an ``Attempt`` of ``core.jobs.crew``."""

    def __init__(
        self, make_engine: Callable[[], Engine], references: ReferenceFolder | None = None, log: Path | None = None
    ):
        """Make the engine.

        Args:
            make_engine: does that.
            references: where the second photograph of each is; None where the job has one for all, or there is none.
            log: a folder for the tracebacks of what nobody has foreseen, in a process of its own; else None.
        """
        self._engine, self._references = make_engine(), references
        if log is not None:
            logging.getLogger("autochrome").addHandler(_fault_file(log))

    def __call__(self, job: Job, source: Source, target: Path) -> Outcome:
        """See ``Job.attempt``."""
        try:
            if self._references is not None:
                job = replace(job, reference=self._references.open_for(source.name, self._engine.settings))
        except AutochromeError as error:
            return Outcome(status="failed", photograph=source.name, problem=str(error))
        return job.attempt(self._engine, source, target)[0]


@contextmanager
def faults_into(folder: Path) -> Iterator[None]:
    """Write the tracebacks of what nobody has foreseen into a file there, which is made when there is one."""
    handler = _fault_file(folder)
    logger = logging.getLogger("autochrome")
    logger.addHandler(handler)
    try:
        yield
    finally:
        logger.removeHandler(handler)
        handler.close()


def _fault_file(folder: Path) -> logging.FileHandler:
    return logging.FileHandler(folder / "autochrome.log", encoding="utf-8", errors="backslashreplace", delay=True)
