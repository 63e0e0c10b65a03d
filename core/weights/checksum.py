"""What a file is: its SHA-256, and whether it is no weights at all."""

from __future__ import annotations

import hashlib
from pathlib import Path

_POINTER = b"version https://git-lfs.github.com/"
_PAGES = (b"<!doctype html", b"<html", b"<?xml")


def sha256(path: Path) -> str:
    """The file's SHA-256 in hex. Raises OSError."""
    digest = hashlib.sha256()
    with open(path, "rb") as file:
        while chunk := file.read(1 << 20):
            digest.update(chunk)
    return digest.hexdigest()


def stand_in(path: Path) -> str:
    """What lies there in the place of a file, as the end of a sentence; empty where it may be one. Raises OSError."""
    with open(path, "rb") as opened:
        head = opened.read(100).lstrip().lower()
    if head.startswith(_POINTER):
        return "is a Git LFS pointer, not the file itself"
    if head.startswith(_PAGES):
        return "is a web page, not the file"
    return "" if head else "is empty"
