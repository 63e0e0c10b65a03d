"""The Photo tab in a real browser, on a real local server."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from playwright.sync_api import Page, expect

from core.look.look import Look
from core.photo.open import open_photo
from tests.support.browser import (
    Studio,
    colour,
    coloured,
    open_tab,
    save_coloured,
    save_ramp,
    serve_studio,
    set_slider,
    show,
    shown,
    upload,
    wait_for_repaint,
)


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Studio]:
    with serve_studio(tmp_path_factory.mktemp("gradio")) as studio:
        yield studio


@pytest.fixture
def grandma(tmp_path: Path) -> Path:
    return save_ramp(tmp_path / "grandma.jpg")


def test_upload_gives_colour_by_itself_and_sliders_run_no_network(visit: Page, served: Studio, grandma: Path) -> None:
    show(visit, grandma)
    assert colour(visit) > 10
    expect(visit.locator("#story summary")).to_contain_text("Coloured by Pocket")
    calls = served.backend.calls
    set_slider(visit, "strength", 0)
    assert colour(visit) < 1
    set_slider(visit, "strength", 1)
    warm = colour(visit)
    set_slider(visit, "temperature", 0)
    assert colour(visit) > warm + 3
    assert served.backend.calls == calls


def test_progress_is_shown_while_the_network_runs(visit: Page, served: Studio, tmp_path: Path) -> None:
    path = tmp_path / "slow.png"
    Image.effect_noise((64, 64), 80).save(path)
    served.backend.go_on.clear()
    try:
        upload(visit, path)
        expect(visit.get_by_text("Colouring with pocket")).to_be_visible()
    finally:
        served.backend.go_on.set()
    expect(visit.locator("#slider img").nth(1)).to_be_visible()


def test_downloaded_png_is_the_engines_picture(visit: Page, served: Studio, grandma: Path) -> None:
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


def test_every_control_is_live_and_runs_no_network(visit: Page, served: Studio, grandma: Path) -> None:
    show(visit, grandma)
    calls = served.backend.calls
    pictures = {shown(visit)}
    for name, value in {"strength": 1.5, "temperature": 0.8, "tint_warm": 1, "tint_magenta": -1}.items():
        set_slider(visit, name, value)
        pictures.add(shown(visit))
    before = shown(visit)
    visit.get_by_label("Colour follows edges").click()
    wait_for_repaint(visit, before)
    assert len(pictures) == 5
    assert served.backend.calls == calls


def test_a_click_takes_an_alternative_and_the_download_is_it(visit: Page, served: Studio, grandma: Path) -> None:
    show(visit, grandma)
    calls, before = served.backend.calls, shown(visit)
    strip = visit.locator("#strip")
    expect(strip.get_by_role("button")).to_have_count(6)
    expect(strip.get_by_role("button", name="Predicted")).to_have_attribute("aria-pressed", "true")
    assert all(re.search(r"\d+%", text) for text in strip.get_by_role("button").all_inner_texts())
    strip.get_by_role("button", name="Another").press("Enter")
    wait_for_repaint(visit, before)
    expect(strip.get_by_role("button", name="Another")).to_have_attribute("aria-pressed", "true")
    expect(strip.get_by_role("button", name="Predicted")).to_have_attribute("aria-pressed", "false")
    with visit.expect_download() as waiting:
        visit.locator("#download").click()
    picture = np.asarray(Image.open(waiting.value.path()))
    assert served.backend.calls == calls
    expected, _ = served.engine.colorize(open_photo(grandma), "pocket", Look(alternative="other"))
    assert np.array_equal(picture, expected.rgb)
    assert picture[..., 2].mean() > picture[..., 0].mean()  # the blue that the model holds for the next likeliest


def test_another_photograph_starts_as_predicted(visit: Page, grandma: Path, tmp_path: Path) -> None:
    show(visit, grandma)
    before = shown(visit)
    visit.locator("#strip").get_by_role("button", name="Another").click()
    wait_for_repaint(visit, before)
    before = shown(visit)
    visit.evaluate("autochrome.offer([])")
    upload(visit, save_ramp(tmp_path / "grandpa.jpg", 300, 200))
    wait_for_repaint(visit, before)
    expect(visit.locator("#strip").get_by_role("button", name="Predicted")).to_have_attribute("aria-pressed", "true")
    pixels = coloured(visit)
    assert pixels.shape == (200, 300, 3)
    assert pixels[..., 0].mean() > pixels[..., 2].mean()


def test_confidence_has_a_picture_and_a_legend(visit: Page, grandma: Path) -> None:
    show(visit, grandma)
    visit.locator("#sureness summary").click()
    picture = visit.locator("#sureness img")
    expect(picture).to_be_visible()
    assert picture.evaluate("image => image.naturalWidth") == 400
    expect(visit.locator("#sureness figcaption")).to_contain_text("a guess")
    expect(visit.locator("#sureness figcaption")).to_contain_text("sure")


def test_a_backend_of_plain_fields_says_that_it_has_no_alternatives(visit: Page, served: Studio, grandma: Path) -> None:
    served.later.go("ready", 100_000_000)
    show(visit, grandma)
    expect(visit.locator("#strip button").first).to_be_visible()
    visit.get_by_label("Backend").click()
    visit.get_by_role("option", name="Later").click()
    expect(visit.locator("#strip")).to_contain_text("no alternatives")
    expect(visit.locator("#sureness summary")).to_have_count(0)


def test_a_colour_photograph_is_told_apart_and_can_be_compared(visit: Page, grandma: Path, tmp_path: Path) -> None:
    show(visit, grandma)
    expect(visit.locator("#coloured")).not_to_be_visible()
    before = shown(visit)
    upload(visit, save_coloured(tmp_path / "coat.png"))
    wait_for_repaint(visit, before)
    expect(visit.locator("#coloured")).to_contain_text("in colour already")
    visit.get_by_role("button", name="Compare with the original").click()
    expect(visit.get_by_role("tab", name="Compare")).to_have_attribute("aria-selected", "true")
    figures = visit.locator("#comparison figure")
    expect(figures.filter(has_text="Pocket")).to_contain_text("PSNR", timeout=15_000)
    expect(figures.first).to_contain_text("The photograph's own colours")


@pytest.mark.parametrize(("choice", "format_name"), [("JPEG", "JPEG"), ("WebP", "WEBP")])
def test_other_formats_can_be_downloaded(visit: Page, grandma: Path, choice: str, format_name: str) -> None:
    show(visit, grandma)
    visit.locator("#format input").click()
    visit.get_by_role("option", name=choice).click()
    with visit.expect_download() as waiting:
        visit.locator("#download").click()
    assert re.fullmatch(r"grandma\.colour\.(jpg|webp)", waiting.value.suggested_filename)
    with Image.open(waiting.value.path()) as picture:
        assert picture.format == format_name
        assert "coloured by machine (pocket)" in str(picture.getexif()[0x0131])


def test_what_happened_opens(visit: Page, grandma: Path) -> None:
    show(visit, grandma)
    details = visit.locator("#story details")
    expect(details.locator("dl")).not_to_be_visible()
    details.locator("summary").press("Enter")
    expect(details.locator("dl")).to_contain_text("grandma.jpg, 400 by 300 pixels")


def test_examples_name_their_sources(visit: Page) -> None:
    expect(visit.locator("#examples")).to_contain_text("Lav Varshney, CC0")
    open_tab(visit, "Backends")
    open_tab(visit, "Photo")
    expect(visit.get_by_role("button", name="Rocket")).to_be_visible()
