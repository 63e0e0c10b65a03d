"""Whatever a caller sends, it gets a result or one short sentence: no trace, no file's path, no server's error."""

from __future__ import annotations

import errno
import json
import os
import re
import tempfile
from collections.abc import Iterator
from typing import Any

import httpx
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as some
from PIL import Image

import core.cli.serve
from core.settings import Settings
from tests.support.fakes import FakeBackend, make_engine
from tests.support.films import scene, write_film


class Caller:
    """Calls endpoints as a program without Gradio's client does."""

    def __init__(self, url: str, photograph: bytes, film: bytes):
        self.api = f"{url}gradio_api/"
        self.http = httpx.Client(timeout=120)
        self.photograph, self.film = self._sent("a.png", photograph), self._sent("a.mp4", film)
        self.endpoints: dict[str, Any] = self.http.get(f"{self.api}info").json()["named_endpoints"]

    def _sent(self, name: str, file: bytes) -> dict[str, Any]:
        (path,) = self.http.post(f"{self.api}upload", files={"files": (name, file)}).json()
        return {"path": path, "meta": {"_type": "gradio.FileData"}, "orig_name": name}

    def usual(self, name: str) -> dict[str, Any]:
        """What suits every parameter of an endpoint."""
        photographs = {"image": self.photograph, "images": [self.photograph], "film": self.film}
        parameters = self.endpoints[name]["parameters"]
        return {each["parameter_name"]: each.get("parameter_default") for each in parameters} | {
            key: value for key, value in photographs.items() if key in {each["parameter_name"] for each in parameters}
        }

    def refusal(self, name: str, values: dict[str, Any], way: str = "call/v2") -> str | None:
        """The sentence that a call is refused with, or None where it succeeds."""
        body = values if way == "call/v2" else {"data": list(values.values())}
        answer = self.http.post(f"{self.api}{way}{name}", json=body)
        assert answer.status_code < 500
        if answer.status_code != 200:
            told = answer.json()
            return str(told.get("detail") or told["error"])
        if way == "run":
            return None
        stream = self.http.get(f"{self.api}call{name}/{answer.json()['event_id']}").text
        kind, told = stream.strip().rpartition("event: ")[2].split("\ndata: ", 1)
        return None if kind == "complete" else str(json.loads(told)["error"])


@pytest.fixture(scope="module")
def caller(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Caller]:
    folder = tmp_path_factory.mktemp("gradio")
    Image.effect_noise((40, 30), 60).save(folder / "a.png")
    write_film(folder / "a.mp4", [scene(number) for number in range(3)])
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("GRADIO_TEMP_DIR", str(folder))
        patch.setattr(core.cli.serve, "make_engine", lambda settings: make_engine(FakeBackend()))
        options = {"server_name": "127.0.0.1", "share": False, "mcp_server": False}
        page = core.cli.serve.launch(Settings(), None, options)
        yield Caller(page.local_url, *((folder / name).read_bytes() for name in ("a.png", "a.mp4")))
        page.close(verbose=False)


FOREIGN = (
    "Traceback",
    'File "',
    "<class",
    " at 0x",
    "/root",
    "/home/",
    "/usr/",
    "site-packages",
    tempfile.gettempdir(),
)


def is_one_sentence(told: str | None, caller: Caller) -> bool:
    """Short, ended, and of ours: with no file of the server's but those that the caller sent."""
    assert told is not None
    unsaid = told
    for path in (caller.photograph["path"], caller.film["path"]):
        unsaid = unsaid.replace(path, "").replace(repr(path)[:79], "")  # whole or shortened
    return len(told) < 300 and told.endswith(".") and not any(sign in unsaid for sign in FOREIGN)


@pytest.mark.parametrize(
    ("name", "given", "words"),
    [
        ("/colorize", {"colour": 1}, "has no parameter 'colour'"),
        ("/colorize", {"image": {"path": ""}}, "is no uploaded file"),
        ("/colorize", {"image": {"path": "/etc/hostname", "meta": {"_type": "gradio.FileData"}}}, "handle_file"),
        ("/colorize", {"image": {"path": "http://10.0.0.1/a", "meta": {"_type": "gradio.FileData"}}}, "from here"),
        ("/colorize", {"image": {"path": "http://169.254.169.254/", "meta": {"_type": "gradio.FileData"}}}, "from he"),
        ("/colorize", {"image": "data:image/png;base64,xx"}, "is no uploaded file"),
        ("/colorize", {"quality": "good"}, "'quality'"),
        ("/colorize", {"quality": 1e308}, "'quality'"),
        ("/colorize", {"backend": {"path": "/a"}}, "has a form that cannot be used"),
        ("/colorize", {"hints": [{"x" * 500: 1}]}, "'hints"),
        ("/colorize_batch", {"images": [5]}, "handle_file"),
        ("/nothing", {}, "There is no such endpoint"),
    ],
)
def test_a_mistake_is_told_in_a_sentence(caller: Caller, name: str, given: dict[str, Any], words: str) -> None:
    told = caller.refusal(name, (caller.usual(name) if name in caller.endpoints else {}) | given)
    assert is_one_sentence(told, caller)
    assert words in str(told)


@pytest.mark.parametrize("way", ["call", "run"])
def test_too_few_values_are_told_in_a_sentence(caller: Caller, way: str) -> None:
    told = caller.refusal("/colorize", {"image": caller.photograph}, way)
    assert is_one_sentence(told, caller)
    assert "values and got 1" in str(told)


def test_a_result_is_fetched_once(caller: Caller) -> None:
    call = caller.http.post(f"{caller.api}call/v2/colorize", json=caller.usual("/colorize")).json()["event_id"]
    assert "event: complete" in caller.http.get(f"{caller.api}call/colorize/{call}").text
    for unknown in (call, "another"):
        answer = caller.http.get(f"{caller.api}call/colorize/{unknown}")
        assert answer.status_code == 404
        assert is_one_sentence(answer.json()["detail"], caller)


@pytest.mark.parametrize("body", ["5", "[]", '{"data": 5}', "{", ""])
def test_a_body_that_is_none_is_told_in_a_sentence(caller: Caller, body: str) -> None:
    answer = caller.http.post(f"{caller.api}call/colorize", content=body, headers={"Content-Type": "application/json"})
    assert answer.status_code == 422
    assert is_one_sentence(answer.json()["detail"], caller)


def test_a_fault_of_our_own_is_told_in_a_sentence(caller: Caller, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*given: Any) -> Any:
        raise LookupError("/root/secret")

    monkeypatch.setattr("core.web.endpoints.named.colour_file", fail)
    told = caller.refusal("/colorize", caller.usual("/colorize"))
    assert is_one_sentence(told, caller)
    assert re.fullmatch(
        r"This call met a fault of .*\(LookupError\); report what its log says of [0-9a-f]{12}\.", str(told)
    )


def test_what_the_page_asks_amiss_is_told_in_a_sentence(caller: Caller) -> None:
    config = caller.http.get(caller.api.replace("gradio_api/", "config")).json()
    asked = [(each["id"], name) for each in config["components"] for name in each["props"].get("server_fns") or ()]
    assert {"show_look", "fetch_model", "show_picture"} <= {name for _, name in asked}
    refused = set()
    for component, name in asked:
        for sent in (None, 5, [], {}, {"session": 1, "region": {"left": "x"}}, {"id": "x", "pixels": "many"}):
            body = {"data": sent, "component_id": component, "fn_name": name, "session_hash": "me"}
            answer = caller.http.post(f"{caller.api}component_server", json=body)
            assert answer.status_code < 500
            problem = answer.json().get("problem") or answer.json().get("detail")
            if problem is not None:
                assert is_one_sentence(problem, caller)
                assert "fault" not in problem
                refused.add(name)
    assert refused == {name for _, name in asked}


def test_a_full_disk_is_told_in_a_sentence(caller: Caller, monkeypatch: pytest.MonkeyPatch) -> None:
    async def fill(*given: Any, **named: Any) -> Any:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr("gradio.routes.upload_fn", fill)
    answer = caller.http.post(f"{caller.api}upload", files={"files": ("a.png", b"x")})
    assert answer.status_code == 507
    assert answer.json()["detail"].startswith("The disk of this server is full; ")


SCALARS = (
    some.none()
    | some.booleans()
    | some.integers()
    | some.floats(allow_nan=False, allow_infinity=False)  # which JSON has not
    | some.text(max_size=400)
    | some.text(min_size=1, max_size=9).map(lambda text: text * 2000)
)
ANYTHING = some.recursive(
    SCALARS,
    lambda inside: some.lists(inside, max_size=4) | some.dictionaries(some.text(max_size=9), inside, max_size=4),
    max_leaves=8,
)
SHARES = some.floats(-0.5, 1.5)
HINTS = some.fixed_dictionaries(
    {"x": SHARES, "y": SHARES},
    optional=dict.fromkeys(("a", "b", "color", "radius", "stroke", "width", "keep", "t"), ANYTHING | SHARES),
)
STROKES = some.fixed_dictionaries(
    {"points": some.lists(some.tuples(SHARES, SHARES), max_size=4)},
    optional={"width": ANYTHING | SHARES, "erase": ANYTHING},
)
NAMES = "auto none pocket picky tone,marks faces,crop straighten vivid default png jpg webp tiff avif skip recolour"
LIKELY = (
    some.sampled_from(NAMES.split())
    | some.floats(-1, 3)
    | some.integers(-1, 101)
    | some.lists(HINTS | STROKES, max_size=3)
    | some.dictionaries(some.sampled_from(["shift", "colour"]), SCALARS, max_size=2)
)
"""What comes further than most: nearly what is due, if perhaps not there."""

CALLS = int(os.environ.get("FUZZED_CALLS", "40"))
"""Ten thousand, which take half an hour on two busy cores, need pytest's ``-o faulthandler_timeout=0`` too."""


@settings(
    max_examples=CALLS,
    deadline=None,
    derandomize=True,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow, HealthCheck.data_too_large],
)
@given(data=some.data())
def test_anything_gets_a_result_or_a_sentence(caller: Caller, data: some.DataObject) -> None:
    name = data.draw(some.sampled_from([name for name in sorted(caller.endpoints) if caller.usual(name)]))
    values, files = caller.usual(name), some.just(caller.photograph) | some.just([caller.photograph])
    for parameter in data.draw(some.lists(some.sampled_from(sorted(values)), min_size=1, max_size=3)):
        values[parameter] = data.draw(ANYTHING | LIKELY | files)
    told = caller.refusal(name, values, data.draw(some.sampled_from(["call", "call/v2", "run"])))
    assert told is None or is_one_sentence(told, caller)
