"""The Space tried out on this machine: its own files and packages, one photograph, one caller."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from core.errors import SpaceError
from core.space.config import ROOT, value
from core.space.files import lay_out

START_WITHIN = 300
"""Seconds."""


def check(tell: Callable[[str], None], python: Path | None = None, root: Path = ROOT) -> None:
    """Start the app with nothing but the Space's files and packages, and colour a photograph through the client.

    Args:
        tell: is told of each step done.
        python: an interpreter whose packages do; a new and empty environment is made where left out.
        root: Autochrome's folder.

    Raises:
        SpaceError: a step failed; the message says which, and ends with what the step printed.
    """
    clock = time.monotonic()

    def done(words: str) -> None:
        nonlocal clock
        tell(f"{words} ({time.monotonic() - clock:.0f} s)")
        clock = time.monotonic()

    with tempfile.TemporaryDirectory(prefix="autochrome-space-") as scratch:
        here = Path(scratch) / "app"
        files = lay_out(root, here)
        done(f"{len(files)} files taken")
        if python is None:
            python = _install(Path(scratch) / "venv", here)
            done("packages installed into an empty environment")
        with _running(python, here, Path(scratch)) as address:
            done("app started")
            done(_colour(address, root, Path(scratch)))


def _install(venv: Path, here: Path) -> Path:
    """What the Hub installs for a Gradio Space, in an environment of its own; gives its interpreter."""
    _run([sys.executable, "-m", "venv", str(venv)], "no environment could be made")
    python = venv / ("Scripts/python.exe" if os.name == "nt" else "bin/python")
    packages = [f"gradio[oauth,mcp]=={value('sdk_version', here)}", "spaces", "-r", str(here / "requirements.txt")]
    _run([str(python), "-m", "pip", "install", "-q", *packages], "its packages could not be installed")
    return python


def _run(command: list[str], failed: str) -> None:
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        raise SpaceError(f"The Space does not work, because {failed}:\n{(done.stderr or done.stdout).strip()}")


@contextmanager
def _running(python: Path, here: Path, scratch: Path) -> Iterator[str]:
    """The address of the app, started as on a Space with a disk that forgets."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    env = {name: value for name, value in os.environ.items() if not name.startswith(("AUTOCHROME_", "GRADIO_"))}
    env |= {
        "SYSTEM": "spaces",
        "SPACE_ID": "someone/autochrome",
        "GRADIO_SERVER_NAME": "127.0.0.1",
        "GRADIO_SERVER_PORT": str(port),
        "GRADIO_TEMP_DIR": str(scratch / "gradio"),
        "HF_HOME": str(scratch / "hf"),
    }
    log = scratch / "log"
    with open(log, "w") as file:
        process = subprocess.Popen([str(python), "app.py"], cwd=here, env=env, stdout=file, stderr=subprocess.STDOUT)
    try:
        deadline = time.monotonic() + START_WITHIN
        while not _listens(port):
            if process.poll() is not None or time.monotonic() > deadline:
                raise SpaceError(f"The Space does not work, because the app did not start:\n{log.read_text().strip()}")
            time.sleep(0.2)
        yield f"http://127.0.0.1:{port}"
    finally:
        process.terminate()
        process.wait(20)


def _listens(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0


def _colour(address: str, root: Path, scratch: Path) -> str:
    """Colour an example through the client; gives a line about it."""
    import numpy as np
    from gradio_client import Client, handle_file
    from PIL import Image

    photograph = next((root / "core" / "web" / "examples").glob("*.jpg"))
    try:
        client = Client(address, verbose=False, download_files=scratch / "downloads")
        picture, report = client.predict(image=handle_file(str(photograph)), api_name="/colorize")
    except Exception as error:  # whatever went wrong there, it is the Space that failed
        raise SpaceError(f"The Space does not work, because it colours no photograph:\n{error}") from error
    with Image.open(picture) as coloured, Image.open(photograph) as grey:
        same_size = coloured.size == grey.size
        spread = float(np.ptp(np.asarray(coloured.convert("RGB")).astype(int), axis=2).mean())
    if not same_size or spread < 1:
        raise SpaceError("The Space does not work, because what it made of a photograph has no colour or another size.")
    return f"{photograph.name} coloured by {report['backend']}"
