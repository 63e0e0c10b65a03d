"""Many photographs, and one backend for all of them: what ``auto`` means is decided once."""

from __future__ import annotations

import threading
from contextlib import nullcontext
from dataclasses import replace
from pathlib import Path

from core.engine import Engine
from core.jobs.job import Job, Outcome
from core.photo.archive import Source
from core.registry.registry import AUTO
from core.render.render import Picture


class Album:
    """How the photographs of an album are coloured, whoever makes the attempts.

    Attributes:
        job: how those from now on are.
    """

    def __init__(self, job: Job):
        self.job = job
        self._reason = ""

    def told_of(self, outcome: Outcome) -> Outcome:
        """The outcome with why it was this backend; the first with a backend decides what ``auto`` means."""
        if self.job.backend == AUTO and outcome.backend:
            self.job = replace(self.job, backend=outcome.backend)
            if outcome.fallback_reason:
                self.job = replace(self.job, options={})  # they were the preferred backend's
                self._reason = f"{outcome.fallback_reason} All of this run is coloured by {outcome.backend}."
        return outcome.model_copy(update={"fallback_reason": self._reason}) if outcome.backend else outcome


class OneBackend(Album):
    """Attempts at many photographs; may be used by several threads at once.

    The first that is coloured decides what ``auto`` means. Weights that arrive later would make the rest of an album
    look unlike it, and so would a backend that fails in its middle: then that photograph fails.
    """

    def __init__(self, engine: Engine, job: Job):
        super().__init__(job)
        self._engine = engine
        self._deciding = threading.Lock()

    def attempt(self, source: Source, target: Path) -> tuple[Outcome, Picture | None]:
        """See ``Job.attempt``."""
        with self._deciding if self.job.backend == AUTO else nullcontext():
            job = self.job
            if job.backend == AUTO:  # nobody else has decided meanwhile
                outcome, picture = job.attempt(self._engine, source, target)
                return self.told_of(outcome), picture
        outcome, picture = job.attempt(self._engine, source, target)
        return self.told_of(outcome), picture
