"""A server under strangers' calls: an hour of everything, many at once, and the largest photographs.

    python -m tests.benchmarks.server [--minutes N] [--clients N] [--callers N] [--huge N]

Starts ``app.py`` in a process of its own, offline and with an empty cache, and tells each minute what it holds. Linux
only: the figures come from /proc.
"""

from __future__ import annotations

import argparse
import os
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

APP = Path(__file__).resolve().parents[2] / "app.py"
SIDES = (64, 200, 480, 900, 1600, 2400)


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

    def told(self) -> str:
        """All of it, in a line."""
        threads, files = (len(list((self._folder / name).iterdir())) for name in ("task", "fd"))
        kept = sum(path.stat().st_size for path in self.temporary.rglob("*") if path.is_file()) / 2**20
        return f"{self.memory():6.0f} MB, {threads} threads, {files} descriptors, {kept:.0f} MB of files"


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


def calls(rng: np.random.Generator, photographs: list[Path]) -> dict[str, Any]:
    """One call of any endpoint, as arguments of ``Client.predict``."""

    def some() -> Any:
        return handle_file(photographs[rng.integers(len(photographs))])

    name = rng.choice(["/colorize", "/colorize_batch", "/alternatives", "/confidence", "/compare", "/backends"])
    look = {"strength": round(rng.uniform(0, 1.5), 2), "vividness": round(rng.uniform(0, 1), 2)}
    given = {
        "/colorize": {"image": some(), "output_format": str(rng.choice(["png", "jpeg", "webp", "tiff"])), **look},
        "/colorize_batch": {"images": [some() for _ in range(rng.integers(1, 4))], **look},
        "/backends": {},
    }.get(str(name), {"image": some()})
    return {"api_name": str(name)} | given


def soak(server: Server, folder: Path, minutes: float, clients: int) -> None:
    """Clients that call whatever there is, one call after the other."""
    photographs = [photograph(folder / f"{side}.jpg", side, side * 3 // 4, side) for side in SIDES]
    done, wrong = Counter[str](), Counter[str]()
    over = threading.Event()

    def work(seed: int) -> None:
        rng, client = np.random.default_rng(seed), Client(server.url, verbose=False)
        while not over.is_set():
            given = calls(rng, photographs)
            try:
                client.predict(**given)
                done[given["api_name"]] += 1
            except Exception as error:
                wrong[f"{given['api_name']}: {str(error)[:200]}"] += 1

    workers = [threading.Thread(target=work, args=(seed,)) for seed in range(clients)]
    for worker in workers:
        worker.start()
    for minute in range(1, max(1, round(minutes)) + 1):
        time.sleep(60)
        print(f"{minute:3} min: {server.told()}, {sum(done.values())} calls", flush=True)
    over.set()
    for worker in workers:
        worker.join()
    print(f"Calls: {dict(done)}\nWrong: {dict(wrong) or 'none'}")


def at_once(server: Server, folder: Path, callers: int) -> None:
    """Many callers with looks of their own: pixels as when each comes alone, and how long they wait."""
    path = photograph(folder / "one.jpg", 640, 480, 1)
    looks = [{"strength": 0.5 + each / callers, "tint_warm": each % 5 / 5} for each in range(callers)]
    clients = [Client(server.url, verbose=False) for _ in range(callers)]
    pictures: dict[int, Any] = {}

    def call(each: int, kept: dict[int, Any]) -> float:
        began = time.perf_counter()
        picture, _ = clients[each].predict(image=handle_file(path), **looks[each], api_name="/colorize")
        taken = time.perf_counter() - began
        kept[each] = cv2.imread(str(picture["path"] if isinstance(picture, dict) else picture))
        return taken

    alone: dict[int, Any] = {}
    times = [call(each, alone) for each in range(callers)]
    together = [0.0] * callers

    def timed(each: int) -> None:
        together[each] = call(each, pictures)

    threads = [threading.Thread(target=timed, args=(each,)) for each in range(callers)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    other = [each for each in range(callers) if not np.array_equal(alone[each], pictures.get(each))]
    one, slow = statistics.median(times), float(np.percentile(together, 95))
    print(
        f"{callers} at once: p95 {slow:.2f} s, {slow / one:.1f} times one's {one:.2f} s; "
        f"other pixels: {other or 'none'}"
    )
    print(server.told())


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
