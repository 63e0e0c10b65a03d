"""The Photo tab in a real browser, on a real local server."""

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

from core.look.look import Look
from core.photo.open import open_photo
from core.web.previews import Previews
from tests.support.browser import (
    Studio,
    choose_model,
    colour,
    coloured,
    drop,
    open_details,
    open_tab,
    save_coloured,
    save_halves,
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
def halves(tmp_path: Path) -> Path:
    return save_halves(tmp_path / "coat.png")


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
        tracker = visit.locator("#upload .progress-level-inner")
        expect(tracker).to_be_attached()
        words = tracker.evaluate("each => getComputedStyle(each, '::after').content")
        assert words == '"Colouring …"'
        expect(visit.locator("#upload .progress-bar")).to_be_visible()
    finally:
        served.backend.go_on.set()
    expect(visit.locator("#slider img").nth(1)).to_be_visible()


@pytest.mark.parametrize("meanwhile", ["is uploaded", "is coloured"])
def test_of_two_photographs_dropped_the_last_is_coloured(
    visit: Page, served: Studio, tmp_path: Path, meanwhile: str
) -> None:
    first, second = tmp_path / "first.png", tmp_path / "second.png"
    for number, path in enumerate((first, second)):
        Image.effect_noise((64 + number, 64), 80).save(path)
    served.backend.go_on.clear()
    try:
        calls = served.backend.calls
        drop(visit, first, kind="image/png")
        while meanwhile == "is coloured" and served.backend.calls == calls:
            visit.wait_for_timeout(50)
        drop(visit, second, kind="image/png")
        expect(visit.locator("#upload img")).to_be_attached(timeout=15_000)
        visit.wait_for_timeout(500)
    finally:
        served.backend.go_on.set()
    expect(visit.locator("#story")).to_contain_text("second.png", timeout=15_000)
    visit.get_by_role("button", name="Another photograph").click()
    expect(visit.locator("#upload img")).to_have_count(0)  # the field is there for the next one


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
    expect(notice).to_contain_text(re.compile(r"letter.* is no picture that can be read here; give a .* file\."))
    expect(notice).to_be_in_viewport()
    expect(visit.locator(".notices i")).to_have_count(0)
    show(visit, grandma)
    expect(visit.get_by_role("alert")).to_have_count(0)


def test_a_backend_that_fails_keeps_the_picture(visit: Page, grandma: Path) -> None:
    show(visit, grandma)
    choose_model(visit, "Broken")
    expect(visit.get_by_role("alert")).to_contain_text("Backend 'broken' is <not> well; choose another backend.")
    assert colour(visit) > 10
    expect(visit.locator("#story summary")).to_contain_text("Coloured by Pocket")
    expect(visit.get_by_role("radio", name="Automatic")).to_be_checked()  # what worked is chosen again
    visit.get_by_role("alert").get_by_role("button", name="Use Automatic").click()
    expect(visit.get_by_role("alert")).to_have_count(0)
    visit.get_by_role("button", name="Another photograph").click()
    show(visit, grandma)  # the visitor is not locked out
    expect(visit.get_by_role("alert")).to_have_count(0)


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
    frame, pane = visit.locator("#slider .frame").bounding_box(), visit.locator("#slider .pane.now")
    cut = float(str(pane.evaluate("pane => pane.style.clipPath")).rpartition(" ")[2].rstrip("px)"))
    assert frame and 0.6 < cut / frame["width"] < 0.8


def test_a_question_mark_lists_the_keys_and_the_keys_do_what_it_says(visit: Page, grandma: Path) -> None:
    show(visit, grandma)
    visit.keyboard.press("?")
    listed = visit.get_by_role("dialog", name="Keys")
    expect(listed).to_contain_text("Hold to see it as it was")
    visit.keyboard.press("s")  # for the photograph, which is not in reach now
    visit.keyboard.press("Escape")
    expect(listed).not_to_be_visible()
    pair = visit.locator("#slider [data-do=pair]")
    expect(pair).to_have_attribute("aria-pressed", "false")
    visit.keyboard.press("s")
    expect(pair).to_have_attribute("aria-pressed", "true")
    visit.keyboard.down("b")
    expect(visit.locator("#slider .pane.now")).not_to_be_visible()
    visit.keyboard.up("b")
    visit.locator("#slider").get_by_role("button", name="Keys").click()
    listed.get_by_role("button", name="Close").click()
    expect(listed).not_to_be_visible()
    with visit.expect_download():
        visit.keyboard.press("d")


def test_what_is_downloaded_is_what_is_shown_for_every_control(visit: Page, served: Studio, halves: Path) -> None:
    """Typed or pulled, too much or nothing at all; and no control runs the network."""
    show(visit, halves)
    calls, pictures = served.backend.calls, {shown(visit)}
    typed = {"strength": "900", "temperature": "80", "vividness": "0", "tint_warm": "-950", "tint_magenta": "40"}
    for name, value in typed.items():
        before = shown(visit)
        open_details(visit, "#fine")
        number = visit.locator(f"#{name} input[type=number]")
        number.fill(value)
        wait_for_repaint(visit, before)
        number.fill("")  # no value is no change
        number.blur()
        pictures.add(shown(visit))
    assert visit.locator("#strength input[type=number]").input_value() == "200"
    for words in ("Colour stops at edges", "Things alike get one colour"):
        before = shown(visit)
        visit.get_by_label(words).click()
        wait_for_repaint(visit, before)
    assert len(pictures) == 6
    with visit.expect_download() as waiting:
        visit.locator("#download").click()
    picture = np.asarray(Image.open(waiting.value.path())).astype(int)
    wanted = Look(strength=2, temperature=0.8, vividness=0, tint_warm=-1, tint_magenta=0.4, refine=False, pooling=False)
    expected, _ = served.engine.colorize(open_photo(halves), "pocket", wanted)
    assert np.array_equal(picture, expected.rgb)
    assert np.abs(picture - coloured(visit)).mean() < 3
    assert served.backend.calls == calls


def test_a_click_takes_an_alternative_and_the_download_is_it(visit: Page, served: Studio, grandma: Path) -> None:
    show(visit, grandma)
    calls, before = served.backend.calls, shown(visit)
    strip = visit.locator("#strip")
    expect(strip.get_by_role("button")).to_have_count(6)
    expect(strip.get_by_role("button", name="First guess")).to_have_attribute("aria-pressed", "true")
    strip.get_by_role("button", name="Another").press("Enter")
    wait_for_repaint(visit, before)
    expect(strip.get_by_role("button", name="Another")).to_have_attribute("aria-pressed", "true")
    expect(strip.get_by_role("button", name="First guess")).to_have_attribute("aria-pressed", "false")
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
    expect(visit.locator("#strip").get_by_role("button", name="First guess")).to_have_attribute("aria-pressed", "true")
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
    choose_model(visit, "Later")
    expect(visit.locator("#strip")).to_contain_text("knows one way only")
    expect(visit.locator("#sureness summary")).to_have_count(0)


def test_another_model_starts_from_its_own_colours(visit: Page, served: Studio, grandma: Path) -> None:
    served.later.go("ready", 100_000_000)
    show(visit, grandma)
    before = shown(visit)
    visit.locator("#strip").get_by_role("button", name="Another").click()
    wait_for_repaint(visit, before)
    choose_model(visit, "Later")  # which knows of no other
    expect(visit.locator("#strip")).to_contain_text("knows one way only")
    assert colour(visit) < 1
    before = shown(visit)
    visit.get_by_role("button", name="Undo").first.click()
    wait_for_repaint(visit, before)
    expect(visit.get_by_role("alert")).to_have_count(0)


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
    expect(figures.filter(has_text="Pocket")).to_contain_text("Likeness", timeout=15_000)
    expect(figures.first).to_contain_text("The photograph's own colours")


@pytest.mark.parametrize(("choice", "format_name"), [("JPEG", "JPEG"), ("WebP", "WEBP")])
def test_other_formats_can_be_downloaded(visit: Page, grandma: Path, choice: str, format_name: str) -> None:
    show(visit, grandma)
    visit.get_by_label("File type").first.select_option(choice)
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
    expect(details.locator("dl")).to_contain_text("grandma.jpg, 400 x 300")


def test_examples_name_their_sources(visit: Page) -> None:
    expect(visit.locator("#examples")).to_contain_text("Lav Varshney, CC0")
    open_tab(visit, "Models")
    open_tab(visit, "Photo")
    expect(visit.get_by_role("button", name="Rocket")).to_be_visible()


def test_what_comes_late_is_dropped(visit: Page, served: Studio, grandma: Path, tmp_path: Path) -> None:
    """*Another photograph* while the strip is on its way: nothing of the former one comes up again."""
    gate = threading.Event()
    previews = Previews.alternatives

    def slowly(self: Previews, *given: Any) -> Any:
        assert gate.wait(20)
        return previews(self, *given)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Previews, "alternatives", slowly)
        show(visit, grandma)
        visit.get_by_role("button", name="Another photograph").click()
        with visit.expect_response(re.compile("component_server")):
            gate.set()
        visit.wait_for_timeout(200)
        expect(visit.locator("#strip")).not_to_be_visible()
        expect(visit.locator("#upload")).to_be_visible()
    show(visit, save_halves(tmp_path / "coat.png"))
    assert coloured(visit).shape == (320, 240, 3)
    expect(visit.locator("#strip").get_by_role("button")).to_have_count(6)


def test_a_reload_brings_the_photograph_and_its_look_back(visit: Page, grandma: Path, tmp_path: Path) -> None:
    show(visit, grandma)
    set_slider(visit, "strength", 0)
    visit.get_by_role("button", name="Undo").first.click()
    visit.keyboard.press("Control+y")
    expect(visit.locator("#strength input[type=number]")).to_have_value("0")
    visit.wait_for_timeout(300)
    visit.reload()
    expect(visit.locator("#slider img").nth(1)).to_be_visible(timeout=15_000)
    expect(visit.locator("#slider img").nth(1)).to_have_js_property("naturalWidth", 400)
    assert colour(visit) < 1
    visit.get_by_role("button", name="Another photograph").click()
    show(visit, save_halves(tmp_path / "coat.png"))  # whose look is its own
    expect(visit.locator("#strength input[type=number]")).to_have_value("100")
    visit.get_by_role("button", name="Open grandma.jpg").click()  # and the former one is still there, as it was
    expect(visit.locator("#slider img").nth(1)).to_have_js_property("naturalWidth", 400)
    expect(visit.locator("#strength input[type=number]")).to_have_value("0")


def test_a_zip_or_many_files_are_taken_to_where_they_belong(visit: Page, grandma: Path, tmp_path: Path) -> None:
    album = tmp_path / "album.zip"
    album.write_text("x")
    drop(visit, grandma, save_halves(tmp_path / "coat.png"))
    expect(visit.get_by_role("alert")).to_contain_text("These are 2 photographs")
    drop(visit, album)
    expect(visit.get_by_role("alert")).to_contain_text("A zip holds many photographs")
    visit.get_by_role("button", name="Colour them all").click()
    expect(visit.locator("#batch-upload")).to_contain_text("album", timeout=10_000)


def test_zoom_shows_the_photographs_own_pixels(visit: Page, tmp_path: Path) -> None:
    values = np.random.default_rng(2).integers(0, 255, (1500, 2400), np.uint8)
    Image.fromarray(values).save(tmp_path / "large.png")
    show(visit, tmp_path / "large.png")
    width = visit.locator("#slider img").nth(1).evaluate("image => image.naturalWidth")
    assert width < 1200  # no more than the screen shows
    visit.get_by_role("button", name="Zoom in").click()
    visit.locator("#slider [data-do=actual]").click()
    tile = visit.locator("#slider .now .tile")
    expect(tile).to_be_visible(timeout=15_000)
    frame = visit.locator("#slider .frame").bounding_box()
    assert frame and abs(tile.evaluate("tile => tile.naturalWidth") - frame["width"]) < 4
    visit.get_by_role("button", name="Side by side").click()
    before, after = (visit.locator(f"#slider .pane.{name}").bounding_box() for name in ("was", "now"))
    assert before and after and before["x"] + before["width"] <= after["x"] + 1
    visit.get_by_role("button", name="Whole picture").click()
    expect(visit.locator("#slider .tile")).to_have_count(0)


def test_a_panorama_is_no_sliver_and_its_handle_does_not_cover_it(visit: Page, tmp_path: Path) -> None:
    show(visit, save_ramp(tmp_path / "panorama.png", 2400, 200))
    picture = visit.locator("#slider img").nth(1)
    expect(picture).to_be_visible()
    visit.wait_for_timeout(200)
    box, knob = picture.bounding_box(), visit.locator("#slider .handle i").bounding_box()
    assert box and knob and box["height"] > 200 > 4 * knob["height"]


def test_the_page_speaks_the_visitors_language(served: Studio, browser: Browser, grandma: Path) -> None:
    with served.visit(browser, locale="de-DE") as page:
        assert page.evaluate("document.documentElement.lang") == "de"
        expect(page.get_by_role("tab", name="Vergleichen")).to_be_visible()
        expect(page.locator("#upload")).to_contain_text("Foto auswählen")
        show(page, grandma)
        expect(page.get_by_role("button", name="Herunterladen")).to_be_visible()
        expect(page.locator("#strip")).to_contain_text("Wärmer")
        expect(page.locator("#story summary")).to_contain_text("Eingefärbt von Pocket")


def test_others_see_what_the_link_leads_to(visit: Page, served: Studio) -> None:
    html = visit.request.get(served.url).text()
    assert 'property="og:title" content="Autochrome"' in html
    tags = " ".join(re.findall("<meta [^>]*>", html, re.DOTALL))
    assert "Gradio" not in tags and "gradio" not in tags
    [address] = re.findall('property="og:image" content="([^"]+)"', html)
    answer = visit.request.get(address)
    assert Image.open(io.BytesIO(answer.body())).size == (1200, 630)
