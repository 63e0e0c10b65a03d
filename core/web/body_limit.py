"""How large the body of a call may be: Gradio reads it whole, and its one loop goes through all values several times.

Files are no part of it: they are uploaded, but for those that agents send inside their calls.
"""

from __future__ import annotations

from collections import deque

from starlette.datastructures import Headers
from starlette.responses import JSONResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from core.settings import Settings

_MOST = 10_000_000
"""Bytes: all strokes and hints that a call may have, with all their digits, are less."""

_MOST_VALUES = 500_000
"""Numbers, lists and so on: as many strokes as a call may have are less. So many stop the server for a second."""

_REMEDY = "upload files before the call, and send fewer strokes and hints"


class BodyLimit:
    """Reads the body of a call before Gradio does, and refuses what is too much of it with 413."""

    def __init__(self, app: ASGIApp, settings: Settings):
        self._app = app
        self._most_of_agents = _MOST + settings.max_upload_mb * 1_000_000 * 4 // 3  # base64

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        path = scope.get("path", "").rstrip("/")
        if scope["type"] != "http" or scope["method"] != "POST" or path.endswith("/gradio_api/upload"):
            await self._app(scope, receive, send)
            return
        most = self._most_of_agents if "/gradio_api/mcp" in path else _MOST
        declared = Headers(scope=scope).get("content-length", "")
        read = None if declared.isdigit() and int(declared) > most else await _read(receive, most)
        if read is None:
            sentence = f"The body of this call is more than the {most // 1_000_000} MB or its values more than the "
            sentence += f"{_MOST_VALUES:,} that are taken; {_REMEDY}."
            await JSONResponse({"detail": sentence}, 413, {"Connection": "close"})(scope, receive, send)
            return

        async def again() -> Message:
            return read.popleft() if read else await receive()

        await self._app(scope, again, send)


async def _read(receive: Receive, most: int) -> deque[Message] | None:
    """A body's messages; None where they are too much."""
    messages: deque[Message] = deque()
    size = values = 0
    while True:
        message = await receive()
        messages.append(message)
        body = message.get("body", b"")
        size += len(body)
        values += sum(map(body.count, (b"[", b"{", b",")))  # each value follows one of them, but for texts' own
        if size > most or values > _MOST_VALUES:
            return None
        if message["type"] != "http.request" or not message.get("more_body"):
            return messages
