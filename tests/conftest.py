"""Fixtures that many tests share."""

from __future__ import annotations

import logging
import os
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any
from weakref import WeakSet

import pytest

from core.weights.weights import Weights
from tests.support.hub import Hub
from tests.support.standins import write_zhang

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

    from tests.support.browser import Studio

os.environ["HF_HUB_DISABLE_TELEMETRY"] = "1"  # it asks the real Hub for a list, once a process


@pytest.fixture(scope="session")
def zhang_files(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with full-size stand-ins for zhang-v2's three files."""
    return write_zhang(tmp_path_factory.mktemp("zhang"))


@pytest.fixture(scope="session")
def narrow_files(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The same, with a sixteenth of the channels: 0.5 MB, and a hundred times faster to run."""
    return write_zhang(tmp_path_factory.mktemp("narrow"), narrow=16)


@pytest.fixture(autouse=True)
def nothing_goes_on() -> Iterator[None]:
    """End what a test's weights do in the background: it would reach into the next test's Hub and cache."""
    made: WeakSet[Weights] = WeakSet()
    initialise = Weights.__init__

    def remembered(self: Weights, *args: Any, **kwargs: Any) -> None:
        initialise(self, *args, **kwargs)
        made.add(self)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Weights, "__init__", remembered)
        yield
    for weights in made:
        weights.close()


@pytest.fixture(autouse=True)
def the_log_stays() -> Iterator[None]:
    """Take back a server's log: its stream ends with the test, and the next test's faults would be written there."""
    root = logging.getLogger()
    handlers, level = root.handlers[:], root.level
    yield
    root.handlers[:] = handlers
    root.setLevel(level)


@pytest.fixture
def hub(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Hub]:
    """A running Hub without any repository; ``HF_ENDPOINT`` names it and ``HF_HOME`` is an empty folder."""
    server = Hub()
    for name in ("HF_HUB_CACHE", "HUGGINGFACE_HUB_CACHE", "HF_HUB_OFFLINE", "TRANSFORMERS_OFFLINE", "HF_TOKEN"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("HF_ENDPOINT", server.url)
    monkeypatch.setenv("HF_HOME", str(tmp_path / "hf"))
    yield server
    server.close()


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """A headless Chromium for a module's tests."""
    from tests.support.browser import chromium

    with chromium() as opened:
        yield opened


@pytest.fixture
def visit(served: Studio, browser: Browser) -> Iterator[Page]:
    """A page of the module's own ``served`` studio, opened anew."""
    with served.visit(browser) as page:
        yield page
