"""The endpoints as MCP tools, called by the official client over HTTP."""

from __future__ import annotations

import asyncio
import base64
import inspect
import io
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import gradio.http_server
import httpx
import mcp
import numpy as np
import pytest
from gradio.mcp import GradioMCPServer
from gradio.route_utils import delete_files_created_by_app
from gradio.utils import get_upload_folder
from mcp.client.streamable_http import streamable_http_client
from PIL import Image
from typer.testing import CliRunner

import app
import core.cli.serve
from core.settings import Settings
from core.web.endpoints.agents import AgentServer
from tests.support.fakes import FakeBackend, make_engine, save_grey

TOOLS = {"colorize", "alternatives", "confidence", "compare", "colorize_batch", "colorize_video", "backends"}


class Agent:
    """A client of the server, and the page behind it."""

    def __init__(self, page: Any):
        self.page, self.url = page, page.local_url.rstrip("/")

    def ask(self, question: Any) -> Any:
        """What a coroutine with a session returns."""

        async def talk() -> Any:
            async with (
                streamable_http_client(f"{self.url}/gradio_api/mcp/") as (reading, writing, _),
                mcp.ClientSession(reading, writing) as session,
            ):
                await session.initialize()
                return await question(session)

        return asyncio.run(asyncio.wait_for(talk(), 60))

    def tools(self) -> Any:
        async def question(session: Any) -> Any:
            return (await session.list_tools()).tools

        return self.ask(question)

    def call(self, tool: str, told: Any = None, **arguments: Any) -> Any:
        async def question(session: Any) -> Any:
            return await session.call_tool(tool, arguments, progress_callback=told)

        return self.ask(question)

    def upload(self, path: Path) -> str:
        answer = httpx.post(f"{self.url}/gradio_api/upload", files={"files": (path.name, path.read_bytes())})
        return f"{self.url}/gradio_api/file={answer.json()[0]}"


@pytest.fixture(scope="module")
def agent(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Agent]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("GRADIO_TEMP_DIR", str(tmp_path_factory.mktemp("gradio")))
        patch.setattr(core.cli.serve, "make_engine", lambda settings: make_engine(FakeBackend()))
        page = core.cli.serve.launch(Settings(), None, {"server_name": "127.0.0.1", "share": False, "mcp_server": True})
        yield Agent(page)
        page.close(verbose=False)


@pytest.fixture
def photograph(tmp_path: Path) -> Path:
    return save_grey(tmp_path / "grandma.png", 700, 900)


def data_address(path: Path) -> str:
    return f"data:image/png;base64,{base64.b64encode(path.read_bytes()).decode()}"


def texts(answer: Any) -> list[str]:
    return [part.text for part in answer.content if part.type == "text"]


def pictures(answer: Any) -> list[np.ndarray]:
    files = [io.BytesIO(base64.b64decode(part.data)) for part in answer.content if part.type == "image"]
    return [np.asarray(Image.open(file)).astype(int) for file in files]


def test_every_endpoint_is_a_tool_with_words(agent):
    tools = {tool.name: tool for tool in agent.tools()}
    assert set(tools) == TOOLS
    for tool in tools.values():
        assert len(tool.description) > 60
        assert all(each.get("description") for each in tool.inputSchema["properties"].values()), tool.name
        assert set(tool.inputSchema["required"]) <= {"image", "images", "film"}
    strength = tools["colorize"].inputSchema["properties"]["strength"]
    assert (strength["minimum"], strength["maximum"], strength["default"]) == (0, 2, 1)


def test_the_first_request_already_meets_its_own_guards(monkeypatch, tmp_path):
    """The server is up, and with --share the tunnel, before ``launch`` is done."""
    start, answers = gradio.http_server.start_server, []

    def ask(url: str, method: str, **params: Any) -> Any:
        question = {"jsonrpc": "2.0", "id": 1, "method": method, "params": params}
        headers = {"Accept": "application/json, text/event-stream"}
        return httpx.post(f"{url}gradio_api/mcp/", json=question, headers=headers, timeout=30).text

    def start_and_ask(**given: Any) -> Any:
        started = start(**given)
        smuggled = {"path": "/etc/hostname", "meta": {"_type": "gradio.FileData"}}
        answers.append(ask(started[2], "tools/list"))
        arguments = {"image": "x", "options": {"x": smuggled}}
        answers.append(ask(started[2], "tools/call", name="colorize", arguments=arguments))
        return started

    monkeypatch.setenv("GRADIO_TEMP_DIR", str(tmp_path))
    monkeypatch.setattr(gradio.http_server, "start_server", start_and_ask)
    monkeypatch.setattr(core.cli.serve, "make_engine", lambda settings: make_engine(FakeBackend()))
    options = {"server_name": "127.0.0.1", "share": False, "mcp_server": True}
    core.cli.serve.launch(Settings(), None, options).close(verbose=False)
    assert "an id that the tool 'backends' lists" in answers[0]
    assert '"isError":true' in answers[1]
    assert "A file must be given as an address" in answers[1]


@pytest.mark.parametrize(("limits", "shown"), [({"max_upload_mb": 1}, True), ({"max_pixels": 1000}, False)])
def test_results_are_opened_within_the_servers_own_limits(agent, tmp_path, limits, shown):
    Image.effect_noise((1200, 1200), 90).save(tmp_path / "a.png")
    result = {"path": str(tmp_path / "a.png"), "orig_name": "a.png", "url": "http://here/a.png"}
    parts = AgentServer(Settings(**limits), agent.page)._shown(result)
    assert [part.type for part in parts] == (["image", "text"] if shown else ["text"])


def test_a_picture_is_coloured_and_the_report_read(agent, photograph):
    answer = agent.call("colorize", image=data_address(photograph), strength=1.5)
    assert not answer.isError, answer
    (small,) = pictures(answer)
    assert 300_000 < small.shape[0] * small.shape[1] <= 401_000
    assert np.ptp(small, axis=2).mean() > 5
    address, report = texts(answer)
    whole = Image.open(io.BytesIO(httpx.get(address.partition(": ")[2]).content))
    assert (whole.format, whole.size) == ("PNG", (900, 700))
    told = json.loads(report)
    assert (told["backend"], told["width"], told["height"]) == ("pocket", 900, 700)


def test_an_uploaded_photograph_serves_every_tool(agent, photograph):
    address = agent.upload(photograph)
    answer = agent.call("colorize", image=address, output_format="jpeg")
    assert texts(answer)[0].startswith("grandma.colour.jpg: ")
    answer = agent.call("alternatives", image=address)
    rows = json.loads(texts(answer)[-1])
    assert len(pictures(answer)) == len(rows) >= 4
    chosen = agent.call("colorize", image=address, alternative=rows[-1]["name"])
    assert not chosen.isError
    answer = agent.call("confidence", image=address)
    assert 0 <= json.loads(texts(answer)[-1])["mean"] <= 1
    assert len(pictures(answer)) == 1
    answer = agent.call("compare", image=address)
    assert json.loads(texts(answer)[-1])["backends"][0]["backend"] == "pocket"
    answer = agent.call("colorize_batch", images=[address, address])
    assert texts(answer)[0].startswith("autochrome.zip: http")
    assert [row["picture"] for row in json.loads(texts(answer)[1])] == ["grandma.colour.png", "grandma-2.colour.png"]
    (backends,) = texts(agent.call("backends"))
    assert [backend["id"] for backend in json.loads(backends)] == ["pocket"]


def test_progress_is_told_in_words(agent, photograph):
    heard: list[str | None] = []

    async def told(progress: float, total: float | None, message: str | None) -> None:
        heard.append(message)

    answer = agent.call("colorize", told, image=data_address(photograph), strength=0.9)
    assert json.loads(texts(answer)[1])["backend"] == "pocket"
    assert heard


@pytest.mark.parametrize(
    ("given", "words"),
    [
        ({"backend": "sepia"}, "There is no backend 'sepia'; choose one of: auto, pocket."),
        ({"strength": 3}, "3 is greater than the maximum of 2"),
        ({"options": {"shift": "far"}}, "The parameter 'shift' is not usable"),
        ({"image": "data:image/png;base64,ZGVhciBkaWFyeQ=="}, "is no picture that can be read here"),
        ({"image": "grandma.png"}, "The picture has no address that can be used"),
        ({"image": "data:image/png;base64,abcde"}, "The data: address cannot be decoded"),
        ({"image": "http://127.0.0.1:1/a.png"}, "cannot be read from here; see that anybody can open it"),
        ({"output_format": "psd"}, "'psd' is not one of"),
    ],
)
def test_errors_are_sentences(agent, photograph, given, words):
    answer = agent.call("colorize", **{"image": data_address(photograph)} | given)
    assert answer.isError
    (text,) = texts(answer)
    assert words in text
    assert "Traceback" not in text


def test_no_file_of_the_server_can_be_asked_for(agent, photograph, tmp_path):
    secret = tmp_path / "secret.png"
    Image.new("L", (31, 37)).save(secret)
    described = {"path": str(secret), "meta": {"_type": "gradio.FileData"}}
    for image in (str(secret), f"file://{secret}", f"{agent.url}/gradio_api/file={secret}"):
        assert agent.call("colorize", image=image).isError, image
    for given in ({"image": described}, {"image": data_address(photograph), "options": {"x": described}}):
        assert agent.call("colorize", **given).isError
    assert agent.call("colorize_batch", images=[str(secret)]).isError
    assert not list(Path(get_upload_folder()).rglob("secret*"))


def test_what_came_in_an_address_is_deleted_in_time(agent, photograph):
    agent.call("colorize", image=data_address(photograph))
    assert any(path.is_file() for path in Path(get_upload_folder()).rglob("*"))
    delete_files_created_by_app(agent.page, age=0)  # what Gradio does every 600 s with an age of 3600 s
    left = [path.name for path in Path(get_upload_folder()).rglob("*") if path.is_file()]
    examples = {path.name for path in (Path(core.__path__[0]) / "web" / "examples").iterdir()}
    assert set(left) <= examples


def test_the_address_of_the_tools_is_printed(agent, monkeypatch):
    monkeypatch.setattr(core.cli.serve, "launch", lambda *given: agent.page)
    monkeypatch.setattr(core.cli.serve, "wait_for", lambda ended: None)
    monkeypatch.setattr(agent.page, "close", lambda verbose: None)
    done = CliRunner().invoke(app.app, ["--mcp"])
    assert done.stdout.splitlines()[-1] == f"Its MCP tools are at {agent.url}/gradio_api/mcp/"


def test_a_password_and_agents_exclude_each_other():
    done = CliRunner().invoke(app.app, ["--mcp", "--auth", "anna:b"])
    assert done.exit_code == 2
    assert "Agents cannot log in; leave out --auth, or --mcp." in done.stderr


def test_without_its_package_it_says_what_to_install(monkeypatch):
    monkeypatch.setattr(core.cli.serve, "find_spec", lambda name: None)
    done = CliRunner().invoke(app.app, ["--mcp"])
    assert done.exit_code == 2
    assert "pip install -r requirements-mcp.txt" in done.stderr


@pytest.mark.parametrize(
    "name",
    [
        "get_tool_to_endpoint",
        "get_fn_description",
        "get_input_schema",
        "convert_strings_to_filedata",
        "postprocess_output_data",
        "_format_progress_message",
    ],
)
def test_what_takes_the_place_of_gradios_own_methods_is_called_as_theirs_are(name):
    ours, theirs = getattr(AgentServer, name), getattr(GradioMCPServer, name)
    assert ours is not theirs
    assert [*inspect.signature(ours).parameters] == [*inspect.signature(theirs).parameters]
