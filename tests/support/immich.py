"""A small server that stands for Immich: it takes uploads, knows duplicates, and stacks."""

from __future__ import annotations

import email
import hashlib
import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

KEY = "let-me-in"


class Immich:
    """What has been uploaded.

    Attributes:
        assets: by id, each with its ``name``, ``data`` and ``taken``.
        stacks: lists of ids, the one that is shown first.
        uploads: how many files were sent.
    """

    def __init__(self) -> None:
        self.assets: dict[str, dict[str, Any]] = {}
        self.stacks: list[list[str]] = []
        self.uploads = 0
        self.url = ""

    def upload(self, checksum: str, fields: dict[str, Any]) -> tuple[int, dict[str, Any]]:
        name, data = fields["assetData"]
        if hashlib.sha1(data).hexdigest() != checksum:
            return 400, {"message": "checksum"}
        missing = {"fileCreatedAt", "fileModifiedAt", "deviceAssetId", "deviceId"} - fields.keys()
        if missing:
            return 400, {"message": sorted(missing)}
        self.uploads += 1
        if checksum in self.assets:
            return 200, {"id": checksum, "status": "duplicate"}
        self.assets[checksum] = {"name": name, "data": data, "taken": fields["fileCreatedAt"][1].decode()}
        return 201, {"id": checksum, "status": "created"}

    def stack(self, ids: list[str]) -> tuple[int, dict[str, Any]]:
        if len(set(ids)) < 2 or not set(ids) <= self.assets.keys():
            return 400, {"message": "assetIds"}
        merged = [each for stack in self.stacks if stack[0] in ids for each in stack]
        self.stacks = [stack for stack in self.stacks if stack[0] not in ids]
        self.stacks.append(list(dict.fromkeys([*ids, *merged])))
        return 201, {"id": "stack", "primaryAssetId": ids[0]}


@contextmanager
def serve_immich() -> Iterator[Immich]:
    """An empty Immich at ``url``, whose only key is ``KEY``."""
    immich = Immich()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            if self.headers["x-api-key"] != KEY:
                self.answer(401, {"message": "Invalid API key"})
            elif self.path == "/api/assets":
                self.answer(*immich.upload(self.headers["x-immich-checksum"], self.fields(body)))
            elif self.path == "/api/stacks":
                self.answer(*immich.stack(json.loads(body)["assetIds"]))
            else:
                self.answer(404, {})

        def fields(self, body: bytes) -> dict[str, tuple[str | None, bytes]]:
            message = email.message_from_bytes(f"Content-Type: {self.headers['Content-Type']}\r\n\r\n".encode() + body)
            parts = message.get_payload()
            return {
                str(part.get_param("name", header="content-disposition")): (
                    part.get_filename(),
                    part.get_payload(decode=True),
                )
                for part in parts  # type: ignore[union-attr]
            }

        def answer(self, status: int, told: dict[str, Any]) -> None:
            data = json.dumps(told).encode()
            self.send_response(status)
            self.send_header("Content-Length", str(len(data)))
            self.end_headers()
            self.wfile.write(data)

        def log_message(self, *args: Any) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    immich.url = f"http://127.0.0.1:{server.server_port}"
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield immich
    finally:
        server.shutdown()
        server.server_close()
