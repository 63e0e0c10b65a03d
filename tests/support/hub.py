"""A local server that speaks the Hugging Face Hub's download protocol to the real client, with faults on demand.

As on the real Hub, ``HEAD`` and ``GET /[spaces/|datasets/]OWNER/NAME/resolve/REVISION/PATH`` answer with ``ETag`` and
``X-Repo-Commit``; a large file's answer is a redirect, with ``X-Linked-Size`` and ``X-Linked-Etag``, to another host
("localhost" instead of 127.0.0.1), which serves ranges and must never see the token.
"""

from __future__ import annotations

import hashlib
import re
import socket
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

LARGE = 10_000  # bytes; larger files are stored as Git LFS would, and served from the other host
PREFIXES = {"spaces/": "space", "datasets/": "dataset", "": "model"}


@dataclass
class Fault:
    """What goes wrong with a file.

    ``status`` and ``headers`` replace an answer; ``body`` and ``content_type`` replace the content (the length then is
    the body's own); ``cut`` closes the connection at that byte of the file; ``stall`` falls silent there instead;
    ``rate`` sends so many bytes a second; ``delay`` is slept before the answer. It strikes the first
    ``times`` requests with one of ``methods``.
    """

    status: int = 200
    headers: dict[str, str] = field(default_factory=dict)
    body: bytes | None = None
    content_type: str = "application/octet-stream"
    cut: int | None = None
    stall: int | None = None
    rate: float | None = None
    delay: float = 0.0
    methods: tuple[str, ...] = ("HEAD", "GET")
    times: float = float("inf")


HTML = b"""<!DOCTYPE html>
<html>
<head><title>Welcome to the airport</title></head>
<body>
<h1>Welcome to the airport</h1>
<p>Sign in to use the network. <a href="/sign-in">Sign in</a></p>
<p>By signing in you agree to nothing in particular.</p>
</body>
</html>
"""


def pointer(data: bytes) -> bytes:
    """The Git LFS pointer that stands for some content."""
    digest = hashlib.sha256(data).hexdigest()
    return f"version https://git-lfs.github.com/spec/v1\noid sha256:{digest}\nsize {len(data)}\n".encode()


@dataclass(frozen=True)
class Seen:
    """One request: its method, path, ``Range`` and ``Authorization`` headers, and the host it was sent to."""

    method: str
    path: str
    range: str | None
    token: str | None
    host: str


@dataclass
class Repo:
    """A repository's files at its only commit."""

    repo_type: str
    commit: str
    files: dict[str, Path] = field(default_factory=dict)
    token: str | None = None
    gated: bool = False


class Hub:
    """The server. ``url`` is what ``HF_ENDPOINT`` should be; ``store`` is where large files are; ``seen`` lists every
    request."""

    def __init__(self) -> None:
        self.repos: dict[tuple[str, str], Repo] = {}
        self.faults: dict[str, list[Fault]] = {}
        self.seen: list[Seen] = []
        self._digests: dict[Path, str] = {}
        self._lock = threading.Lock()
        self.closing = threading.Event()
        self.server = ThreadingHTTPServer(("127.0.0.1", 0), _Handler)
        self.server.daemon_threads = True
        self.server.hub = self  # type: ignore[attr-defined]
        self.port = self.server.server_address[1]
        self.url = f"http://127.0.0.1:{self.port}"
        self.store = f"http://localhost:{self.port}"
        threading.Thread(target=self.server.serve_forever, args=(0.02,), daemon=True).start()

    def add(
        self,
        repo: str,
        folder: Path,
        *,
        repo_type: str = "space",
        commit: str = "0" * 40,
        names: list[str] | None = None,
        token: str | None = None,
    ) -> Repo:
        """Serve a folder's files (or those named) as a repository; with ``token``, as a private one."""
        files = {path.name: path for path in sorted(folder.iterdir()) if names is None or path.name in names}
        self.repos[repo_type, repo] = Repo(repo_type, commit, files, token)
        return self.repos[repo_type, repo]

    def add_manifest(self, manifest: Any, folder: Path) -> None:
        """Serve a folder as every source that a manifest names."""
        for source in manifest.sources:
            self.add(source.repo, folder, repo_type=source.repo_type, commit=source.revision)

    def fail(self, name: str, fault: Fault) -> None:
        """Let a fault strike a file: ``PATH``, or ``OWNER/NAME/PATH`` for one repository's, or "*" for all."""
        self.faults.setdefault(name, []).append(fault)

    def mend(self) -> None:
        """Forget all faults and all requests."""
        self.faults.clear()
        self.seen.clear()

    def gets(self, name: str) -> list[Seen]:
        """The ``GET`` requests that asked for a file's content (not those that were redirected)."""
        return [seen for seen in self.seen if seen.method == "GET" and seen.path.split("/")[-1] == name]

    def close(self) -> None:
        """Stop serving; what is being sent breaks off."""
        self.closing.set()
        self.server.shutdown()
        self.server.server_close()

    def fault(self, method: str, repo: str, path: str) -> Fault | None:
        with self._lock:
            for key in (f"{repo}/{path}", path, "*"):
                for fault in self.faults.get(key, []):
                    if method in fault.methods and fault.times > 0:
                        fault.times -= 1
                        return fault
        return None

    def digest(self, path: Path) -> str:
        if path not in self._digests:
            self._digests[path] = hashlib.sha256(path.read_bytes()).hexdigest()
        return self._digests[path]


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    @property
    def hub(self) -> Hub:
        return self.server.hub  # type: ignore[attr-defined, no-any-return]

    def log_message(self, *args: Any) -> None:
        pass

    def do_HEAD(self) -> None:
        self._answer()

    def do_GET(self) -> None:
        self._answer()

    def _answer(self) -> None:
        headers = self.headers
        self.hub.seen.append(
            Seen(self.command, self.path, headers["Range"], headers["Authorization"], str(headers["Host"]))
        )
        match = re.fullmatch(r"/(cdn/)?(spaces/|datasets/|)([^/]+/[^/]+)/resolve/([^/]+)/(.+)", self.path.split("?")[0])
        if not match:
            return self._refuse(404, "RepoNotFound")
        cdn, prefix, name, revision, path = match.groups()
        repo = self.hub.repos.get((PREFIXES[prefix], name))
        if repo is None:
            return self._refuse(404, "RepoNotFound")
        fault = None
        if cdn or self.command == "HEAD" or not self._is_large(repo, path):
            fault = self.hub.fault(self.command, name, path)
        if fault:
            self.hub.closing.wait(fault.delay)
        if fault and fault.status != 200:
            return self._send(fault.status, b"", fault.headers)
        if not cdn:
            if repo.token and headers["Authorization"] != f"Bearer {repo.token}":
                return self._refuse(401, "GatedRepo" if repo.gated else "RepoNotFound")
            if revision not in ("main", repo.commit):
                return self._refuse(404, "RevisionNotFound")
            if path not in repo.files:
                return self._refuse(404, "EntryNotFound", {"X-Repo-Commit": repo.commit})
        self._serve(repo, path, bool(cdn), fault)

    def _is_large(self, repo: Repo, path: str) -> bool:
        return path in repo.files and repo.files[path].stat().st_size > LARGE

    def _serve(self, repo: Repo, path: str, cdn: bool, fault: Fault | None) -> None:
        file = repo.files[path]
        if fault and fault.body is not None:
            return self._send(200, fault.body, fault.headers, fault.content_type, fault)
        digest = self.hub.digest(file)
        described = {"X-Repo-Commit": repo.commit, "ETag": f'"{digest[:40]}"'}
        if self._is_large(repo, path):
            described |= {"X-Linked-Size": str(file.stat().st_size), "X-Linked-Etag": f'"{digest}"'}
            if not cdn:
                location = f"{self.hub.store}/cdn{self.path}"
                return self._send(302, b"", {**described, "Location": location})
        self._send(200, file.read_bytes(), described, fault=fault)

    def _refuse(self, status: int, code: str, headers: dict[str, str] | None = None) -> None:
        self._send(status, b"", {"X-Error-Code": code, **(headers or {})})

    def _send(
        self,
        status: int,
        body: bytes,
        headers: dict[str, str],
        content_type: str = "application/octet-stream",
        fault: Fault | None = None,
    ) -> None:
        start = 0
        wanted = re.fullmatch(r"bytes=(\d+)-", self.headers["Range"] or "")
        if wanted and status == 200:
            start, status = int(wanted[1]), 206
            headers = {**headers, "Content-Range": f"bytes {start}-{len(body) - 1}/{len(body)}"}
        self.send_response(status)
        for key, value in headers.items():
            self.send_header(key, value)
        self.send_header("Content-Type", content_type)
        self.send_header("Content-Length", str(len(body) - start))
        self.end_headers()
        if self.command == "GET":
            try:
                self._send_body(memoryview(body), start, fault or Fault())
            except OSError:
                self.close_connection = True  # the client has gone

    def _send_body(self, body: memoryview, start: int, fault: Fault) -> None:
        end = max(start, min((n for n in (fault.cut, fault.stall) if n is not None), default=len(body)))
        piece = max(1, len(body) if fault.rate is None else int(fault.rate / 20))
        for at in range(start, end, piece):
            self.wfile.write(body[at : min(at + piece, end)])
            if fault.rate is not None and self.hub.closing.wait(0.05):
                break
        if end < len(body) or self.hub.closing.is_set():
            if fault.stall is not None:
                self.hub.closing.wait(60)
            self.close_connection = True
            self.connection.shutdown(socket.SHUT_RDWR)


@contextmanager
def black_hole() -> Iterator[str]:
    """The URL of a host that takes connections and never answers."""
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        listener.listen(64)
        yield f"http://127.0.0.1:{listener.getsockname()[1]}"


@contextmanager
def full_backlog() -> Iterator[str]:
    """The URL of a host whose queue is full, so that connecting hangs as it does behind a firewall."""
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        listener.listen(0)
        fillers = [socket.socket() for _ in range(8)]
        for filler in fillers:
            filler.setblocking(False)
            filler.connect_ex(listener.getsockname())
        time.sleep(0.05)
        try:
            yield f"http://127.0.0.1:{listener.getsockname()[1]}"
        finally:
            for filler in fillers:
                filler.close()


def refused() -> str:
    """The URL of a port on which nothing listens."""
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        return f"http://127.0.0.1:{unused.getsockname()[1]}"


def clean(home: Path, files: Path) -> bool:
    """Whether the cache in ``HF_HOME`` holds nothing but whole copies of the right files, each under a name."""
    good = {hashlib.sha256(path.read_bytes()).hexdigest() for path in files.iterdir()}
    blobs = list(home.glob("hub/*--*/blobs/*"))
    links = [path for path in home.glob("hub/*--*/snapshots/**/*") if not path.is_dir()]
    return (
        all(hashlib.sha256(path.read_bytes()).hexdigest() in good for path in blobs)
        and all(path.exists() for path in links)
        and {path.resolve() for path in links} == {path.resolve() for path in blobs}
    )
