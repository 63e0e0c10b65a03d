"""Is this the file it should be? Sizes and SHA-256, each file read once and then remembered."""

from __future__ import annotations

import hashlib
import json
import os
import threading
from contextlib import suppress
from pathlib import Path

from core.weights.manifest import WeightFile

_POINTER = b"version https://git-lfs.github.com/"
_PAGES = (b"<!doctype html", b"<html", b"<?xml")


def sha256(path: Path) -> str:
    """The file's SHA-256 in hex. Raises OSError."""
    digest = hashlib.sha256()
    with open(path, "rb") as file:
        while chunk := file.read(1 << 20):
            digest.update(chunk)
    return digest.hexdigest()


def write_atomically(path: Path, data: bytes) -> None:
    """Put a file in place whole or not at all. Raises OSError."""
    path.parent.mkdir(parents=True, exist_ok=True)
    scratch = path.with_name(f".{path.name}.{os.getpid()}-{threading.get_ident()}")
    try:
        scratch.write_bytes(data)
        scratch.replace(path)
    finally:
        scratch.unlink(missing_ok=True)


class Checksums:
    """SHA-256 of files, remembered by path, size and modification time, so that 129 MB are read once and not at every
    start. Thread-safe. What it remembers is a file's hash, never that a file was good.
    """

    def __init__(self, store: Path):
        """Remember in ``store``, a JSON file; where it cannot be written, in this process alone."""
        self._store = store
        self._lock = threading.Lock()
        self._known: dict[str, list[int | str]] | None = None

    def problem(self, path: Path, file: WeightFile, *, afresh: bool = False) -> str:
        """What is wrong with ``path`` as a copy of ``file``, as the end of a sentence; empty when it is good.

        Args:
            path: an existing file.
            file: what it should be.
            afresh: read it even when its hash is remembered.
        """
        try:
            size = path.stat().st_size
            if size == file.bytes and self.sha256(path, afresh=afresh) == file.sha256:
                return ""
            return _describe(path, size, file)
        except OSError as error:
            return f"cannot be read ({error.strerror})"

    def sha256(self, path: Path, *, afresh: bool = False) -> str:
        """The file's SHA-256 in hex, remembered where possible. Raises OSError."""
        stat = path.stat()
        with self._lock:
            if self._known is None:
                self._known = self._read()
            known = self._known.get(str(path))
        if known and known[:2] == [stat.st_size, stat.st_mtime_ns] and not afresh:
            return str(known[2])
        digest = sha256(path)
        with self._lock:
            self._known[str(path)] = [stat.st_size, stat.st_mtime_ns, digest]
            self._write()
        return digest

    def _read(self) -> dict[str, list[int | str]]:
        try:
            known = json.loads(self._store.read_text("utf-8"))
            return {str(path): list(entry) for path, entry in known.items() if len(entry) == 3}
        except (OSError, ValueError, TypeError, AttributeError):
            return {}  # nothing is remembered yet, or what is there is not ours: the files are read again

    def _write(self) -> None:
        """Keep what is known, together with what other processes have added meanwhile."""
        assert self._known is not None
        known = {path: entry for path, entry in {**self._read(), **self._known}.items() if os.path.exists(path)}
        # On a read-only or full disk the files are read again at the next start, which is all that is lost.
        with suppress(OSError):
            write_atomically(self._store, json.dumps(known, indent=1).encode())


def stand_in(path: Path) -> str:
    """What lies there in the place of a file, as the end of a sentence; empty where it may be one. Raises OSError."""
    with open(path, "rb") as opened:
        head = opened.read(100).lstrip().lower()
    if head.startswith(_POINTER):
        return "is a Git LFS pointer, not the file itself"
    if head.startswith(_PAGES):
        return "is a web page, not the file"
    return "" if head else "is empty"


def _describe(path: Path, size: int, file: WeightFile) -> str:
    if other := stand_in(path):
        return other
    if size != file.bytes:
        return f"has {size:,} bytes where {file.bytes:,} are due"
    return "has the right size but not the right SHA-256"
