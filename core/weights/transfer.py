"""A file's way from the Hugging Face Hub into its cache, and a sentence for each way in which it fails.

``huggingface_hub`` does the transfer, with its retries and resuming. What is added is patience that ends soon when
nobody answers, and reasons that a person can act on.
"""

from __future__ import annotations

import errno
import shutil
import socket
import ssl
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, Literal
from urllib.request import getproxies

from core.weights import hub
from core.weights.manifest import Source, WeightFile

_REPLY_TIMEOUT = 10.0
_PAUSES = (0.5, 1.5)
"""Seconds before a request that met a passing trouble (HTTP 5xx, a broken connection) is made again."""

_CHUNK = 128 * 1024
"""Bytes after which progress is told. huggingface_hub's own 10 MB is a long silence on a slow line."""

CHECK_NETWORK = "check the network and HF_ENDPOINT"
_OTHER_FOLDER = "set HF_HOME to another folder"
_OTHER_DISK = "free some space, or set HF_HOME to a folder on another disk"


class TransferError(Exception):
    """A file did not come.

    Attributes:
        reason: a clause that says what happened.
        remedy: a clause that says what a person can do, or empty.
        scope: what it is no use asking for now: this file of this repository, the whole repository, or anything from
            any source.
        passing: whether the same request may well succeed a second later.
        retry_after: seconds for which the Hub asks to be left alone, or 0.
    """

    def __init__(
        self,
        reason: str,
        remedy: str = "",
        *,
        scope: Literal["file", "repo", "all"] = "repo",
        passing: bool = False,
        retry_after: float = 0.0,
    ):
        super().__init__(reason)
        self.reason, self.remedy, self.scope = reason, remedy, scope
        self.passing, self.retry_after = passing, retry_after


def download(source: Source, file: WeightFile, *, answered: Callable[[], None], count: Callable[[int], None]) -> Path:
    """Bring a file into the cache. Its size is checked before it is fetched; its content is not checked here.

    Args:
        source: the repository.
        file: the file.
        answered: called each time a transfer begins.
        count: told how many bytes more have come, or how many fewer when the Hub starts over; what it raises ends
            the transfer.

    Raises:
        TransferError: it did not come.
    """
    for pause in _PAUSES:
        try:
            return _once(source, file, answered, count)
        except TransferError as error:
            if not error.passing:
                raise
            time.sleep(pause)
    return _once(source, file, answered, count)


def _once(source: Source, file: WeightFile, answered: Callable[[], None], count: Callable[[int], None]) -> Path:
    _probe(source, file)
    answered()
    return _transfer(source, file, count)


def _probe(source: Source, file: WeightFile) -> None:
    """Ask once whether the source has the file: huggingface_hub itself would ask an unreachable Hub for 20 s."""
    import httpx2
    from huggingface_hub import get_hf_file_metadata, hf_hub_url

    path = source.path_of(file)
    try:
        url = hf_hub_url(
            source.repo, path, repo_type=source.repo_type, revision=source.revision, endpoint=hub.endpoint()
        )
        found = get_hf_file_metadata(url, timeout=_REPLY_TIMEOUT, endpoint=hub.endpoint())
    except (httpx2.HTTPError, httpx2.InvalidURL, OSError) as error:
        raise _explained(error, source, file, "does not answer") from error
    if found.commit_hash is None or found.etag is None:
        raise TransferError(
            f"{hub.host()} answers, but not as the Hugging Face Hub does (a sign-in page or a proxy may be in between)",
            CHECK_NETWORK,
            scope="all",
        )
    if file.sha256 and found.size is not None and found.size != file.bytes:
        pointer = ", perhaps a Git LFS pointer" if found.size < 200 else ""
        raise TransferError(
            f"{source.repo} has another {file.name} ({found.size:,} bytes where {file.bytes:,} are due{pointer})",
            scope="file",
        )


def _transfer(source: Source, file: WeightFile, count: Callable[[int], None]) -> Path:
    import httpx2
    from huggingface_hub import constants, hf_hub_download

    constants.DOWNLOAD_CHUNK_SIZE = min(constants.DOWNLOAD_CHUNK_SIZE, _CHUNK)
    try:
        path = hf_hub_download(
            source.repo,
            source.path_of(file),
            repo_type=source.repo_type,
            revision=source.revision,
            cache_dir=hub.cache(),
            endpoint=hub.endpoint(),
            tqdm_class=_bar(count),
        )
    except (httpx2.HTTPError, OSError, RuntimeError) as error:  # RuntimeError: from hf_xet
        explained = _explained(error, source, file, "has stopped sending")
        if isinstance(error, httpx2.RemoteProtocolError):
            explained.passing = False  # huggingface_hub has resumed it several times already
        raise explained from error
    return Path(path)


def _bar(count: Callable[[int], None]) -> type[Any]:
    """A progress bar that draws nothing and tells ``count``."""
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


def require_space(needed: int) -> None:
    """Refuse before a transfer what the cache's disk cannot hold.

    Raises:
        TransferError: fewer than ``needed`` bytes are free.
    """
    folder = hub.cache()
    while not folder.exists() and folder != folder.parent:
        folder = folder.parent
    free = shutil.disk_usage(folder).free
    if free < needed:
        raise TransferError(
            f"the disk that holds {hub.cache()} has {words(free)} free where {words(needed)} are needed",
            _OTHER_DISK,
            scope="all",
        )


def about_disk(error: OSError) -> TransferError:
    """Say why the cache could not be written."""
    if error.errno in (errno.ENOSPC, errno.EDQUOT):
        reason, remedy = f"the disk that holds {hub.cache()} is full", _OTHER_DISK
    elif error.errno in (errno.EROFS, errno.EACCES, errno.EPERM):
        reason, remedy = f"the cache {hub.cache()} cannot be written", f"make it writable, or {_OTHER_FOLDER}"
    else:
        reason, remedy = f"the cache {hub.cache()} cannot be used ({error.strerror})", _OTHER_FOLDER
    return TransferError(reason, remedy, scope="all")


def _explained(error: BaseException, source: Source, file: WeightFile, silence: str) -> TransferError:
    import httpx2
    from huggingface_hub.errors import HfHubHTTPError, LocalEntryNotFoundError

    if isinstance(error, LocalEntryNotFoundError) and error.__cause__:
        return _explained(error.__cause__, source, file, silence)
    if isinstance(error, HfHubHTTPError):
        return _about_answer(error, source, file)
    if isinstance(error, httpx2.ConnectError | httpx2.ConnectTimeout | httpx2.ProxyError):
        return _about_connection(error)
    if isinstance(error, httpx2.TimeoutException):
        return TransferError(f"{_asked(error)} {silence}", CHECK_NETWORK, scope="all")
    if isinstance(error, httpx2.UnsupportedProtocol | httpx2.InvalidURL):
        return TransferError(
            f"HF_ENDPOINT is {hub.endpoint()}, which is no web address", "correct or unset it", scope="all"
        )
    if isinstance(error, OSError) and error.errno:
        return about_disk(error)
    if isinstance(error, OSError):
        reason = f"{source.repo} sent {file.name} with another size than announced"
    else:
        reason = f"{source.repo} broke off the transfer of {file.name}"
    return TransferError(reason, scope="file", passing=isinstance(error, httpx2.TransportError))


def _about_answer(error: Any, source: Source, file: WeightFile) -> TransferError:
    from huggingface_hub.errors import GatedRepoError, RepositoryNotFoundError, RevisionNotFoundError

    status = error.response.status_code
    token = "set HF_TOKEN to a token that may read it"
    if isinstance(error, GatedRepoError):
        return TransferError(f"{source.repo} is gated ({status})", f"accept its terms on its page and {token}")
    if "Invalid credentials" in error.response.headers.get("X-Error-Message", ""):
        return TransferError(
            f"{hub.host()} does not know this token ({status})", "correct or unset HF_TOKEN", scope="all"
        )
    if status == 401:
        return TransferError(f"{source.repo} is private or does not exist (401)", token)
    if status == 403:
        return TransferError(f"{source.repo} may not be read (403)", token)
    if isinstance(error, RepositoryNotFoundError):
        return TransferError(f"{source.repo} is not on {hub.host()} ({status})")
    if isinstance(error, RevisionNotFoundError):
        return TransferError(f"{source.repo} has no revision {source.revision[:12]} ({status})")
    if status == 404:
        return TransferError(f"{source.repo} has no {source.path_of(file)} (404)", scope="file")
    if status == 429:
        retry_after = error.response.headers.get("Retry-After", "")
        return TransferError(
            f"{hub.host()} asks for fewer requests (429)",
            "wait a few minutes, or set HF_TOKEN",
            scope="all",
            retry_after=float(retry_after) if retry_after.isdigit() else 0.0,
        )
    return TransferError(f"{hub.host()} has an error of its own ({status})", passing=status >= 500)


def _about_connection(error: BaseException) -> TransferError:
    import httpx2

    what = "cannot be reached"
    remedy = "check the network, the proxy and HF_ENDPOINT" if getproxies() else CHECK_NETWORK
    for cause in _causes(error):
        if isinstance(cause, socket.gaierror):
            what = "cannot be found (no such name)"
        elif isinstance(cause, ConnectionRefusedError):
            what = "refuses the connection"
        elif isinstance(cause, ssl.SSLError):
            what = "makes no secure connection that this machine trusts"
            remedy = "check HF_ENDPOINT, the proxy and the clock"
        elif isinstance(cause, httpx2.ConnectTimeout):
            what = "does not answer"
        elif isinstance(cause, httpx2.ProxyError):
            what, remedy = "cannot be reached through the proxy", "check HTTPS_PROXY"
    return TransferError(f"{_asked(error)} {what}", remedy, scope="all")


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
