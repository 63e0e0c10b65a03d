"""A call's body: what is too much of it is refused, and nobody else waits for it."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Iterator

import httpx
import pytest
from starlette.requests import Request
from starlette.responses import PlainTextResponse
from starlette.types import Receive, Scope, Send

import core.cli.serve
from core.settings import Settings
from core.web.body_limit import BodyLimit
from tests.support.fakes import make_engine


@pytest.fixture(scope="module")
def api(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """A server's address."""
    options = {"server_name": "127.0.0.1", "share": False, "mcp_server": False}
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("GRADIO_TEMP_DIR", str(tmp_path_factory.mktemp("gradio")))
        patch.setattr(core.cli.serve, "make_engine", lambda settings: make_engine())
        page = core.cli.serve.launch(Settings(max_upload_mb=3), None, options)
        yield f"{page.local_url}gradio_api/"
        page.close(verbose=False)


def post(url: str, content: bytes | Iterator[bytes]) -> httpx.Response:
    return httpx.post(url, content=content, headers={"Content-Type": "application/json"}, timeout=60)


def pieces(piece: bytes, count: int) -> Iterator[bytes]:
    """A body whose length nobody is told beforehand."""
    yield from (piece for _ in range(count))


@pytest.mark.parametrize("route", ["call/colorize", "call/v2/colorize", "queue/join", "component_server"])
@pytest.mark.parametrize("told", [True, False])
def test_a_body_that_is_too_large_is_refused(api: str, route: str, told: bool) -> None:
    piece = b'{"data": ["' + b"a" * 999_989
    answer = post(api + route, piece * 11 if told else pieces(piece, 11))
    assert answer.status_code == 413
    assert "more than the 10 MB" in answer.json()["detail"]


@pytest.mark.parametrize("values", [b"[],", b"1,", b'{"a":1},'])
def test_so_are_a_few_megabytes_of_nothing_but_values(api: str, values: bytes) -> None:
    answer = post(f"{api}call/colorize", b'{"data": [[' + values * 600_000 + b"1]]}")
    assert answer.status_code == 413
    assert answer.json()["detail"].endswith("send fewer strokes and hints.")


def test_all_strokes_that_a_call_may_have_are_taken(api: str) -> None:
    strokes = [{"points": [[0.1234, 0.5678]] * 400, "width": 0.1} for _ in range(400)]
    body = json.dumps({"image": None, "restore_strokes": strokes}).encode()
    assert "event_id" in post(f"{api}call/v2/colorize", body).json()


def test_an_upload_has_the_limit_of_files_and_none_of_values(api: str) -> None:
    answer = httpx.post(f"{api}upload", files={"files": ("a.png", b"," * 2_000_000)}, timeout=60)
    assert answer.status_code == 200


@pytest.mark.parametrize(("path", "size", "status"), [("mcp/", 13, 200), ("mcp/", 15, 413), ("call/colorize", 13, 413)])
def test_an_agent_may_send_pictures_within_a_call(path: str, size: int, status: int) -> None:
    """As base64, of 3 MB together here."""

    async def length(scope: Scope, receive: Receive, send: Send) -> None:
        body = await Request(scope, receive).body()
        await PlainTextResponse(str(len(body)))(scope, receive, send)

    async def ask() -> httpx.Response:
        transport = httpx.ASGITransport(BodyLimit(length, Settings(max_upload_mb=3)))
        async with httpx.AsyncClient(transport=transport) as client:
            return await client.post(f"http://here/gradio_api/{path}", content=bytes(size * 1_000_000))

    answer = asyncio.run(ask())
    assert answer.status_code == status
    assert status == 413 or answer.text == str(size * 1_000_000)
