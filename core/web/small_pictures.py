"""Small pictures for the page.

Most travel inside it: nothing is left in a folder, and it does not matter at what address the page is served.
"""

from __future__ import annotations

import base64
import io
from typing import Any

import numpy as np
from PIL import Image

from core.colour.cielab import Pixels, eight_bits, three_channels


def data_uri(pixels: Pixels, alpha: Pixels | None = None, quality: int = 85) -> str:
    """A picture, (h, w) or (h, w, 3) uint8 or uint16 sRGB, in a ``data:`` address: JPEG, or WebP where there is alpha.

    JPEG with whole chroma takes 3 ms for half a megapixel and WebP 70, for a fifth fewer bytes.
    """
    file = io.BytesIO()
    if alpha is None:
        _save(pixels, file, quality)
        kind = "jpeg"
    else:
        channels = np.dstack([three_channels(pixels), alpha])
        Image.fromarray(eight_bits(channels)).save(file, "WEBP", quality=quality, method=0)
        kind = "webp"
    return f"data:image/{kind};base64,{base64.b64encode(file.getvalue()).decode()}"


def mask_uri(mask: Pixels) -> str:
    """A mask, (h, w) uint8, as a picture that is as opaque as the mask is high."""
    file = io.BytesIO()
    Image.fromarray(np.dstack([np.zeros_like(mask), mask])).save(file, "PNG", compress_level=3)
    return f"data:image/png;base64,{base64.b64encode(file.getvalue()).decode()}"


def _save(pixels: Pixels, file: Any, quality: int) -> None:
    options: dict[str, Any] = {"quality": quality, "subsampling": 0}
    Image.fromarray(eight_bits(pixels)).save(file, "JPEG", **options)
