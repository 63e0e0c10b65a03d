"""What a file is: its SHA-256, remembered from one start to the next, and whether it is no weights at all."""

from __future__ import annotations

import hashlib
import os
import threading
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

from pydantic import TypeAdapter

_POINTER = b"version https://git-lfs.github.com/"
_PAGES = (b"<!doctype html", b"<html", b"<?xml")

Hashed = tuple[int, int, str]
"""A file's size, its modification time in ns, and its SHA-256 in hex."""

_JSON: TypeAdapter[dict[str, Hashed]] = TypeAdapter(dict[str, Hashed])


def sha256(path: Path) -> str:
    """The file's SHA-256 in hex. Raises OSError."""
    digest = hashlib.sha256()
    with open(path, "rb") as file:
        while chunk := file.read(1 << 20):
            digest.update(chunk)
    return digest.hexdigest()


def stand_in(path: Path) -> str:
    """What lies there in the place of a file, as the end of a sentence; empty where it may be one. Raises OSError."""
    with open(path, "rb") as opened:
        head = opened.read(100).lstrip().lower()
    if head.startswith(_POINTER):
        return "is a Git LFS pointer, not the file itself"
    if head.startswith(_PAGES):
        return "is a web page, not the file"
    return "" if head else "is empty"


class Remembered:
    """Hashes by name in a JSON file that processes share; where it cannot be written, in this process alone."""

    def __init__(self, path: Path, keep: Callable[[str], bool] = bool):
        """A name for which ``keep`` is false is dropped at the next change."""
        self.path, self._keep, self._lock = path, keep, threading.Lock()
        self._unwritten: dict[str, Hashed] = {}

    def get(self, name: str) -> Hashed | None:
        """What is remembered, or None."""
        with self._lock:
            return self._read().get(name)

    def put(self, name: str, value: Hashed) -> None:
        """Remember it."""
        with self._lock:
            self._unwritten[name] = value
            values = {name: value for name, value in self._read().items() if self._keep(name)}
            with suppress(OSError):  # a read-only or full disk
                write_atomically(self.path, _JSON.dump_json(values, indent=1))
                self._unwritten.clear()

    def _read(self) -> dict[str, Hashed]:
        try:
            return _JSON.validate_json(self.path.read_bytes()) | self._unwritten
        except (OSError, ValueError):  # nothing is remembered yet, or what is there is not ours
            return self._unwritten.copy()


def write_atomically(path: Path, data: bytes) -> None:
    """Put a file in place whole or not at all. Raises OSError."""
    path.parent.mkdir(parents=True, exist_ok=True)
    scratch = path.with_name(f".{path.name}.{os.getpid()}-{threading.get_ident()}")
    try:
        scratch.write_bytes(data)
        scratch.replace(path)
    finally:
        scratch.unlink(missing_ok=True)
