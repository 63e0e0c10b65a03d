"""The recipes run: each script as its tool would run it, against a stand-in for the tool."""

from __future__ import annotations

import asyncio
import importlib.util
import inspect
import os
import re
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image
from typer.testing import CliRunner

import app
import core.cli.colorize
from tests.support import comfy, immich
from tests.support.browser import serve_studio
from tests.support.fakes import fake_engine, grey_picture, save_grey

ROOT = Path(__file__).resolve().parents[2]
RECIPES = ROOT / "docs" / "recipes"
PAGE = (ROOT / "docs" / "recipes.md").read_text()


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A person's home, with Autochrome in it where the recipes look for it."""
    folder = tmp_path / "it's home"
    (folder / "autochrome").mkdir(parents=True)
    (folder / "autochrome" / ".venv").symlink_to(sys.prefix)
    (folder / "autochrome" / "app.py").symlink_to(ROOT / "app.py")
    monkeypatch.setenv("HOME", str(folder))
    monkeypatch.setenv("AUTOCHROME_PLUGINS", "")
    monkeypatch.setenv("AUTOCHROME_AUTO_WAIT", "0")
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")
    return folder


@pytest.fixture
def colorize(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Any:
    """Runs the command in an empty folder, with a small backend."""
    monkeypatch.setattr(core.cli.colorize, "make_engine", fake_engine)
    monkeypatch.chdir(tmp_path)
    return lambda *arguments: CliRunner().invoke(app.app, ["colorize", *arguments])


def is_in_colour(path: Path) -> bool:
    pixels = np.asarray(Image.open(path).convert("RGB")).astype(int)
    return bool(np.abs(pixels[..., 0] - pixels[..., 2]).mean() > 1)


def test_every_recipe_is_on_the_page_and_every_link_leads_somewhere() -> None:
    links = [link for link in re.findall(r"\]\(([^)#]+)\)", PAGE) if "://" not in link]
    for link in links:
        assert (ROOT / "docs" / link).exists(), link
    for recipe in RECIPES.iterdir():
        assert f"recipes/{recipe.name}" in PAGE, recipe.name


def test_immich_has_each_picture_on_top_of_its_photograph(
    colorize: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "album").mkdir()
    for number in range(2):
        save_grey(tmp_path / "album" / f"{number}.png", 40 + number)
        os.utime(tmp_path / "album" / f"{number}.png", (0, 86_400 * (number + 1)))
    (tmp_path / "album" / "broken.png").write_bytes(b"\x89PNG")
    assert colorize("album", "--output", "coloured", "--report", "report.csv").exit_code == 1
    with immich.serve_immich() as server:
        monkeypatch.setenv("IMMICH_URL", server.url)
        monkeypatch.setenv("IMMICH_API_KEY", immich.KEY)
        command = [sys.executable, RECIPES / "immich.py", "report.csv"]
        for _ in range(2):
            done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=True)
            assert done.stdout.count(" is stacked on ") == 2
            names = [[server.assets[each]["name"] for each in stack] for stack in server.stacks]
            assert sorted(names) == [["0.colour.png", "0.png"], ["1.colour.png", "1.png"]]
        assert len(server.assets) == 4
        assert {each["taken"][:10] for each in server.assets.values()} == {"1970-01-02", "1970-01-03"}
        monkeypatch.setenv("IMMICH_API_KEY", "wrong")
        done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
        assert done.returncode == 1 and "401" in done.stderr and "wrong" not in done.stderr


def test_digikams_script_makes_its_output_and_fails_where_there_is_none(home: Path, tmp_path: Path) -> None:
    script = (RECIPES / "digikam.sh").read_text()
    photograph, picture = save_grey(tmp_path / "a b.png"), tmp_path / "BatchTool-x.digikamtempfile.png"

    def run(given: Path) -> int:
        pasted = script.replace("$INPUT", f'"{given}"').replace("$OUTPUT", f'"{picture}"')  # as digiKam does
        return subprocess.run(["/bin/sh", "-c", pasted], timeout=120, check=False, capture_output=True).returncode

    assert run(photograph) == 0
    assert is_in_colour(picture)
    picture.unlink()
    photograph.write_bytes(b"no picture")
    assert run(photograph) != 0
    assert not picture.exists()


def test_darktable_groups_what_it_exported_with_the_photograph(home: Path, tmp_path: Path) -> None:
    lua54 = pytest.importorskip("lupa.lua54")
    exported = tmp_path / "export"
    film_roll = tmp_path / "roll"
    exported.mkdir()
    film_roll.mkdir()
    save_grey(exported / "it's a.png")
    (exported / "broken.png").write_bytes(b"no picture")
    lua = lua54.LuaRuntime()

    def popen(command: str) -> Any:  # which lupa's own Lua is built without
        done = subprocess.run(command, shell=True, timeout=120, check=False, capture_output=True, text=True)
        return lua.table(read=lambda self, how: done.stdout, close=lambda self: done.returncode == 0)

    lua.globals().io.popen = popen
    lua.globals().photographs = str(film_roll)
    lua.globals().exports = str(exported)
    lua.execute("""
        imported, grouped, said = {}, {}, {}
        package.preload.darktable = function()
          return {
            print = function(text) said[#said + 1] = text end,
            database = { import = function(path)
              imported[#imported + 1] = path
              return { group_with = function(self, leader) grouped[#grouped + 1] = leader end }
            end },
            register_storage = function(id, name, store, finalize) export = { store = store, finalize = finalize } end,
          }
        end
    """)
    lua.execute((RECIPES / "darktable.lua").read_text())
    lua.execute("""
        local good, bad = { path = photographs, group_leader = "good" }, { path = photographs, group_leader = "bad" }
        export.store(nil, good, nil, exports .. "/it's a.png", 1, 2, true, {})
        export.finalize(nil, { [good] = exports .. "/it's a.png", [bad] = exports .. "/broken.png" }, {})
    """)
    found = lua.globals()
    assert list(found.imported.values()) == [str(film_roll / "it's a.colour.png")]
    assert is_in_colour(film_roll / "it's a.colour.png")
    assert list(found.grouped.values()) == ["good"]
    told = list(found.said.values())
    assert told[0] == "Autochrome: 1 of 2 exported"
    assert told[1].startswith("Autochrome: broken.png ")
    assert not list(exported.iterdir())


def test_lightrooms_action_colours_in_place(home: Path, tmp_path: Path) -> None:
    lua51 = pytest.importorskip("lupa.lua51")
    plugin = RECIPES / "autochrome.lrplugin"
    photograph, broken = save_grey(tmp_path / "it's a.png"), tmp_path / "broken.png"
    broken.write_bytes(b"no picture")
    lua = lua51.LuaRuntime()

    def execute(command: str) -> int:
        return subprocess.run(command, shell=True, timeout=120, check=False, capture_output=True).returncode

    def listed(folder: str) -> list[str]:
        return sorted(str(path) for path in Path(folder).iterdir())

    files = lua.eval("function(listed) return function(folder) return python.iter(listed(folder)) end end")(listed)

    def delete(path: str) -> None:
        gone = Path(path)
        if gone.is_dir():
            for inner in gone.iterdir():
                inner.unlink()
            gone.rmdir()
        else:
            gone.unlink()

    def move(path: str, target: str) -> bool:
        assert not Path(target).exists()  # Lightroom does not overwrite
        return bool(Path(path).rename(target))

    offered = {
        "LrFileUtils": lua.table(files=files, delete=delete, move=move),
        "LrPathUtils": lua.table(child=lambda a, b: f"{a}/{b}", getStandardFilePath=lambda name: str(home)),
        "LrTasks": lua.table(execute=execute),
    }
    lua.globals()["import"] = offered.__getitem__
    info = lua.execute((plugin / "Info.lua").read_text())
    action = lua.execute((plugin / info.LrExportFilterProvider.file).read_text())
    lua.globals().action, lua.globals().paths = action, lua.table(str(photograph), str(broken))
    lua.execute("""
        said = {}
        local at = 0
        local context = { renditions = function()
          return function()
            at = at + 1
            local path = paths[at]
            if path then
              return { waitForRender = function() return true, path end },
                { renditionIsDone = function(self, done, why) said[path] = why end }
            end
          end
        end }
        action.postProcessRenderedPhotos(nil, context)
    """)
    assert is_in_colour(photograph)
    assert dict(lua.globals().said.items()) == {str(broken): "Autochrome could not colour it."}
    assert broken.read_bytes() == b"no picture"
    assert sorted(path.name for path in tmp_path.iterdir() if path.is_file()) == ["broken.png", "it's a.png"]


def test_comfyuis_node_gives_images_back_in_colour(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    comfy.install(monkeypatch)
    spec = importlib.util.spec_from_file_location("autochrome_node", RECIPES / "comfyui" / "__init__.py")
    assert spec and spec.loader
    module: Any = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    (node,) = asyncio.run(asyncio.run(module.comfy_entrypoint()).get_node_list())
    schema = node.define_schema()
    values = {each.id: each.default for each in schema.inputs if each.id != "image"}
    inspect.signature(node.execute).bind(image=None, **values)
    light = np.stack([grey_picture(40, 60), 255 - grey_picture(40, 60)])[..., None].repeat(3, -1) / 255
    with serve_studio(tmp_path) as studio:
        plain = node.execute(image=comfy.Tensor(light), **{**values, "server": studio.url}).args[0].numpy()
        grey = node.execute(image=comfy.Tensor(light), **{**values, "server": studio.url, "strength": 0.0}).args[0]
    assert plain.shape == light.shape and len(schema.outputs) == 1
    assert np.abs(plain[..., 0] - plain[..., 2]).mean() > 0.02
    assert np.abs(grey.numpy() - light).max() < 0.01


@contextmanager
def serve_iiif(images: dict[str, bytes]) -> Iterator[str]:
    """An image server of IIIF, which tells no length and serves no parts; gives its address."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            name = re.fullmatch(r"/iiif/3/([^/]+)/full/max/0/default\.jpg", self.path)
            data = images.get(name[1]) if name else None
            self.send_response(200 if data else 404)
            self.send_header("Content-Type", "image/jpeg")
            self.end_headers()
            if self.command == "GET":
                self.wfile.write(data or b"")

        do_HEAD = do_GET  # noqa: N815 - http.server's names

        def log_message(self, *args: Any) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield f"http://127.0.0.1:{server.server_port}/iiif/3"
    finally:
        server.shutdown()
        server.server_close()


def test_an_iiif_image_is_as_good_as_a_file(colorize: Any, tmp_path: Path) -> None:
    pytest.importorskip("upath")
    images = {}
    for name, height in (("plate-17", 40), ("ark:%2F12148%2Fx", 50)):
        images[name] = save_grey(tmp_path / "scan.jpg", height).read_bytes()
    given = re.search(r"colorize (https\S+) --output coloured", PAGE)
    assert given
    with serve_iiif(images) as address:
        done = colorize(given[1].replace("https://iiif.example.org/iiif/3", address), "--output", "coloured")
        assert done.exit_code == 0, done.output
        assert is_in_colour(tmp_path / "coloured" / "default.colour.jpg")
        names = [*images, "nowhere"]
        (tmp_path / "addresses.txt").write_text("".join(f"{address}/{name}/full/max/0/default.jpg\n" for name in names))
        done = colorize("--input-list", "addresses.txt", "--output", "many")
    assert done.exit_code == 1
    assert "nowhere/full/max/0/default.jpg: There is no file default.jpg" in done.stderr
    made = {path.parents[3].name: Image.open(path).size for path in (tmp_path / "many").rglob("default.colour.jpg")}
    assert made == {"plate-17": (90, 40), "ark:%2F12148%2Fx": (90, 50)}
