"""How likely some colours are for what a photograph shows, as ``pocket`` sees it."""

from __future__ import annotations

import numpy as np

from backends.pocket import Pocket
from core.colour.cielab import Float
from core.prediction import Request
from core.progress import no_progress

_SIZE, _MULTIPLE = 192, 32
_ALIKE = 15.0
"""Distance in a*b* at which a colour is hardly the same."""


class Likeliness:
    """Asks the embedded network, which is loaded when it is first asked."""

    def __init__(self) -> None:
        self._network: Pocket | None = None

    def of(self, ab: Float, lightness: Float) -> Float:
        """Each place's likeliness beside that of its likeliest colour.

        Args:
            ab: (h', w', 2) a*b* of any size.
            lightness: (h, w) L* of the photograph.

        Returns:
            (h', w') float32 0..1.
        """
        import cv2

        if self._network is None:
            self._network = Pocket()
            self._network.load(no_progress)
        height, width = lightness.shape
        scale = _SIZE / (height * width) ** 0.5
        size = [max(_MULTIPLE, round(side * scale / _MULTIPLE) * _MULTIPLE) for side in (width, height)]
        seen = cv2.resize(lightness, size, interpolation=cv2.INTER_AREA)
        found = self._network.predict(Request(np.asarray(seen, np.float32)), None)
        chance = np.exp(found.logits - found.logits.max(axis=0))
        given = np.asarray(cv2.resize(ab, chance.shape[:0:-1], interpolation=cv2.INTER_AREA), np.float32).reshape(-1, 2)
        flat = chance.reshape(len(chance), -1)
        best = (_alike(found.bins, found.bins) @ flat).max(axis=0)
        likely = (_alike(found.bins, given) * flat).sum(axis=0) / best
        likely = np.minimum(likely, 1).reshape(chance.shape[1:])
        return np.asarray(cv2.resize(likely, ab.shape[1::-1], interpolation=cv2.INTER_LINEAR), np.float32)


def _alike(ones: Float, others: Float) -> Float:
    """How far each of (n, 2) and each of (m, 2) a*b* count as one colour, (n, m)."""
    apart = np.square(ones[:, None] - others[None]).sum(axis=-1)
    return np.asarray(np.exp(-apart / (2 * _ALIKE**2)), np.float32)
