"""The backends there are: loaded through the hook, listed in order, found by id."""

from __future__ import annotations

import importlib
from collections.abc import Iterable
from typing import Any

import pluggy
from pydantic import ValidationError

from core import hookspecs
from core.backend import Backend, BackendInfo
from core.errors import BackendError
from core.look import first_problem

BUILT_IN = ("backends.zhang_v2", "backends.pocket")
"""Modules of the built-in backends; they come in through the same hook as anyone's plugin."""

AUTO = "auto"
"""Not a backend: the best one that can be used at once."""

PREFERRED, EMBEDDED = "zhang-v2", "pocket"
"""What ``auto`` stands for, and what it falls back to."""


class Registry:
    """Backends by id, each id once."""

    def __init__(self) -> None:
        self._backends: dict[str, Backend] = {}

    def register(self, backend: Any) -> None:
        """Add a backend.

        Raises:
            BackendError: its info is not usable, it has no ``predict``, or its id is taken.
        """
        kind = type(backend).__name__
        try:
            backend.info = BackendInfo.model_validate(getattr(backend, "info", None))
        except ValidationError as error:
            raise BackendError(f"Backend {kind} has no usable info: {first_problem(error)}") from error
        if not callable(getattr(backend, "predict", None)):
            raise BackendError(f"Backend '{backend.info.id}' has no predict method; add one.")
        if backend.info.id in self._backends or backend.info.id == AUTO:
            raise BackendError(f"The backend id '{backend.info.id}' is taken; give {kind} another one.")
        self._backends[backend.info.id] = backend

    def get(self, backend_id: str) -> Backend:
        """The backend with this id.

        Raises:
            BackendError: there is none; the message lists those there are.
        """
        if backend_id not in self._backends:
            known = ", ".join([AUTO, *(backend.info.id for backend in self)])
            raise BackendError(f"There is no backend '{backend_id}'; choose one of: {known}.")
        return self._backends[backend_id]

    def __iter__(self) -> Any:
        return iter(sorted(self._backends.values(), key=lambda backend: (backend.info.order, backend.info.id)))

    def start_fetching(self) -> None:
        """Let the preferred backend's weights arrive in the background, where they are missing."""
        weights = getattr(self._backends.get(PREFERRED), "weights", None)
        if weights is not None:
            weights.start()

    def resolve(self, backend_id: str, wait: float) -> tuple[Backend, str | None]:
        """The backend to use for what a person asked.

        Args:
            backend_id: an id, or ``auto``: the preferred backend when its weights are on this machine or arrive
                in time, else the embedded one.
            wait: seconds that ``auto`` may wait for weights.

        Returns:
            The backend, and why it is not the preferred one (None where it is, or was asked for by name).

        Raises:
            BackendError: there is no such backend.
        """
        if backend_id != AUTO:
            return self.get(backend_id), None
        if PREFERRED not in self._backends:
            return self.get(EMBEDDED), f"{PREFERRED} is not installed"
        preferred = self._backends[PREFERRED]
        weights = getattr(preferred, "weights", None)
        if weights is None:
            return preferred, None
        weights.start()
        if weights.wait(wait):
            return preferred, None
        return self.get(EMBEDDED), f"{PREFERRED}: {weights.status().message}"


def load_registry(plugins: Iterable[object] = (), entry_points: bool = True) -> Registry:
    """A registry of the built-in backends, installed plugins (entry-point group ``autochrome``) and given ones.

    Raises:
        BackendError: a plugin cannot be imported or brings a backend that cannot be registered.
    """
    manager = pluggy.PluginManager(hookspecs.PROJECT)
    manager.add_hookspecs(hookspecs)
    for plugin in plugins:
        manager.register(plugin)
    if entry_points:
        manager.load_setuptools_entrypoints(hookspecs.PROJECT)
    for name in reversed(BUILT_IN):  # pluggy calls last those that were registered first: built-in ids are safe
        manager.register(importlib.import_module(name), name)
    registry = Registry()
    manager.hook.autochrome_register_backends(register=registry.register)
    return registry
