"""Every tab in both themes: readable on a phone and on a wide screen, usable by everyone.

Screenshots are kept under ``artifacts/``, which git ignores.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, Page, expect

from tests.support.browser import Second, Studio, choose_model, open_tab, save_coloured, save_ramp, serve_studio, show

ARTIFACTS = Path(__file__).resolve().parents[2] / "artifacts"


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Studio]:
    with serve_studio(tmp_path_factory.mktemp("gradio"), Second()) as studio:
        yield studio


def start(page: Page, folder: Path) -> None:
    expect(page.locator("#examples")).to_be_visible()


def photo(page: Page, folder: Path) -> None:
    show(page, save_coloured(folder / "coat.png"))
    expect(page.locator("#strip .picks")).to_be_visible(timeout=10_000)
    page.locator("#sureness summary").click()
    page.locator("#story summary").click()


def hints(page: Page, folder: Path) -> None:
    show(page, save_ramp(folder / "grandma.jpg"))
    page.get_by_role("button", name="Add a colour").click()
    page.locator("#marks > div").click(position={"x": 90, "y": 60})
    expect(page.locator("#hints li")).to_have_count(1)
    choose_model(page, "From a reference")
    expect(page.locator("#second")).to_be_visible()
    page.get_by_text("Give the place in numbers").click()
    page.get_by_role("spinbutton", name="% across").focus()


def compare(page: Page, folder: Path) -> None:
    open_tab(page, "Compare")
    page.locator("#compare-upload input[type=file]").set_input_files(save_coloured(folder / "coat.png"))
    expect(page.locator("#comparison .story")).to_be_visible(timeout=15_000)


def batch(page: Page, folder: Path) -> None:
    open_tab(page, "Many")
    letter = folder / "letter-with-a-rather-long-name-that-has-no-place-to-break.jpg"
    letter.write_text("Dear grandma, " * 20)
    page.locator("#batch-upload input[type=file]").set_input_files([save_ramp(folder / "grandma.png"), letter])
    expect(page.locator("#batch-upload .file-preview tr")).to_have_count(2, timeout=15_000)
    page.locator("#batch-start").click()
    expect(page.locator("#batch-zip")).to_be_visible(timeout=15_000)


def backends(page: Page, folder: Path) -> None:
    open_tab(page, "Models")
    expect(page.locator(".card", has_text="Later")).to_be_visible()


SCENES: list[Callable[[Page, Path], None]] = [start, photo, hints, compare, batch, backends]


@pytest.mark.parametrize("theme", ["light", "dark"])
@pytest.mark.parametrize("scene", SCENES, ids=lambda scene: scene.__name__)
def test_no_serious_barrier_and_no_sideways_scroll(
    served: Studio, browser: Browser, tmp_path: Path, scene: Callable[[Page, Path], None], theme: Any
) -> None:
    served.later.go("downloading", 40_000_000)
    ARTIFACTS.mkdir(exist_ok=True)
    with served.visit(browser, color_scheme=theme) as page:
        scene(page, tmp_path)
        page.wait_for_timeout(250)  # colours fade in
        for width, height in ((390, 844), (1920, 1080), (1280, 900)):
            page.set_viewport_size({"width": width, "height": height})
            page.screenshot(path=ARTIFACTS / f"{scene.__name__}-{theme}-{width}.png", full_page=True)
            assert page.evaluate("document.documentElement.scrollWidth") <= width
        background = page.evaluate("getComputedStyle(document.body).backgroundColor")
        assert (max(map(int, re.findall(r"\d+", background)[:3])) < 60) == (theme == "dark")
        found = Axe().run(page).response["violations"]
    serious = [
        f"{violation['id']}: {node['html'][:200]} ({node.get('failureSummary', '')[:300]})"
        for violation in found
        if violation["impact"] in ("serious", "critical")
        for node in violation["nodes"]
    ]
    assert not serious, "\n".join(serious)
