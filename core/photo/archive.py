"""Photographs in a zip file: listed first, then unpacked one at a time, and never under the names that it gives."""

from __future__ import annotations

import errno
import io
import os
import shutil
import stat
import tempfile
import zipfile
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Any

from core.errors import PhotoError, shortened
from core.settings import Settings

MOST_FILES = 2000
"""Photographs that one batch takes."""

_LARGEST_RATIO = 200
_HARMLESS = 20_000_000
"""A file that unpacks to more bytes than this and to more than that multiple of its size is taken for a bomb."""

_LARGEST_TOTAL_RATIO, _HARMLESS_TOTAL = 20, 400_000_000
"""The same of all files together."""

_LARGEST_DIRECTORY = 2_000_000
"""Bytes of a zip's list of files: 20,000 names. It is read into memory whole."""


class _Bounded(io.FileIO):
    """A zip's file; its directory, which ``zipfile`` reads in one piece, is refused where that is too large."""

    def read(self, size: int | None = -1, /) -> Any:
        if size is not None and size > _LARGEST_DIRECTORY:
            raise _TooManyError
        return super().read(size)


class _TooManyError(Exception):
    pass


@dataclass(frozen=True)
class Source:
    """A photograph to be coloured: a file, or one that lies in a zip.

    Attributes:
        name: what to call it.
        path: the file, or the zip that holds it.
        entry: its entry in the zip, or None.
        problem: why it cannot be coloured, or None.
    """

    name: str
    path: Path
    entry: zipfile.ZipInfo | None = None
    problem: PhotoError | None = None

    @contextmanager
    def file(self) -> Iterator[Path]:
        """The photograph's file; where it was unpacked for this, it is deleted in the end.

        Raises:
            PhotoError: it cannot be had.
        """
        if self.problem:
            raise self.problem
        if self.entry is None:
            yield self.path
            return
        with ExitStack() as stack:
            yield _unpacked(self.name, self.path, self.entry, stack)


def _unpacked(name: str, path: Path, entry: zipfile.ZipInfo, stack: ExitStack) -> Path:
    """The file of an entry, which is there until the stack ends.

    Raises:
        PhotoError: it cannot be had.
    """
    try:
        unpacked = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="autochrome-"))) / "photograph"
        with zipfile.ZipFile(path) as archive, archive.open(entry) as packed, open(unpacked, "wb") as file:
            shutil.copyfileobj(packed, file, 1 << 20)
    except Exception as error:  # each packing stumbles over damage in its own way
        if reason := _of_the_system(error):
            advice = "make room for temporary files and see that the zip can be read"
            raise PhotoError(f"{shortened(name)} could not be unpacked ({reason}); {advice}.") from error
        raise PhotoError(f"{shortened(name)} is damaged in its zip; zip it again.") from error
    return unpacked


def _of_the_system(error: Exception) -> str | None:
    """What the system has said; None where the zip is wrong, which may also lead to a place before its start."""
    return error.strerror if isinstance(error, OSError) and error.errno not in (None, errno.EINVAL) else None


def sources(files: list[tuple[Path, str]], settings: Settings) -> list[Source]:
    """What there is to colour in some files, zips looked into; nothing is unpacked. Notes beside photographs are none.

    Args:
        files: paths and what their owner calls them.
        settings: limits.

    Raises:
        PhotoError: there is nothing that can be coloured, or too much.
    """
    found: list[Source] = []
    for path, name in files:
        if name.lower().endswith(".zip"):
            try:
                found += _entries(path, name, settings)
            except PhotoError as error:
                found.append(Source(name, path, problem=error))
        elif not _is_clutter(name):
            found.append(Source(name, path))
        if len(found) > MOST_FILES:  # at once: one zip can be given many times
            raise PhotoError(f"There are {len(found):,} files or more and one batch takes {MOST_FILES:,}; give fewer.")
    if not found:
        raise PhotoError("There is no photograph to colour; give picture files, or a zip of them.")
    problems = [source.problem for source in found if source.problem]
    if len(problems) == len(found):
        raise problems[0]
    return found


def _entries(path: Path, name: str, settings: Settings) -> list[Source]:
    """The files in a zip, without what operating systems put there and notes that lie beside photographs.

    Raises:
        PhotoError: it is no zip, is encrypted, is built to do harm, or holds no file.
    """
    try:
        with _Bounded(path) as file, zipfile.ZipFile(file) as archive:
            everything, size = archive.infolist(), os.fstat(file.fileno()).st_size
    except _TooManyError:
        raise PhotoError(f"{name} lists too many files to be opened; make several zips of it.") from None
    except Exception as error:  # zipfile stumbles over damage in many ways
        if reason := _of_the_system(error):
            raise PhotoError(f"{name} cannot be read ({reason}); check its name and folder.") from error
        raise PhotoError(f"{name} is no zip that can be read; zip the photographs again.") from error
    entries = [entry for entry in everything if not entry.filename.endswith("/") and not _is_clutter(entry.filename)]
    if not entries:
        raise PhotoError(f"{name} is empty; put photographs into it.")
    for entry in entries:
        _check(entry, name, settings)
    packed, unpacked = sum(entry.compress_size for entry in entries), sum(entry.file_size for entry in entries)
    if packed > size:
        raise PhotoError(f"{name} holds files that lie over one another and is not opened; zip the photographs again.")
    if unpacked > max(_HARMLESS_TOTAL, _LARGEST_TOTAL_RATIO * size):
        raise PhotoError(
            f"{name} would unpack to {unpacked / 1e6:,.0f} MB from {size / 1e6:,.1f} and is not opened; "
            "make several zips of it."
        )
    return [Source(entry.filename, path, entry) for entry in entries]


def _check(entry: zipfile.ZipInfo, name: str, settings: Settings) -> None:
    """Refuse what no honest zip of photographs holds."""
    inside = entry.filename.replace("\\", "/")
    shown = repr(shortened(inside))
    outward = inside.startswith("/") or ":" in inside.split("/")[0] or ".." in PurePosixPath(inside).parts
    if outward or stat.S_ISLNK(entry.external_attr >> 16):
        raise PhotoError(f"{name} holds a file that points out of it ({shown}); zip the photographs again.")
    if entry.flag_bits & 1:
        raise PhotoError(f"{name} is locked with a password; zip the photographs without one.")
    if entry.file_size > max(_HARMLESS, _LARGEST_RATIO * entry.compress_size):
        raise PhotoError(
            f"{name} would unpack {shown} to {entry.file_size / 1e6:,.0f} MB from {entry.compress_size / 1e6:,.1f} "
            "and is not opened; zip the photographs again."
        )
    if entry.file_size > settings.max_upload_mb * 1_000_000:
        raise PhotoError(
            f"{name} holds {shown} with {entry.file_size / 1e6:,.0f} MB and the limit is {settings.max_upload_mb}; "
            "leave it out or raise AUTOCHROME_MAX_UPLOAD_MB."
        )


_BESIDE = ".aae .csv .db .htm .html .ini .json .lnk .log .md .nfo .rtf .thm .txt .url .xml .xmp"
"""Endings of what lies beside photographs and is none."""


def _is_clutter(name: str) -> bool:
    path = PurePosixPath(name.replace("\\", "/"))
    return "__MACOSX" in path.parts or path.name.startswith(".") or path.suffix.lower() in _BESIDE.split()
