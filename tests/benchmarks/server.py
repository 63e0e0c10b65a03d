"""A server under strangers' calls: an hour of everything, many at once, and the largest photographs.

    python -m tests.benchmarks.server [--minutes N] [--clients N] [--callers N] [--huge N]

Starts ``app.py`` in a process of its own, offline and with an empty cache, and tells each minute what it holds. Linux
only: the figures come from /proc.
"""

from __future__ import annotations

import argparse
import json
import os
import re
import socket
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import cv2
import httpx
import numpy as np
from gradio_client import Client, handle_file

from tests.support.films import scene, write_film

APP = Path(__file__).resolve().parents[2] / "app.py"
ENDPOINTS = (
    "/colorize",
    "/colorize_batch",
    "/colorize_video",
    "/alternatives",
    "/confidence",
    "/compare",
    "/backends",
)


class Server:
    """The process, and what it holds.

    Attributes:
        url: of its page.
        temporary: where its uploads and pictures lie.
    """

    def __init__(self, process: subprocess.Popen[bytes], url: str, temporary: Path):
        self.url, self.temporary = url, temporary
        self._folder = Path(f"/proc/{process.pid}")

    def memory(self, what: str = "VmRSS") -> float:
        """MB that it holds; ``VmHWM`` is the most that it ever held."""
        lines = (self._folder / "status").read_text().splitlines()
        return next(int(line.split()[1]) for line in lines if line.startswith(f"{what}:")) / 1024

    def seconds(self) -> float:
        """Processor time that it has taken."""
        fields = (self._folder / "stat").read_text().rpartition(")")[2].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")

    def told(self, memory: float | None = None) -> str:
        """All of it, in a line; with its memory as it was on the whole, where that is known."""
        threads, files = (len(list((self._folder / name).iterdir())) for name in ("task", "fd"))
        kept = sum(path.stat().st_size for path in self.temporary.rglob("*") if path.is_file()) / 2**20
        metrics = httpx.get(f"{self.url}metrics", timeout=60).text
        cache = re.search(r"^autochrome_cache_bytes (\S+)", metrics, re.MULTILINE)
        cached = float(cache[1]) / 2**20 if cache else 0.0
        return (
            f"{memory or self.memory():6.0f} MB ({cached:.0f} of predictions), {threads} threads, {files} descriptors, "
            f"{kept:.0f} MB of files"
        )


@contextmanager
def serving(folder: Path) -> Iterator[Server]:
    """A server that is ended at the end."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    temporary = folder / "gradio"
    places = {"GRADIO_TEMP_DIR": str(temporary), "HF_HOME": str(folder / "hub"), "HF_HUB_OFFLINE": "1"}
    process = subprocess.Popen(
        [sys.executable, str(APP), "--port", str(port)], env=os.environ | places, stdout=subprocess.DEVNULL
    )
    server = Server(process, f"http://127.0.0.1:{port}/", temporary)
    try:
        for _ in range(240):
            try:
                if httpx.get(f"{server.url}healthz").status_code == 200:
                    break
            except httpx.TransportError:
                time.sleep(0.5)
        else:
            raise SystemExit("The server did not start within two minutes.")
        temporary.mkdir(exist_ok=True)
        yield server
    finally:
        process.terminate()
        process.wait(90)


def photograph(path: Path, width: int, height: int, seed: int) -> Path:
    """A grey photograph of soft shapes."""
    rng = np.random.default_rng(seed)
    small = rng.integers(0, 255, (12, 16)).astype(np.uint8)
    cv2.imwrite(str(path), cv2.resize(small, (width, height), interpolation=cv2.INTER_CUBIC))
    return path


def calls(rng: np.random.Generator, folder: Path, film: Path) -> dict[str, Any]:
    """One call of any endpoint, as arguments of ``Client.predict``: photographs of any size, old and new ones."""

    def some() -> Any:
        width, height = (int(2 ** rng.uniform(6, 11.3)) for _ in range(2))
        known = rng.random() < 0.5
        path = folder / (f"{rng.integers(12)}.jpg" if known else f"{width}x{height}.jpg")
        if not path.exists():
            photograph(path, width, height, width * height)
        return handle_file(path)

    name = str(rng.choice(ENDPOINTS))
    look = {"strength": round(rng.uniform(0, 1.5), 2), "vividness": round(rng.uniform(0, 1), 2)}
    given = {
        "/colorize": {"output_format": str(rng.choice(["png", "jpeg", "webp", "tiff"])), **look},
        "/colorize_batch": {"images": [some() for _ in range(rng.integers(1, 4))], **look},
        "/colorize_video": {"film": handle_file(film), **look},
        "/backends": {},
    }.get(name, {})
    takes_one = name in ("/colorize", "/alternatives", "/confidence", "/compare")
    return {"api_name": name} | given | ({"image": some()} if takes_one else {})


def soak(server: Server, folder: Path, minutes: float, clients: int) -> None:
    """Clients that call whatever there is, one call after the other."""
    film = write_film(folder / "film.mp4", [scene(number) for number in range(12)])
    done, wrong = Counter[str](), Counter[str]()
    over = threading.Event()

    def work(seed: int) -> None:
        own = folder / str(seed)
        own.mkdir()
        rng, client = np.random.default_rng(seed), Client(server.url, verbose=False, httpx_kwargs={"timeout": 600})
        while not over.is_set():
            given = calls(rng, own, film)
            try:
                client.predict(**given)
                done[given["api_name"]] += 1
            except Exception as error:
                wrong[f"{given['api_name']}: {str(error)[:200]}"] += 1

    workers = [threading.Thread(target=work, args=(seed,)) for seed in range(clients)]
    for worker in workers:
        worker.start()
    for minute in range(1, max(1, round(minutes)) + 1):
        held = []
        for _ in range(60):
            time.sleep(1)
            held.append(server.memory())
        print(f"{minute:3} min: {server.told(statistics.median(held))}, {sum(done.values())} calls", flush=True)
    over.set()
    for worker in workers:
        worker.join()
    print(f"Calls: {dict(done)}\nWrong: {dict(wrong) or 'none'}")


class Caller:
    """A program on the other end: it takes little of the processor, which it shares with the server here."""

    def __init__(self, server: Server):
        self._http = httpx.Client(base_url=f"{server.url}gradio_api/", timeout=600)

    def colorize(self, photograph: Path, look: dict[str, float]) -> bytes:
        """Send a photograph, have it coloured, fetch the picture's file."""
        (path,) = self._http.post("upload", files={"files": photograph.open("rb")}).json()
        image = {"path": path, "orig_name": photograph.name, "meta": {"_type": "gradio.FileData"}}
        event = self._http.post("call/v2/colorize", json={"image": image} | look).json()["event_id"]
        stream = self._http.get(f"call/colorize/{event}").text
        kind, told = stream.strip().rpartition("event: ")[2].split("\ndata: ", 1)
        if kind != "complete":
            raise RuntimeError(told)
        return self._http.get(f"file={json.loads(told)[0]['path']}").content


def at_once(server: Server, folder: Path, callers: int) -> None:
    """Many callers with looks of their own: pixels as when each comes alone, and how long they wait.

    Once all send the same photograph, which the server has met before, and once each sends its own, which it has not.
    """
    looks = [{"strength": 0.5 + each / callers, "tint_warm": each % 5 / 5} for each in range(callers)]
    them = [Caller(server) for _ in range(callers)]

    def own(first: int) -> list[Path]:
        return [photograph(folder / f"{first + each}.jpg", 640, 480, first + each) for each in range(callers)]

    them[0].colorize(own(0)[0], looks[0])  # what the first of all waits for is no matter of load
    cases = {"the same photograph": (own(0)[:1] * callers,) * 2, "a photograph each": (own(1000), own(2000))}
    for name, (serial, parallel) in cases.items():
        pictures: dict[int, bytes] = {}
        waits = [0.0] * callers

        def call(each: int, paths: list[Path]) -> None:
            began = time.perf_counter()
            pictures[each] = them[each].colorize(paths[each], looks[each])  # noqa: B023
            waits[each] = time.perf_counter() - began  # noqa: B023

        for each in range(callers):
            call(each, serial)
        one = statistics.median(waits)
        threads = [threading.Thread(target=call, args=(each, parallel)) for each in range(callers)]
        theirs, ours = server.seconds(), time.process_time()
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        theirs, ours = (server.seconds() - theirs) / callers, (time.process_time() - ours) / callers
        slow, together = float(np.percentile(waits, 95)), pictures.copy()
        for each in range(callers):
            call(each, parallel)
        other = [
            each for each in range(callers) if not np.array_equal(decoded(together[each]), decoded(pictures[each]))
        ]
        print(
            f"{callers} at once, {name}: p95 {slow:.2f} s, {slow / one:.1f} times one's {one:.2f} s; processor time a "
            f"call {theirs:.3f} s of the server's and {ours:.3f} s of the caller's; other pixels: {other or 'none'}",
            flush=True,
        )
    print(server.told())


def decoded(picture: bytes) -> Any:
    """Its pixels."""
    return cv2.imdecode(np.frombuffer(picture, np.uint8), cv2.IMREAD_UNCHANGED)


def huge(server: Server, folder: Path, count: int) -> None:
    """Photographs of 250 megapixels, all at once."""
    paths = [folder / f"huge-{number}.png" for number in range(count)]
    for number, path in enumerate(paths):
        plane = np.full((15_625, 16_000), 90 + number, np.uint8)
        plane[::7] += 40
        cv2.imwrite(str(path), plane, [cv2.IMWRITE_PNG_COMPRESSION, 1])
    told: list[str] = []

    def call(path: Path) -> None:
        try:
            Client(server.url, verbose=False).predict(
                image=handle_file(path), output_format="jpeg", api_name="/colorize"
            )
            told.append("a picture")
        except Exception as error:
            told.append(str(error)[:200])

    threads = [threading.Thread(target=call, args=(path,)) for path in paths]
    began = time.perf_counter()
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    print(f"{count} of 250 MP at once: {dict(Counter(told))}, {time.perf_counter() - began:.0f} s")
    print(f"{server.memory('VmHWM'):.0f} MB at most; {server.told()}")


def main() -> None:
    """Read the command line and measure."""
    parser = argparse.ArgumentParser(prog="python -m tests.benchmarks.server", description=__doc__)
    parser.add_argument("--minutes", type=float, default=60)
    parser.add_argument("--clients", type=int, default=3)
    parser.add_argument("--callers", type=int, default=64)
    parser.add_argument("--huge", type=int, default=4)
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as scratch:
        folder = Path(scratch)
        for measure, amount in ((at_once, given.callers), (huge, given.huge)):
            if amount:
                with serving(folder) as server:
                    measure(server, folder, amount)
        if given.minutes:
            with serving(folder) as server:
                soak(server, folder, given.minutes, given.clients)


if __name__ == "__main__":
    main()
