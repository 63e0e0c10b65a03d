"""A short id for each request: the answer's ``X-Request-ID``, in the log, and in the sentence about a fault."""

from __future__ import annotations

import re
import secrets
import time
from typing import Any

from gradio.context import LocalContext
from starlette.datastructures import Headers, MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from core.web.metrics import ANSWERS

_HEADER, _KEY, _SINCE = "X-Request-ID", "autochrome.request", "autochrome.since"
_GIVEN = re.compile(r"[A-Za-z0-9_-]{8,64}")
"""A proxy's own ids are taken over where they are no more than that."""


class RequestIds:
    """Gives each request its id, and counts the answers."""

    def __init__(self, app: ASGIApp):
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        given = Headers(scope=scope).get(_HEADER, "")
        scope[_KEY] = given if _GIVEN.fullmatch(given) else secrets.token_hex(6)
        scope[_SINCE] = time.monotonic()

        async def sent(message: Message) -> None:
            if message["type"] == "http.response.start":
                MutableHeaders(scope=message)[_HEADER] = scope[_KEY]
                ANSWERS.labels(message["status"]).inc()
            await send(message)

        await self._app(scope, receive, sent)


def id_of(request: Any) -> str:
    """A request's id, of FastAPI's or Gradio's kind; ``-`` where there is none."""
    return str(_scope(request).get(_KEY, "-"))


def seconds_since(request: Any) -> float:
    """For how long its caller has been waiting, the queue included."""
    now = time.monotonic()
    return now - float(_scope(request).get(_SINCE, now))


def current_id() -> str:
    """The id of the request that this thread works on."""
    return id_of(LocalContext.request.get(None))


def _scope(request: Any) -> dict[str, Any]:
    scope: dict[str, Any] = getattr(getattr(request, "request", None) or request, "scope", {})
    return scope
