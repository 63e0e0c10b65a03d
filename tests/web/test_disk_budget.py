"""The disk that photographs on a server may take."""

from __future__ import annotations

import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import gradio.route_utils
import httpx
import pytest

import core.cli.serve
from core.errors import PhotoError
from core.settings import Settings
from core.web.disk_budget import DiskBudget
from core.web.page import Page
from tests.support.fakes import make_engine


def test_what_lies_there_counts_and_empty_folders_go(tmp_path: Path) -> None:
    for name in ("full", "old", "new"):
        (tmp_path / name / "inside").mkdir(parents=True)
    (tmp_path / "full" / "inside" / "a.png").write_bytes(bytes(400_000))
    for path in (tmp_path / "old" / "inside", tmp_path / "full"):
        os.utime(path, (0, 0))
    budget = DiskBudget(tmp_path, 1)
    assert budget.used() == 400_000
    assert not (tmp_path / "old" / "inside").exists()
    assert (tmp_path / "new" / "inside").exists()
    budget.require(500_000)
    with pytest.raises(PhotoError, match="as its disk may hold; try again in ten minutes"):
        budget.require(700_000)


def test_the_oldest_make_room_but_nothing_that_may_be_in_use(tmp_path: Path) -> None:
    now = time.time()
    for age in (3000, 2000, 700, 500, 5):
        path = tmp_path / str(age) / "picture.png"
        path.parent.mkdir()
        path.write_bytes(bytes(190_000))
        for old in (path, path.parent):
            os.utime(old, (now - age, now - age))
    budget = DiskBudget(tmp_path, 1)
    budget.require(50_000)
    assert len(list(tmp_path.rglob("*.png"))) == 5
    budget.require(50_000)  # besides what was promised a moment ago; and a tenth is made free for the next
    assert sorted(path.parent.name for path in tmp_path.rglob("*.png")) == ["2000", "5", "500", "700"]
    with pytest.raises(PhotoError):  # too much even without all that may go: then it stays
        budget.require(700_000)
    assert sorted(path.parent.name for path in tmp_path.rglob("*.png")) == ["2000", "5", "500", "700"]
    budget.require(400_000)
    assert sorted(path.parent.name for path in tmp_path.rglob("*.png")) == ["5", "500"]


def test_what_work_in_hand_needs_stays_however_old(tmp_path: Path) -> None:
    sent, part, other = (tmp_path / name / "film.mp4" for name in ("sent", "parts", "other"))
    for path in (sent, part, other):
        path.parent.mkdir()
        path.write_bytes(bytes(300_000))
        for old in (path, path.parent):
            os.utime(old, (1000, 1000))
    budget = DiskBudget(tmp_path, 1, lambda: os.utime(sent))
    (part.parent / "next.mp4").touch()
    budget.require(300_000)
    assert [path.exists() for path in (sent, part, other)] == [True, True, False]


@contextmanager
def launched(folder: Path, settings: Settings) -> Iterator[Page]:
    """A server whose photographs lie in ``folder``."""
    options = {"server_name": "127.0.0.1", "share": False, "mcp_server": False}
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("GRADIO_TEMP_DIR", str(folder))
        patch.setattr(core.cli.serve, "make_engine", lambda settings: make_engine())
        page = core.cli.serve.launch(settings, None, options)
        try:
            yield page
        finally:
            page.close(verbose=False)


def test_an_upload_for_which_there_is_no_room_is_refused(tmp_path: Path) -> None:
    with launched(tmp_path, Settings(disk_mb=1)) as page:
        upload = f"{page.local_url}gradio_api/upload"
        assert httpx.post(upload, files={"files": ("a.png", bytes(1_000))}).status_code == 200
        answer = httpx.post(upload, files={"files": ("b.png", bytes(2_000_000))})
        assert answer.status_code == 507
        assert answer.json()["detail"].endswith("try again in ten minutes.")
        assert not list(tmp_path.rglob("b.png"))


def test_old_files_go_though_others_come_meanwhile(tmp_path: Path) -> None:
    new = str(tmp_path / "new.png")
    with launched(tmp_path, Settings()) as page, pytest.MonkeyPatch.context() as patch:
        uploads = [("files", (f"{number}.png", bytes(100))) for number in range(3)]
        kept = [Path(path) for path in httpx.post(f"{page.local_url}gradio_api/upload", files=uploads).json()]
        assert page.upload_file_set == {str(path) for path in kept}

        def remove(path: str) -> None:
            page.upload_file_set.add(new)  # another visitor's
            os.unlink(path)

        page.upload_file_set |= {str(tmp_path), f"{kept[0]}/x"}  # which a call may name, and which are no files
        patch.setattr(gradio.route_utils.os, "remove", remove)
        gradio.route_utils.delete_files_created_by_app(page, 0)
        assert not any(path.exists() for path in kept)
        assert new in page.upload_file_set and not {str(path) for path in kept} & page.upload_file_set


def test_what_gradio_was_not_told_of_goes_after_an_hour_and_what_is_new_or_grows_stays(tmp_path: Path) -> None:
    with launched(tmp_path, Settings()) as page:
        assert not [path for path in tmp_path.rglob("*") if path.is_file()]
        names = ("tmpbroken", "old/picture.png.json", "film/.part/1.mp4", "new/picture.png.json", "sent/film.mp4")
        broken, sidecar, part, new, sent = (tmp_path / name for name in names)
        for path in (broken, sidecar, part, new, sent):
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(b"x")
        for path in (broken, sidecar, sidecar.parent, part, sent, sent.parent):
            os.utime(path, (1000, 1000))
        with pytest.MonkeyPatch.context() as patch:
            renewed: list[None] = []
            patch.setattr(page, "renew", lambda: renewed.append(os.utime(sent)))  # work in hand needs it
            gradio.route_utils.delete_files_created_by_app(page, 3600)
        assert len(renewed) == 1
        assert [path.exists() for path in (broken, sidecar, part, new, sent)] == [False, False, True, True, True]
