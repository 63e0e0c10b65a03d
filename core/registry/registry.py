"""The backends there are: loaded through the hook, listed in order, found by id."""

from __future__ import annotations

import importlib
from collections.abc import Callable, Iterator
from typing import Any

from pydantic import ValidationError

from core.errors import AutochromeError, BackendError, first_problem, shortened
from core.registry.backend import Backend, BackendInfo, weights_of
from core.registry.plugins import PluginFailure, Plugins, brief, find_plugins
from core.settings import Settings

BUILT_IN = ("backends.zhang_v2", "backends.pocket", "backends.onnx_model", "backends.graft", "backends.reference")
"""Modules of the built-in backends; they come in through the same hook as anyone's plugin."""

AUTO = "auto"
"""Not a backend: the best one that can be used at once."""


class Registry:
    """Backends by id, each id once; and what went wrong with which."""

    def __init__(self) -> None:
        self._backends: dict[str, Backend] = {}
        self._left_out: list[PluginFailure] = []
        self._failing: dict[str, PluginFailure] = {}

    @property
    def failures(self) -> list[PluginFailure]:
        """Plugins that did not come in, then backends whose last call failed."""
        return [*self._left_out, *self._failing.values()]

    def register(self, backend: Any) -> None:
        """Add a backend.

        Raises:
            BackendError: its info is not usable, it has no ``predict``, or its id is taken.
        """
        if isinstance(backend, type):
            raise BackendError(f"{backend.__name__} is a class; register an instance of it: {backend.__name__}().")
        kind = type(backend).__name__
        try:
            info = BackendInfo.model_validate(getattr(backend, "info", None))
        except ValidationError as error:
            raise BackendError(f"Backend {kind} has no usable info: {first_problem(error)}") from error
        if info.id in self._backends or info.id == AUTO:
            raise BackendError(f"The backend id '{info.id}' is taken; give {kind} another one.")
        if not callable(getattr(backend, "predict", None)):
            raise BackendError(f"Backend '{info.id}' has no predict method; add one.")
        options = getattr(backend, "Options", None)
        if options is not None and not hasattr(options, "model_validate"):
            raise BackendError(f"The Options of backend '{info.id}' must be a pydantic model; correct or remove them.")
        if options is not None:
            try:
                options.model_json_schema()
            except Exception as error:
                raise BackendError(
                    f"The Options of backend '{info.id}' have no JSON schema ({brief(error)}); use plain types in them."
                ) from error
        backend.info = info
        self._backends[info.id] = backend

    def leave_out(self, plugin: str, reason: str) -> None:
        """Remember a plugin, or one of its backends, that cannot come in."""
        self._left_out.append(PluginFailure(plugin, reason))

    def mark_failing(self, backend_id: str, problem: str) -> None:
        """Remember what went wrong in a backend's last call."""
        self._failing[backend_id] = PluginFailure(backend_id, problem)

    def mark_working(self, backend_id: str) -> None:
        """Forget it: a call has gone well since."""
        self._failing.pop(backend_id, None)

    def wrap(self, wrapper: Callable[[Backend], Backend]) -> None:
        """Put another in the place of each backend, with the same ``info``."""
        self._backends = {backend_id: wrapper(backend) for backend_id, backend in self._backends.items()}

    def get(self, backend_id: str) -> Backend:
        """The backend with this id.

        Raises:
            BackendError: there is none; the message lists those there are.
        """
        if backend_id not in self._backends:
            known = ", ".join([AUTO, *(backend.info.id for backend in self)])
            raise BackendError(f"There is no backend '{shortened(backend_id)}'; choose one of: {known}.")
        return self._backends[backend_id]

    def __iter__(self) -> Iterator[Backend]:
        return iter(sorted(self._backends.values(), key=lambda backend: (backend.info.order, backend.info.id)))

    @property
    def preferred(self) -> Backend:
        """What ``auto`` stands for: the first backend that needs nothing but a photograph.

        Raises:
            BackendError: there is none.
        """
        for backend in self:
            if not backend.info.wants_reference:
                return backend
        raise BackendError("There is no backend that needs nothing but a photograph; install one.")

    @property
    def embedded(self) -> Backend | None:
        """What ``auto`` falls back to: the first backend that works at once."""
        return next((backend for backend in self if backend.info.embedded), None)

    def start_fetching(self, backend_id: str | None = None) -> None:
        """Let weights arrive in the background, where they are missing; what fails in a backend's own code is marked.

        Args:
            backend_id: whose a person asks for, who waits for no next attempt; None for the preferred backend's.
        """
        backend = self.preferred if backend_id is None else self.get(backend_id)
        weights = weights_of(backend)
        if weights is not None:
            try:
                weights.start(at_once=backend_id is not None)
            except AutochromeError as error:
                self.mark_failing(backend.info.id, str(error))

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
        preferred, embedded = self.preferred, self.embedded
        weights = weights_of(preferred)
        if weights is None:
            return preferred, None
        try:
            weights.start()
            if weights.wait(wait) or embedded is None:
                return preferred, None
            reason = weights.status().message
        except AutochromeError as error:
            reason = str(error)
            self.mark_failing(preferred.info.id, reason)
        return embedded or preferred, f"{preferred.info.id}: {reason}"


def load_registry(plugins: bool = True, settings: Settings | None = None) -> Registry:
    """A registry of the built-in backends and, after them, of what plugins bring.

    A plugin that fails is left out, and ``Registry.failures`` says why.

    Args:
        plugins: False leaves all of them untouched.
        settings: handed to every backend; the defaults, not the environment's, where there are none.

    Raises:
        AutochromeError: a setting or a manifest cannot be used.
    """
    settings = settings or Settings()
    registry, admitted = Registry(), Plugins(settings)
    for name in BUILT_IN:
        module = importlib.import_module(name)
        admitted.register(module, name)
        for backend in admitted.backends_of(module):
            registry.register(backend)
    for plugin in find_plugins(settings) if plugins else ():
        try:
            backends = admitted.admit(plugin)
        except BackendError as error:
            registry.leave_out(plugin.name, str(error))
            continue
        for backend in backends:
            _register(registry, plugin.name, backend)
    return registry


def _register(registry: Registry, plugin: str, backend: Any) -> None:
    """Register a stranger's backend, or remember why not."""
    try:
        registry.register(backend)
    except BackendError as error:
        registry.leave_out(plugin, str(error))
    except Exception as error:  # its info or attributes may run code of its own
        registry.leave_out(plugin, f"It cannot be registered ({brief(error)}); repair or remove it.")
