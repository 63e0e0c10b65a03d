"""Photographs lie in a folder of the server's own, which goes with it, however it ends."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import tempfile
from pathlib import Path

import pytest

from core.web.own_cache import own_cache

ROOT = Path(__file__).resolve().parents[2]

SERVER = """
import sys
sys.path.insert(0, {root!r})
from core.web.own_cache import own_cache
with own_cache() as folder:
    (folder / "visitor").mkdir()
    (folder / "visitor" / "grandma.jpg").write_bytes(b"x")
    print(folder, flush=True)
    sys.stdin.read()
"""


@pytest.fixture
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("GRADIO_TEMP_DIR", str(tmp_path / "gradio"))
    return tmp_path / "gradio"


def server() -> tuple[subprocess.Popen[str], Path]:
    command = [sys.executable, "-c", SERVER.format(root=str(ROOT))]
    process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    return process, Path(process.stdout.readline().strip())


def test_what_a_killed_server_left_goes_when_the_next_starts_and_a_living_ones_stays(place: Path) -> None:
    killed, left = server()
    living, kept = server()
    (place / "of another app").mkdir()
    try:
        assert (left / "visitor" / "grandma.jpg").exists()  # nobody deletes a living server's
        killed.send_signal(signal.SIGKILL)
        killed.wait(10)
        assert left.exists()
        with own_cache():
            assert not left.exists()
            assert (kept / "visitor" / "grandma.jpg").exists()
            assert (place / "of another app").exists()
    finally:
        living.communicate("", timeout=10)
    assert not kept.exists()


def test_it_is_this_users_alone_and_all_that_is_temporary_lies_in_it(place: Path) -> None:
    before = tempfile.gettempdir()
    with own_cache() as folder:
        assert folder.parent == place.resolve()
        assert os.environ["GRADIO_TEMP_DIR"] == str(folder)
        assert folder.stat().st_mode & 0o777 == place.stat().st_mode & 0o777 == 0o700
        with tempfile.NamedTemporaryFile() as file:
            assert Path(file.name).parent == folder
    assert not folder.exists()
    assert tempfile.gettempdir() == before
    assert os.environ["GRADIO_TEMP_DIR"] == str(place)
