"""A local server that speaks the Hub's side of creating a Space and committing files to it, to the real client.

As on the real Hub, a new Space has a ``.gitattributes`` whose patterns go to Git LFS, as does any file over 10 MB;
a commit that holds such a file otherwise is refused, and so is one whose LFS objects have not been uploaded.
"""

from __future__ import annotations

import base64
import fnmatch
import hashlib
import json
import re
import threading
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import yaml

TOKEN = "hf_localtoken"
LARGEST = 10_000_000
ATTRIBUTES = b"*.onnx filter=lfs diff=lfs merge=lfs -text\n*.npy filter=lfs diff=lfs merge=lfs -text\n"
COLOURS = {"red", "yellow", "green", "blue", "indigo", "purple", "pink", "gray"}


@dataclass
class Space:
    """A Space: how it was created, its files, those of them in LFS, and the summaries of its commits."""

    created: dict[str, Any]
    files: dict[str, bytes] = field(default_factory=lambda: {".gitattributes": ATTRIBUTES})
    lfs: set[str] = field(default_factory=set)
    commits: list[str] = field(default_factory=list)


def metadata_problem(text: str) -> str | None:
    """What the Hub would say against a README's front matter."""
    match = re.match(r"---\n(.*?)^---\n", text, re.DOTALL | re.MULTILINE)
    if not match:
        return "there is no metadata"
    values = yaml.safe_load(match[1])
    if not {values.get("colorFrom"), values.get("colorTo")} <= COLOURS:
        return '"colorFrom" and "colorTo" must be one of the colours'
    if len(values.get("short_description", "")) > 60:
        return '"short_description" length must be less than or equal to 60 characters long'
    if values.get("sdk") not in ("gradio", "docker", "static"):
        return '"sdk" must be one of [gradio, docker, static]'
    return None


class SpaceHub:
    """The server. ``url`` is what ``HF_ENDPOINT`` should be; ``refuse`` maps the start of a path to a status."""

    def __init__(self) -> None:
        self.spaces: dict[str, Space] = {}
        self.objects: dict[str, bytes] = {}
        self.seen: list[str] = []
        self.refuse: dict[str, int] = {}
        self.server = ThreadingHTTPServer(("127.0.0.1", 0), _Handler)
        self.server.daemon_threads = True
        self.server.hub = self  # type: ignore[attr-defined]
        self.url = f"http://127.0.0.1:{self.server.server_address[1]}"
        threading.Thread(target=self.server.serve_forever, args=(0.02,), daemon=True).start()

    def close(self) -> None:
        """Stop serving."""
        self.server.shutdown()
        self.server.server_close()

    def create(self, given: dict[str, Any]) -> tuple[int, Any]:
        name = f"{given['organization']}/{given['name']}"
        url = {"url": f"{self.url}/spaces/{name}"}
        if given["type"] != "space":
            return 400, {"error": "only Spaces here"}
        if name in self.spaces:
            return 409, {"error": "You already created this space repo"} | url
        self.spaces[name] = Space(given)
        return 200, url

    def tree(self, space: Space) -> tuple[int, Any]:
        return 200, [
            {"type": "file", "path": path, "size": len(data), "oid": hashlib.sha1(data).hexdigest()}
            for path, data in space.files.items()
        ]

    def preupload(self, given: dict[str, Any]) -> tuple[int, Any]:
        files = [
            {"path": file["path"], "uploadMode": self._mode(file["path"], file["size"]), "shouldIgnore": False}
            for file in given["files"]
        ]
        return 200, {"files": files}

    def batch(self, given: dict[str, Any]) -> tuple[int, Any]:
        objects = []
        for wanted in given["objects"]:
            known = wanted["oid"] in self.objects
            upload = {"upload": {"href": f"{self.url}/lfs/{wanted['oid']}"}}
            objects.append(wanted if known else wanted | {"actions": upload})
        return 200, {"transfer": "basic", "objects": objects}

    def commit(self, name: str, space: Space, lines: list[dict[str, Any]]) -> tuple[int, Any]:
        files, lfs = dict(space.files), set(space.lfs)
        for line in lines:
            value = line["value"]
            if line["key"] == "file":
                files[value["path"]] = base64.b64decode(value["content"])
                if self._mode(value["path"], len(files[value["path"]])) == "lfs":
                    return 400, {"error": f"{value['path']} must go through LFS"}
            elif line["key"] == "lfsFile":
                if value["oid"] not in self.objects:
                    return 400, {"error": f"{value['path']} has not been uploaded"}
                files[value["path"]] = self.objects[value["oid"]]
                lfs.add(value["path"])
            elif line["key"] == "deletedFile":
                del files[value["path"]]
                lfs.discard(value["path"])
        space.files, space.lfs = files, lfs
        space.commits.append(lines[0]["value"]["summary"])
        oid = f"{len(space.commits):040x}"
        return 200, {"success": True, "commitOid": oid, "commitUrl": f"{self.url}/spaces/{name}/commit/{oid}"}

    def _mode(self, path: str, size: int) -> str:
        patterns = [line.split()[0].decode() for line in ATTRIBUTES.splitlines()]
        large = size > LARGEST or any(fnmatch.fnmatch(path.rsplit("/", 1)[-1], pattern) for pattern in patterns)
        return "lfs" if large else "regular"


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def log_message(self, *args: Any) -> None:
        pass

    def do_GET(self) -> None:
        self._answer()

    def do_POST(self) -> None:
        self._answer()

    def do_PUT(self) -> None:
        self._answer()

    def _answer(self) -> None:
        hub: SpaceHub = self.server.hub  # type: ignore[attr-defined]
        body = self._body()
        path = self.path.split("?")[0]
        hub.seen.append(f"{self.command} {path}")
        status = next((status for start, status in hub.refuse.items() if path.startswith(start)), 200)
        if self.command != "PUT" and self.headers["Authorization"] != f"Bearer {TOKEN}":
            status = 401
        if status != 200:
            return self._send(status, {"error": f"no, {status}"})
        self._send(*self._route(hub, path, body))

    def _route(self, hub: SpaceHub, path: str, body: bytes) -> tuple[int, Any]:
        if path == "/api/repos/create":
            return hub.create(json.loads(body))
        if path == "/api/validate-yaml":
            problem = metadata_problem(json.loads(body)["content"])
            errors = [{"message": problem}] if problem else []
            return (400 if problem else 200), {"errors": errors, "warnings": []}
        if match := re.fullmatch(r"/lfs/([0-9a-f]{64})", path):
            if hashlib.sha256(body).hexdigest() != match[1]:
                return 400, {"error": "wrong content"}
            hub.objects[match[1]] = body
            return 200, {}
        if re.fullmatch(r"/spaces/[^/]+/[^/]+\.git/info/lfs/objects/batch", path):
            return hub.batch(json.loads(body))
        match = re.fullmatch(r"/api/spaces/([^/]+/[^/]+)(?:/(tree|preupload|commit)/main)?", path)
        space = hub.spaces.get(match[1]) if match else None
        if match is None or space is None:
            return 404, {"error": "not found"}
        if match[2] == "tree":
            return hub.tree(space)
        if match[2] == "preupload":
            return hub.preupload(json.loads(body))
        if match[2] == "commit":
            return hub.commit(match[1], space, [json.loads(line) for line in body.splitlines()])
        return 200, {"id": match[1], "sha": "0" * 40, "private": False, "siblings": [], "tags": []}

    def _body(self) -> bytes:
        if self.headers["Transfer-Encoding"] != "chunked":
            return self.rfile.read(int(self.headers["Content-Length"] or 0))
        pieces = []
        while size := int(self.rfile.readline(), 16):
            pieces.append(self.rfile.read(size))
            self.rfile.readline()
        self.rfile.readline()
        return b"".join(pieces)

    def _send(self, status: int, answer: Any) -> None:
        data = json.dumps(answer).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)
