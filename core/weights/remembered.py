"""What is remembered from one start to the next, in JSON files that processes share."""

from __future__ import annotations

import os
import threading
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any, Generic, TypeVar

from pydantic import TypeAdapter

Value = TypeVar("Value")


class Remembered(Generic[Value]):
    """Values by name. Thread-safe; where the file cannot be written, they are remembered in this process alone."""

    def __init__(self, path: Path, kind: Any, keep: Callable[[str], bool] = bool):
        """``kind`` is the type of the values; a name for which ``keep`` is false is dropped at the next change."""
        self.path = path
        self._adapter: TypeAdapter[dict[str, Value]] = TypeAdapter(dict[str, kind])
        self._keep = keep
        self._lock = threading.Lock()
        self._unwritten: dict[str, Value] = {}

    def get(self, name: str) -> Value | None:
        """The value, or None."""
        with self._lock:
            return (self._read() | self._unwritten).get(name)

    def put(self, name: str, value: Value) -> None:
        """Remember a value."""
        with self._lock:
            self._unwritten[name] = value
            values = {name: value for name, value in (self._read() | self._unwritten).items() if self._keep(name)}
            with suppress(OSError):  # a read-only or full disk
                write_atomically(self.path, self._adapter.dump_json(values, indent=1))
                self._unwritten.clear()

    def _read(self) -> dict[str, Value]:
        try:
            return self._adapter.validate_json(self.path.read_bytes())
        except (OSError, ValueError):
            return {}  # nothing is remembered yet, or what is there is not ours


def write_atomically(path: Path, data: bytes) -> None:
    """Put a file in place whole or not at all. Raises OSError."""
    path.parent.mkdir(parents=True, exist_ok=True)
    scratch = path.with_name(f".{path.name}.{os.getpid()}-{threading.get_ident()}")
    try:
        scratch.write_bytes(data)
        scratch.replace(path)
    finally:
        scratch.unlink(missing_ok=True)
