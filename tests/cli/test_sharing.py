"""Sharing the page: passwords, public addresses, limits, proxies, and what stays of a photograph."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import gradio.networking
import httpx
import pytest
from gradio.route_utils import delete_files_created_by_app
from gradio_client import Client, handle_file
from typer.testing import CliRunner

import app
import core.cli.serve
from core.cli.serve import is_public
from core.settings import Settings
from tests.support.fakes import FakeBackend, make_engine, save_grey

ROOT = Path(__file__).resolve().parents[2]
PASSWORD = "open-sesame-4711"


def free_port() -> int:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return int(free.getsockname()[1])


class Serving:
    """Runs ``python app.py`` with some arguments in this process, and something else while it serves."""

    def __init__(self, patch: pytest.MonkeyPatch):
        self._patch = patch
        self.backend = FakeBackend()
        self.port = free_port()
        self.url = f"http://127.0.0.1:{self.port}"

        def engine(settings: Settings) -> Any:
            return make_engine(self.backend, **settings.model_dump())

        patch.setattr(core.cli.serve, "make_engine", engine)

    def run(self, *arguments: str, meanwhile: Callable[[], Any] = lambda: None) -> Any:
        self._patch.setattr(core.cli.serve, "wait_for", lambda ended: meanwhile())
        done = CliRunner().invoke(app.app, ["--port", str(self.port), *arguments], catch_exceptions=False)
        assert "share=True" not in done.output
        return done

    def client(self, **login: Any) -> Client:
        return Client(self.url, verbose=False, download_files=False, **login)


@pytest.fixture
def serving(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Serving:
    monkeypatch.setenv("GRADIO_TEMP_DIR", str(tmp_path / "gradio"))
    for name in ("AUTOCHROME_AUTH", "SPACE_ID", "GRADIO_ROOT_PATH"):
        monkeypatch.delenv(name, raising=False)
    return Serving(monkeypatch)


@pytest.fixture
def tunnel(monkeypatch: pytest.MonkeyPatch) -> Iterator[list[dict[str, Any]]]:
    """Stands for Gradio's tunnel; what it was asked for."""
    asked: list[dict[str, Any]] = []

    def set_up(**given: Any) -> str:
        asked.append(given)
        return "https://0123456789.gradio.live"

    monkeypatch.setattr(gradio.networking, "setup_tunnel", set_up)
    return asked


def test_a_shared_link_is_named_and_says_what_is_kept(serving, tunnel):
    seen: list[str] = []
    done = serving.run("--share", meanwhile=lambda: seen.append(httpx.get(serving.url).text))
    assert done.exit_code == 0
    assert done.stdout == "Autochrome is at https://0123456789.gradio.live\n"
    assert done.stderr.splitlines() == [
        "Whoever can reach this address can use the page; --auth USER:PASSWORD asks for a password."
    ]
    assert tunnel[0]["local_port"] == serving.port
    assert "Photographs are deleted from this machine after an hour." in seen[0].replace("\\n", " ")


def test_a_shared_link_that_cannot_be_made_is_an_error(serving, monkeypatch):
    def fail(**given: Any) -> str:
        raise OSError("no route to host")

    monkeypatch.setattr(gradio.networking, "setup_tunnel", fail)
    done = serving.run("--share", meanwhile=lambda: pytest.fail("it serves"))
    assert done.exit_code != 0
    assert done.stderr.splitlines()[-1] == (
        "autochrome: The shared link could not be made; check the network, or leave --share out."
    )


def test_with_a_password_nobody_else_gets_in_and_it_is_never_printed(serving, tunnel, monkeypatch, tmp_path):
    monkeypatch.setenv("AUTOCHROME_AUTH", f"anna:{PASSWORD}")
    picture = save_grey(tmp_path / "a.png")

    def meanwhile() -> None:
        answer = httpx.get(serving.url)
        assert answer.status_code == 200  # so that a container with a password is a healthy one
        page = answer.text
        assert "Photographs are deleted" not in page
        assert PASSWORD not in page
        for path in ("config", "gradio_api/info", "gradio_api/call/backends"):
            assert httpx.get(f"{serving.url}/{path}").status_code in (401, 405), path
        assert httpx.post(f"{serving.url}/gradio_api/upload", files={"files": b"x"}).status_code == 401
        with pytest.raises(Exception, match=r"login|credentials|401|auth"):
            serving.client(auth=("anna", "guess"))
        client = serving.client(auth=("anna", PASSWORD))
        assert client.predict(image=handle_file(str(picture)), api_name="/colorize")[1]["backend"] == "pocket"

    done = serving.run("--share", meanwhile=meanwhile)
    assert done.exit_code == 0
    assert done.stderr == ""
    assert PASSWORD not in done.output


@pytest.mark.parametrize("text", ["anna", "anna:", f":{PASSWORD}", PASSWORD])
def test_a_login_that_is_none_is_refused_without_repeating_it(serving, text):
    done = serving.run("--auth", text, meanwhile=lambda: pytest.fail("it serves"))
    assert done.exit_code == 2
    assert "write it as USER:PASSWORD" in done.stderr
    assert PASSWORD not in done.output


@pytest.mark.parametrize(
    ("host", "public"),
    [
        ("127.0.0.1", False), ("localhost", False), ("::1", False), ("[::1]", False), ("127.8.8.8", False),
        ("0.0.0.0", True), ("::", True), ("[::]", True), ("192.0.2.7", True), ("colour.example.org", True),
    ],
)  # fmt: skip
def test_which_addresses_others_may_reach(host, public):
    assert is_public(host) is public


def test_a_public_address_without_a_password_is_warned_of_in_one_line(serving, monkeypatch):
    done = serving.run("--host", "0.0.0.0")
    assert done.stderr.splitlines() == [
        "Whoever can reach this address can use the page; --auth USER:PASSWORD asks for a password."
    ]
    assert done.stdout == f"Autochrome is at http://localhost:{serving.port}/\n"
    assert serving.run("--host", "0.0.0.0", "--auth", "anna:b").stderr == ""
    assert serving.run().stderr == ""
    monkeypatch.setenv("SPACE_ID", "someone/autochrome")  # a Space is public by intent
    assert serving.run("--host", "0.0.0.0").stderr == ""


def test_the_limits_are_kept(serving, tmp_path):
    large, huge = save_grey(tmp_path / "large.png", 100, 101), tmp_path / "huge.bmp"
    huge.write_bytes(bytes(1_100_000))

    def meanwhile() -> None:
        client = serving.client()
        assert client.predict(image=handle_file(str(save_grey(tmp_path / "a.png", 100, 100))), api_name="/colorize")
        with pytest.raises(Exception, match=r"large\.png has 0 megapixels and the limit is 0"):
            client.predict(image=handle_file(str(large)), api_name="/colorize")
        with pytest.raises(Exception, match=r"(?i)size"):
            client.predict(image=handle_file(str(huge)), api_name="/colorize")

    assert serving.run("--max-pixels", "10000", "--max-upload-mb", "1", meanwhile=meanwhile).exit_code == 0
    assert serving.backend.calls == 1


@pytest.mark.parametrize("option", ["--max-pixels", "--max-upload-mb", "--queue"])
def test_a_limit_that_is_none_is_bad_usage(serving, option):
    done = serving.run(option, "0")
    assert done.exit_code == 2
    assert option in done.stderr


def test_a_full_queue_turns_callers_away(serving, tmp_path):
    picture = handle_file(str(save_grey(tmp_path / "a.png")))

    def meanwhile() -> None:
        client = serving.client()
        serving.backend.go.clear()
        calls = [client.submit(image=picture, api_name="/compare") for _ in range(6)]  # two of them run, one waits
        try:
            deadline = time.monotonic() + 20
            while not any(call.done() for call in calls):
                assert time.monotonic() < deadline
                time.sleep(0.05)
        finally:
            serving.backend.go.set()
        outcomes = [call.exception(timeout=20) for call in calls]
        assert sum(outcome is None for outcome in outcomes) >= 2
        assert any("queue" in str(outcome).lower() and "full" in str(outcome).lower() for outcome in outcomes)

    assert serving.run("--queue", "1", meanwhile=meanwhile).exit_code == 0


def test_no_other_user_of_the_machine_sees_a_photograph(serving, tmp_path):
    picture = handle_file(str(save_grey(tmp_path / "a.png")))
    serving.run(meanwhile=lambda: serving.client().predict(image=picture, api_name="/colorize"))
    assert [folder.stat().st_mode & 0o777 for folder in (tmp_path / "gradio").iterdir()] == [0o700]


def test_open_shows_the_page_in_a_browser(serving, monkeypatch):
    opened: list[str] = []
    monkeypatch.setattr("webbrowser.open", opened.append)
    serving.run()
    assert not opened
    serving.run("--open")
    assert [address.rstrip("/") for address in opened] == [serving.url]


def test_a_folder_that_is_another_users_is_named(serving, tmp_path):
    (tmp_path / "gradio").write_text("no folder")
    done = serving.run(meanwhile=lambda: pytest.fail("it serves"))
    assert done.exit_code == 2
    assert "name another folder in GRADIO_TEMP_DIR" in done.stderr


def test_a_proxys_path_is_in_all_addresses(serving):
    seen: list[str] = []
    serving.run(
        "--root-path", "/colour", meanwhile=lambda: seen.append(httpx.get(f"{serving.url}/config").json()["root"])
    )
    assert seen == [f"{serving.url}/colour"]


def test_photographs_and_pictures_are_deleted_as_the_page_promises(serving, tmp_path, monkeypatch):
    launch, pages = core.cli.serve.launch, []

    def remember(*arguments: Any) -> Any:
        pages.append(launch(*arguments))
        return pages[0]

    monkeypatch.setattr(core.cli.serve, "launch", remember)
    picture = handle_file(str(save_grey(tmp_path / "a.png")))

    def files() -> list[Path]:
        return [path for path in (tmp_path / "gradio").rglob("*") if path.is_file()]

    def meanwhile() -> None:
        client = serving.client()
        for name in ("colorize", "alternatives", "confidence", "compare"):
            client.predict(image=picture, api_name=f"/{name}")
        client.predict(images=[picture], api_name="/colorize_batch")
        assert len(files()) >= 5
        assert pages[0].delete_cache == (600, 3600)
        delete_files_created_by_app(pages[0], age=0)  # what Gradio does every 600 s with an age of 3600 s
        assert files() == []
        client.predict(image=picture, api_name="/colorize")
        assert files()

    serving.run(meanwhile=meanwhile)
    assert files() == []


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_it_ends_quietly_when_told_to(tmp_path, number):
    port = free_port()
    env = {name: value for name, value in os.environ.items() if not name.startswith(("GRADIO_", "AUTOCHROME_"))}
    env |= {"HF_HUB_OFFLINE": "1", "HF_HOME": str(tmp_path), "GRADIO_TEMP_DIR": str(tmp_path / "gradio")}
    command = [sys.executable, str(ROOT / "app.py"), "--port", str(port)]
    process = subprocess.Popen(command, env=env, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    assert process.stdout is not None
    assert process.stdout.readline() == f"Autochrome is at http://127.0.0.1:{port}/\n"
    process.send_signal(number)
    stdout, stderr = process.communicate(timeout=30)
    assert (process.returncode, stdout, stderr) == (0, "", "")
