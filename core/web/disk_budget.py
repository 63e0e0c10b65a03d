"""How much disk photographs and pictures on a server may take: old ones make room for new ones.

Gradio deletes those that it knows of after an hour, and leaves their folders empty; the rest goes with them.
"""

from __future__ import annotations

import math
import os
import stat
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import NamedTuple

from anyio import to_thread
from starlette.responses import JSONResponse
from starlette.types import ASGIApp, Receive, Scope, Send

from core.errors import PhotoError

_FRESH = 2.0
"""Seconds for which a count holds."""

_LEFT = 600.0
"""Seconds after which nothing will be written into an empty folder any more."""

_IN_USE = 600.0
"""Seconds for which nothing is deleted: its visitor may be looking at it, or has not fetched it yet."""

_SPARE = 0.1
"""Share of the limit that is made free beyond what is asked for, so that it need not be done for each photograph."""

_SENTENCE = "This server keeps as many photographs as its disk may hold; try again in ten minutes."


class DiskBudget:
    """The bytes that lie in a folder, against those that may. Thread-safe."""

    def __init__(self, folder: Path, megabytes: int, renew: Callable[[], None] = lambda: None):
        """``renew`` is called before anything is deleted, and makes new what is in use, however old."""
        self._folder, self._limit, self._renew = folder, megabytes * 1_000_000, renew
        self._lock = threading.Lock()
        self._files: list[_File] = []
        self._used, self._counted_at = 0, float("-inf")

    def used(self) -> int:
        """Bytes, as they were a moment ago at most."""
        with self._lock:
            self._count()
            return self._used

    def require(self, more: int = 0) -> None:
        """Make room where there is none, by deleting the oldest of what is not in use, if that is enough.

        Raises:
            PhotoError: there is none even so.
        """
        with self._lock:
            self._count()
            if self._used + more > self._limit:
                self._renew()
                self._count(anew=True)
                may_go = self._older(_IN_USE)
                if self._used - sum(file.size for file in may_go) + more > self._limit:
                    raise PhotoError(_SENTENCE)
                self._delete(may_go, self._used + more - self._limit * (1 - _SPARE))
            self._used += more  # is on its way; the next count finds it there

    def sweep(self, seconds: float) -> None:
        """Delete what is older: uploads that broke off, sidecars, and what else Gradio was not told of."""
        with self._lock:
            self._count(anew=True)
            self._delete(self._older(seconds), math.inf)

    def _count(self, anew: bool = False) -> None:
        if anew or time.monotonic() - self._counted_at > _FRESH:
            self._files = sorted(_files(self._folder))
            self._used, self._counted_at = sum(file.size for file in self._files), time.monotonic()

    def _older(self, seconds: float) -> list[_File]:
        """What has not changed for so long, the oldest first."""
        now = time.time()
        return [file for file in self._files if now - file.changed_at > seconds]

    def _delete(self, files: list[_File], size: float) -> None:
        """Delete so many bytes of them or more, or all."""
        enough = self._used - size
        for file in files:
            if self._used <= enough:
                return
            with suppress(OSError):  # deleted meanwhile
                os.unlink(file.path)
            self._files.remove(file)
            self._used -= file.size


class UploadGuard:
    """Refuses uploads for which there is no room, before their first byte is written."""

    def __init__(self, app: ASGIApp, budget: DiskBudget):
        self._app, self._budget = app, budget

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http" and scope["path"].rstrip("/").endswith("/gradio_api/upload"):
            length = dict(scope["headers"]).get(b"content-length", b"0")
            try:
                await to_thread.run_sync(self._budget.require, int(length) if length.isdigit() else 0)
            except PhotoError as error:
                await JSONResponse({"detail": str(error)}, 507)(scope, receive, send)
                return
        await self._app(scope, receive, send)


class _File(NamedTuple):
    """``changed_at`` is when it was written, or another file into its folder."""

    changed_at: float
    size: int
    path: str


def _written(place: str) -> float:
    """When a folder's content was last changed."""
    try:
        return os.stat(place).st_mtime
    except OSError:  # deleted meanwhile
        return 0.0


def _files(folder: Path) -> list[_File]:
    """All files below a folder; removes what is left empty there."""
    found, now = [], time.time()
    for place, _, names in os.walk(folder, topdown=False):
        written = _written(place) if place != str(folder) else 0.0  # a film's parts are needed while others come
        for name in names:
            path = os.path.join(place, name)
            try:
                status = os.lstat(path)
            except OSError:  # deleted meanwhile
                continue
            if not stat.S_ISREG(status.st_mode):  # a socket, by which processes speak to one another
                continue
            found.append(_File(max(status.st_mtime, written), status.st_size, path))
        if not names and place != str(folder):
            try:
                if now - written > _LEFT:
                    os.rmdir(place)
            except OSError:  # there is a folder in it
                continue
    return found
