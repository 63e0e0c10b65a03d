"""Photographs lie in a folder of the server's own, which goes with it, however it ends."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import tempfile
from pathlib import Path

import pytest

from core.errors import SettingsError
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
    try:
        assert (left / "visitor" / "grandma.jpg").exists()  # nobody deletes a living server's
        killed.send_signal(signal.SIGKILL)
        killed.wait(10)
        assert left.exists()
        with own_cache():
            assert not left.exists()
            assert (kept / "visitor" / "grandma.jpg").exists()
    finally:
        living.communicate("", timeout=10)
    assert not kept.exists()


def test_it_is_this_users_alone_and_all_that_is_temporary_lies_in_it(place: Path) -> None:
    before = tempfile.gettempdir()
    with own_cache() as folder:
        assert folder.parent.parent == place.resolve()
        assert os.environ["GRADIO_TEMP_DIR"] == str(folder)
        assert folder.stat().st_mode & 0o777 == folder.parent.stat().st_mode & 0o777 == 0o700
        with tempfile.NamedTemporaryFile() as file:
            assert Path(file.name).parent == folder
    assert not folder.exists()
    assert tempfile.gettempdir() == before
    assert os.environ["GRADIO_TEMP_DIR"] == str(place)


def test_the_folder_that_is_named_may_hold_anything_and_stays_as_it_is(place: Path) -> None:
    place.mkdir()
    place.chmod(0o1777)
    (place / "autochrome-main").mkdir()  # as GitHub's zip unpacks
    (place / "autochrome-main" / "app.py").write_text("x")
    with own_cache():
        assert place.stat().st_mode & 0o7777 == 0o1777
    assert (place / "autochrome-main" / "app.py").exists()


def test_a_link_in_the_place_of_ones_own_folder_is_not_followed(place: Path, tmp_path: Path) -> None:
    with own_cache() as folder:
        ours = folder.parent
    ours.rmdir()
    (tmp_path / "photos").mkdir(mode=0o755)
    (tmp_path / "photos" / "grandma").mkdir()
    ours.symlink_to(tmp_path / "photos")
    with pytest.raises(SettingsError, match="it is a link or another user's"), own_cache():
        pass
    assert (tmp_path / "photos" / "grandma").exists()
    assert (tmp_path / "photos").stat().st_mode & 0o777 == 0o755


@pytest.mark.skipif(not hasattr(os, "getuid") or os.getuid() != 0, reason="only root gives folders away")
def test_another_users_folder_in_the_place_of_ones_own_is_left_alone(place: Path) -> None:
    with own_cache() as folder:
        ours = folder.parent
    (ours / "grandma").mkdir()
    os.chown(ours, 65534, 65534)
    with pytest.raises(SettingsError, match="another user's"), own_cache():
        pass
    assert (ours / "grandma").exists()
