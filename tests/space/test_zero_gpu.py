"""ZeroGPU, with a stand-in for its ``spaces`` package that calls as that does: pickled, in a forked process."""

from __future__ import annotations

import multiprocessing
import os
import sys
from collections.abc import Callable, Iterator
from importlib.machinery import ModuleSpec
from types import ModuleType
from typing import Any

import gradio as gr
import numpy as np
import pytest
from typer.testing import CliRunner

import app
import core.cli.serve
from core.engine import Engine
from core.errors import BackendError
from core.look.look import Look
from core.photo.open import Photo
from core.registry.registry import Registry
from core.space.zero_gpu import predict_on_gpu
from tests.support.fakes import grey_picture, make_engine

CONTEXT = multiprocessing.get_context("fork")


class Tells:
    """Its a*b* is the number of the process that predicted; fails unless it was loaded in that process."""

    def __init__(self, backend_id: str = "pocket"):
        self.info: Any = {"id": backend_id, "input_size": 32}
        self.loaded = False
        self.error: Exception | None = None

    def load(self, progress: Any) -> None:
        self.loaded = True

    def predict(self, request: Any, options: Any) -> Any:
        assert self.loaded
        if self.error:
            raise self.error
        return np.full((4, 4, 2), [os.getpid() % 1000, os.getpid() // 1000], np.float32)


class StandIn(ModuleType):
    """``spaces``: one process, forked at the first call and used again; a failure there is a ``gr.Error`` here."""

    def __init__(self) -> None:
        super().__init__("spaces")
        self.__spec__ = ModuleSpec("spaces", None)
        self.registered: list[Callable[..., Any]] = []
        self.quota = 100
        self._worker: Any = None

    def GPU(self, duration: int) -> Callable[[Callable[..., Any]], Callable[..., Any]]:  # noqa: N802 - its name
        def decorate(task: Callable[..., Any]) -> Callable[..., Any]:
            self.registered.append(task)
            return lambda *given: self._call(task, given)

        return decorate

    def _call(self, task: Callable[..., Any], given: tuple[Any, ...]) -> Any:
        if self.quota == 0:
            raise gr.Error("You have exceeded your GPU quota")
        self.quota -= 1
        if self._worker is None:
            self.pipe, other = CONTEXT.Pipe()
            self._worker = CONTEXT.Process(target=_work, args=(task, other), daemon=True)
            self._worker.start()
        self.pipe.send(given)
        assert self.pipe.poll(30), "the process does not answer"
        outcome = self.pipe.recv()
        if isinstance(outcome, str):
            raise gr.Error(outcome)
        return outcome

    def close(self) -> None:
        if self._worker is not None:
            self._worker.terminate()
            self._worker.join(10)


def _work(task: Callable[..., Any], pipe: Any) -> None:
    while True:
        try:
            outcome = task(*pipe.recv())
        except EOFError:
            return
        except Exception as error:
            outcome = type(error).__name__
        pipe.send(outcome)


@pytest.fixture
def spaces(monkeypatch: pytest.MonkeyPatch) -> Iterator[StandIn]:
    module = StandIn()
    monkeypatch.setitem(sys.modules, "spaces", module)
    yield module
    module.close()


def engine_on_gpu(*backends: Any) -> Engine:
    engine = make_engine(*backends)
    assert predict_on_gpu(engine.registry)
    return engine


def process_of(engine: Engine, backend: str, seed: int = 7) -> int:
    """Which process predicted."""
    photo = Photo(np.rot90(grey_picture(40 + seed, 50)))
    ab = engine.forecast(photo, backend).colouring.chroma(Look())
    return int(ab[0, 0] @ [1, 1000])


def test_predictions_go_through_the_one_registered_function(spaces):
    engine = engine_on_gpu(Tells())
    assert len(spaces.registered) == 1
    there = process_of(engine, "pocket")
    assert there != os.getpid()
    assert process_of(engine, "pocket", 8) == there


def test_a_process_older_than_a_backends_loading_loads_it(spaces):
    engine = engine_on_gpu(Tells(), Tells("other"))
    assert process_of(engine, "pocket") == process_of(engine, "other")


def test_without_a_gpu_the_prediction_is_made_here(spaces):
    spaces.quota = 0
    assert process_of(engine_on_gpu(Tells()), "pocket") == os.getpid()


def test_a_backends_error_keeps_its_sentence(spaces):
    backend = Tells()
    backend.error = BackendError("The model is not well; choose another backend.")
    with pytest.raises(BackendError, match=r"The model is not well; choose another backend\."):
        process_of(engine_on_gpu(backend), "pocket")


def test_without_the_package_nothing_changes(monkeypatch):
    monkeypatch.setitem(sys.modules, "spaces", None)
    monkeypatch.setattr("core.space.zero_gpu.find_spec", lambda name: None)
    registry = Registry()
    registry.register(Tells())
    assert not predict_on_gpu(registry)
    assert "predict" not in vars(registry.get("pocket"))


def test_the_app_registers_it_before_it_serves(spaces, monkeypatch):
    monkeypatch.setattr(core.cli.serve, "make_engine", lambda settings: make_engine(Tells()))
    launched: list[int] = []
    monkeypatch.setattr(gr.Blocks, "launch", lambda self, **given: launched.append(len(spaces.registered)))
    monkeypatch.setattr(core.cli.serve, "wait_for", lambda ended: None)
    monkeypatch.setattr(gr.Blocks, "server_name", "127.0.0.1", raising=False)
    CliRunner().invoke(app.app, [])
    assert launched == [1]
