"""The Hugging Face Hub as it is set up on this machine: its address, its cache, and what is being written there now.

``HF_ENDPOINT``, ``HF_HOME``, ``HF_HUB_CACHE`` and ``HF_HUB_OFFLINE`` mean what they mean to any tool of the Hub, but
are read when needed, not once at import.
"""

from __future__ import annotations

import os
from contextlib import suppress
from pathlib import Path
from urllib.parse import urlsplit

from core.weights.manifest import Repository, WeightFile


def home() -> Path:
    """The folder that ``HF_HOME`` names, by default ``~/.cache/huggingface``."""
    default = os.path.join(os.environ.get("XDG_CACHE_HOME") or "~/.cache", "huggingface")
    return _expanded(os.environ.get("HF_HOME") or default)


def cache() -> Path:
    """The cache that all tools of the Hub share."""
    named = os.environ.get("HF_HUB_CACHE") or os.environ.get("HUGGINGFACE_HUB_CACHE")
    return _expanded(named) if named else home() / "hub"


def _expanded(path: str) -> Path:
    return Path(os.path.expandvars(os.path.expanduser(path))).absolute()


def derived_folder() -> Path:
    """Where Autochrome keeps what it derives from cached files."""
    return home() / "autochrome"


def is_offline() -> bool:
    """Whether a person has forbidden the network (``HF_HUB_OFFLINE`` or ``TRANSFORMERS_OFFLINE``)."""
    value = os.environ.get("HF_HUB_OFFLINE") or os.environ.get("TRANSFORMERS_OFFLINE") or ""
    return value.upper() in ("1", "ON", "YES", "TRUE")


def endpoint() -> str:
    """The Hub's URL, without a slash at its end."""
    return (os.environ.get("HF_ENDPOINT") or "https://huggingface.co").rstrip("/")


def host() -> str:
    """The Hub's name, for messages."""
    return urlsplit(endpoint()).netloc or endpoint()


def cached(repository: Repository, file: WeightFile) -> Path | None:
    """The file in the cache, unchecked, or None. No network."""
    from huggingface_hub import try_to_load_from_cache

    found = try_to_load_from_cache(**repository.address_of(file), cache_dir=cache())
    return Path(found) if isinstance(found, str) else None


def discard(path: Path) -> None:
    """Remove a cached file: its name in the snapshot and the content in the cache that it points to. Raises OSError."""
    while path.is_symlink():
        target = Path(os.path.normpath(path.parent / os.readlink(path)))
        path.unlink()
        if not target.is_relative_to(cache()):
            return
        path = target
    path.unlink(missing_ok=True)


def sweep(repository: Repository) -> None:
    """Remove half files that a killed process has left in a repository's cache: no later one would go on with them.

    What some process is writing now is locked, and stays.
    """
    from filelock import FileLock, Timeout

    for partial in _partials(repository):
        lock = cache() / ".locks" / partial.parent.parent.name / f"{partial.name.split('.')[0]}.lock"
        # Locked, or on a disk that cannot be written: in nobody's way.
        with suppress(OSError, NotImplementedError, Timeout):
            lock.parent.mkdir(parents=True, exist_ok=True)
            with FileLock(lock, timeout=0):
                partial.unlink(missing_ok=True)


def arriving(repository: Repository) -> int:
    """Bytes that have come so far of a repository's files that some process is fetching."""
    total = 0
    for partial in _partials(repository):
        with suppress(OSError):  # complete by now
            total += partial.stat().st_size
    return total


def _partials(repository: Repository) -> list[Path]:
    folder = f"{repository.repo_type}s--{repository.repo.replace('/', '--')}"
    return list((cache() / folder / "blobs").glob("*.incomplete"))
