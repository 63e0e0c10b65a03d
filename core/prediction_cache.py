"""Predictions that are kept: running a network is the slow half."""

from __future__ import annotations

import threading
from collections import OrderedDict
from typing import Generic, Protocol, TypeVar


class Sized(Protocol):
    """What knows how much memory it takes."""

    @property
    def nbytes(self) -> int:
        """Bytes."""
        ...


Kept = TypeVar("Kept", bound=Sized)


class PredictionCache(Generic[Kept]):
    """Predictions, as they are made ready for use, by key; the least recently used dropped first; thread-safe."""

    def __init__(self, megabytes: int):
        self._limit = megabytes * 1_000_000
        self._size = 0
        self._kept: OrderedDict[str, Kept] = OrderedDict()
        self._lock = threading.Lock()

    @property
    def nbytes(self) -> int:
        """Bytes that all of them take."""
        return self._size

    def get(self, key: str) -> Kept | None:
        """The prediction kept under this key, or None."""
        with self._lock:
            if key in self._kept:
                self._kept.move_to_end(key)
            return self._kept.get(key)

    def put(self, key: str, prediction: Kept) -> None:
        """Keep a prediction; one larger than the whole cache is not kept."""
        size = prediction.nbytes
        with self._lock:
            if key in self._kept or size > self._limit:
                return
            self._kept[key] = prediction
            self._size += size
            while self._size > self._limit:
                self._size -= self._kept.popitem(last=False)[1].nbytes
