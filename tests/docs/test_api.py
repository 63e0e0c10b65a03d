"""docs/api.md stays true: its examples run as written, and its tables have the server's own defaults."""

from __future__ import annotations

import ast
import os
import re
import subprocess
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from tests.support.browser import Second, Studio, save_coloured, save_ramp, serve_studio
from tests.support.films import scene, write_film

DOCS = (Path(__file__).resolve().parents[2] / "docs" / "api.md").read_text()
ADDRESS = "http://127.0.0.1:7860"
SECTIONS = dict(re.findall(r"^## (/\w+)\n(.*?)(?=^## |\Z)", DOCS, re.DOTALL | re.MULTILINE))


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Studio]:
    with serve_studio(tmp_path_factory.mktemp("gradio"), Second()) as studio:
        yield studio


@pytest.fixture(scope="module")
def api(served: Studio) -> dict[str, Any]:
    from gradio_client import Client

    named: dict[str, Any] = Client(served.url, verbose=False).view_api(return_format="dict")["named_endpoints"]
    return named


def test_every_endpoint_is_described_and_no_other(api: dict[str, Any]) -> None:
    assert set(SECTIONS) == set(api)


@pytest.mark.parametrize("name", SECTIONS)
def test_tables_have_the_servers_parameters_and_defaults(api: dict[str, Any], name: str) -> None:
    _, _, tables = SECTIONS[name].partition("| parameter |")
    table, _, _ = tables.partition("\n\n")
    written = re.findall(r"^\| `(\w+)` \| (?:`(.*?)`)? ?\|", table, re.MULTILINE)
    found = [
        (given["parameter_name"], given["parameter_default"] if given["parameter_has_default"] else None)
        for given in api[name]["parameters"]
    ]
    assert [(parameter, ast.literal_eval(default) if default else None) for parameter, default in written] == found


def test_the_examples_run_as_written(
    served: Studio, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """One after the other, on a real server; only its address is another."""
    served.later.go("missing", 0, "They are not here yet.")
    monkeypatch.chdir(tmp_path)
    save_photographs(tmp_path)
    with zipfile.ZipFile("album.zip", "w") as album:
        album.write(save_ramp(tmp_path / "grandpa.png", 90, 60), "grandpa.png")
        album.writestr("notes.txt", "hello")
        album.writestr("letter.png", "hello")
    names: dict[str, Any] = {}
    printed = []
    for example in re.findall(r"```python\n(.*?)```", DOCS, re.DOTALL):
        exec(example.replace(ADDRESS, served.url), names)
        printed.append(capsys.readouterr().out)
    _, colorize, alternatives, confidence, compare, batch, video, backends = printed
    assert ".colour.jpg pocket {" in colorize
    assert re.search(r"Predicted: \d+% plausible, \S+default\.png\n", alternatives)
    assert "Warmer: " in alternatives
    assert re.search(r"confidence\.png 0\.\d+", confidence)
    assert re.search(r"Pocket \d.*pocket\.png\nBroken 0\.0 Backend 'broken' is <not> well", compare)
    assert batch == (
        "grandma.jpg grandma.colour.png\ngrandpa.png grandpa.colour.png\n"
        "letter.png letter.png is no picture that can be read here; "
        "give a JPEG, PNG, WebP, TIFF, HEIC or AVIF file.\n"
    )
    assert re.search(r"parade\.colour\.mp4 25\n", video)
    assert "later missing They are not here yet." in backends
    assert names["report"]["cached"]
    with Image.open(names["path"]) as picture:
        assert picture.size == (400, 300)


def save_photographs(folder: Path) -> None:
    save_ramp(folder / "grandma.jpg")
    save_coloured(folder / "sister.jpg")
    write_film(folder / "parade.mp4", map(scene, range(30)))


def run_as_written(language: str, command: list[str], suffix: str, served: Studio, folder: Path) -> str:
    """What the examples of a language print, run one after the other as one program."""
    save_photographs(folder)
    program = folder / f"examples{suffix}"
    program.write_text(
        "\n".join(re.findall(rf"```{language}\n(.*?)```", DOCS, re.DOTALL)).replace(ADDRESS, served.url.rstrip("/"))
    )
    done = subprocess.run([*command, program], cwd=folder, capture_output=True, text=True, timeout=120, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_the_shells_examples_run_as_written(served: Studio, tmp_path: Path) -> None:
    printed = run_as_written("sh", ["bash", "-e"], ".sh", served, tmp_path)
    assert printed.count("event: complete") == 6
    assert "event: error" not in printed
    assert "grandma.colour.png" in printed
    assert '"plausibility"' in printed


@pytest.mark.skipif("AUTOCHROME_JS_CLIENT" not in os.environ, reason="AUTOCHROME_JS_CLIENT names no node_modules")
def test_the_javascript_examples_run_as_written(served: Studio, tmp_path: Path) -> None:
    """CI installs @gradio/client and names its folder in AUTOCHROME_JS_CLIENT."""
    (tmp_path / "node_modules").symlink_to(os.environ["AUTOCHROME_JS_CLIENT"])
    printed = run_as_written("js", ["node"], ".mjs", served, tmp_path)
    assert re.search(r"grandma\.colour\.png pocket\n", printed)
    assert "Predicted 0." in printed
    assert re.search(r"confidence\.png 0\.\d+", printed)
    assert "Pocket " in printed
    assert "pocket ready" in printed
