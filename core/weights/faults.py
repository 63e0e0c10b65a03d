"""A sentence that a person can act on for each way in which a transfer fails."""

from __future__ import annotations

import errno
import shutil
import socket
import ssl
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Literal
from urllib.request import getproxies

from core.weights import hub
from core.weights.manifest import Repository, WeightFile

CHECK_NETWORK = "check the network and HF_ENDPOINT"
_TOKEN = "set HF_TOKEN to a token that may read it"
_OTHER_FOLDER = "set HF_HOME to another folder"
_OTHER_DISK = "free some space, or set HF_HOME to a folder on another disk"


@dataclass(eq=False)
class TransferError(Exception):
    """A file did not come.

    Attributes:
        reason: a clause that says what happened.
        remedy: a clause that says what a person can do, or empty.
        scope: what it is no use asking for now: this file of this repository, the whole repository, or anything from
            any repository.
        passing: whether the same request may well succeed a second later.
        retry_after: seconds for which the Hub asks to be left alone, or 0.
    """

    reason: str
    remedy: str = ""
    scope: Literal["file", "repo", "all"] = "repo"
    passing: bool = False
    retry_after: float = 0.0


def require_space(needed: int) -> None:
    """Refuse before a transfer what the cache's disk cannot hold. Raises TransferError."""
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


def explained(error: BaseException, repository: Repository, file: WeightFile, silence: str) -> TransferError:
    """What an exception of huggingface_hub, its HTTP client or the disk means.

    ``silence`` is what a host that says nothing in time does, such as "does not answer".
    """
    import httpx2
    from huggingface_hub.errors import HfHubHTTPError, LocalEntryNotFoundError

    if isinstance(error, LocalEntryNotFoundError) and error.__cause__:
        return explained(error.__cause__, repository, file, silence)
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
    if status == 401:
        return TransferError(f"{repo} is private or does not exist (401)", _TOKEN)
    if status == 403:
        return TransferError(f"{repo} may not be read (403)", _TOKEN)
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
    clock = "check HF_ENDPOINT, the proxy and the clock"
    meanings: list[tuple[type[BaseException], str, str]] = [
        (socket.gaierror, "cannot be found (no such name)", network),
        (ConnectionRefusedError, "refuses the connection", network),
        (ssl.SSLError, "makes no secure connection that this machine trusts", clock),
        (httpx2.ConnectTimeout, "does not answer", network),
        (httpx2.ProxyError, "cannot be reached through the proxy", "check HTTPS_PROXY"),
        (BaseException, "cannot be reached", network),
    ]
    causes = list(_causes(error))
    _, what, remedy = next(meaning for meaning in meanings if any(isinstance(cause, meaning[0]) for cause in causes))
    return TransferError(f"{_asked(error)} {what}", remedy, "all")


def _asked(error: Any) -> str:
    """The host that failed to answer: the Hub, or the store that it refers to for large files."""
    try:
        return str(error.request.url.netloc, "ascii")
    except RuntimeError:  # httpx2: the error knows no request
        return hub.host()


def _causes(error: BaseException | None) -> Iterator[BaseException]:
    while error:
        yield error
        error = error.__cause__ or error.__context__


def words(size: float) -> str:
    """A number of bytes for a person, such as ``129 MB``."""
    return f"{size / 1e6:.0f} MB" if size >= 1e6 else f"{size / 1e3:.0f} kB"
