"""Which names the server answers to, and from which pages it may be called.

A page elsewhere reaches a server on a visitor's machine through the visitor's browser: by a request across sites, which
carries the page's ``Origin``, or by a name of its own that it lets point to this machine (DNS rebinding), which then is
the ``Host``. An address in numbers cannot be made to point elsewhere. Programs send no ``Origin``.
"""

from __future__ import annotations

import ipaddress
import os
import socket
from urllib.parse import urlsplit

from starlette.datastructures import Headers
from starlette.responses import PlainTextResponse
from starlette.types import ASGIApp, Receive, Scope, Send

from core.errors import shortened

ANY = "*"
"""Stands for all names."""

_REMEDY = "start it with --allow-host and that name."


def own_names(host: str | None, root_path: str | None, more: str | None = None) -> set[str]:
    """The names by which a server may be called.

    Args:
        host: what it is bound to; None is Gradio's default.
        root_path: path or address behind a proxy, or None.
        more: other names, with commas between them, or None; ``*`` is any.
    """
    if "SPACE_ID" in os.environ:  # public, and called by the names that Hugging Face gives it alone
        return {ANY}
    bound = (host or os.environ.get("GRADIO_SERVER_NAME") or "localhost").strip("[]")
    proxy = urlsplit(root_path or os.environ.get("GRADIO_ROOT_PATH") or "").hostname or ""
    machine = socket.gethostname()
    given = [name.strip() for name in (more or "").split(",")]
    return {name.lower() for name in ("localhost", bound, machine, f"{machine}.local", proxy, *given) if name}


class OriginGuard:
    """Refuses, before anything else looks at them, requests for other names and from pages elsewhere."""

    def __init__(self, app: ASGIApp, names: set[str]):
        """``names`` is as of ``own_names``; it may grow while the server runs."""
        self._app, self._names = app, names

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http" and (refusal := self._refusal(Headers(scope=scope))):
            await PlainTextResponse(refusal, 403)(scope, receive, send)
        else:
            await self._app(scope, receive, send)

    def _refusal(self, headers: Headers) -> str:
        if ANY in self._names:
            return ""
        host, origin = _name(f"//{headers.get('host', '')}"), headers.get("origin")
        if host and host not in self._names and not _is_number(host):
            return (
                f"This server does not answer to the name {shortened(host)}; start it with --allow-host and that name."
            )
        if origin is None:
            return ""
        caller = _name(origin)
        if caller and caller in self._names | {host}:
            return ""
        return f"This server is not called from pages of {shortened(origin)}; {_REMEDY}"


def _name(address: str) -> str:
    """The host's name in an address, in small letters; empty where there is none."""
    try:
        return urlsplit(address).hostname or ""
    except ValueError:
        return ""


def _is_number(host: str) -> bool:
    try:
        ipaddress.ip_address(host)
    except ValueError:
        return False
    return True
