"""The page on a real local server, in a real headless Chromium: Debian's, through Playwright."""

from __future__ import annotations

import base64
import io
import re
import shutil
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image
from playwright.sync_api import Browser, Page, expect, sync_playwright

from core.engine import Engine
from core.errors import BackendError
from core.prediction import AbDistribution
from core.registry.backend import BackendInfo
from core.registry.registry import Registry
from core.settings import Settings
from core.weights.weights import WeightStatus

FLAGS = (
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)


def chromium_path() -> str:
    """Where Chromium is."""
    path = shutil.which("chromium")
    assert path, "the browser tests need Debian's chromium: apt-get install chromium"
    return path


@contextmanager
def chromium() -> Iterator[Browser]:
    """A browser, closed at the end."""
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium_path(), args=[*FLAGS])
        yield browser
        browser.close()


class Warm:
    """A distribution of three colours, so that temperature and alternatives matter; counts its calls."""

    info: Any = BackendInfo(id="pocket", title="Pocket", licence="Apache-2.0", input_size=32, order=20, embedded=True)

    def __init__(self) -> None:
        self.calls = 0
        self.go_on = threading.Event()
        self.go_on.set()

    def predict(self, request: Any, options: Any) -> Any:
        self.calls += 1
        assert self.go_on.wait(30)
        logits = np.zeros((3, *request.lightness.shape), np.float32)
        logits[0] += 1
        logits[2] -= 3
        return AbDistribution(logits, np.array([[30, 40], [-20, -30], [0, 0]], np.float32))


class Broken:
    """Fails as a backend whose weights cannot be had does."""

    info: Any = BackendInfo(id="broken", title="Broken", citation="nobody <b>here</b>")

    def predict(self, request: Any, options: Any) -> Any:
        raise BackendError("Backend 'broken' is <not> well; choose another backend.")


class Second:
    """Gives every place the mean colour of a second photograph; counts its calls."""

    info: Any = BackendInfo(id="reference", title="From a reference", input_size=16, wants_reference=True)

    def __init__(self) -> None:
        self.calls = 0

    def predict(self, request: Any, options: Any) -> Any:
        self.calls += 1
        mean = request.reference[..., 1:].mean(axis=(0, 1))
        return np.broadcast_to(mean, (*request.lightness.shape, 2)).astype(np.float32)


class Later:
    """Needs a download of 100 MB, which the test drives."""

    info: Any = BackendInfo(id="later", title="Later", input_size=8)

    def __init__(self) -> None:
        self.weights: Any = self
        self.now = WeightStatus(
            state="missing", bytes_done=0, bytes_total=100_000_000, message="They are not here yet."
        )

    def status(self) -> WeightStatus:
        return self.now

    def start(self) -> None:
        self.go("downloading", 25_000_000)

    def go(self, state: Any, done: int, message: str = "") -> None:
        self.now = WeightStatus(state=state, bytes_done=done, bytes_total=100_000_000, message=message)

    def digests(self) -> dict[str, str]:
        return {}

    def predict(self, request: Any, options: Any) -> Any:
        return np.zeros((*request.lightness.shape, 2), np.float32)


class Studio:
    """A served page, its engine and the backends behind it."""

    def __init__(self, url: str, engine: Engine, backend: Warm, later: Later):
        self.url, self.engine, self.backend, self.later = url, engine, backend, later

    @contextmanager
    def visit(self, browser: Browser, width: int = 1280, **context: Any) -> Iterator[Page]:
        """A fresh visitor's page; anything asked of another machine, or a script's error, fails the test."""
        window = browser.new_context(viewport={"width": width, "height": 844 if width < 500 else 900}, **context)
        page = window.new_page()
        asked: list[str] = []
        mistakes: list[str] = []
        page.on("request", lambda request: asked.append(request.url))
        page.on("pageerror", lambda error: mistakes.append(str(error)))
        page.goto(self.url)
        expect(page.locator("#upload")).to_be_visible(timeout=20_000)
        yield page
        window.close()
        assert not [url for url in asked if not url.startswith((self.url, "data:", "blob:"))]
        assert not mistakes, mistakes


@contextmanager
def serve_studio(folder: Path, *more: Any) -> Iterator[Studio]:
    """The page over three small backends, ``pocket``, ``broken`` and ``later``, and more where given."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("GRADIO_TEMP_DIR", str(folder))
        patch.delenv("HF_HUB_OFFLINE", raising=False)
        from core.web.page import build_page, launch_options

        registry, settings, backend, later = Registry(), Settings(), Warm(), Later()
        for each in (backend, Broken(), later, *more):
            registry.register(each)
        engine = Engine(registry, settings)
        page = build_page(engine, settings)
        options = launch_options(settings)
        _, url, _ = page.launch(server_name="127.0.0.1", prevent_thread_lock=True, quiet=True, **options)
        yield Studio(url, engine, backend, later)
        page.close()


def save_ramp(path: Path, width: int = 400, height: int = 300) -> Path:
    """A smooth grey photograph."""
    values = np.linspace(60, 200, height * width).reshape(height, width).astype(np.uint8)
    Image.fromarray(values).save(path)
    return path


def save_halves(path: Path, width: int = 240, height: int = 320) -> Path:
    """A photograph, dark on the left and light on the right."""
    values = np.full((height, width), 90, np.uint8)
    values[:, width // 2 :] = 190
    Image.fromarray(values).save(path)
    return path


def save_coloured(path: Path) -> Path:
    """A photograph that is in colour already."""
    light = np.linspace(0.6, 1.2, 120)[:, None, None]
    rgb = np.broadcast_to(light, (120, 160, 1)) * (90.0, 120.0, 70.0)
    rgb[:, 80:] = light * (170, 80, 90)
    Image.fromarray(rgb.astype(np.uint8)).save(path)
    return path


def open_tab(page: Page, name: str) -> None:
    page.get_by_role("tab", name=name).click()


def upload(page: Page, path: Path) -> None:
    page.locator("#upload input[type=file]").set_input_files(path)


def drop(page: Page, *files: Path, kind: str = "", on: str = "body") -> None:
    """Drop files of a type on an element; browsers give none to those that they do not know."""
    page.evaluate(
        """([selector, files, type]) => {
            const dataTransfer = new DataTransfer();
            for (const [name, content] of files)
                dataTransfer.items.add(new File([new Uint8Array(content)], name, { type }));
            const event = new DragEvent("drop", { dataTransfer, bubbles: true, cancelable: true });
            document.querySelector(selector).dispatchEvent(event);
        }""",
        [on, [[path.name, list(path.read_bytes())] for path in files], kind],
    )


def show(page: Page, path: Path) -> None:
    """Upload a photograph and wait for its colours."""
    upload(page, path)
    expect(page.locator("#slider img").nth(1)).to_be_visible(timeout=15_000)


def coloured(page: Page) -> np.ndarray[Any, Any]:
    """Pixels of the coloured picture in the slider."""
    picture = page.locator("#slider img").nth(1)
    expect(picture).to_have_attribute("src", re.compile("."))  # none between two photographs
    expect(picture).to_have_js_property("complete", True)
    data = base64.b64decode(
        picture.evaluate(
            """async (image) => {
                const bytes = new Uint8Array(await (await fetch(image.src)).arrayBuffer());
                return btoa(Array.from(bytes, (each) => String.fromCharCode(each)).join(""));
            }"""
        )
    )
    return np.asarray(Image.open(io.BytesIO(data)).convert("RGB")).astype(int)


def colour(page: Page) -> float:
    """How far red and blue lie apart in the coloured picture, on average."""
    pixels = coloured(page)
    return float(np.abs(pixels[..., 0] - pixels[..., 2]).mean())


def wait_for_repaint(page: Page, before: str | None) -> None:
    """Wait until the slider shows another picture than ``before``."""
    expect(page.locator("#slider img").nth(1)).not_to_have_attribute("src", str(before), timeout=10_000)


def shown(page: Page) -> str | None:
    """Address of the coloured picture in the slider."""
    return page.locator("#slider img").nth(1).get_attribute("src")


def set_slider(page: Page, name: str, value: float) -> None:
    """Move a slider as a hand does: its ``input`` events reach the server."""
    before = shown(page)
    open_details(page, "#fine")
    page.locator(f"#{name} input[type=range]").fill(str(value))
    wait_for_repaint(page, before)


def choose_model(page: Page, title: str) -> None:
    """Choose who is to colour the photograph."""
    open_details(page, "#models")
    page.locator("#models").get_by_role("radio", name=title).check()


def open_details(page: Page, selector: str) -> None:
    page.locator(selector).evaluate("details => { details.open = true; }")
