"""At which quality a JPEG file was saved, so that what is made from it need not be worse."""

from __future__ import annotations

from functools import lru_cache
from typing import Any

import numpy as np
from PIL import Image

# ITU-T T.81 (1992), table K.1, in zigzag order, as bytes, which libjpeg scales by the quality.
_LUMINANCE = np.frombuffer(
    bytes.fromhex(
        "100b0c0e 0c0a100e 0d0e1211 10131828 1a181616 18312325 1d283a33 3d3c3933"
        "38374048 5c4e4044 57453738 506d5157 5f626768 673e4d71 79706478 5c656763"
    ),
    np.uint8,
).astype(np.float64)


def jpeg_quality(image: Image.Image) -> int | None:
    """libjpeg's quality, 1..100, whose luminance table is the nearest that is no coarser; None where it is no JPEG."""
    tables: Any = getattr(image, "quantization", None)
    if image.format != "JPEG" or not tables:
        return None
    coarseness = float(np.sum(next(iter(tables.values()))))
    return next((quality for quality in range(1, 101) if _coarseness(quality) <= coarseness), 100)


@lru_cache(maxsize=100)
def _coarseness(quality: int) -> float:
    scale = 5000 / quality if quality < 50 else 200 - 2 * quality
    return float(np.clip(np.floor((_LUMINANCE * scale + 50) / 100), 1, 255).sum())
