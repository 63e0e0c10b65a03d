"""How much disk photographs and pictures on a server may take; folders that Gradio has emptied are removed."""

from __future__ import annotations

import os
import threading
import time
from pathlib import Path

from anyio import to_thread
from starlette.responses import JSONResponse
from starlette.types import ASGIApp, Receive, Scope, Send

from core.errors import PhotoError

_FRESH = 2.0
"""Seconds for which a count holds."""

_LEFT = 600.0
"""Seconds after which nothing will be written into an empty folder any more."""

_SENTENCE = "This server keeps as many photographs as its disk may hold; try again later, they are deleted in an hour."


class DiskBudget:
    """The bytes that lie in a folder, against those that may. Thread-safe."""

    def __init__(self, folder: Path, megabytes: int):
        self._folder, self._limit = folder, megabytes * 1_000_000
        self._lock = threading.Lock()
        self._used, self._counted_at = 0, float("-inf")

    def used(self) -> int:
        """Bytes, as they were a moment ago at most."""
        with self._lock:
            if time.monotonic() - self._counted_at > _FRESH:
                self._used, self._counted_at = _count(self._folder), time.monotonic()
            return self._used

    def require(self, more: int = 0) -> None:
        """Refuse what there is no room for.

        Raises:
            PhotoError: there is none.
        """
        if self.used() + more > self._limit:
            raise PhotoError(_SENTENCE)


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


def _count(folder: Path) -> int:
    """Bytes of all files below a folder; removes what is left empty there."""
    total, now = 0, time.time()
    for place, _, names in os.walk(folder, topdown=False):
        for name in names:
            try:
                total += os.lstat(os.path.join(place, name)).st_size
            except OSError:  # deleted meanwhile
                continue
        if not names and place != str(folder):
            try:
                if now - os.stat(place).st_mtime > _LEFT:
                    os.rmdir(place)
            except OSError:  # there is a folder in it
                continue
    return total
