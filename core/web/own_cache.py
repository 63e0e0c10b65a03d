"""Where photographs and pictures lie while the page is served: a folder of this process's own, gone when it ends.

Gradio keeps them in one folder for all its apps, and forgets what it has to delete when its process is killed.
"""

from __future__ import annotations

import errno
import os
import shutil
import stat
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from core.errors import SettingsError

KEPT_SECONDS = 3600
"""For which photographs and pictures are kept."""

_VARIABLE = "GRADIO_TEMP_DIR"
_USER = os.getuid() if hasattr(os, "getuid") else 0  # as Windows says of each file


@contextmanager
def own_cache() -> Iterator[Path]:
    """Let Gradio use a new folder that only this user can look into; what dead processes left beside it goes first.

    It lies in a folder of this user's alone, which the one that the variable names may share with anything else.

    Raises:
        SettingsError: there can be none.
    """
    given = os.environ.get(_VARIABLE)
    place = Path(given or tempfile.gettempdir(), f"autochrome-cache-{_USER}")
    try:
        _make_ours(place)
        _clean(place)
        folder, lock = _new(place)
    except OSError as error:
        raise SettingsError(
            f"Photographs cannot be kept in {place} ({error.strerror}); name another folder in {_VARIABLE}."
        ) from error
    os.environ[_VARIABLE], before = str(folder), tempfile.tempdir
    tempfile.tempdir = str(folder)  # what is unpacked from a zip, or is on its way in, lies there too
    try:
        yield folder
    finally:
        tempfile.tempdir = before
        if given is None:
            del os.environ[_VARIABLE]
        else:
            os.environ[_VARIABLE] = given
        os.close(lock)
        shutil.rmtree(folder, ignore_errors=True)


def _make_ours(place: Path) -> None:
    """Make a folder for this user alone, unless it is there.

    Raises:
        OSError: it cannot be made, or in its place is another user's or a link, which may lead to anything.
    """
    place.mkdir(mode=0o700, parents=True, exist_ok=True)
    status = place.lstat()
    if stat.S_ISLNK(status.st_mode) or status.st_uid != _USER:
        raise PermissionError(errno.EPERM, "it is a link or another user's")
    place.chmod(0o700)


def _new(place: Path) -> tuple[Path, int]:
    """A new folder, and what holds it; another process that cleans just now may take it away."""
    while True:
        folder = Path(tempfile.mkdtemp(dir=place)).resolve()
        try:
            lock = _locked(folder)
        except OSError:
            if folder.is_dir():
                raise
            continue
        if folder.is_dir():
            return folder, lock
        os.close(lock)


def _clean(place: Path) -> None:
    """Delete the folders of processes that live no more."""
    for folder in place.iterdir():
        try:
            lock = _locked(folder)
        except OSError:  # it lives
            continue
        os.close(lock)
        shutil.rmtree(folder, ignore_errors=True)


if sys.platform == "win32":
    import msvcrt

    def _locked(folder: Path) -> int:
        """Lock a folder for as long as this process lives.

        Raises:
            OSError: another has it.
        """
        handle = os.open(folder / ".lock", os.O_RDWR | os.O_CREAT)
        try:
            msvcrt.locking(handle, msvcrt.LK_NBLCK, 1)
        except OSError:
            os.close(handle)
            raise
        return handle

else:
    import fcntl

    def _locked(folder: Path) -> int:
        """Lock a folder for as long as this process lives.

        Raises:
            OSError: another has it.
        """
        handle = os.open(folder, os.O_RDONLY)
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            os.close(handle)
            raise
        return handle
