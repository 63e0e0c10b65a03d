"""What whoever runs a server can see of it, and how it ends: health, metrics, request ids, the log, the drain."""

from __future__ import annotations

import io
import json
import logging
import re
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import gradio.networking
import httpx
import pytest
from prometheus_client.parser import text_string_to_metric_families

import core.cli.serve
from core.settings import Settings
from core.web.server_log import use_log
from tests.support.fakes import FakeBackend, make_engine, save_grey


class Server:
    """The page as ``python app.py`` serves it, with a backend that can be held up."""

    def __init__(self, folder: Path):
        self.backend = FakeBackend()
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(core.cli.serve, "make_engine", lambda settings: make_engine(self.backend))
            options = {"server_name": "127.0.0.1", "share": False, "mcp_server": False}
            self.page: Any = core.cli.serve.launch(Settings(), None, options)
        self.http = httpx.Client(base_url=self.page.local_url, timeout=30)
        self.photographs = (save_grey(folder / f"Grandma{height}.png", height).read_bytes() for height in range(60, 90))

    def ask(self, **values: Any) -> httpx.Response:
        """Begin a call of /colorize with a photograph that was not seen before."""
        photograph = next(self.photographs)
        (path,) = self.http.post("gradio_api/upload", files={"files": ("Grandma.png", photograph)}).json()
        image = {"path": path, "orig_name": "Grandma.png", "meta": {"_type": "gradio.FileData"}}
        return self.http.post("gradio_api/call/v2/colorize", json={"image": image} | values)

    def result(self, asked: httpx.Response) -> str:
        """What it gives in the end."""
        return self.http.get(f"gradio_api/call/colorize/{asked.json()['event_id']}").text

    def metrics(self) -> dict[str, float]:
        """Name with labels -> value."""
        families = list(text_string_to_metric_families(self.http.get("metrics").text))
        samples = [sample for family in families for sample in family.samples]
        assert all(sample.name.startswith("autochrome_") for sample in samples)
        return {" ".join([sample.name, *map(str, sample.labels.values())]): sample.value for sample in samples}


@pytest.fixture
def server(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Server]:
    monkeypatch.setenv("GRADIO_TEMP_DIR", str(tmp_path / "gradio"))
    served = Server(tmp_path)
    yield served
    served.backend.go.set()
    served.page.close(verbose=False)


def test_a_machine_too_busy_to_answer_at_once_serves_all_the_same(tmp_path, monkeypatch):
    monkeypatch.setenv("GRADIO_TEMP_DIR", str(tmp_path / "gradio"))
    monkeypatch.setattr(gradio.networking, "url_ok", lambda url: False)  # it gave up after three seconds
    served = Server(tmp_path)
    assert served.http.get("healthz").status_code == 200
    served.page.close(verbose=False)


@pytest.fixture
def log(monkeypatch: pytest.MonkeyPatch) -> Iterator[io.StringIO]:
    """What is logged as JSON; how other tests log stays as it is."""
    root, own, written = logging.getLogger(), logging.getLogger("autochrome"), io.StringIO()
    before = root.handlers, root.level, own.level
    monkeypatch.setattr("sys.stderr", written)
    root.handlers = []
    use_log("json")
    yield written
    root.handlers, root.level, own.level = before
    logging.captureWarnings(False)


def test_what_is_counted_and_measured(server: Server) -> None:
    before = server.metrics()
    server.result(server.ask())
    server.result(server.ask(strength=5))
    after = server.metrics()

    def more(name: str) -> float:
        return after.get(name, 0) - before.get(name, 0)

    assert more("autochrome_calls_total colorize done") == 1
    assert more("autochrome_calls_total colorize refused") == 1
    assert more("autochrome_errors_total RequestError") == 1
    assert more("autochrome_stage_seconds_count pocket predict") == 1
    assert more("autochrome_stage_seconds_count pocket render") == 1
    assert more("autochrome_predictions_total pocket no") == 1
    assert more("autochrome_http_answers_total 200") >= 6
    assert after["autochrome_calls_in_work"] == after["autochrome_calls_waiting"] == 0
    assert 0 < after["autochrome_cache_bytes"] < after["autochrome_cache_limit_bytes"]
    assert after["autochrome_disk_limit_bytes"] == 4e9


def test_results_that_nobody_fetches_are_kept_for_the_latest_callers(
    server: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("core.web.page._MOST_SESSIONS", 3)
    server.backend.go.clear()
    held = server.ask()
    for _ in range(100):
        if server.backend.calls:
            break
        time.sleep(0.1)
    calls = [server.http.post("gradio_api/call/v2/backends", json={}) for _ in range(6)]
    server.backend.go.set()
    assert "complete" in server.result(held)  # it began before all of them
    first, *_, last = (server.http.get(f"gradio_api/call/backends/{call.json()['event_id']}") for call in calls)
    assert (first.status_code, last.status_code) == (404, 200)
    assert "its result has been fetched" in first.text
    assert "complete" in last.text


def test_the_queue_is_seen_while_it_waits(server: Server) -> None:
    server.backend.go.clear()
    asked = [server.ask() for _ in range(6)]
    deadline = time.monotonic() + 10
    while server.metrics()["autochrome_calls_in_work"] < 4:
        assert time.monotonic() < deadline
    assert server.metrics()["autochrome_calls_waiting"] == 2
    server.backend.go.set()
    assert all(server.result(each).startswith("event: complete") for each in asked)


def test_each_answer_has_an_id_and_a_fault_names_it(
    server: Server, log: io.StringIO, monkeypatch: pytest.MonkeyPatch
) -> None:
    answer = server.http.get("healthz")
    assert (answer.status_code, answer.json()) == (200, {"status": "ok"})
    assert re.fullmatch("[0-9a-f]{12}", answer.headers["X-Request-ID"])
    assert (
        server.http.get("healthz", headers={"X-Request-ID": "from-a-proxy"}).headers["X-Request-ID"] == "from-a-proxy"
    )
    assert server.http.get("healthz", headers={"X-Request-ID": "no {id}"}).headers["X-Request-ID"] != "no {id}"

    def fail(*given: Any, **named: Any) -> Any:
        raise LookupError("/home/anna/Grandma.png")

    monkeypatch.setattr("core.web.endpoints.named.colour_file", fail)
    asked = server.ask()
    assert f"report what its log says of {asked.headers['X-Request-ID']}." in server.result(asked)
    lines = [json.loads(line) for line in log.getvalue().splitlines()]
    fault, call = [line for line in lines if line["request"] == asked.headers["X-Request-ID"]]
    assert (fault["level"], fault["error"]) == ("error", "LookupError")
    assert fault["at"][-1].startswith("tests/web/test_observability.py:")
    assert (call["endpoint"], call["outcome"]) == ("colorize", "fault")
    assert call["seconds"] > 0


def test_nothing_personal_is_logged_or_counted(server: Server, log: io.StringIO) -> None:
    server.result(server.ask())
    try:
        raise ValueError("Grandma.png from 203.0.113.9")
    except ValueError:
        logging.getLogger("autochrome").exception("%s could not be coloured", "Grandma.png")
        logging.getLogger("somebody").warning("cannot read Grandma.png")
    lines = [json.loads(line) for line in log.getvalue().splitlines()]
    assert [line["message"] for line in lines][-2] == "… could not be coloured"
    assert lines[-1]["message"].startswith("tests/web/test_observability.py:")
    for told in (log.getvalue(), server.http.get("metrics").text):
        assert "Grandma" not in told and "127.0.0.1" not in told and "203.0" not in told


def test_an_ending_server_ends_its_work_and_takes_no_more(server: Server) -> None:
    server.backend.go.clear()
    in_work, waiting = server.ask(), [server.ask() for _ in range(5)]
    ending = threading.Thread(target=server.page.finish, args=(30, threading.Event()))
    ending.start()
    deadline = time.monotonic() + 5
    while server.http.get("healthz").status_code != 503:
        assert time.monotonic() < deadline
    refused = server.http.post("gradio_api/call/v2/colorize", json={})
    assert refused.status_code == 503
    assert refused.json()["detail"] == "This server is about to end and takes no new work; try again in a minute."
    assert refused.headers["Retry-After"] == "60"
    server.backend.go.set()
    for asked in (in_work, *waiting):
        told = server.result(asked)
        assert told.startswith("event: complete")
        (address,) = re.findall(r'"url": "([^"]+\.png)"', told)
        assert server.http.get(address).status_code == 200
    ending.join(10)
    assert not ending.is_alive()


def test_an_end_does_not_wait_for_what_hangs_nor_for_who_is_in_a_hurry(server: Server) -> None:
    server.backend.go.clear()
    server.ask()
    began = time.monotonic()
    server.page.finish(0.5, threading.Event())
    assert 0.4 < time.monotonic() - began < 2
    hurry = threading.Event()
    hurry.set()
    server.page.finish(30, hurry)
    assert time.monotonic() - began < 3
