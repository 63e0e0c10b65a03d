"""What became of each photograph: printed as a line or as JSON, and written into a report."""

from __future__ import annotations

from contextlib import suppress
from types import TracebackType

import typer

from core.cli.report_file import report_file, why
from core.errors import PhotoError
from core.jobs.job import Outcome

_MANY = 20
"""Outcomes of which a person sees all at once; of more, so many failures are told once more in the end."""


class Reporter:
    """Prints each photograph's outcome as it comes, and writes the report as it goes: what is in it stays.

    Attributes:
        failed: how many could not be coloured.
        count: how many outcomes there were.
        ended: why the run could not be finished; empty unless it is so.
    """

    def __init__(self, report: str | None, as_json: bool):
        """Begin the report.

        Raises:
            RequestError: it cannot be written there.
        """
        self.failed = self.count = 0
        self.ended = ""
        self._problems: list[str] = []
        self._as_json = as_json
        self._reason = ""
        self._file = report_file(report) if report is not None else None

    def __enter__(self) -> Reporter:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._file is not None:
            try:
                self._file.close()
            except (OSError, PhotoError) as full:
                self.end_for(why(full))

    def add(self, outcome: Outcome) -> None:
        """Print and write one photograph's outcome."""
        self.count += 1
        if outcome.status == "failed":
            self.failed += 1
            if len(self._problems) < _MANY:
                self._problems.append(f"{outcome.photograph}: {outcome.problem}")
        if self._file is not None:
            try:
                self._file.add(outcome)
            except (OSError, PhotoError) as full:
                with suppress(OSError, PhotoError):
                    self._file.close()
                self._file = None
                self.end_for(why(full))
        if self._as_json:
            typer.echo(outcome.model_dump_json())
        elif outcome.status == "failed":
            typer.echo(f"{outcome.photograph}: {outcome.problem}", err=True)
        elif outcome.status == "skipped":
            typer.echo(f"{outcome.photograph}: {outcome.problem}")
        else:
            typer.echo("\n  ".join([_summary(outcome), *self._notes(outcome)]))

    def end_for(self, reason: str) -> None:
        """Keep why the run cannot be finished, to be told in the end."""
        self.ended = self.ended or reason

    def sum_up(self) -> None:
        """Tell once more what failed, where it has gone by."""
        if self.count > _MANY and self._problems:
            more = self.failed - len(self._problems)
            lines = ["What failed:", *self._problems, *([f"and {more} more"] if more else [])]
            typer.echo("\n".join(lines), err=True)
        if self.ended:
            typer.echo(self.ended, err=True)

    def _notes(self, outcome: Outcome) -> list[str]:
        """What is worth knowing; why it is not the preferred backend is printed once, not two hundred times."""
        reason = outcome.fallback_reason if outcome.fallback_reason != self._reason else ""
        self._reason = outcome.fallback_reason
        return [note for note in (reason, outcome.warnings) if note]


def _summary(outcome: Outcome) -> str:
    if outcome.status == "kept":
        return f"{outcome.photograph} -> {outcome.picture}"
    return f"{outcome.photograph} -> {outcome.picture} ({outcome.backend}, {outcome.seconds:.1f} s)"
