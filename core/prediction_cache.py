"""Predictions that are kept: running a network is the slow half."""

from __future__ import annotations

import threading
from collections import OrderedDict

from core.prediction import AbDistribution, Prediction


class PredictionCache:
    """Predictions by key, the least recently used dropped first; thread-safe."""

    def __init__(self, megabytes: int):
        self._limit = megabytes * 1_000_000
        self._size = 0
        self._kept: OrderedDict[str, Prediction] = OrderedDict()
        self._lock = threading.Lock()

    def get(self, key: str) -> Prediction | None:
        """The prediction kept under this key, or None."""
        with self._lock:
            if key in self._kept:
                self._kept.move_to_end(key)
            return self._kept.get(key)

    def put(self, key: str, prediction: Prediction) -> None:
        """Keep a prediction; one larger than the whole cache is not kept."""
        size = _size(prediction)
        with self._lock:
            if key in self._kept or size > self._limit:
                return
            self._kept[key] = prediction
            self._size += size
            while self._size > self._limit:
                self._size -= _size(self._kept.popitem(last=False)[1])


def _size(prediction: Prediction) -> int:
    return prediction.logits.nbytes if isinstance(prediction, AbDistribution) else prediction.ab.nbytes
