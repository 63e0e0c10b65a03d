"""A file's way from the Hugging Face Hub into its cache, and a sentence to act on for each way in which it fails.

``huggingface_hub`` does the transfer, with its retries, its resuming and its locks between processes. What is added is
patience that ends soon when nobody answers, progress in small pieces, and an end when it is not wanted any more.
"""

from __future__ import annotations

import errno
import shutil
import socket
import ssl
import time
from collections.abc import Callable
from contextvars import ContextVar
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal
from urllib.request import getproxies

from core.weights import hub
from core.weights.manifest import Repository, WeightFile
from core.weights.meter import Meter

_REPLY_TIMEOUT = 10.0
_PAUSES = (0.5, 1.5)
"""Seconds before a request that met a passing trouble (HTTP 5xx, a broken connection) is made again."""

_PIECE = 128 * 1024
"""Bytes after which progress is told. huggingface_hub's own 10 MB is a long silence on a slow line."""

_METER: ContextVar[Meter | None] = ContextVar("_METER", default=None)
"""Of the transfer that this thread makes, for the hooks in the HTTP client that all tools of the Hub share."""

CHECK_NETWORK = "check the network and HF_ENDPOINT"
_TOKEN = "set HF_TOKEN to a token that may read it"
_OTHER_FOLDER = "set HF_HOME to another folder"
_OTHER_DISK = "free some space, or set HF_HOME to a folder on another disk"


@dataclass(eq=False)
class TransferError(Exception):
    """A file did not come: clauses that say what happened and, if known, what a person can do.

    ``scope`` is what it is no use asking for now: this file of this repository, the repository, or anything anywhere.
    ``passing``: the same request may well succeed a second later. ``retry_after``: seconds that the Hub asks for.
    """

    reason: str
    remedy: str = ""
    scope: Literal["file", "repo", "all"] = "repo"
    passing: bool = False
    retry_after: float = 0.0


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
    meter.asked()
    for pause in (*_PAUSES, None):
        try:
            _probe(repository, file)
            meter.answered()
            return _transfer(repository, file, meter)
        except TransferError as error:
            if not error.passing or pause is None:
                raise
            time.sleep(pause)
    raise AssertionError


def _probe(repository: Repository, file: WeightFile) -> None:
    """Ask once whether the repository has the file: huggingface_hub itself would ask an unreachable Hub for 20 s."""
    import httpx2
    from huggingface_hub import get_hf_file_metadata, hf_hub_url

    _require_space(file.bytes)
    try:
        url = hf_hub_url(**repository.address_of(file), endpoint=hub.endpoint())
        found = get_hf_file_metadata(url, timeout=_REPLY_TIMEOUT, endpoint=hub.endpoint())
    except (httpx2.HTTPError, httpx2.InvalidURL, OSError) as error:
        raise _explained(error, repository, file, "does not answer") from error
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
    token, bar = _METER.set(meter), _bar(meter.count)
    try:
        address = repository.address_of(file)
        return Path(hf_hub_download(**address, cache_dir=hub.cache(), endpoint=hub.endpoint(), tqdm_class=bar))
    except (httpx2.HTTPError, OSError, RuntimeError) as error:  # RuntimeError: from hf_xet
        explained = _explained(error, repository, file, "has stopped sending")
        if isinstance(error, httpx2.RemoteProtocolError):
            explained.passing = False  # huggingface_hub has resumed it several times already
        raise explained from error
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


def _bar(count: Callable[[int], None]) -> type[Any]:
    """A progress bar that draws nothing and tells how many bytes more have come."""
    from tqdm import tqdm

    class Bar(tqdm):  # type: ignore[misc]
        def __init__(self, *args: Any, **kwargs: Any):
            super().__init__(*args, **{**kwargs, "disable": True})

        def update(self, n: float | None = 1) -> None:
            count(int(n or 0))

        # hf_xet tells what came over the line apart from what is in the file; only the latter counts.
        def update_transfer(self, n: float) -> None: ...

        def set_transfer_postfix_str(self, *args: Any, **kwargs: Any) -> None: ...

    return Bar


def _require_space(needed: int) -> None:
    """Refuse before a transfer what the cache's disk cannot hold: huggingface_hub only warns."""
    cache = hub.cache()
    free = shutil.disk_usage(next(folder for folder in (cache, *cache.parents) if folder.exists())).free
    if free < needed:
        short = f"{words(free)} free where {words(needed)} are needed"
        raise TransferError(f"the disk that holds {cache} has {short}", _OTHER_DISK, "all")


def about_disk(error: OSError) -> TransferError:
    """Say why the cache could not be written."""
    cache = hub.cache()
    if error.errno in (errno.ENOSPC, errno.EDQUOT):
        return TransferError(f"the disk that holds {cache} is full", _OTHER_DISK, "all")
    if error.errno in (errno.EROFS, errno.EACCES, errno.EPERM):
        return TransferError(f"the cache {cache} cannot be written", f"make it writable, or {_OTHER_FOLDER}", "all")
    return TransferError(f"the cache {cache} cannot be used ({error.strerror})", _OTHER_FOLDER, "all")


def _explained(error: Any, repository: Repository, file: WeightFile, silence: str) -> TransferError:
    """What an exception of huggingface_hub, its HTTP client or the disk means.

    ``silence`` is what a host that says nothing in time does, such as "does not answer".
    """
    import httpx2
    from huggingface_hub.errors import HfHubHTTPError, LocalEntryNotFoundError

    if isinstance(error, LocalEntryNotFoundError) and error.__cause__:
        return _explained(error.__cause__, repository, file, silence)
    if isinstance(error, HfHubHTTPError):
        return _about_answer(error, repository, file)
    if isinstance(error, httpx2.ConnectError | httpx2.ConnectTimeout | httpx2.ProxyError):
        return _about_connection(error)
    if isinstance(error, httpx2.TimeoutException):
        return TransferError(f"{_asked(error)} {silence}", CHECK_NETWORK, "all")
    if isinstance(error, httpx2.UnsupportedProtocol | httpx2.InvalidURL):
        return TransferError(f"HF_ENDPOINT is {hub.endpoint()}, which is no web address", "correct or unset it", "all")
    if isinstance(error, OSError):
        sent = f"{repository.repo} sent {file.name} with another size than announced"
        return about_disk(error) if error.errno else TransferError(sent, scope="file")
    broken = f"{repository.repo} broke off the transfer of {file.name}"
    return TransferError(broken, scope="file", passing=isinstance(error, httpx2.TransportError))


def _about_answer(error: Any, repository: Repository, file: WeightFile) -> TransferError:
    from huggingface_hub.errors import GatedRepoError, RepositoryNotFoundError, RevisionNotFoundError

    status, headers, repo = error.response.status_code, error.response.headers, repository.repo
    if isinstance(error, GatedRepoError):
        return TransferError(f"{repo} is gated ({status})", f"accept its terms on its page and {_TOKEN}")
    if "Invalid credentials" in headers.get("X-Error-Message", ""):
        return TransferError(f"{hub.host()} does not know this token ({status})", "correct or unset HF_TOKEN", "all")
    if status in (401, 403):
        what = "is private or does not exist" if status == 401 else "may not be read"
        return TransferError(f"{repo} {what} ({status})", _TOKEN)
    if isinstance(error, RepositoryNotFoundError):
        return TransferError(f"{repo} is not on {hub.host()} ({status})")
    if isinstance(error, RevisionNotFoundError):
        return TransferError(f"{repo} has no revision {repository.revision[:12]} ({status})")
    if status == 404:
        return TransferError(f"{repo} has no {repository.path_of(file)} (404)", scope="file")
    if status == 429:
        pause, remedy = headers.get("Retry-After", ""), "wait a few minutes, or set HF_TOKEN"
        reason = f"{hub.host()} asks for fewer requests (429)"
        return TransferError(reason, remedy, "all", retry_after=float(pause) if pause.isdigit() else 0.0)
    return TransferError(f"{hub.host()} has an error of its own ({status})", passing=status >= 500)


def _about_connection(error: BaseException) -> TransferError:
    import httpx2

    network = "check the network, the proxy and HF_ENDPOINT" if getproxies() else CHECK_NETWORK
    meanings: list[tuple[type[BaseException], str, str]] = [
        (socket.gaierror, "cannot be found (no such name)", network),
        (ConnectionRefusedError, "refuses the connection", network),
        (
            ssl.SSLError,
            "makes no secure connection that this machine trusts",
            "check HF_ENDPOINT, the proxy and the clock",
        ),
        (httpx2.ConnectTimeout, "does not answer", network),
        (httpx2.ProxyError, "cannot be reached through the proxy", "check HTTPS_PROXY"),
    ]
    causes: list[BaseException] = [error]
    while cause := causes[-1].__cause__ or causes[-1].__context__:
        causes.append(cause)
    for kind, what, remedy in meanings:
        if any(isinstance(cause, kind) for cause in causes):
            return TransferError(f"{_asked(error)} {what}", remedy, "all")
    return TransferError(f"{_asked(error)} cannot be reached", network, "all")


def _asked(error: Any) -> str:
    """The host that failed to answer: the Hub, or the store that it refers to for large files."""
    try:
        return str(error.request.url.netloc, "ascii")
    except RuntimeError:  # httpx2: the error knows no request
        return hub.host()


def words(size: float) -> str:
    """A number of bytes for a person, such as ``129 MB``."""
    return f"{size / 1e6:.0f} MB" if size >= 1e6 else f"{size / 1e3:.0f} kB"
