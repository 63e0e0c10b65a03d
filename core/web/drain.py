"""The end of a server: new work is refused, and work in hand is ended first."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable

from starlette.responses import JSONResponse
from starlette.types import ASGIApp, Receive, Scope, Send

SENTENCE = "This server is about to end and takes no new work; try again in a minute."

_QUIET = 2.0
"""Seconds without any work after which the last caller has fetched its picture."""


class Drain:
    """Whether a server still takes new work, and how many requests for or about work are under way. Thread-safe."""

    def __init__(self) -> None:
        self.begun = False
        self._lock = threading.Lock()
        self._open = 0

    def __enter__(self) -> None:
        with self._lock:
            self._open += 1

    def __exit__(self, *error: object) -> None:
        with self._lock:
            self._open -= 1

    def finish(self, calls: Callable[[], int], patience: float, at_once: threading.Event) -> None:
        """Refuse new work, and wait until nobody works or fetches a result.

        Args:
            calls: how many are in work or wait.
            patience: seconds after which what is left breaks off.
            at_once: set by a person who does not want to wait.
        """
        self.begun = True
        now = time.monotonic()
        deadline, busy_at = now + patience, now
        while now < deadline and now - busy_at < _QUIET and not at_once.wait(0.1):
            now = time.monotonic()
            if calls() or self._open:
                busy_at = now


class DrainGuard:
    """Refuses what would be new work while a server ends. Pictures may still be fetched, and calls given up."""

    def __init__(self, app: ASGIApp, drain: Drain):
        self._app, self._drain = app, drain

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or not _is_about_work(scope["method"], scope["path"]):
            await self._app(scope, receive, send)
        elif self._drain.begun and scope["method"] == "POST":
            headers = {"Retry-After": "60", "Connection": "close"}
            await JSONResponse({"detail": SENTENCE}, 503, headers)(scope, receive, send)
        else:
            with self._drain:
                await self._app(scope, receive, send)


def _is_about_work(method: str, path: str) -> bool:
    """A call, an upload, or a result that is fetched; not what a page that is merely open holds on to."""
    if method == "POST":
        return not path.rstrip("/").endswith(("/cancel", "/reset"))
    return "/gradio_api/file=" in path or "/gradio_api/call/" in path
