"""Strangers come in, and none of their failures reaches anyone else."""

import re
import shutil
import subprocess
import sys
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
from gradio_client import handle_file

from core.engine import Engine
from core.errors import BackendError, SettingsError
from core.look.look import Look
from core.photo.open import Photo, open_photo
from core.registry.plugins import PluginFailure
from core.registry.registry import load_registry
from core.settings import Settings, load_settings
from core.web.backend_list import list_for_page
from tests.cli.test_serve import served
from tests.support.fakes import FakeBackend, grey_picture, make_engine, save_grey
from tests.support.hub import refused

PACKAGE = Path(__file__).resolve().parents[1] / "support" / "plugin_package"
PHOTO = Photo(grey_picture())
BUILT_IN = [backend.info.id for backend in load_registry(plugins=False)]

HOOK = """
import numpy as np
import pluggy

hookimpl = pluggy.HookimplMarker("autochrome")
"""
SEPIA = f"""{HOOK}
class Sepia:
    info = {{"id": "sepia"}}

    def predict(self, request, options):
        return np.full((*request.lightness.shape, 2), 15, np.float32)

@hookimpl
def autochrome_register_backends(register):
    register(Sepia())
"""


@pytest.fixture
def folder(tmp_path, monkeypatch) -> Path:
    """A folder of plugins, none in it yet; packages that happen to be installed stay out."""
    monkeypatch.setattr("core.registry.plugins.entry_points", lambda group: [])
    (tmp_path / "plugins").mkdir()
    return tmp_path / "plugins"


def ids(registry) -> list[str]:
    return [backend.info.id for backend in registry]


def test_a_file_in_the_folder_is_a_plugin(folder):
    (folder / "sepia.py").write_text(SEPIA)
    settings = Settings(plugins=folder)
    registry = load_registry(settings=settings)
    assert ids(registry) == [*BUILT_IN, "sepia"]
    assert registry.failures == []
    picture, _ = Engine(registry, settings).colorize(PHOTO, "sepia")
    assert picture.rgb[..., 0].mean() > picture.rgb[..., 2].mean() + 20


@pytest.mark.parametrize(("mode", "warned"), [(0o644, False), (0o646, True)])
def test_a_plugin_that_others_may_change_is_warned_of(folder, caplog, mode, warned):
    folder.chmod(0o700)
    (folder / "sepia.py").write_text(SEPIA)
    (folder / "sepia.py").chmod(mode)
    assert "sepia" in ids(load_registry(settings=Settings(plugins=folder)))
    assert (
        f"The plugin {folder / 'sepia.py'} runs, but other users of this machine may change it" in caplog.text
    ) is warned


def test_plugins_can_be_left_out(folder):
    (folder / "sepia.py").write_text(SEPIA)
    assert ids(load_registry(plugins=False, settings=Settings(plugins=folder))) == BUILT_IN


def test_an_empty_setting_forbids_all_and_no_setting_forbids_none(tmp_path, monkeypatch):
    install(tmp_path, monkeypatch, sepia=SEPIA)
    assert ids(load_registry(settings=load_settings({"AUTOCHROME_PLUGINS": ""}))) == BUILT_IN
    assert "sepia" in ids(load_registry(settings=load_settings({})))


def test_a_folder_that_is_not_there_is_named(tmp_path):
    with pytest.raises(SettingsError, match=r"AUTOCHROME_PLUGINS names .*nowhere, which is no folder"):
        load_registry(settings=load_settings({"AUTOCHROME_PLUGINS": str(tmp_path / "nowhere")}))


def test_what_is_no_file_is_passed_over(folder):
    (folder / ".#sepia.py").symlink_to("me@host.123:456")  # Emacs's lock
    (folder / "folder.py").mkdir()
    (folder / "sepia.py").write_text(SEPIA)
    registry = load_registry(settings=Settings(plugins=folder))
    assert ids(registry) == [*BUILT_IN, "sepia"]
    assert registry.failures == []


def test_a_status_that_fails_costs_the_list_nothing_and_is_told_in_it():
    backend = FakeBackend("stranger")
    backend.weights = SimpleNamespace(status=lambda: 1 / 0)
    rows = {row["id"]: row for row in list_for_page(make_engine(FakeBackend(), backend))}
    assert rows["pocket"]["state"] == "ready"
    assert rows["stranger"]["state"] == "unavailable"
    assert rows["stranger"]["message"].startswith("Backend 'stranger' failed (ZeroDivisionError")


def install(folder: Path, monkeypatch: pytest.MonkeyPatch, **modules: str) -> None:
    """Put modules where pip would, each as a package with an entry point."""
    for name, source in modules.items():
        (folder / f"{name}.py").write_text(source)
        described = folder / f"{name}-1.0.dist-info"
        described.mkdir()
        (described / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {name}\nVersion: 1.0\n")
        (described / "entry_points.txt").write_text(f"[autochrome]\n{name} = {name}\n")
        monkeypatch.delitem(sys.modules, name, raising=False)
    monkeypatch.syspath_prepend(str(folder))


BAD = {
    "not_there": ("import no_such_module_at_all", r"It cannot be brought in \(ModuleNotFoundError: No module named"),
    "no_python": ("def (", r"It cannot be brought in \(SyntaxError"),
    "exits": ("import sys; sys.exit(3)", r"It cannot be brought in \(SystemExit: 3\)"),
    "no_hook": ("x = 1", "It registers no backend; see docs/writing-a-backend.md"),
    "other_hook": (
        f"{HOOK}\n@hookimpl\ndef autochrome_register_backend(register): pass",
        r"Its hook does not fit \(PluginValidationError: unknown hook 'autochrome_register_backend'",
    ),
    "other_arguments": (
        f"{HOOK}\n@hookimpl\ndef autochrome_register_backends(registry): pass",
        r"Its hook does not fit \(PluginValidationError: Plugin 'other_arguments",
    ),
    "raises": (
        f"{HOOK}\n@hookimpl\ndef autochrome_register_backends(register): 1 / 0",
        r"It cannot be brought in \(ZeroDivisionError: division by zero\); repair or remove it",
    ),
    "a_class": (SEPIA.replace("Sepia())", "Sepia)"), r"Sepia is a class; register an instance of it: Sepia\(\)"),
    "bad_info": (SEPIA.replace('"sepia"', '"Se Pia"'), "Backend Sepia has no usable info: The parameter 'id'"),
    "no_info": (SEPIA.replace("info =", "facts ="), "Backend Sepia has no usable info"),
    "info_raises": (
        SEPIA.replace('info = {"id": "sepia"}', "@property\n    def info(self): raise OSError('gone')"),
        r"It cannot be registered \(OSError: gone\)",
    ),
    "no_schema": (
        f"from pydantic import BaseModel\n{SEPIA}".replace(
            "    info =",
            "    class Options(BaseModel, arbitrary_types_allowed=True):\n        t: np.ndarray = None\n\n    info =",
        ),
        r"The Options of backend 'sepia' have no JSON schema \(PydanticInvalidForJsonSchema",
    ),
    "takes_pocket": (SEPIA.replace('"sepia"', '"pocket"'), "The backend id 'pocket' is taken; give Sepia another one"),
    "takes_auto": (SEPIA.replace('"sepia"', '"auto"'), "The backend id 'auto' is taken"),
}


@pytest.mark.parametrize("name", BAD)
def test_a_plugin_that_cannot_come_in_is_left_out_and_named(folder, capfd, name):
    source, words = BAD[name]
    (folder / f"{name}.py").write_text(source)
    (folder / "sound.py").write_text(SEPIA.replace('"sepia"', '"sound"'))
    registry = load_registry(settings=Settings(plugins=folder))
    assert ids(registry) == [*BUILT_IN, "sound"]
    (failure,) = registry.failures
    assert failure.name == f"{name}.py"
    assert re.match(words, failure.reason)
    assert "\n" not in failure.reason
    assert capfd.readouterr() == ("", "")


def test_an_installed_package_fails_alone_too(tmp_path, monkeypatch):
    install(tmp_path, monkeypatch, broken="raise RuntimeError('no card')", sepia=SEPIA)
    registry = load_registry(settings=Settings())
    assert "sepia" in ids(registry)
    reason = "It cannot be brought in (RuntimeError: no card); repair or remove it."
    assert PluginFailure("broken", reason) in registry.failures


def test_a_good_backend_beside_a_bad_one_comes_in(folder):
    (folder / "two.py").write_text(f"{SEPIA}\n    register(Sepia())\n")
    registry = load_registry(settings=Settings(plugins=folder))
    assert ids(registry) == [*BUILT_IN, "sepia"]
    assert [failure.reason[:31] for failure in registry.failures] == ["The backend id 'sepia' is taken"]


def test_two_packages_with_an_entry_point_of_the_same_name_both_come_in(tmp_path, monkeypatch):
    install(tmp_path, monkeypatch, sepia=SEPIA, dusk=SEPIA.replace('"sepia"', '"dusk"'))
    (tmp_path / "dusk-1.0.dist-info" / "entry_points.txt").write_text("[autochrome]\nsepia = dusk\n")
    registry = load_registry(settings=Settings())
    assert {"sepia", "dusk"} <= set(ids(registry))


def test_a_plugin_may_have_the_settings(folder):
    source = SEPIA.replace("backends(register)", "backends(register, settings)").replace(
        "    register(Sepia())", "    Sepia.info['title'] = str(settings.max_pixels)\n    register(Sepia())"
    )
    (folder / "sepia.py").write_text(source)
    registry = load_registry(settings=Settings(plugins=folder, max_pixels=1234))
    assert registry.get("sepia").info.title == "1234"


def test_an_import_that_hangs_is_given_up(folder):
    (folder / "hangs.py").write_text("import time\ntime.sleep(600)")
    (folder / "sepia.py").write_text(SEPIA)
    registry = load_registry(settings=Settings(plugins=folder, backend_timeout=0.5))
    assert ids(registry) == [*BUILT_IN, "sepia"]
    assert registry.failures == [
        PluginFailure("hangs.py", "It was not ready after 0.5 s, so it was left out; repair or remove it.")
    ]


def failing(result) -> FakeBackend:
    backend = FakeBackend("stranger")
    backend.predict = lambda request, options: result(request)
    return backend


@pytest.mark.parametrize(
    ("result", "words"),
    [
        (lambda request: np.zeros((3, 4)), "a*b* of shape (3, 4) where (height, width, 2) was due"),
        (lambda request: np.full((4, 4, 2), np.nan), "a*b* that is not finite"),
        (lambda request: (np.zeros((3, 4, 4)), np.zeros((2, 2))), "bins of shape (2, 2) where (3, 2) was due"),
        (lambda request: "red", "gave str where numbers were due"),
        (lambda request: None, "gave NoneType where numbers were due"),
        (lambda request: 1 // 0, "failed (ZeroDivisionError"),
        (lambda request: sys.exit(1), "failed (SystemExit: 1)"),
    ],
)
def test_a_backend_that_fails_is_named_until_it_works_again(result, words):
    backend = failing(result)
    engine = make_engine(FakeBackend(), backend)
    with pytest.raises(BackendError) as raised:
        engine.colorize(PHOTO, "stranger")
    assert words in str(raised.value)
    assert engine.registry.failures == [PluginFailure("stranger", str(raised.value))]
    assert engine.colorize(PHOTO, "pocket")[1].backend == "pocket"
    backend.predict = lambda request, options: np.zeros((4, 4, 2))
    engine.colorize(PHOTO, "stranger")
    assert engine.registry.failures == []


def test_a_load_that_hangs_is_given_up_and_used_once_it_ends():
    backend, go = FakeBackend("stranger"), threading.Event()
    backend.load = lambda progress: go.wait(30)
    engine = make_engine(FakeBackend(), backend, backend_timeout=0.3)
    for words in (r"gave no sign of life for 0\.3 s and was given up", "still hangs from an earlier photograph"):
        started = time.monotonic()
        with pytest.raises(BackendError, match=words):
            engine.colorize(PHOTO, "stranger")
        assert time.monotonic() - started < 2
    assert [failure.name for failure in engine.registry.failures] == ["stranger"]
    assert engine.colorize(PHOTO, "pocket")[1].backend == "pocket"
    go.set()
    deadline = time.monotonic() + 10
    while engine.registry.failures and time.monotonic() < deadline:
        time.sleep(0.01)
        try:
            engine.colorize(PHOTO, "stranger")
        except BackendError:
            continue
    assert engine.registry.failures == []


THREAD = f"""{HOOK}
import threading

class Careful:
    info = {{"id": "careful", "input_size": 16}}
    here = threading.local()

    def load(self, progress):
        self.here.scale = 20

    def predict(self, request, options):
        return np.full((4, 4, 2), self.here.scale, np.float32)

@hookimpl
def autochrome_register_backends(register):
    register(Careful())
"""


def test_what_a_plugin_keeps_for_its_thread_in_load_is_there_in_every_predict(folder):
    """As torch does with its grad mode, and CUDA with its streams."""
    (folder / "careful.py").write_text(THREAD)
    settings = Settings(plugins=folder)
    engine = Engine(load_registry(settings=settings), settings)
    for photo in (PHOTO, Photo(255 - PHOTO.pixels)):
        assert engine.colorize(photo, "careful")[1].cached is False


def test_a_prediction_that_comes_after_it_was_given_up_is_kept_for_the_next():
    backend = FakeBackend("stranger")
    backend.go.clear()
    engine = make_engine(backend, backend_timeout=0.2)
    with pytest.raises(BackendError, match="gave no sign of life"):
        engine.colorize(PHOTO, "stranger")
    backend.go.set()
    deadline = time.monotonic() + 10
    while backend.inside and time.monotonic() < deadline:
        time.sleep(0.01)
    _, report = engine.colorize(PHOTO, "stranger")
    assert backend.calls == 1
    assert report.cached
    assert engine.registry.failures == []


def test_those_who_wait_behind_a_backend_that_hangs_do_not_wait_for_ever():
    backend = FakeBackend("stranger")
    backend.go.clear()
    engine = make_engine(backend, backend_timeout=0.5)

    def problem(shift):
        with pytest.raises(BackendError) as raised:
            engine.colorize(Photo(np.roll(PHOTO.pixels, shift, axis=1)), "stranger")
        return str(raised.value)

    started = time.monotonic()
    with ThreadPoolExecutor(6) as pool:
        problems = list(pool.map(problem, range(6)))
    backend.go.set()
    assert time.monotonic() - started < 3
    assert sum("gave no sign of life for 0.5 s" in each for each in problems) == 1
    assert sum("still hangs from an earlier photograph" in each for each in problems) == 5
    assert backend.calls == 1


def test_a_slow_load_that_tells_of_its_progress_is_waited_for():
    backend, told = FakeBackend("stranger"), []

    def load(progress):
        for step in range(8):
            time.sleep(0.1)
            progress(step / 8, "Reading")

    backend.load = load
    engine = make_engine(backend, backend_timeout=0.4)
    engine.colorize(PHOTO, "stranger", progress=lambda fraction, words: told.append(words))
    assert told.count("Reading") == 8


def test_a_buffer_that_a_backend_uses_again_does_not_change_what_was_kept():
    buffer = np.zeros((4, 4, 2), np.float32)

    def predict(request, options):
        buffer[...] = request.lightness.mean() / 4
        return buffer

    backend = FakeBackend("stranger")
    backend.predict = predict
    engine = make_engine(backend)
    first, _ = engine.colorize(PHOTO, "stranger")
    engine.colorize(Photo(255 - PHOTO.pixels), "stranger")
    again, report = engine.colorize(PHOTO, "stranger", Look())
    assert report.cached
    np.testing.assert_array_equal(first.rgb, again.rgb)


def pip(*arguments: object) -> None:
    command = [sys.executable, "-m", "pip", "--quiet", "--disable-pip-version-check", *map(str, arguments)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


def test_the_documented_package_is_built_installed_and_used_beside_broken_ones(tmp_path):
    shutil.copytree(PACKAGE, tmp_path / "source")
    pip("wheel", "--no-build-isolation", "--no-deps", "--no-index", "--wheel-dir", tmp_path, tmp_path / "source")
    wheel = next(tmp_path.glob("autochrome_dawn-*.whl"))
    pip("install", "--no-deps", "--no-index", "--target", tmp_path / "site", wheel)
    (tmp_path / "plugins").mkdir()
    for name, (source, _) in BAD.items():
        (tmp_path / "plugins" / f"{name}.py").write_text(source)
    variables = {"PYTHONPATH": str(tmp_path / "site"), "AUTOCHROME_PLUGINS": str(tmp_path / "plugins")}
    photograph = save_grey(tmp_path / "grandma.png")
    with served(tmp_path, HF_ENDPOINT=refused(), **variables) as client:
        listed = {backend["id"]: backend for backend in client.predict(api_name="/backends")}
        assert (listed["dawn"]["title"], listed["dawn"]["licence"]) == ("Dawn", "MIT")
        failed = {name: each["message"] for name, each in listed.items() if each["state"] == "failed"}
        assert set(failed) == {f"{name}.py" for name in BAD}
        assert all(message.endswith(".") for message in failed.values())
        path, report = client.predict(image=handle_file(photograph), backend="dawn", api_name="/colorize")
        assert (report["backend"], report["fallback_reason"]) == ("dawn", None)
        pixels = open_photo(path).pixels.astype(int)
        assert (pixels[..., 0] - pixels[..., 2]).mean() > 10
