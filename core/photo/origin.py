"""Which photograph a picture was made from: written into the picture, and read from it again."""

from __future__ import annotations

import hashlib
import re
from pathlib import Path

from PIL import Image

SOFTWARE = 0x0131
"""The EXIF tag that holds the mark."""

_DIGITS = 16
_MARK = re.compile(r"(?:; )?Autochrome: coloured by machine \([^()]*\)(?:, from sha256:([0-9a-f]{16}))?")


def digest_of(file: bytes) -> str:
    """The first 16 hexadecimal digits of the SHA-256 of a photograph's file."""
    return hashlib.sha256(file).hexdigest()[:_DIGITS]


def done_by(backend: str, learned: bool | None = True) -> str:
    """What was done to a photograph, in words; ``learned`` is None where its colours are another version's."""
    other = ": colours of another version, which may be machine-made" if learned is None else ""
    return f"coloured by machine ({backend}{other})"


def marked(software: str, done: str, digest: str | None) -> str:
    """A photograph's Software tag with the mark: what was done to it (``done_by``), from which file."""
    before = _MARK.sub("", software).strip("\x00 ")
    source = f", from sha256:{digest}" if digest else ""
    return f"{before}; " * bool(before) + f"Autochrome: {done}{source}"


def origin_of(picture: Path) -> str | None:
    """The digest of the photograph that a picture was made from; None where it does not say."""
    try:
        with picture.open("rb") as file, Image.open(file) as image:
            text = str(image.getexif().get(SOFTWARE, ""))
    except Exception:  # whatever it is, it is no picture that says so
        return None
    mark = _MARK.search(text)
    return mark and mark[1]
