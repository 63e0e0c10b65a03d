"""The report on disk: a CSV file that grows line by line, or a folder of Parquet files, which may be in a store."""

from __future__ import annotations

import csv
import io
import time
from pathlib import Path
from typing import Any, Protocol

from core.errors import PhotoError, RequestError
from core.jobs.job import Outcome, make_folder
from core.photo.save import copy_whole
from core.photo.stores import is_elsewhere, path_of, shown

_MOST_ROWS, _MOST_SECONDS = 10_000, 30.0
"""Rows of a Parquet file, and how long the first of them waits for it: what a kill may cost."""


class ReportFile(Protocol):
    """Where outcomes are written; both methods raise OSError or PhotoError where there is no room."""

    def add(self, outcome: Outcome) -> None: ...

    def close(self) -> None: ...


def report_file(place: str) -> ReportFile:
    """Begin a report, of the kind that its name says; one that is there gives way.

    Raises:
        RequestError: it cannot be written there.
    """
    path = path_of(place)
    if path.suffix.lower() in (".parquet", ".pq"):
        return ParquetReport(path)
    if is_elsewhere(path):
        raise RequestError(f"A report in a store is Parquet, and {shown(path)} is not; call it report.parquet.")
    try:
        return CsvReport(path)
    except OSError as error:
        raise RequestError(f"The report {path} cannot be written ({error.strerror}); name another.") from error


class CsvReport:
    """Rows that a spreadsheet opens; each is on disk when ``add`` returns."""

    def __init__(self, path: Path):
        self._file = open(path, "w", encoding="utf-8", newline="")  # noqa: SIM115 - closed by close
        self._rows = csv.DictWriter(self._file, list(Outcome.model_fields), lineterminator="\n")
        self._rows.writeheader()

    def add(self, outcome: Outcome) -> None:
        self._rows.writerow(outcome.cells())
        self._file.flush()

    def close(self) -> None:
        self._file.close()


class ParquetReport:
    """A folder of Parquet files, each whole, which programs read as one table."""

    def __init__(self, folder: Path):
        try:
            import pyarrow
        except ImportError as error:
            raise RequestError(
                "Parquet reports need the package pyarrow; pip install -r requirements-stores.txt."
            ) from error
        numbers = {int: pyarrow.int64(), float: pyarrow.float64()}
        self._schema = pyarrow.schema(
            (name, numbers.get(field.annotation or str, pyarrow.string()))
            for name, field in Outcome.model_fields.items()
        )
        self._folder, self._files, self._since = folder, 0, 0.0
        self._rows: list[dict[str, Any]] = []
        make_folder(folder)
        for before in list(folder.glob("part-*.parquet")):
            before.unlink()

    def add(self, outcome: Outcome) -> None:
        if not self._rows:
            self._since = time.monotonic()
        self._rows.append(outcome.model_dump())
        if len(self._rows) >= _MOST_ROWS or time.monotonic() - self._since > _MOST_SECONDS:
            self._write()

    def close(self) -> None:
        if self._rows:
            self._write()

    def _write(self) -> None:
        import pyarrow
        from pyarrow import parquet

        file = io.BytesIO()
        parquet.write_table(pyarrow.Table.from_pylist(self._rows, self._schema), file)
        copy_whole(self._folder / f"part-{self._files:05}.parquet", file.getvalue())
        self._files, self._rows = self._files + 1, []


def why(error: OSError | PhotoError) -> str:
    """Why a report could not be written to its end, as a sentence."""
    reason = error.strerror if isinstance(error, OSError) else str(error).rstrip(".")
    return f"The report could not be written to its end ({reason}); make room for it."
