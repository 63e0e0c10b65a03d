"""Trust on first use, for files whose hash nobody has published: the first that comes is remembered and enforced."""

from __future__ import annotations

import json
import threading
from contextlib import suppress
from pathlib import Path

from core.weights.checksum import Checksums, stand_in, write_atomically
from core.weights.manifest import WeightFile


class Trust:
    """The sizes and hashes of files that were trusted, in a JSON file that a person can read and correct.

    Thread-safe. Where the file cannot be written, they are remembered in this process alone.
    """

    def __init__(self, store: Path, checksums: Checksums):
        self.store = store
        self._checksums = checksums
        self._lock = threading.Lock()
        self._known: dict[str, dict[str, int | str]] = {}

    def known(self, model: str, file: WeightFile) -> WeightFile:
        """The file with the size and hash that it must have; as the manifest has it where none was seen yet."""
        if file.sha256:
            return file
        with self._lock:
            self._known |= self._read()
            found = self._known.get(f"{model}/{file.name}")
        return file.model_copy(update=found) if found else file

    def at_first(self, model: str, file: WeightFile, path: Path) -> WeightFile:
        """The same; where none was seen yet, ``path`` is now, and is trusted. Raises OSError."""
        known = self.known(model, file)
        if known.sha256 or stand_in(path):
            return known
        found: dict[str, int | str] = {"bytes": path.stat().st_size, "sha256": self._checksums.sha256(path)}
        with self._lock:
            self._known[f"{model}/{file.name}"] = found
            with suppress(OSError):
                write_atomically(self.store, json.dumps(self._read() | self._known, indent=1).encode())
        return file.model_copy(update=found)

    def _read(self) -> dict[str, dict[str, int | str]]:
        try:
            stored = json.loads(self.store.read_text("utf-8"))
            return {
                name: {"bytes": int(entry["bytes"]), "sha256": str(entry["sha256"])} for name, entry in stored.items()
            }
        except (OSError, ValueError, TypeError, KeyError, AttributeError):
            return {}  # nothing is trusted yet, or what is there is not ours
