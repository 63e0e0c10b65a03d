"""What others see of the page's address: its name, a sentence and a picture, where Gradio would put its own."""

from __future__ import annotations

import re
from html import escape

from starlette.datastructures import Headers, MutableHeaders
from starlette.responses import FileResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from core.web.texts import ASSETS, TEXTS

_PICTURE = "/autochrome-preview.jpg"
_GRADIOS = re.compile(rb'<meta\s+(?:property|name)="(?:og|twitter):[^>]*/>', re.DOTALL)


class LinkPreview:
    """Puts the page's own meta tags into its HTML, and serves their picture."""

    def __init__(self, app: ASGIApp):
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or scope["method"] not in ("GET", "HEAD"):
            await self._app(scope, receive, send)
        elif scope["path"].endswith(_PICTURE):
            await FileResponse(ASSETS / "preview.jpg")(scope, receive, send)
        elif scope["path"].rstrip("/") in ("", scope.get("root_path", "").rstrip("/")):
            headers = [(name, value) for name, value in scope["headers"] if name != b"accept-encoding"]
            await self._app({**scope, "headers": headers}, receive, _Rewriting(send, _address(scope)))
        else:
            await self._app(scope, receive, send)


class _Rewriting:
    """Holds an answer back until it is whole, and changes it where it is HTML."""

    def __init__(self, send: Send, address: str):
        self._send, self._address = send, address
        self._start: Message | None = None
        self._body = b""

    async def __call__(self, message: Message) -> None:
        if message["type"] == "http.response.start":
            headers = Headers(raw=message["headers"])
            plain = headers.get("content-type", "").startswith("text/html") and "content-encoding" not in headers
            if plain:
                self._start = message
                return
        elif self._start is not None and message["type"] == "http.response.body":
            self._body += message.get("body", b"")
            if not message.get("more_body"):
                body = with_own_tags(self._body, self._address)
                MutableHeaders(raw=self._start["headers"])["content-length"] = str(len(body))
                await self._send(self._start)
                await self._send({"type": "http.response.body", "body": body})
            return
        await self._send(message)


def with_own_tags(html: bytes, address: str) -> bytes:
    """HTML with tags for Autochrome where it had Gradio's.

    Args:
        html: the page.
        address: its address, without a slash in the end.
    """
    tags = {
        "og:title": "Autochrome",
        "og:type": "website",
        "og:url": f"{address}/",
        "og:description": TEXTS["tagline"][0],
        "og:image": address + _PICTURE,
        "twitter:card": "summary_large_image",
    }
    own = "".join(f'<meta property="{name}" content="{escape(value)}" />' for name, value in tags.items())
    return _GRADIOS.sub(b"", html).replace(b"</head>", own.encode() + b"</head>", 1)


def _address(scope: Scope) -> str:
    headers = Headers(scope=scope)
    scheme = headers.get("x-forwarded-proto", scope["scheme"]).split(",")[0]
    host = headers.get("x-forwarded-host", headers.get("host", "localhost")).split(",")[0]
    return f"{scheme}://{host}{scope.get('root_path', '').rstrip('/')}"
