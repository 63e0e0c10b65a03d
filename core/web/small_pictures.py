"""Small pictures for the page.

Most travel inside it: nothing is left in a folder, and it does not matter at what address the page is served.
"""

from __future__ import annotations

import base64
import io
from pathlib import Path
from typing import Any

from PIL import Image

from core.colour.cielab import Pixels, eight_bits


def data_uri(pixels: Pixels) -> str:
    """A picture, (h, w) or (h, w, 3) uint8 or uint16 sRGB, as a JPEG in a ``data:`` address."""
    file = io.BytesIO()
    _save(pixels, file)
    return f"data:image/jpeg;base64,{base64.b64encode(file.getvalue()).decode()}"


def write_jpeg(path: Path, pixels: Pixels) -> str:
    """The same as a file, where there may be too many of them."""
    _save(pixels, path)
    return str(path)


def _save(pixels: Pixels, file: Any) -> None:
    options: dict[str, Any] = {"quality": 88, "subsampling": 0}
    Image.fromarray(eight_bits(pixels)).save(file, "JPEG", **options)
