"""Which of Autochrome's files a Space needs."""

from __future__ import annotations

import shutil
from fnmatch import fnmatch
from pathlib import Path

from core.errors import SpaceError

TAKEN = (
    "README.md",
    "LICENSE",
    "app.py",
    "space.yaml",
    "requirements*.txt",
    "backends/**/*",
    "core/**/*",
    "docs/**/*",
    "models/**/*",
)
"""Everything else stays at home: tests, tools, caches, virtual environments."""

LEFT = ("*/__pycache__/*", "*.pyc", "*/.*", "*.caffemodel", "models/zhang-v2/*")
"""Of these, what is not taken: what Python makes, what is hidden, and weights that the Space fetches for itself."""

PACKAGES = ("requirements.txt", "requirements-video.txt")
"""What the Space's ``requirements.txt`` is made of: the Hub hands that file alone to pip, which finds no other then."""

LARGEST = 10_000_000
"""Bytes of the largest file that the Hub takes without Git LFS."""


def space_files(root: Path) -> list[Path]:
    """The files that make the Space, relative to ``root``, in order.

    Raises:
        SpaceError: one of them is too large.
    """
    found = []
    for path in sorted(path for pattern in TAKEN for path in root.glob(pattern)):
        name = path.relative_to(root).as_posix()
        if not path.is_file() or any(fnmatch(name, left) for left in LEFT):
            continue
        if path.stat().st_size > LARGEST:
            raise SpaceError(
                f"{name} has {path.stat().st_size / 1e6:.0f} MB and a Space takes files up to {LARGEST / 1e6:.0f} MB; "
                "let a manifest fetch it, or move it out of the way."
            )
        found.append(path.relative_to(root))
    return found


def lay_out(root: Path, folder: Path) -> list[Path]:
    """Copy the Space's files into a folder, with all of its packages in one list; gives their names.

    Raises:
        SpaceError: see ``space_files``.
    """
    files = space_files(root)
    for file in files:
        (folder / file).parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(root / file, folder / file)
    lists = [root / name for name in PACKAGES if (root / name).exists()]
    (folder / PACKAGES[0]).write_text("".join(each.read_text("utf-8") for each in lists), "utf-8")
    return files
