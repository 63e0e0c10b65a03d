"""A file's way from the Hugging Face Hub into its cache.

``huggingface_hub`` does the transfer, with its retries, its resuming and its locks between processes. What is added is
patience that ends soon when nobody answers, progress in small pieces, and an end when it is not wanted any more.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from contextvars import ContextVar
from pathlib import Path
from typing import Any

from core.weights import hub
from core.weights.faults import CHECK_NETWORK, TransferError, explained
from core.weights.manifest import Repository, WeightFile
from core.weights.meter import Meter

_REPLY_TIMEOUT = 10.0
_PAUSES = (0.5, 1.5)
"""Seconds before a request that met a passing trouble (HTTP 5xx, a broken connection) is made again."""

_PIECE = 128 * 1024
"""Bytes after which progress is told. huggingface_hub's own 10 MB is a long silence on a slow line."""

_METER: ContextVar[Meter | None] = ContextVar("_METER", default=None)
"""Of the transfer that this thread makes, for the hooks in the HTTP client that all tools of the Hub share."""


def download(repository: Repository, file: WeightFile, meter: Meter) -> Path:
    """Bring a file into the cache. Its size is checked before it is fetched; its content is not checked here.

    Args:
        repository: where to ask.
        file: the file.
        meter: is told how far it is, and may end it.

    Raises:
        TransferError: it did not come.
        StoppedError: the meter was stopped.
    """
    for pause in _PAUSES:
        try:
            return _once(repository, file, meter)
        except TransferError as error:
            if not error.passing:
                raise
            time.sleep(pause)
    return _once(repository, file, meter)


def _once(repository: Repository, file: WeightFile, meter: Meter) -> Path:
    _probe(repository, file)
    meter.answered()
    return _transfer(repository, file, meter)


def _probe(repository: Repository, file: WeightFile) -> None:
    """Ask once whether the repository has the file: huggingface_hub itself would ask an unreachable Hub for 20 s."""
    import httpx2
    from huggingface_hub import get_hf_file_metadata, hf_hub_url

    endpoint = hub.endpoint()
    try:
        url = hf_hub_url(**repository.address_of(file), endpoint=endpoint)
        found = get_hf_file_metadata(url, timeout=_REPLY_TIMEOUT, endpoint=endpoint)
    except (httpx2.HTTPError, httpx2.InvalidURL, OSError) as error:
        raise explained(error, repository, file, "does not answer") from error
    if found.commit_hash is None or found.etag is None:
        reason = "answers, but not as the Hugging Face Hub does (a sign-in page or a proxy may be in between)"
        raise TransferError(f"{hub.host()} {reason}", CHECK_NETWORK, "all")
    if file.sha256 and found.size is not None and found.size != file.bytes:
        pointer = ", perhaps a Git LFS pointer" if found.size < 200 else ""
        sizes = f"{found.size:,} bytes where {file.bytes:,} are due{pointer}"
        raise TransferError(f"{repository.repo} has another {file.name} ({sizes})", scope="file")


def _transfer(repository: Repository, file: WeightFile, meter: Meter) -> Path:
    import httpx2
    from huggingface_hub import get_session, hf_hub_download

    hooks = get_session().event_hooks
    if _go_on not in hooks["request"]:
        hooks["request"].append(_go_on)
        hooks["response"].append(_in_pieces)
    token = _METER.set(meter)
    bar = _bar(meter.count, meter.begun)
    try:
        address = repository.address_of(file)
        return Path(hf_hub_download(**address, cache_dir=hub.cache(), endpoint=hub.endpoint(), tqdm_class=bar))
    except (httpx2.HTTPError, OSError, RuntimeError) as error:  # RuntimeError: from hf_xet
        told = explained(error, repository, file, "has stopped sending")
        if isinstance(error, httpx2.RemoteProtocolError):
            told.passing = False  # huggingface_hub has resumed it several times already
        raise told from error
    finally:
        _METER.reset(token)


def _go_on(request: Any) -> None:
    """End a transfer before huggingface_hub resumes it once more."""
    if meter := _METER.get():
        meter.go_on()


def _in_pieces(response: Any) -> None:
    """Let a body be read in pieces of at most ``_PIECE``, whatever the reader asks for."""
    if _METER.get():
        whole = response.iter_bytes
        response.iter_bytes = lambda chunk_size=None: whole(min(chunk_size or _PIECE, _PIECE))


def _bar(count: Callable[[int], None], begun: Callable[[], None] = lambda: None) -> type[Any]:
    """A progress bar that draws nothing and tells when it begins and how many bytes more have come."""
    from tqdm import tqdm

    class Bar(tqdm):  # type: ignore[misc]
        def __init__(self, *args: Any, **kwargs: Any):
            super().__init__(*args, **{**kwargs, "disable": True})
            begun()

        def update(self, n: float | None = 1) -> None:
            count(int(n or 0))

        # hf_xet tells what came over the line apart from what is in the file; only the latter counts.
        def update_transfer(self, n: float) -> None: ...

        def set_transfer_postfix_str(self, *args: Any, **kwargs: Any) -> None: ...

    return Bar
