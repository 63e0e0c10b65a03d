"""The page in a real browser, on a real local server."""

from __future__ import annotations

import io
import re
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image
from playwright.sync_api import Browser, Page, expect

from core.backend import BackendInfo
from core.engine import Engine
from core.errors import BackendError
from core.look import Look
from core.photo import open_photo
from core.prediction import AbDistribution
from core.registry import Registry
from core.settings import Settings
from tests.browser import chromium


class Warm:
    """A distribution of two colours, so that temperature matters; counts its calls."""

    info: Any = BackendInfo(id="pocket", title="Pocket", licence="Apache-2.0", input_size=32, order=20)

    def __init__(self) -> None:
        self.calls = 0
        self.go_on = threading.Event()
        self.go_on.set()

    def predict(self, request: Any, options: Any) -> Any:
        self.calls += 1
        assert self.go_on.wait(30)
        logits = np.zeros((2, *request.lightness.shape), np.float32)
        logits[0] += 1
        return AbDistribution(logits, np.array([[30, 40], [-20, -30]], np.float32))


class Broken:
    """Fails as a backend whose weights cannot be had does."""

    info: Any = BackendInfo(id="broken", title="Broken", citation="nobody <b>here</b>")

    def predict(self, request: Any, options: Any) -> Any:
        raise BackendError("Backend 'broken' is <not> well; choose another backend.")


class Served:
    def __init__(self, url: str, engine: Engine, backend: Warm):
        self.url, self.engine, self.backend = url, engine, backend


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("GRADIO_TEMP_DIR", str(tmp_path_factory.mktemp("gradio")))
        from core.web.page import build_page, launch_options

        registry, settings, backend = Registry(), Settings(), Warm()
        registry.register(backend)
        registry.register(Broken())
        engine = Engine(registry, settings)
        page = build_page(engine, settings)
        options = launch_options(settings)
        _, url, _ = page.launch(server_name="127.0.0.1", prevent_thread_lock=True, quiet=True, **options)
        yield Served(url, engine, backend)
        page.close()


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with chromium() as opened:
        yield opened


@pytest.fixture
def visit(served: Served, browser: Browser) -> Iterator[Page]:
    """A fresh visitor's page; anything asked of another machine, or a script's error, fails the test."""
    context = browser.new_context(viewport={"width": 1280, "height": 900})
    page = context.new_page()
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    mistakes: list[str] = []
    page.on("pageerror", lambda error: mistakes.append(str(error)))
    page.goto(served.url)
    expect(page.locator("#upload")).to_be_visible(timeout=20_000)
    yield page
    context.close()
    elsewhere = [url for url in asked if not url.startswith((served.url, "data:", "blob:"))]
    assert not elsewhere
    assert not mistakes


@pytest.fixture
def grandma(tmp_path: Path) -> Path:
    values = np.linspace(60, 200, 300 * 400).reshape(300, 400).astype(np.uint8)
    path = tmp_path / "grandma.jpg"
    Image.fromarray(values).save(path, quality=95)
    return path


def upload(page: Page, path: Path) -> None:
    page.locator("#upload input[type=file]").set_input_files(path)


def coloured(page: Page) -> np.ndarray[Any, Any]:
    """Pixels of the coloured picture in the slider."""
    picture = page.locator("#slider img").nth(1)
    expect(picture).to_have_js_property("complete", True)
    answer = page.request.get(str(picture.get_attribute("src")))
    assert answer.ok
    return np.asarray(Image.open(io.BytesIO(answer.body())).convert("RGB")).astype(int)


def colour(page: Page) -> float:
    pixels = coloured(page)
    return float(np.abs(pixels[..., 0] - pixels[..., 2]).mean())


def show(page: Page, path: Path) -> None:
    upload(page, path)
    expect(page.locator("#slider img").nth(1)).to_be_visible(timeout=15_000)


def set_slider(page: Page, name: str, value: float) -> None:
    """Move a slider as a hand does: its ``input`` events reach the server."""
    before = page.locator("#slider img").nth(1).get_attribute("src")
    page.locator(f"#{name} input[type=range]").fill(str(value))
    expect(page.locator("#slider img").nth(1)).not_to_have_attribute("src", str(before), timeout=10_000)


def test_upload_gives_colour_by_itself_and_sliders_run_no_network(visit: Page, served: Served, grandma: Path) -> None:
    show(visit, grandma)
    assert colour(visit) > 10
    expect(visit.locator("#story summary")).to_contain_text("Coloured by Pocket")
    expect(visit.locator("#story summary")).to_contain_text("zhang-v2 is not installed")
    calls = served.backend.calls
    set_slider(visit, "strength", 0)
    assert colour(visit) < 1
    set_slider(visit, "strength", 1)
    warm = colour(visit)
    set_slider(visit, "temperature", 0)
    assert colour(visit) > warm + 3
    assert served.backend.calls == calls


def test_progress_is_shown_while_the_network_runs(visit: Page, served: Served, tmp_path: Path) -> None:
    path = tmp_path / "slow.png"
    Image.effect_noise((64, 64), 80).save(path)
    served.backend.go_on.clear()
    try:
        upload(visit, path)
        expect(visit.get_by_text("Colouring with pocket")).to_be_visible()
    finally:
        served.backend.go_on.set()
    expect(visit.locator("#slider img").nth(1)).to_be_visible()


def test_downloaded_png_is_the_engines_picture(visit: Page, served: Served, grandma: Path) -> None:
    show(visit, grandma)
    set_slider(visit, "strength", 0.5)
    with visit.expect_download() as waiting:
        visit.locator("#download").click()
    assert waiting.value.suggested_filename == "grandma.colour.png"
    picture = np.asarray(Image.open(waiting.value.path()))
    expected, _ = served.engine.colorize(open_photo(grandma), "pocket", Look(strength=0.5))
    assert np.array_equal(picture, expected.rgb)


def test_a_text_file_is_refused_where_the_person_looks(visit: Page, grandma: Path, tmp_path: Path) -> None:
    letter = tmp_path / "<i>letter</i>.jpg".replace("/", "")
    letter.write_text("Dear grandma, " * 20)
    upload(visit, letter)
    notice = visit.get_by_role("alert")
    expect(notice).to_have_text(re.compile(r"letter.* is no picture that can be read here; give a .* file\."))
    expect(notice).to_be_in_viewport()
    expect(visit.locator("#notice i")).to_have_count(0)
    show(visit, grandma)
    expect(visit.get_by_role("alert")).to_have_count(0)


def test_a_backend_that_fails_keeps_the_picture(visit: Page, grandma: Path) -> None:
    show(visit, grandma)
    visit.get_by_label("Backend").click()
    visit.get_by_role("option", name="Broken").click()
    expect(visit.get_by_role("alert")).to_have_text("Backend 'broken' is <not> well; choose another backend.")
    assert colour(visit) > 10
    expect(visit.locator("#story summary")).to_contain_text("Coloured by Pocket")


def test_example_then_another_photograph(visit: Page, grandma: Path) -> None:
    visit.get_by_role("button", name="Coffee").click()
    expect(visit.locator("#slider img").nth(1)).to_be_visible(timeout=15_000)
    assert coloured(visit).shape == (400, 600, 3)
    visit.get_by_role("button", name="Another photograph").click()
    expect(visit.locator("#upload")).to_be_visible()
    expect(visit.locator("#slider")).not_to_be_visible()
    show(visit, grandma)
    assert coloured(visit).shape == (300, 400, 3)


def test_paste_anywhere_replaces_the_photograph(visit: Page, grandma: Path) -> None:
    show(visit, grandma)
    before = str(visit.locator("#slider img").nth(1).get_attribute("src"))
    visit.evaluate(
        """async () => {
            const canvas = new OffscreenCanvas(50, 40);
            canvas.getContext("2d").fillRect(0, 0, 50, 40);
            const carrier = new DataTransfer();
            carrier.items.add(new File([await canvas.convertToBlob()], "clip.png", { type: "image/png" }));
            document.dispatchEvent(new ClipboardEvent("paste", { clipboardData: carrier, bubbles: true }));
        }"""
    )
    expect(visit.locator("#slider img").nth(1)).not_to_have_attribute("src", before, timeout=10_000)
    assert coloured(visit).shape == (40, 50, 3)


def test_before_and_after_by_keyboard(visit: Page, grandma: Path) -> None:
    show(visit, grandma)
    handle = visit.get_by_role("slider", name="Share of the photograph")
    handle.focus()
    for _ in range(4):
        visit.keyboard.press("ArrowRight")
    expect(handle).to_have_attribute("aria-valuenow", re.compile("^(69|70|71)$"))
    expect(visit.locator("#slider img").nth(1)).to_have_attribute("style", re.compile(r"inset\(0px 0px 0px (69|7[01])"))


def test_backends_tab_names_licence_and_state(visit: Page) -> None:
    visit.get_by_role("tab", name="Backends").click()
    card = visit.locator(".card", has_text="Pocket")
    expect(card).to_contain_text("Apache-2.0")
    expect(card).to_contain_text("Ready")
    expect(visit.locator(".card", has_text="Broken")).to_contain_text("nobody <b>here</b>")


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_phone_has_no_sideways_scroll(served: Served, browser: Browser, grandma: Path, scheme: Any) -> None:
    context = browser.new_context(viewport={"width": 390, "height": 844}, color_scheme=scheme)
    page = context.new_page()
    page.goto(served.url)
    expect(page.locator("#upload")).to_be_visible(timeout=20_000)
    assert page.evaluate("document.documentElement.scrollWidth") <= 390
    show(page, grandma)
    expect(page.locator("#download")).to_be_visible()
    assert page.evaluate("document.documentElement.scrollWidth") <= 390
    background = page.evaluate("getComputedStyle(document.body).backgroundColor")
    assert (max(map(int, re.findall(r"\d+", background)[:3])) < 60) == (scheme == "dark")
    context.close()
