"""Photographs in work at once: some wait for others, none for ever, and what is dropped makes room."""

from __future__ import annotations

import threading
from pathlib import Path

import pytest

from core.errors import PhotoError
from core.photo.open import open_photo
from core.settings import Settings
from tests.support.fakes import save_grey

ROOM_FOR_ONE = Settings(pixels_at_once=8000)  # each has 5,400


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return save_grey(tmp_path / "a.png")


def test_a_photograph_waits_until_another_is_dropped(path: Path) -> None:
    first = open_photo(path, ROOM_FOR_ONE)
    opened = threading.Event()
    waiting = threading.Thread(target=lambda: (open_photo(path, ROOM_FOR_ONE), opened.set()))
    waiting.start()
    assert not opened.wait(0.3)
    lightness = first.lightness()  # what is made from it is not it
    del first
    assert opened.wait(10)
    waiting.join()
    assert lightness.shape == (60, 90)


def test_who_waits_too_long_gets_a_sentence(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("core.photo.pixel_budget.PATIENCE", 0.2)
    first = open_photo(path, ROOM_FOR_ONE)
    with pytest.raises(PhotoError, match=r"^This server has large photographs in work; try again in a minute\.$"):
        open_photo(path, ROOM_FOR_ONE)
    assert first.width == 90


def test_what_is_larger_than_all_room_goes_alone(path: Path) -> None:
    assert open_photo(path, Settings(pixels_at_once=10)).width == 90


def test_what_cannot_be_opened_takes_no_room(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("core.photo.pixel_budget.PATIENCE", 0.2)
    path.write_bytes(path.read_bytes()[:500])
    for _ in range(3):
        with pytest.raises(PhotoError, match="is damaged or cut short"):
            open_photo(path, ROOM_FOR_ONE)


def test_who_reads_no_setting_waits_for_nobody(path: Path) -> None:
    assert len([open_photo(path) for _ in range(50)]) == 50
