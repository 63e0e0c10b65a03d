"""What a person expects of any page that works on their photograph: signs of work, nothing lost, ways out."""

from __future__ import annotations

import io
import re
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import httpx
import numpy as np
import pytest
from PIL import Image
from playwright.sync_api import Browser, Page, expect

from core.web.colouring import folder_by_name
from core.web.previews import Previews
from tests.support.browser import (
    Studio,
    choose_model,
    colour,
    coloured,
    drop,
    open_details,
    open_tab,
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
def grandma(tmp_path: Path) -> Path:
    return save_ramp(tmp_path / "grandma.jpg")


# --- Signs of work ---


@pytest.mark.parametrize(
    ("method", "does", "busy"),
    [
        ("save", "#download", "#download"),
        ("after", "#strength", "#slider .frame"),
        ("after", "[data-do=both]", "[data-do=both]"),
        ("tile", "[data-do=actual]", "#slider .frame"),
    ],
)
def test_what_takes_longer_than_a_fifth_of_a_second_shows_that_it_goes_on(
    visit: Page, tmp_path: Path, method: str, does: str, busy: str
) -> None:
    show(visit, save_ramp(tmp_path / "large.png", 2400, 1500))
    expect(visit.locator("#strip button").first).to_be_visible()
    go_on, wanted = threading.Event(), getattr(Previews, method)

    def slowly(self: Previews, *given: Any) -> Any:
        assert go_on.wait(20)
        return wanted(self, *given)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Previews, method, slowly)
        try:
            if does == "#strength":
                visit.locator("#strength input[type=range]").fill("0.5")
            else:
                visit.locator(does).click()
            expect(visit.locator(busy)).to_have_attribute("aria-busy", "true", timeout=2000)
        finally:
            go_on.set()
        expect(visit.locator(busy)).not_to_have_attribute("aria-busy", "true")


def test_the_page_says_where_a_file_may_be_dropped(visit: Page) -> None:
    drag = """(kind) => {
        const dataTransfer = new DataTransfer();
        dataTransfer.items.add(new File(["x"], "a.jpg"));
        document.body.dispatchEvent(new DragEvent(kind, { dataTransfer, bubbles: true, cancelable: true }));
    }"""
    tabs = visit.locator("#tabs")
    expect(tabs).to_have_css("outline-style", "none")
    visit.evaluate(drag, "dragover")
    expect(tabs).to_have_css("outline-style", "dashed")
    visit.evaluate(drag, "dragleave")
    expect(tabs).to_have_css("outline-style", "none")


def test_tabbing_through_the_controls_opens_no_lists(visit: Page, grandma: Path) -> None:
    show(visit, grandma)
    open_details(visit, "#fine")
    open_details(visit, "#models")
    visit.locator("[data-do=undo]").first.focus()
    met = set()
    for _ in range(60):
        visit.keyboard.press("Tab")
        met.add(visit.evaluate("document.activeElement.tagName + document.activeElement.id"))
        assert visit.locator("[role=listbox], .options[role], ul.options").count() == 0
    assert "SELECTformat" in met  # the browser's own, which opens when it is asked to


def test_zooms_leave_room_for_others(visit: Page, served: Studio, browser: Browser, grandma: Path) -> None:
    show(visit, grandma)
    asked = visit.evaluate(
        """() => ({
            data: {
                session: JSON.parse(sessionStorage.autochrome).session,
                look: autochrome.look.get(),
                region: { left: 0, top: 0, width: 9, height: 9, shown: 9 },
            },
            component_id: gradio_config.components.find((each) => each.props.elem_id === "desk").id,
            fn_name: "show_part",
            session_hash: "zooms",
        })"""
    )
    go_on, tile = threading.Event(), Previews.tile

    def slowly(self: Previews, *given: Any) -> Any:
        assert go_on.wait(60)
        return tile(self, *given)

    def zoom(number: int) -> Any:
        return httpx.post(f"{served.url}gradio_api/component_server", json=asked, timeout=90).json()

    with pytest.MonkeyPatch.context() as patch, ThreadPoolExecutor(45) as pool:
        patch.setattr(Previews, "tile", slowly)
        try:
            zooms = pool.map(zoom, range(45))
            visit.wait_for_timeout(1000)
            with served.visit(browser) as other:
                show(other, save_halves(grandma.with_name("coat.png")))
        finally:
            go_on.set()
        assert all(each["after"] for each in zooms)


# --- Nothing lost ---


def test_a_server_that_is_away_for_a_while_is_waited_for(visit: Page, grandma: Path) -> None:
    show(visit, grandma)
    visit.route("**/component_server/**", lambda route: route.abort())
    visit.locator("#strength input[type=range]").fill("0")
    expect(visit.get_by_role("alert")).to_contain_text("The server does not answer.")
    assert colour(visit) > 10
    visit.unroute("**/component_server/**")
    expect(visit.get_by_role("alert")).to_have_count(0, timeout=10_000)
    assert colour(visit) < 1  # what is shown is what the slider says, again


def test_a_photograph_that_the_server_has_forgotten_comes_back_with_its_look(visit: Page, grandma: Path) -> None:
    """As after a server's restart: from the page while it is open, and by its name when the page was loaded anew."""
    show(visit, grandma)
    set_slider(visit, "strength", 0)

    def forget() -> None:
        token = visit.evaluate("autochrome.photo.shown().session")
        folder_by_name(token).joinpath("session.json").unlink()

    forget()
    former = visit.evaluate("autochrome.photo.shown().session")
    visit.locator("#tint_warm input[type=range]").fill("0.2")
    alert = visit.get_by_role("alert")
    expect(alert).to_contain_text("has been deleted")
    alert.get_by_role("button", name="Colour it again, as it was").click()
    visit.wait_for_function("former => autochrome.photo.shown()?.session !== former", arg=former)
    expect(alert).to_have_count(0, timeout=10_000)
    expect(visit.locator("#strength input[type=number]")).to_have_value("0")
    expect(visit.locator("#tint_warm input[type=number]")).to_have_value("20")
    expect(visit.locator("#strip button").first).to_be_visible()
    assert colour(visit) < 1
    forget()
    visit.reload()
    expect(alert).to_contain_text("has been deleted")
    show(visit, grandma)
    expect(visit.locator("#strength input[type=number]")).to_have_value("0")


def test_a_photograph_is_told_to_go_five_minutes_before_it_does(visit: Page, grandma: Path) -> None:
    visit.clock.install()
    show(visit, grandma)
    visit.clock.fast_forward("54:00")
    expect(visit.get_by_role("alert")).to_have_count(0)
    visit.clock.fast_forward("02:00")
    expect(visit.get_by_role("alert")).to_contain_text("will be deleted in five minutes")


def test_reset_all_and_undo_go_over_everything(visit: Page, grandma: Path) -> None:
    show(visit, grandma)
    plain = coloured(visit)
    before = shown(visit)
    visit.locator("#strip").get_by_role("button", name="Cooler").click()
    wait_for_repaint(visit, before)
    set_slider(visit, "strength", 0.4)
    changed, before = coloured(visit), shown(visit)
    visit.get_by_role("button", name="Reset all").click()
    wait_for_repaint(visit, before)
    assert np.array_equal(coloured(visit), plain)
    expect(visit.get_by_role("button", name="Reset all")).to_be_disabled()
    before = shown(visit)
    visit.keyboard.press("Control+z")
    wait_for_repaint(visit, before)
    assert np.array_equal(coloured(visit), changed)
    for _ in range(2):
        before = shown(visit)
        visit.keyboard.press("Control+z")
        wait_for_repaint(visit, before)
    assert np.array_equal(coloured(visit), plain)
    expect(visit.locator("#strip").get_by_role("button", name="First guess")).to_have_attribute("aria-pressed", "true")
    before = shown(visit)
    visit.keyboard.press("Control+Shift+z")
    wait_for_repaint(visit, before)
    expect(visit.locator("#strip").get_by_role("button", name="Cooler")).to_have_attribute("aria-pressed", "true")


def test_the_strip_follows_the_sliders(visit: Page, grandma: Path) -> None:
    show(visit, grandma)
    picture = visit.locator("#strip button img").nth(1)
    expect(picture).to_have_attribute("src", re.compile("^data:"))
    before = str(picture.get_attribute("src"))
    set_slider(visit, "strength", 0)
    expect(picture).not_to_have_attribute("src", before)


def test_a_pinned_look_goes_on_to_the_next_photograph_and_its_hints_do_not(
    visit: Page, grandma: Path, tmp_path: Path
) -> None:
    show(visit, grandma)
    set_slider(visit, "strength", 0.5)
    visit.get_by_label("Keep these settings for the next photograph").check()
    visit.get_by_role("button", name="Add a colour").click()
    before = shown(visit)
    visit.locator("#marks > div").click(position={"x": 90, "y": 60})
    wait_for_repaint(visit, before)
    visit.get_by_role("button", name="Another photograph").click()
    show(visit, save_halves(tmp_path / "coat.png"))
    expect(visit.locator("#strength input[type=number]")).to_have_value("50")
    expect(visit.locator("#hints li")).to_have_count(0)


# --- Ways out ---


def test_the_picture_can_be_copied(served: Studio, browser: Browser, grandma: Path) -> None:
    with served.visit(browser, permissions=["clipboard-read", "clipboard-write"]) as page:
        show(page, grandma)
        set_slider(page, "strength", 0)
        page.get_by_role("button", name="Copy").click()
        expect(page.get_by_role("button", name="Copied")).to_be_visible()
        size = page.evaluate(
            """async () => {
                const [item] = await navigator.clipboard.read();
                const picture = await createImageBitmap(await item.getType("image/png"));
                const canvas = new OffscreenCanvas(picture.width, picture.height).getContext("2d");
                canvas.drawImage(picture, 0, 0);
                const [red, green, blue] = canvas.getImageData(200, 150, 1, 1).data;
                return [picture.width, picture.height, Math.abs(red - blue) + Math.abs(red - green)];
            }"""
        )
        assert size[:2] == [400, 300] and size[2] <= 4  # as it is on the page: grey now


def test_before_and_after_are_saved_as_one_picture(visit: Page, grandma: Path) -> None:
    show(visit, grandma)
    with visit.expect_download() as waiting:
        visit.get_by_role("button", name="Before and after").click()
    assert waiting.value.suggested_filename == "grandma.before-after.jpg"
    pixels = np.asarray(Image.open(waiting.value.path()).convert("RGB")).astype(int)
    assert pixels.shape == (300, 800, 3)
    apart = np.abs(pixels[..., 0] - pixels[..., 2])
    assert apart[:, :390].mean() < 2 and apart[:, 410:].mean() > 10


def test_the_picture_can_be_shared_where_the_browser_can(visit: Page, grandma: Path) -> None:
    visit.add_init_script(
        """navigator.canShare = () => true;
        navigator.share = async ({ files }) => {
            window.given = [files[0].name, files[0].type, [...new Uint8Array(await files[0].arrayBuffer())]];
        };"""
    )
    visit.reload()
    show(visit, grandma)
    visit.get_by_role("button", name="Share").click()
    visit.wait_for_function("window.given")
    name, kind, content = visit.evaluate("window.given")
    assert (name, kind) == ("grandma.colour.jpg", "image/jpeg")
    assert Image.open(io.BytesIO(bytes(content))).size == (400, 300)


def test_a_fault_of_our_own_is_told_and_the_next_photograph_works(
    visit: Page, served: Studio, grandma: Path, tmp_path: Path
) -> None:
    def fails(*given: Any) -> Any:
        raise ZeroDivisionError

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Previews, "begin", fails)
        upload(visit, save_halves(tmp_path / "coat.png"))
        expect(visit.get_by_role("alert")).to_contain_text("a fault of Autochrome's own (ZeroDivisionError)")
    show(visit, grandma)
    expect(visit.get_by_role("alert")).to_have_count(0)


def test_a_picture_whose_type_the_browser_does_not_know_is_taken(visit: Page, tmp_path: Path) -> None:
    """As Chrome knows none of HEIC on Windows."""
    import pillow_heif

    save_ramp(tmp_path / "grandma.png")
    heic = tmp_path / "IMG_0001.HEIC"
    pillow_heif.from_pillow(Image.open(tmp_path / "grandma.png").convert("RGB")).save(heic)
    drop(visit, heic)
    expect(visit.locator("#slider img").nth(1)).to_be_visible(timeout=15_000)
    with visit.expect_download() as waiting:
        visit.locator("#download").click()
    assert waiting.value.suggested_filename == "IMG_0001.colour.png"


@pytest.mark.parametrize("tab", ["Photo", "Compare"])
def test_a_wrong_file_is_told_in_our_words(visit: Page, tmp_path: Path, tab: str) -> None:
    notes = tmp_path / "notes.txt"
    notes.write_text("Hello")
    open_tab(visit, tab)
    drop(visit, notes, kind="text/plain")
    expect(visit.get_by_role("alert")).to_contain_text("notes.txt is no picture that can be read here", timeout=10_000)
    expect(visit.locator("body")).not_to_contain_text("Invalid file type")


# --- A better model ---


def test_a_model_is_fetched_from_the_list_and_used_once_it_has_arrived(
    visit: Page, served: Studio, grandma: Path
) -> None:
    served.later.go("missing", 0, "They are not here yet.")
    show(visit, grandma)
    open_details(visit, "#models")
    row = visit.locator("#models .model", has_text="Later")
    expect(row.get_by_role("radio")).to_be_disabled()
    row.get_by_role("button", name="Fetch (100 MB)").click()
    expect(row.get_by_role("progressbar", name="Download of Later")).to_have_attribute("value", "25000000")
    served.later.go("downloading", 60_000_000)
    expect(row).to_contain_text("60 of 100 MB")
    served.later.go("ready", 100_000_000)
    expect(row.get_by_role("radio")).to_be_enabled()
    before = shown(visit)
    choose_model(visit, "Later")
    wait_for_repaint(visit, before)
    expect(visit.locator("#story summary")).to_contain_text("Coloured by Later")
    served.later.go("missing", 0, "They are not here yet.")


def test_the_page_tells_that_the_better_model_has_arrived_and_colours_again(
    browser: Browser, tmp_path_factory: pytest.TempPathFactory, grandma: Path
) -> None:
    from tests.support.browser import Later

    class Better(Later):
        info: Any = Later.info.model_copy(update={"id": "zhang-v2", "title": "Better", "order": 1})

        def start(self) -> None:
            """It is under way, or there."""

        def wait(self, seconds: float) -> bool:
            return bool(self.now.state == "ready")

    better = Better()
    with serve_studio(tmp_path_factory.mktemp("gradio"), better) as studio, studio.visit(browser) as page:
        better.go("downloading", 25_000_000)
        show(page, grandma)
        expect(page.locator("#story summary")).to_contain_text("Quick model; the better one is not here")
        better.go("ready", 100_000_000)
        alert = page.get_by_role("alert")
        expect(alert).to_contain_text("A better model has arrived: Better.", timeout=10_000)
        before = shown(page)
        alert.get_by_role("button", name="Colour again").click()
        wait_for_repaint(page, before)
        expect(page.locator("#story summary")).to_contain_text("Coloured by Better")
        expect(alert).to_have_count(0)


# --- Looking closely ---


def zoom_of(page: Page) -> float:
    """Width of the picture on the screen."""
    box = page.locator("#slider .now img").first.bounding_box()
    assert box
    return float(box["width"])


def wheel(page: Page, selector: str, control: bool = True) -> None:
    box = page.locator(selector).bounding_box()
    assert box
    page.mouse.move(box["x"] + box["width"] / 2, box["y"] + box["height"] / 2)
    if control:
        page.keyboard.down("Control")
    page.mouse.wheel(0, -200)
    page.wait_for_timeout(100)
    page.keyboard.up("Control")


def test_the_wheel_zooms_on_the_divider_in_hint_mode_and_alone_in_full_screen(visit: Page, grandma: Path) -> None:
    show(visit, grandma)
    first = zoom_of(visit)
    wheel(visit, "#slider .handle")
    second = zoom_of(visit)
    assert second > 1.3 * first
    visit.get_by_role("button", name="Add a colour").click()
    wheel(visit, "#slider .frame")
    third = zoom_of(visit)
    assert third > 1.3 * second
    visit.get_by_role("button", name="Done").click()
    wheel(visit, "#slider .frame", control=False)  # scrolls the page
    assert zoom_of(visit) == pytest.approx(third)
    visit.get_by_role("button", name="Whole picture").click()
    visit.get_by_role("button", name="Full screen").click()
    expect(visit.locator("#slider")).to_have_class(re.compile("fullscreen"))
    whole = zoom_of(visit)
    wheel(visit, "#slider .frame", control=False)
    assert zoom_of(visit) > 1.3 * whole


def test_hold_to_compare(visit: Page, grandma: Path) -> None:
    show(visit, grandma)
    now = visit.locator("#slider .pane.now")
    hold = visit.get_by_role("button", name="Hold for before")
    hold.hover()
    visit.mouse.down()
    expect(now).not_to_be_visible()
    visit.mouse.up()
    expect(now).to_be_visible()
    hold.focus()
    visit.keyboard.down(" ")
    expect(now).not_to_be_visible()
    visit.keyboard.up(" ")
    expect(now).to_be_visible()


# --- Phones and languages ---


@pytest.mark.parametrize("locale", ["en-GB", "de-DE"])
def test_on_a_phone_everything_is_within_reach(served: Studio, browser: Browser, grandma: Path, locale: str) -> None:
    """The strip and *Download* within two screens; what a finger is to hit has 44 px."""
    with served.visit(browser, width=390, has_touch=True, is_mobile=True, locale=locale) as page:
        hero = page.locator("#hero .reveal").bounding_box()
        assert hero and hero["width"] > 340
        show(page, save_halves(grandma.with_name("tall.png"), 300, 400))
        expect(page.locator("#strip button").first).to_be_visible()
        for name in ("#strip", "#download"):
            box = page.locator(name).bounding_box()
            assert box and box["y"] + box["height"] < 2 * 844
        page.locator("#hints [data-part=add]").tap()
        open_details(page, "#fine")
        open_details(page, "#models")
        small = page.evaluate(
            """() => [...document.querySelectorAll("#studio :is(button, select, summary, input[type=range], label)")]
                .filter((each) => each.checkVisibility({ visibilityProperty: true }) && !each.closest(".unseen"))
                .filter((each) => !each.matches(".slider label, .choice, #upload *, #second-upload *"))
                .map((each) => [each.outerHTML.slice(0, 90), each.getBoundingClientRect()])
                .filter(([, box]) => Math.min(box.width, box.height) < 43.5)
                .map(([html, box]) => `${html} ${Math.round(box.width)} x ${Math.round(box.height)}`)"""
        )
        assert not small, "\n".join(small)


@pytest.mark.parametrize("locale", ["en-GB", "de-DE", "fr-FR", "es-ES"])
def test_a_phone_shows_every_tab(served: Studio, browser: Browser, locale: str) -> None:
    with served.visit(browser, width=390, locale=locale) as page:
        page.wait_for_timeout(300)
        expect(page.locator("#tabs .overflow-menu button").first).not_to_be_visible()
        wanted = page.locator("#tabs .tab-container.visually-hidden").first.locator("button").count()
        expect(page.locator("#tabs [role=tablist]").first.get_by_role("tab")).to_have_count(wanted)


def test_from_a_narrow_screen_many_files_are_taken_to_their_tab(served: Studio, browser: Browser) -> None:
    """Where the tab itself is behind three dots."""
    with served.visit(browser, width=300) as page:
        page.evaluate("autochrome.isForOne([new File(['x'], 'a.jpg'), new File(['y'], 'b.jpg')])")
        page.get_by_role("button", name="Colour them all").click()
        expect(page.locator("#batch-upload .file-preview tr")).to_have_count(2, timeout=10_000)


@pytest.mark.parametrize("locale", ["de-DE", "fr-FR", "es-ES", "ja-JP"])
def test_no_words_are_wider_than_what_holds_them(served: Studio, browser: Browser, grandma: Path, locale: str) -> None:
    with served.visit(browser, locale=locale) as page:
        show(page, grandma)
        expect(page.locator("#strip button").first).to_be_visible()
        page.locator("#hints [data-part=add]").click()
        open_details(page, "#fine")
        open_details(page, "#models")
        for width in (390, 1280):
            page.set_viewport_size({"width": width, "height": 900})
            page.wait_for_timeout(200)
            assert page.evaluate("document.documentElement.scrollWidth") <= width
            cut = page.evaluate(
                """() => [...document.querySelectorAll("button, label, summary, small, h2, p")]
                    .filter((each) => each.checkVisibility() && !each.closest(".picks, .unseen, [role=status]"))
                    .filter((each) => each.clientWidth && each.scrollWidth > each.clientWidth + 1)
                    .map((each) => `${each.textContent} ${each.scrollWidth} > ${each.clientWidth}`)"""
            )
            assert not cut, cut
