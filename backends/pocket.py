"""The embedded backend: a small network that ships with Autochrome and needs no download."""

from __future__ import annotations

import hashlib
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np

from core.prediction import AbDistribution, Request
from core.progress import Progress
from core.registry.backend import BackendInfo
from core.registry.hookspecs import hookimpl

MODEL = Path(__file__).parent.parent / "models" / "pocket"
_NETWORK, _BINS = "pocket.onnx", "bins.csv"


class Pocket:
    """EfficientNet-Lite0 with a small decoder, trained on what its pictures look like (see models/pocket/README.md)."""

    info = BackendInfo(
        id="pocket",
        title="Pocket",
        summary="Small and embedded: works at once, with no download",
        licence="Apache-2.0",
        citation="Autochrome: pocket v3, its data and training. 2026. models/pocket/README.md",
        input_size=192,
        multiple=32,
        embedded=True,
        order=20,
    )

    def load(self, progress: Progress) -> None:
        """Read the network and its bins."""
        import cv2

        self._net = cv2.dnn.readNetFromONNX(str(MODEL / _NETWORK))
        table = np.loadtxt(MODEL / _BINS, delimiter=",", skiprows=1, dtype=np.float32)
        self._bins, self._rebalance = np.ascontiguousarray(table[:, :2]), table[:, 2].copy()

    def digests(self) -> dict[str, str]:
        """The network's files, as ``core.registry.backend.digests_of`` gives them."""
        return _digests()

    def predict(self, request: Request, options: None) -> AbDistribution:
        """Distribution over the bins, and features for pooling, at a quarter of the request's size."""
        self._net.setInput(request.lightness[None, None])
        logits, features = self._net.forward(["logits", "features"])
        return AbDistribution(logits[0], self._bins, self._rebalance, features[0])


@lru_cache(maxsize=1)
def _digests() -> dict[str, str]:
    return {name: hashlib.sha256((MODEL / name).read_bytes()).hexdigest()[:12] for name in (_NETWORK, _BINS)}


@hookimpl
def autochrome_register_backends(register: Any) -> None:
    """Register pocket."""
    register(Pocket())
