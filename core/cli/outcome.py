"""What became of each photograph: told in a line or as JSON, and written into a report."""

from __future__ import annotations

import csv
from pathlib import Path
from types import TracebackType
from typing import Literal

import typer

from core.errors import RequestError
from core.jobs.batch import Outcome


class Line(Outcome):
    """One photograph's line; ``picture`` is the file made from it."""

    status: Literal["done", "failed", "skipped"]


COLUMNS = ["status", *Outcome.model_fields]


class Outcomes:
    """Tells of each photograph as it is done with, and writes the report line by line: what is in it stays.

    Attributes:
        failed: how many could not be coloured.
        told: how many were told of.
    """

    def __init__(self, report: Path | None, as_json: bool):
        """Begin the report.

        Raises:
            RequestError: it cannot be written there.
        """
        self.failed = self.told = 0
        self._as_json = as_json
        self._reason = ""
        self._file = None
        if report is not None:
            try:
                self._file = open(report, "w", encoding="utf-8", newline="")  # noqa: SIM115 - closed by __exit__
            except OSError as error:
                raise RequestError(
                    f"The report {report} cannot be written ({error.strerror}); name another."
                ) from error
            self._rows = csv.DictWriter(self._file, COLUMNS, lineterminator="\n")
            self._rows.writeheader()

    def __enter__(self) -> Outcomes:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._file is not None:
            self._file.close()

    def tell(self, line: Line) -> None:
        """Tell of one photograph."""
        self.told += 1
        self.failed += line.status == "failed"
        if self._file is not None:
            self._rows.writerow(line.model_dump())
            self._file.flush()
        if self._as_json:
            typer.echo(line.model_dump_json())
        elif line.status == "failed":
            typer.echo(f"{line.photograph}: {line.problem}", err=True)
        elif line.status == "skipped":
            typer.echo(f"{line.photograph}: {line.picture} is there already")
        else:
            typer.echo("\n  ".join([_made(line), *self._notes(line)]))

    def _notes(self, line: Line) -> list[str]:
        """What is worth knowing; why it is not the preferred backend is said once, not two hundred times."""
        reason = line.fallback_reason if line.fallback_reason != self._reason else ""
        self._reason = line.fallback_reason
        return [note for note in (reason, line.warnings) if note]


def _made(line: Line) -> str:
    return f"{line.photograph} -> {line.picture} ({line.backend}, {line.seconds:.1f} s)"
