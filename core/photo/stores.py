"""Files elsewhere: in any store that fsspec speaks, read and written as they are, with no copy on this machine's disk.

A path is a ``Path``, or for a URI a ``UPath``, which has a path's methods. How to get into a store is the store's own
matter: its environment variables, its files.
"""

from __future__ import annotations

import errno
import os
import re
import shutil
import tempfile
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path, PurePath
from typing import Any, TypeVar, cast
from urllib.parse import urlsplit

from core.errors import RequestError

_Result = TypeVar("_Result")

_TRIES, _FIRST_WAIT = 5, 0.25
"""How often a store is asked, and seconds before it is asked again; they double."""

_SCRATCH = ".autochrome-"

_IN_VAIN = (FileNotFoundError, PermissionError, IsADirectoryError, NotADirectoryError, NotImplementedError)
"""What another try does not mend."""


def is_uri(text: str) -> bool:
    """Whether a text names a file in a store, as in ``s3://bucket/a.tif``."""
    return re.match(r"[A-Za-z][A-Za-z0-9+.-]+(::[^/]+)*://", text) is not None


def path_of(text: str) -> Path:
    """The path that a text names.

    Raises:
        RequestError: it is a URI of a store that cannot be spoken to here.
    """
    if not is_uri(text):
        return Path(text)
    try:
        from upath import UPath

        path = UPath(text)
        path.fs  # noqa: B018 - whose package may be missing
    except ImportError as error:
        missing = "pip install -r requirements-stores.txt" if error.name == "upath" else str(error)
        raise RequestError(f"{shown(text)} cannot be reached without a package more: {missing}") from error
    except ValueError as error:
        raise RequestError(
            f"There is no store of the kind {text.partition('://')[0]}://; check the address."
        ) from error
    return cast(Path, path)


def is_elsewhere(path: Path) -> bool:
    """Whether a path is in a store, not on this machine."""
    return not isinstance(path, PurePath)


def shown(path: Path | str) -> str:
    """A path as people may see it: a URI without user, password and query."""
    text = str(path)
    if not is_uri(text):
        return text
    return re.sub(r"(?<=://)[^/@]*@", "", text).partition("?")[0]


def folders_of(path: Path) -> PurePath:
    """All folders that a file is in, its store's name first, as a relative path."""
    if not is_elsewhere(path):
        return path.parent
    parts = urlsplit(shown(path))
    return PurePath(parts.netloc.replace(":", "_"), *PurePath(parts.path).parent.parts[1:])


def read_bytes(path: Path) -> bytes:
    """A whole file.

    Raises:
        OSError: it cannot be read.
    """
    return _asked(path, path.read_bytes)


def write_bytes(path: Path, data: bytes) -> None:
    """A whole file into a store, where it appears whole or not at all.

    Raises:
        OSError: it cannot be written.
    """
    _asked(path, partial(path.write_bytes, data))


def size_of(path: Path) -> int:
    """Bytes of a file; 0 where its store does not say.

    Raises:
        OSError: it cannot be asked for.
    """
    return _asked(path, path.stat).st_size or 0


def found_in(folder: Path, recursive: bool) -> list[PurePath]:
    """The files in a store's folder, relative to it, in order.

    Raises:
        OSError: it cannot be asked for.
    """
    there = cast(Any, folder)
    files = _asked(folder, partial(there.fs.find, there.path, maxdepth=None if recursive else 1))
    top = len(there.path.rstrip("/")) + 1
    return [PurePath(file[top:]) for file in files]


def scratch_folder(beside: Path) -> tempfile.TemporaryDirectory[str]:
    """A folder for a file that is being made: beside where it goes, or in memory where that is a store."""
    if not is_elsewhere(beside):
        return tempfile.TemporaryDirectory(prefix=f"{_SCRATCH}{os.getpid()}-", dir=beside.parent)
    memory = "/dev/shm"  # what Linux keeps in memory
    return tempfile.TemporaryDirectory(prefix="autochrome-", dir=memory if Path(memory).is_dir() else None)


def clear_scratch(beside: Path, process: int) -> None:
    """Delete what a process has left there that was killed while it made a file."""
    for left in beside.parent.glob(f"{_SCRATCH}{process}-*"):
        shutil.rmtree(left, ignore_errors=True)


def _asked(path: Path, question: Callable[[], _Result]) -> _Result:
    """The answer; a store is asked again where it had none.

    Raises:
        OSError: there is none. That of a store says nothing but what kind it is: its own words may hold a key.
    """
    if not is_elsewhere(path):
        return question()
    wait = _FIRST_WAIT
    for left in reversed(range(_TRIES)):
        try:
            return question()
        except Exception as error:  # each store has its own kinds
            if isinstance(error, _IN_VAIN) or not left:
                raise _as_os_error(error) from error
        time.sleep(wait)
        wait *= 2
    raise AssertionError("unreachable")


def _as_os_error(error: Exception) -> OSError:
    if isinstance(error, FileNotFoundError):
        return FileNotFoundError(errno.ENOENT, "there is no such file")
    if isinstance(error, PermissionError):
        return PermissionError(errno.EACCES, "its store does not let you")
    status = getattr(error, "status", "")
    return OSError(errno.EIO, f"its store answers {type(error).__name__} {status}".strip())
