"""Backends come in by their hook, keep their ids apart and are found by them."""

import pytest

from core.errors import BackendError
from core.registry.backend import weights_of
from core.registry.hookspecs import PROJECT
from core.registry.registry import Registry, load_registry
from core.settings import Settings
from tests.support.fakes import FakeBackend


class FakeWeights:
    def __init__(self, ready, message=""):
        self.ready, self.message, self.started, self.waited = ready, message, False, None

    def start(self):
        self.started = True

    def wait(self, timeout):
        self.waited = timeout
        return self.ready

    def status(self):
        return self


def test_built_ins_come_in_by_the_hook():
    registry = load_registry(plugins=False)
    assert [backend.info.id for backend in registry][:3] == ["zhang-v2", "pocket", "ddcolor-tiny"]
    assert registry.failures == []
    assert PROJECT == "autochrome"


def test_an_id_is_given_once():
    registry = Registry()
    registry.register(FakeBackend("pocket"))
    with pytest.raises(BackendError, match="id 'pocket' is taken; give FakeBackend another one"):
        registry.register(FakeBackend("pocket"))
    with pytest.raises(BackendError, match="id 'auto' is taken"):
        registry.register(FakeBackend("auto"))


def test_a_class_is_no_backend():
    with pytest.raises(BackendError, match=r"FakeBackend is a class; register an instance of it: FakeBackend\(\)"):
        Registry().register(FakeBackend)


def test_options_must_be_checkable():
    backend = FakeBackend("sepia")
    backend.Options = dict
    with pytest.raises(BackendError, match="The Options of backend 'sepia' must be a pydantic model"):
        Registry().register(backend)


def test_another_thing_called_weights_is_not_taken_for_files():
    backend = FakeBackend()
    Registry().register(backend)
    backend.weights = {"conv1": [0.5]}
    assert weights_of(backend) is None
    backend.weights = FakeWeights(ready=True)
    assert weights_of(backend) is not None


def test_an_unknown_id_is_answered_with_the_known_ones():
    registry = Registry()
    registry.register(FakeBackend("sepia"))
    with pytest.raises(BackendError, match="There is no backend 'spia'; choose one of: auto, sepia"):
        registry.get("spia")


@pytest.mark.parametrize(
    ("info", "words"),
    [
        ({"id": "Not An Id"}, "The parameter 'id' is not usable"),
        ({"id": "x", "colour": "red"}, "The parameter 'colour' is not usable"),
        (None, "has no usable info"),
    ],
)
def test_unusable_info_is_refused(info, words):
    backend = FakeBackend()
    backend.info = info
    with pytest.raises(BackendError, match=words):
        Registry().register(backend)


def test_a_backend_without_predict_is_refused():
    class Nothing:
        info = {"id": "nothing"}

    with pytest.raises(BackendError, match="Backend 'nothing' has no predict method"):
        Registry().register(Nothing())


def registry_with(weights):
    registry = Registry()
    preferred, embedded = FakeBackend("classic", order=10), FakeBackend("small", order=20, embedded=True)
    preferred.weights = weights
    for backend in (FakeBackend("second-photo", order=5, wants_reference=True), embedded, preferred):
        registry.register(backend)
    return registry


def test_auto_is_the_first_backend_when_its_weights_are_there():
    weights = FakeWeights(ready=True)
    backend, reason = registry_with(weights).resolve("auto", wait=1.5)
    assert (backend.info.id, reason) == ("classic", None)
    assert weights.started
    assert weights.waited == 1.5


def test_auto_is_the_embedded_one_when_they_are_not_and_says_why():
    registry = registry_with(FakeWeights(ready=False, message="The hub cannot be reached; try again later."))
    backend, reason = registry.resolve("auto", wait=0)
    assert backend.info.id == "small"
    assert reason == "classic: The hub cannot be reached; try again later."


def test_a_backend_asked_for_by_name_is_that_one_and_waits_for_nothing():
    weights = FakeWeights(ready=False)
    backend, reason = registry_with(weights).resolve("classic", wait=9)
    assert (backend.info.id, reason) == ("classic", None)
    assert weights.waited is None


def test_auto_waits_for_its_weights_where_nothing_is_embedded():
    registry = Registry()
    backend = FakeBackend("classic")
    backend.weights = FakeWeights(ready=False)
    registry.register(backend)
    assert registry.resolve("auto", wait=0) == (backend, None)


def test_auto_is_the_embedded_one_where_the_first_ones_weights_fail_in_their_own_code():
    weights = FakeWeights(ready=True)
    weights.start = lambda: 1 / 0
    registry = registry_with(weights)
    registry.start_fetching()
    backend, reason = registry.resolve("auto", wait=0)
    assert backend.info.id == "small"
    assert reason.startswith("classic: Backend 'classic' failed (ZeroDivisionError")
    assert [failure.name for failure in registry.failures] == ["classic"]


def test_auto_without_a_backend_says_so():
    with pytest.raises(BackendError, match="no backend that needs nothing but a photograph; install one"):
        Registry().resolve("auto", wait=0)


def test_built_ins_follow_the_settings_they_are_handed(tmp_path, monkeypatch):
    monkeypatch.setenv("AUTOCHROME_MODELS_DIR", str(tmp_path / "of the environment"))
    (tmp_path / "tiny.toml").write_text(TINY)
    registry = load_registry(plugins=False, settings=Settings(models_dir=tmp_path))
    assert registry.get("tiny").info.title == "Tiny"
    assert "tiny" not in [backend.info.id for backend in load_registry(plugins=False)]


TINY = """id = "tiny"
title = "Tiny"
licence = "MIT"
[input]
takes = "lightness"
[output]
kind = "ab"
[[files]]
role = "model"
name = "tiny.onnx"
bytes = 10
sha256 = ""
"""
