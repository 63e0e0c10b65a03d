"""Backends from outside: found, brought in, and kept from doing harm.

A plugin is an installed package with an entry point in the group ``autochrome``, or a file in the folder that
``AUTOCHROME_PLUGINS`` names. See docs/writing-a-backend.md.
"""

from __future__ import annotations

import importlib.util
import logging
import os
import stat
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from importlib.metadata import entry_points
from pathlib import Path
from typing import Any

import pluggy

from core.errors import BackendError, SettingsError
from core.registry import hookspecs
from core.registry.worker import HangError, Worker
from core.settings import Settings

logger = logging.getLogger("autochrome")


@dataclass(frozen=True)
class PluginFailure:
    """Why a plugin's backend is not to be had.

    Attributes:
        name: the plugin's: that of its entry point or file; where it came in and failed later, its backend's id.
        reason: one sentence for a person.
    """

    name: str
    reason: str


@dataclass(frozen=True)
class Plugin:
    """A plugin that has been found and not been touched yet.

    Attributes:
        name: that of its entry point or file.
        load: imports it; may raise anything, or hang.
    """

    name: str
    load: Callable[[], object]


def find_plugins(settings: Settings) -> Iterator[Plugin]:
    """Installed packages by name, then files by name; none at all where ``settings.plugins`` is empty.

    Raises:
        SettingsError: ``settings.plugins`` names no folder.
    """
    if settings.plugins == "":
        return
    for entry_point in sorted(entry_points(group=hookspecs.PROJECT), key=lambda point: point.name):
        yield Plugin(entry_point.name, entry_point.load)
    if settings.plugins is not None:
        if not settings.plugins.is_dir():
            raise SettingsError(
                f"AUTOCHROME_PLUGINS names {settings.plugins}, which is no folder; correct or unset it."
            )
        for path in sorted(settings.plugins.glob("*.py")):
            if not path.is_file():  # an editor's lock is a link that leads nowhere
                continue
            if _others_may_write(path) or _others_may_write(settings.plugins):
                logger.warning(
                    "The plugin %s runs, but other users of this machine may change it; make it and its folder "
                    "writable by you alone.",
                    path,
                )
            yield Plugin(path.name, lambda path=path: _import_file(path))  # type: ignore[misc]


class Plugins:
    """Those that have come in, each asked for its backends alone: an exception in one ends no other's call."""

    def __init__(self, settings: Settings):
        self._settings = settings
        self._manager = pluggy.PluginManager(hookspecs.PROJECT)
        self._manager.add_hookspecs(hookspecs)

    def admit(self, plugin: Plugin) -> list[Any]:
        """Import a stranger's plugin and call its hook.

        Returns:
            The backends that it registers, unchecked.

        Raises:
            BackendError: it fails in any way, or hangs; the message is a sentence about it.
        """
        silence = self._settings.backend_timeout
        worker = Worker(plugin.name, silence)
        try:
            loaded = worker.call(lambda progress: plugin.load())
            self.register(loaded, plugin.name)
            backends = worker.call(lambda progress: self.backends_of(loaded))
        except HangError:
            raise BackendError(
                f"It was not ready after {silence:g} s, so it was left out; repair or remove it."
            ) from None
        except pluggy.PluginValidationError as error:
            raise BackendError(f"Its hook does not fit ({brief(error)}); see docs/writing-a-backend.md.") from error
        except (Exception, SystemExit) as error:
            raise BackendError(f"It cannot be brought in ({brief(error)}); repair or remove it.") from error
        if not backends:
            raise BackendError("It registers no backend; see docs/writing-a-backend.md.")
        return backends

    def register(self, plugin: object, name: str) -> None:
        """Let a plugin in.

        Raises:
            pluggy.PluginValidationError: its hook has another name or other arguments than
                ``core.registry.hookspecs`` says.
        """
        self._manager.register(plugin, None if self._manager.has_plugin(name) else name)
        try:
            self._manager.check_pending()
        except pluggy.PluginValidationError:
            self._manager.unregister(plugin)
            raise

    def backends_of(self, plugin: object) -> list[Any]:
        """What a plugin that is in registers; raises whatever its hook raises."""
        backends: list[Any] = []
        others = [other for other in self._manager.get_plugins() if other is not plugin]
        hook = self._manager.subset_hook_caller("autochrome_register_backends", others)
        hook(register=backends.append, settings=self._settings)
        return backends


def _others_may_write(path: Path) -> bool:
    mode, mine = path.stat().st_mode, not hasattr(os, "getgid") or path.stat().st_gid == os.getgid()
    return os.name == "posix" and bool(mode & stat.S_IWOTH or (mode & stat.S_IWGRP and not mine))


def _import_file(path: Path) -> object:
    name = f"autochrome_plugin_{path.stem}"
    spec = importlib.util.spec_from_file_location(name, path)
    assert spec is not None and spec.loader is not None  # the file's name ends in .py
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module  # pydantic and dataclasses look there for the names in annotations
    try:
        spec.loader.exec_module(module)
    except BaseException:
        del sys.modules[name]
        raise
    return module


def brief(error: BaseException) -> str:
    """For a sentence: an exception's type and the first line of its words."""
    words = str(error).strip().splitlines()[:1]
    return ": ".join([type(error).__name__, *words])[:300]
