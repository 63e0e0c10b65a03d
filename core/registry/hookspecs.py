"""The pluggy hook through which every backend, built-in or not, comes in."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pluggy

from core.settings import Settings

PROJECT = "autochrome"
"""Name of the pluggy project and of the entry-point group that plugins use."""

hookspec = pluggy.HookspecMarker(PROJECT)
hookimpl = pluggy.HookimplMarker(PROJECT)


@hookspec
def autochrome_register_backends(register: Callable[[Any], None], settings: Settings) -> None:
    """Call ``register(backend)`` once for each backend that the plugin brings; see ``core.registry.backend``.

    A plugin that needs no ``settings`` leaves them out of its arguments.
    """
