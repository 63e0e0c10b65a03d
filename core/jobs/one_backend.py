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


class OneBackend:
    """Attempts at many photographs; may be used by several threads at once.

    The first that is coloured decides what ``auto`` means. Weights that arrive later would make the rest of an album
    look unlike it, and so would a backend that fails in its middle: then that photograph fails.
    """

    def __init__(self, engine: Engine, job: Job):
        self._engine, self._job = engine, job
        self._reason = ""
        self._deciding = threading.Lock()

    def attempt(self, source: Source, target: Path) -> tuple[Outcome, Picture | None]:
        """See ``Job.attempt``."""
        with self._deciding if self._job.backend == AUTO else nullcontext():
            job = self._job
            if job.backend == AUTO:  # nobody else has decided meanwhile
                outcome, picture = job.attempt(self._engine, source, target)
                if outcome.backend:
                    self._decide(outcome)
                return self._told(outcome), picture
        outcome, picture = job.attempt(self._engine, source, target)
        return self._told(outcome), picture

    def _decide(self, outcome: Outcome) -> None:
        self._job = replace(self._job, backend=outcome.backend)
        if outcome.fallback_reason:
            self._job = replace(self._job, options={})  # they were the preferred backend's
            self._reason = f"{outcome.fallback_reason} All of this run is coloured by {outcome.backend}."

    def _told(self, outcome: Outcome) -> Outcome:
        return outcome.model_copy(update={"fallback_reason": self._reason}) if outcome.backend else outcome
