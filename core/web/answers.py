"""What a caller hears whose call reaches no endpoint: one sentence, and no server's error for a caller's mistake."""

from __future__ import annotations

import errno
import logging
import re
from collections.abc import Awaitable, Callable
from typing import Any

from fastapi import Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from gradio.route_utils import FnIndexInferError
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from core.errors import shortened
from core.web.request_ids import id_of

logger = logging.getLogger("autochrome")

_LISTED = "/gradio_api/info lists what there is."


async def _no_body(request: Request, error: Exception) -> JSONResponse:
    return _answer("The body of this call is no JSON that can be used; docs/api.md shows what is due.")


async def _no_parameter(request: Request, error: Exception) -> JSONResponse:
    if named := re.search("`(.*?)`", str(error), re.DOTALL):
        return _answer(f"The endpoint has no parameter '{shortened(named[1])}'; {_LISTED}")
    return _answer(f"The parameters of this call do not fit the endpoint; {_LISTED}")


async def _no_endpoint(request: Request, error: Exception) -> JSONResponse:
    return _answer(f"There is no such endpoint; {_LISTED}", 404)


async def _no_disk(request: Request, error: OSError) -> JSONResponse:
    if error.errno in (errno.ENOSPC, errno.EDQUOT):
        return _answer("The disk of this server is full; try again in an hour, when old photographs are deleted.", 507)
    return await _fault(request, error)


async def _fault(request: Request, error: Exception) -> JSONResponse:
    name = id_of(request)
    logger.error("A request failed", exc_info=error, extra={"request": name})
    reason = f"Autochrome met a fault of its own ({type(error).__name__})"
    return _answer(f"{reason}; report what its log says of {name}.", 500)


def _answer(sentence: str, status: int = 422) -> JSONResponse:
    return JSONResponse({"detail": sentence}, status)


Handler = Callable[[Request, Any], Awaitable[JSONResponse]]

HANDLERS: dict[type[Exception], Handler] = {
    RequestValidationError: _no_body,
    TypeError: _no_parameter,
    KeyError: _no_endpoint,
    FnIndexInferError: _no_endpoint,
    OSError: _no_disk,
    Exception: _fault,
}
"""What Gradio's routes raise, and the answer to it."""


class NoServerError:
    """Gradio answers a direct call (``/run``, ``/api``) that is refused with 500; a refusal is 422."""

    def __init__(self, app: ASGIApp):
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        direct = re.search("/gradio_api/(run|api)/", scope.get("path", ""))

        async def sent(message: Message) -> None:
            if direct and message["type"] == "http.response.start" and message["status"] == 500:
                message["status"] = 422
            await send(message)

        await self._app(scope, receive, sent)


class NoSuchCall:
    """A result that is fetched twice, or that nobody asked for: Gradio would wait, or begin an answer and break off."""

    def __init__(self, app: ASGIApp, knows: Callable[[str], bool]):
        self._app, self._knows = app, knows

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        fetched = re.search("/gradio_api/call/(?:v2/)?[^/]+/([^/]+)/?$", scope.get("path", ""))
        if fetched and scope.get("method") == "GET" and not self._knows(fetched[1]):
            answer = _answer("There is no such call, or its result has been fetched; call the endpoint again.", 404)
            await answer(scope, receive, send)
        else:
            await self._app(scope, receive, send)
