"""ZeroGPU: a Space there must have a function that runs on a GPU; in ours every prediction goes through one."""

from __future__ import annotations

from importlib import import_module
from importlib.util import find_spec
from typing import Any

from core.prediction import Request
from core.progress import no_progress
from core.registry.registry import Registry

SECONDS = 20
"""What a prediction is announced to take at most; a visitor's quota is charged by what it takes."""


def predict_on_gpu(registry: Registry) -> bool:
    """Let every backend of a registry predict through ``spaces.GPU``, where that package is; whether it is.

    On ZeroGPU such a call runs in a process that was forked from this one, perhaps before a backend was loaded, and
    so it loads it there. Where no GPU is to be had (a visitor's quota is used up, say) the call is made here: every
    backend runs without one. On other hardware ``spaces.GPU`` changes nothing.
    """
    if find_spec("spaces") is None:
        return False
    import gradio

    spaces: Any = import_module("spaces")
    predictions = {backend.info.id: backend.predict for backend in registry}
    loaded: set[str] = set()

    @spaces.GPU(duration=SECONDS)  # type: ignore[untyped-decorator, unused-ignore]
    def predict(backend_id: str, request: Request, options: Any) -> Any:
        load = getattr(registry.get(backend_id), "load", None)
        if load is not None and backend_id not in loaded:
            load(no_progress)
        return predictions[backend_id](request, options)

    for backend in registry:
        _wrap(backend, predict, loaded, gradio.Error)
    return True


def _wrap(backend: Any, predict_there: Any, loaded: set[str], no_gpu: type[Exception]) -> None:
    backend_id, predict_here = backend.info.id, backend.predict

    def predict(request: Request, options: Any) -> Any:
        try:
            return predict_there(backend_id, request, options)
        except no_gpu:
            return predict_here(request, options)

    backend.predict = predict
    if hasattr(backend, "load"):
        load = backend.load

        def load_here(progress: Any) -> None:
            load(progress)
            loaded.add(backend_id)

        backend.load = load_here
