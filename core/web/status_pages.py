"""``/healthz`` for a load balancer and ``/metrics`` for Prometheus."""

from __future__ import annotations

from anyio import to_thread
from prometheus_client import CONTENT_TYPE_LATEST
from starlette.responses import JSONResponse, Response
from starlette.types import ASGIApp, Receive, Scope, Send

from core.web.drain import SENTENCE, Drain
from core.web.metrics import as_text


class StatusPages:
    """Answers these two itself: neither asks for a password, and neither waits for a photograph."""

    def __init__(self, app: ASGIApp, drain: Drain):
        self._app, self._drain = app, drain

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        path = scope["path"] if scope["type"] == "http" else ""
        if path == "/healthz":
            answer: Response = JSONResponse({"status": "ok"})
            if self._drain.begun:
                answer = JSONResponse({"status": "ending", "detail": SENTENCE}, 503)
            await answer(scope, receive, send)
        elif path == "/metrics":
            text = await to_thread.run_sync(as_text)  # the disk's use is counted for it
            await Response(text, media_type=CONTENT_TYPE_LATEST)(scope, receive, send)
        else:
            await self._app(scope, receive, send)
