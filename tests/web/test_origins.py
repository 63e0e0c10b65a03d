"""Pages elsewhere, and names that they make up, do not reach a server on this machine."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import Any

import httpx
import pytest
from gradio.utils import get_upload_folder
from playwright.sync_api import sync_playwright

import core.cli.serve
from core.settings import Settings
from core.web.origins import own_names
from tests.support.browser import FLAGS, chromium_path
from tests.support.fakes import make_engine

HERE = {"server_name": "127.0.0.1", "share": False}


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Any]:
    """The page as ``python app.py --mcp --allow-host photos.example.org`` serves it."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("GRADIO_TEMP_DIR", str(tmp_path_factory.mktemp("gradio")))
        patch.delenv("SPACE_ID", raising=False)
        patch.setattr(core.cli.serve, "make_engine", lambda settings: make_engine())
        settings = Settings(allow_host="photos.example.org")
        page = core.cli.serve.launch(settings, None, HERE | {"mcp_server": True})
        yield page
        page.close(verbose=False)


@pytest.mark.parametrize(
    ("host", "origin", "answered"),
    [
        (None, None, True),
        ("localhost:9000", None, True),
        ("192.168.1.7:7860", "http://192.168.1.7:7860", True),
        ("[::1]:7860", "http://[::1]:7860", True),
        ("photos.example.org", "https://photos.example.org", True),
        (None, "http://localhost:3000", True),
        ("evil.example", None, False),
        ("evil.example", "http://evil.example", False),
        (None, "http://evil.example", False),
        (None, "http://6.6.6.6", False),
        (None, "http://127.0.0.1.evil.example", False),
        (None, "null", False),
    ],
)
@pytest.mark.parametrize("path", ["", "config", "gradio_api/mcp/", "gradio_api/upload"])
def test_who_is_answered(served: Any, host: str | None, origin: str | None, answered: bool, path: str) -> None:
    headers = {name: value for name, value in {"Host": host, "Origin": origin}.items() if value}
    answer = httpx.get(f"{served.local_url}{path}", headers=headers)
    assert (answer.status_code != 403) is answered
    if not answered:
        assert answer.text.endswith("start it with --allow-host and that name.")


def test_which_names_are_its_own(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("SPACE_ID", "GRADIO_SERVER_NAME", "GRADIO_ROOT_PATH"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setattr("socket.gethostname", lambda: "Attic")
    assert own_names(None, None) == {"localhost", "attic", "attic.local"}
    names = own_names("colour.example.org", "https://a.example.org/colour", "b.example.org, c.example.org")
    assert names >= {f"{name}.example.org" for name in ("colour", "a", "b", "c")}
    monkeypatch.setenv("SPACE_ID", "someone/autochrome")
    assert own_names("0.0.0.0", None) == {"*"}


class _Elsewhere(BaseHTTPRequestHandler):
    """A page of somebody else's that sends a file to the address after its ``?``, as any page may."""

    def do_GET(self) -> None:
        self.send_response(200)
        self.send_header("Content-Type", "text/html")
        self.end_headers()
        self.wfile.write(b"""<script>
            const form = new FormData();
            form.append("files", new Blob(["x"]), "intruder.png");
            fetch(location.search.slice(1) + "gradio_api/upload", {method: "POST", body: form, mode: "no-cors"})
                .finally(() => document.title = "sent");
        </script>""")

    def log_message(self, *args: Any) -> None: ...


@pytest.fixture
def elsewhere() -> Iterator[int]:
    server = HTTPServer(("127.0.0.1", 0), _Elsewhere)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield server.server_address[1]
    server.shutdown()
    server.server_close()


def test_a_browser_carries_neither_a_made_up_name_nor_another_pages_file(served: Any, elsewhere: int) -> None:
    own, rebound = served.local_url, served.local_url.replace("127.0.0.1", "evil.example")
    with sync_playwright() as playwright:
        flags = [*FLAGS, "--host-resolver-rules=MAP evil.example 127.0.0.1"]
        browser = playwright.chromium.launch(executable_path=chromium_path(), args=flags)
        page = browser.new_page()
        answer = page.goto(rebound)
        assert answer is not None and answer.status == 403
        assert "does not answer to the name evil.example" in page.content()
        answers: list[int] = []
        page.on("response", lambda response: answers.append(response.status) if "/upload" in response.url else None)
        page.goto(f"http://evil.example:{elsewhere}/?{own}")
        page.wait_for_function("document.title === 'sent'")
        assert answers == [403]
        answer = page.goto(own)
        assert answer is not None and answer.ok
        browser.close()
    assert not list(Path(get_upload_folder()).rglob("intruder*"))
