"""Lists of photographs: what ``--input-list`` reads, and the list of what to try again that a run leaves behind."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path, PurePath
from typing import Any, NamedTuple

from core.errors import PhotoError, RequestError
from core.photo.save import copy_whole
from core.photo.stores import read_bytes, shown

PHOTOGRAPH, FOLDER = "photograph", "folder"
"""Columns of a table: the photograph, and the folder within the output's that its picture goes to."""


class Listed(NamedTuple):
    """A line of a list; ``folder`` is None where the list does not say."""

    photograph: str
    folder: PurePath | None = None


def read_list(path: Path, column: str | None = None) -> list[Listed]:
    """The photographs of a list: a text with one a line, or a CSV or Parquet table.

    Args:
        path: the list; its name's ending says what it is.
        column: that names photographs; ``photograph`` unless given, or the first where there is none of that name.

    Raises:
        RequestError: it cannot be read, or has no such column.
    """
    ending = path.suffix.lower()
    try:
        if ending in (".parquet", ".pq"):
            return list(_of_table(_parquet_rows(path), path, column))
        text = read_bytes(path).decode("utf-8-sig", "surrogateescape")  # names need not be UTF-8
        if "\0" in text:
            raise ValueError("binary")
        if ending == ".csv":
            return list(_of_table(csv.DictReader(io.StringIO(text)), path, column))
        return [Listed(line) for line in text.splitlines() if line.strip()]
    except OSError as error:
        raise RequestError(
            f"The list {shown(path)} cannot be read ({error.strerror or error}); name another."
        ) from error
    except (ValueError, csv.Error) as error:
        raise RequestError(
            f"The list {shown(path)} is no UTF-8 text, CSV or Parquet file; save it as one of these."
        ) from error


def write_list(path: Path, listed: Iterable[Listed]) -> None:
    """Write a CSV table that ``read_list`` reads.

    Raises:
        RequestError: it cannot be written.
    """
    text = io.StringIO()
    rows = csv.writer(text, lineterminator="\n")
    rows.writerow((PHOTOGRAPH, FOLDER))
    rows.writerows((photograph, (folder or PurePath()).as_posix()) for photograph, folder in listed)
    try:
        copy_whole(path, text.getvalue().encode("utf-8", "surrogateescape"))
    except PhotoError as error:
        raise RequestError(str(error)) from error


def _of_table(rows: Iterable[Mapping[str, Any]], path: Path, column: str | None) -> Iterator[Listed]:
    for row in rows:
        name = column or (PHOTOGRAPH if PHOTOGRAPH in row else next(iter(row)))
        if name not in row:
            raise RequestError(f"The list {shown(path)} has no column '{name}'; it has {', '.join(map(str, row))}.")
        folder = row.get(FOLDER)
        if row[name]:
            yield Listed(str(row[name]), None if folder is None else PurePath(folder))


def _parquet_rows(path: Path) -> Iterator[Mapping[str, Any]]:
    try:
        from pyarrow import parquet
    except ImportError as error:
        raise RequestError("Parquet lists need the package pyarrow; pip install -r requirements-stores.txt.") from error
    with parquet.ParquetFile(io.BytesIO(read_bytes(path))) as table:
        for batch in table.iter_batches():
            yield from batch.to_pylist()
