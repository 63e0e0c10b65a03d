"""The small networks that restoring has, run by OpenCV."""

from __future__ import annotations

import threading
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np

from core.colour.cielab import Float

_MODELS = Path(__file__).parents[2] / "models"

_lock = threading.Lock()


def answer(name: str, given: Float) -> Float:
    """What the network in models/``name`` says of its input; both float32, of the shapes that its card gives."""
    with _lock:
        net = _network(name)
        net.setInput(np.ascontiguousarray(given))
        return np.asarray(net.forward(), np.float32)


@cache
def _network(name: str) -> Any:
    import cv2

    return cv2.dnn.readNetFromONNX(str(_MODELS / name / f"{name}.onnx"))
