"""ZeroGPU: a Space there must have a function that runs on a GPU; in ours every prediction goes through one."""

from __future__ import annotations

from collections.abc import Callable
from importlib import import_module
from importlib.util import find_spec
from typing import Any

from core.prediction import Request
from core.progress import Progress, no_progress
from core.registry.backend import Backend
from core.registry.registry import Registry

SECONDS = 20
"""What a prediction is announced to take at most; a visitor's quota is charged by what it takes."""


class OnGpu:
    """A backend that predicts in another process, on its GPU; all else is the backend's own."""

    def __init__(self, backend: Backend, predict_there: Callable[[str, Request, Any], Any], no_gpu: type[Exception]):
        """Load nothing yet.

        Args:
            backend: what is to run there.
            predict_there: predicts with the backend of an id, in the other process.
            no_gpu: what that raises where there is no GPU to be had.
        """
        self.info = backend.info
        self.backend = backend
        self.loaded = False
        self._predict_there, self._no_gpu = predict_there, no_gpu

    def __getattr__(self, name: str) -> Any:
        return getattr(self.backend, name)

    def load(self, progress: Progress) -> None:
        """Load the backend in this process."""
        load = getattr(self.backend, "load", None)
        if load is not None:
            load(progress)
        self.loaded = True

    def predict(self, request: Request, options: Any) -> Any:
        """Predict there, or here where there is no GPU: every backend runs without one."""
        try:
            return self._predict_there(self.info.id, request, options)
        except self._no_gpu:
            return self.backend.predict(request, options)


def predict_on_gpu(registry: Registry) -> bool:
    """Let every backend of a registry predict through ``spaces.GPU``, where that package is; whether it is.

    On ZeroGPU such a call runs in a process that was forked from this one, perhaps before a backend was loaded, and
    so it loads it there. A visitor's quota may be used up: then there is no GPU. On other hardware ``spaces.GPU``
    changes nothing.
    """
    if find_spec("spaces") is None:
        return False
    import gradio

    spaces: Any = import_module("spaces")
    wrapped: dict[str, OnGpu] = {}

    @spaces.GPU(duration=SECONDS)  # type: ignore[untyped-decorator, unused-ignore]
    def predict(backend_id: str, request: Request, options: Any) -> Any:
        here = wrapped[backend_id]
        if not here.loaded:
            here.load(no_progress)
        return here.backend.predict(request, options)

    def wrap(backend: Backend) -> Backend:
        return wrapped.setdefault(backend.info.id, OnGpu(backend, predict, gradio.Error))

    registry.wrap(wrap)
    return True
