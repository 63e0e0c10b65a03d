"""Known colours and the second photograph on the Photo tab, in a real browser."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import cv2
import numpy as np
import pytest
from PIL import Image
from playwright.sync_api import Browser, Locator, Page, expect

from backends.graft import Graft
from core.look.look import Hint, Look
from core.photo.open import open_photo
from tests.support.browser import (
    Second,
    Studio,
    choose_model,
    coloured,
    save_halves,
    save_ramp,
    serve_studio,
    set_slider,
    show,
    shown,
    upload,
    wait_for_repaint,
)
from tests.support.other_tool import MILD, grey, make_version

COLOUR_PHOTOS = Path(__file__).parent.parent / "support" / "colour_photos"
GREEN = "#2e6b3f"  # what the tool starts with


@pytest.fixture(scope="module")
def second() -> Second:
    return Second()


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory, second: Second) -> Iterator[Studio]:
    with serve_studio(tmp_path_factory.mktemp("gradio"), second) as studio:
        yield studio


@pytest.fixture
def halves(tmp_path: Path) -> Path:
    return save_halves(tmp_path / "coat.png")


def point(page: Page, x: float, y: float) -> tuple[float, float]:
    """Where on the screen a place of the picture is: it is drawn as large as fits, in the middle of its box."""
    picture = page.locator("#slider img").nth(1)
    picture.scroll_into_view_if_needed()
    box = picture.bounding_box()
    assert box
    width, height = picture.evaluate("image => [image.naturalWidth, image.naturalHeight]")
    scale = min(box["width"] / width, box["height"] / height)
    left, top = box["x"] + (box["width"] - width * scale) / 2, box["y"] + (box["height"] - height * scale) / 2
    return left + x * width * scale, top + y * height * scale


def click(page: Page, x: float, y: float) -> None:
    """Click on a place of the picture, and wait until it shows."""
    before = shown(page)
    page.mouse.click(*point(page, x, y))
    wait_for_repaint(page, before)


def start_adding(page: Page) -> None:
    page.get_by_role("button", name="Add a colour").click()


def chips(page: Page) -> Locator:
    return page.locator("#hints li")


def press(page: Page, name: str) -> None:
    """Use one of the tool's buttons, and wait until the picture has changed."""
    before = shown(page)
    page.locator("#hints").get_by_role("button", name=name, exact=True).click()
    wait_for_repaint(page, before)


def test_a_click_colours_what_it_hits_and_undo_takes_it_back(visit: Page, served: Studio, halves: Path) -> None:
    show(visit, halves)
    plain, calls = coloured(visit), served.backend.calls
    start_adding(visit)
    click(visit, 0.2, 0.7)
    change = np.abs(coloured(visit) - plain).max(axis=2)
    assert change[200:250, 20:80].min() > 15
    assert change[:, 150:].max() <= 4
    expect(chips(visit)).to_have_count(1)
    expect(chips(visit).locator("input")).to_have_attribute("aria-label", f"Colour 1: {GREEN}, 20% across, 70% down")
    press(visit, "Undo")
    assert np.array_equal(coloured(visit), plain)
    expect(chips(visit)).to_have_count(0)
    assert served.backend.calls == calls


@pytest.mark.parametrize("size", [(240, 320), (500, 120)])
def test_marks_lie_where_the_clicks_were(visit: Page, tmp_path: Path, size: tuple[int, int]) -> None:
    show(visit, save_halves(tmp_path / "coat.png", *size))
    start_adding(visit)
    for x, y in ((0.04, 0.06), (0.9, 0.5)):
        click(visit, x, y)
    for window in ({"width": 1280, "height": 900}, {"width": 390, "height": 844}):
        visit.set_viewport_size(window)
        visit.wait_for_timeout(200)
        for number, place in enumerate(((0.04, 0.06), (0.9, 0.5))):
            wanted = point(visit, *place)
            box = visit.locator("#marks .spot").nth(number).bounding_box()
            assert box
            assert abs(box["x"] + box["width"] / 2 - wanted[0]) < 1.5
            assert abs(box["y"] + box["height"] / 2 - wanted[1]) < 1.5


def test_by_touch_on_a_phone(served: Studio, browser: Browser, halves: Path) -> None:
    with served.visit(browser, width=390, has_touch=True, is_mobile=True) as page:
        show(page, halves)
        plain = coloured(page)
        page.get_by_role("button", name="Add a colour").tap()
        before = shown(page)
        page.touchscreen.tap(*point(page, 0.2, 0.5))
        wait_for_repaint(page, before)
        change = np.abs(coloured(page) - plain).max(axis=2)
        assert change[140:180, 20:80].min() > 15 and change[:, 150:].max() <= 4


def test_by_keyboard_alone(visit: Page, halves: Path) -> None:
    show(visit, halves)
    plain = coloured(visit)
    visit.get_by_role("button", name="Add a colour").press("Enter")
    visit.get_by_text("Give the place in numbers").click()
    visit.get_by_label("% across").fill("80")
    visit.get_by_label("% down").fill("30")
    expect(visit.locator("#marks .aim")).to_be_visible()
    before = shown(visit)
    visit.get_by_label("% down").press("Enter")
    wait_for_repaint(visit, before)
    change = np.abs(coloured(visit) - plain).max(axis=2)
    assert change[80:110, 170:220].min() > 15 and change[:, :90].max() <= 4
    expect(visit.locator("#hints").get_by_role("status")).to_have_text(f"Added {GREEN}, 80% across, 30% down.")
    visit.keyboard.press("Escape")
    expect(visit.get_by_role("button", name="Add a colour")).to_be_focused()
    before = shown(visit)
    visit.get_by_role("button", name="Remove colour 1").press("Enter")
    wait_for_repaint(visit, before)
    assert np.array_equal(coloured(visit), plain)


def test_the_list_changes_removes_and_undoes(visit: Page, halves: Path) -> None:
    show(visit, halves)
    pictures = [coloured(visit)]
    start_adding(visit)
    click(visit, 0.2, 0.5)
    visit.locator("#hints [data-part=ink] input").fill("#8040a0")
    click(visit, 0.8, 0.5)
    pictures.append(coloured(visit))
    before = shown(visit)
    chips(visit).nth(0).locator("input").fill("#b03020")
    wait_for_repaint(visit, before)
    pictures.append(coloured(visit))
    press(visit, "Remove colour 2")
    expect(chips(visit)).to_have_count(1)
    press(visit, "Remove all")
    assert np.array_equal(coloured(visit), pictures[0])
    for expected in (None, pictures[2], pictures[1]):  # of the clearing, the removal, the change of colour
        press(visit, "Undo")
        assert expected is None or np.array_equal(coloured(visit), expected)
    expect(chips(visit)).to_have_count(2)


def test_the_download_has_the_hints_and_sliders_keep_them(visit: Page, served: Studio, halves: Path) -> None:
    show(visit, halves)
    calls = served.backend.calls
    start_adding(visit)
    click(visit, 0.25, 0.75)
    visit.get_by_role("button", name="Done").click()
    set_slider(visit, "strength", 0.5)
    with visit.expect_download() as waiting:
        visit.locator("#download").click()
    picture = np.asarray(Image.open(waiting.value.path()))
    assert served.backend.calls == calls
    [spot] = visit.locator("#marks .spot").all()
    x, y = (float(str(spot.evaluate(f"spot => spot.style.{side}")).rstrip("%")) / 100 for side in ("left", "top"))
    assert (x, y) == (pytest.approx(0.25, abs=0.004), pytest.approx(0.75, abs=0.004))
    look = Look(strength=0.5, hints=(Hint(x=round(x, 4), y=round(y, 4), color=GREEN),))
    expected, _ = served.engine.colorize(open_photo(halves), "pocket", look)
    assert np.array_equal(picture, expected.rgb)


def test_hints_stay_with_the_photograph(visit: Page, served: Studio, halves: Path, tmp_path: Path) -> None:
    """Another backend keeps them; another photograph starts without, and nothing of the former can be undone."""
    served.later.go("ready", 100_000_000)
    show(visit, halves)
    start_adding(visit)
    click(visit, 0.2, 0.5)
    before = shown(visit)
    choose_model(visit, "Later")
    wait_for_repaint(visit, before)
    pixels = coloured(visit)
    assert pixels[150, 30, 1] > pixels[150, 30, 0] + 15
    assert np.ptp(pixels[150, 200]) <= 4
    before = shown(visit)
    upload(visit, save_ramp(tmp_path / "grandpa.png"))
    wait_for_repaint(visit, before)
    assert np.ptp(coloured(visit), axis=2).max() <= 4
    expect(chips(visit)).to_have_count(0)
    expect(visit.locator("#marks .spot")).to_have_count(0)
    expect(visit.locator("#hints").get_by_role("button", name="Undo")).to_have_count(0)
    expect(visit.get_by_role("button", name="Add a colour")).to_be_visible()


def test_the_slider_is_as_before_unless_a_colour_is_added(visit: Page, halves: Path) -> None:
    show(visit, halves)
    after, handle = visit.locator("#slider .pane.now"), visit.locator("#slider [role=slider]")
    start_adding(visit)
    expect(handle).not_to_be_visible()
    expect(after).to_have_css("clip-path", "none")  # the whole picture is in colour, so that a change shows
    click(visit, 0.2, 0.5)
    visit.get_by_role("button", name="Done").click()
    box = handle.bounding_box()
    assert box
    visit.mouse.move(box["x"] + box["width"] / 2, box["y"] + box["height"] / 2)
    visit.mouse.down()
    visit.mouse.move(box["x"] + box["width"] / 2 + 100, box["y"] + 20, steps=4)
    visit.mouse.up()
    frame, cut = visit.locator("#slider .frame").bounding_box(), after.evaluate("pane => pane.style.clipPath")
    assert frame and 0.55 < float(cut.rpartition(" ")[2].rstrip("px)")) / frame["width"] < 0.8
    visit.mouse.click(*point(visit, 0.3, 0.3))
    expect(chips(visit)).to_have_count(1)


def test_a_resting_pointer_shows_what_a_colour_would_touch(visit: Page, halves: Path) -> None:
    show(visit, halves)
    plain, former = coloured(visit), shown(visit)
    start_adding(visit)
    reach = visit.locator("#slider .reach")
    visit.mouse.move(*point(visit, 0.2, 0.5))
    expect(reach).to_be_visible()
    expect(reach).to_have_css("background-color", "rgb(46, 107, 63)")
    assert opaque(visit, 0.1, 0.6) > 0.9 and opaque(visit, 0.8, 0.5) < 0.05
    visit.mouse.move(*point(visit, 0.8, 0.4))
    expect(reach).not_to_be_visible()
    expect(reach).to_be_visible()
    assert opaque(visit, 0.1, 0.6) < 0.05 and opaque(visit, 0.8, 0.5) > 0.9
    visit.get_by_label("How far").fill("10")  # what it would be there, at once
    expect(reach).to_be_visible()
    visit.wait_for_function("document.querySelector('#slider .reach').hidden === false")
    visit.wait_for_timeout(400)
    assert opaque(visit, 0.8, 0.4) > 0.9 and opaque(visit, 0.8, 0.9) < 0.05
    visit.get_by_label("Keep as it is").check()
    visit.mouse.move(*point(visit, 0.2, 0.5))
    expect(reach).to_have_class("reach keeps")
    visit.mouse.move(5, 5)
    expect(reach).not_to_be_visible()
    assert shown(visit) == former and np.array_equal(coloured(visit), plain)  # nothing has been done


def opaque(page: Page, x: float, y: float) -> float:
    """How far a place is a colour's in the preview, 0 to 1."""
    return float(
        page.evaluate(
            """async ([x, y]) => {
                const mask = document.querySelector("#slider .reach").style.getPropertyValue("--mask");
                const picture = await createImageBitmap(await (await fetch(mask.slice(4, -1))).blob());
                const canvas = new OffscreenCanvas(picture.width, picture.height).getContext("2d");
                canvas.drawImage(picture, 0, 0);
                return canvas.getImageData(x * picture.width, y * picture.height, 1, 1).data[3] / 255;
            }""",
            [x, y],
        )
    )


def test_how_far_a_colour_reaches_is_the_persons_to_say(visit: Page, halves: Path) -> None:
    show(visit, halves)
    plain = coloured(visit)
    start_adding(visit)
    visit.get_by_label("How far").fill("15")
    click(visit, 0.2, 0.3)
    change = np.abs(coloured(visit) - plain).max(axis=2)
    assert change[90:100, 40:55].min() > 15 and change[200:].max() <= 4


def test_what_is_kept_stays_beside_a_colour(visit: Page, halves: Path) -> None:
    show(visit, halves)
    plain = coloured(visit)
    start_adding(visit)
    visit.get_by_label("Keep as it is").check()
    visit.mouse.click(*point(visit, 0.2, 0.9))  # which changes nothing yet
    expect(chips(visit)).to_have_count(1)
    expect(chips(visit).locator("input")).not_to_be_visible()
    visit.get_by_label("Keep as it is").uncheck()
    click(visit, 0.2, 0.1)
    change = np.abs(coloured(visit) - plain).max(axis=2)
    assert change[25:40, 40:55].min() > 15 and change[280:296, 44:52].max() <= 4


def test_a_brush_colours_along_its_stroke(visit: Page, served: Studio, halves: Path) -> None:
    show(visit, halves)
    plain, before = coloured(visit), shown(visit)
    start_adding(visit)
    visit.get_by_label("How far").fill("3")
    visit.mouse.move(*point(visit, 0.1, 0.5))
    visit.mouse.down()
    visit.mouse.move(*point(visit, 0.4, 0.5), steps=8)
    visit.mouse.move(*point(visit, 0.4, 0.8), steps=8)
    visit.mouse.up()
    wait_for_repaint(visit, before)
    expect(chips(visit)).to_have_count(1)
    change = np.abs(coloured(visit) - plain).max(axis=2)
    assert change[160, 30:96].min() > 15 and change[165:250, 96].min() > 15
    assert change[230:, :60].max() <= 4 and change[:, 150:].max() <= 4
    with visit.expect_download() as waiting:
        visit.locator("#download").click()
    picture = np.asarray(Image.open(waiting.value.path())).astype(int)
    assert np.abs(picture - coloured(visit)).mean() < 3


def test_a_swatch_or_a_place_on_the_screen_gives_the_colour(visit: Page, halves: Path) -> None:
    show(visit, halves)
    start_adding(visit)
    visit.get_by_role("button", name="Red cloth").click()
    ink = visit.locator("#hints [data-part=ink] input")
    expect(ink).to_have_value("#a42a2e")
    visit.evaluate("() => { window.EyeDropper = class { open = async () => ({ sRGBHex: '#2f4468' }); }; }")
    visit.get_by_role("button", name="Take from the screen").click()
    expect(ink).to_have_value("#2f4468")
    click(visit, 0.2, 0.5)
    pixels = coloured(visit)
    assert pixels[160, 48, 2] > pixels[160, 48, 0] + 15


def test_a_second_photograph_is_asked_for_by_such_a_backend_only(
    visit: Page, served: Studio, second: Second, halves: Path, tmp_path: Path
) -> None:
    show(visit, halves)
    former = shown(visit)
    field = visit.locator("#second-upload")
    expect(field).not_to_be_visible()
    choose_model(visit, "From a reference")
    expect(field).to_be_visible()
    expect(visit.locator("#second")).to_contain_text("takes its colours from a second photograph. Choose one")
    assert second.calls == 0 and shown(visit) == former
    Image.new("RGB", (50, 40), (60, 110, 200)).save(tmp_path / "sky.tif")
    field.locator("input[type=file]").set_input_files(tmp_path / "sky.tif")
    wait_for_repaint(visit, former)
    pixels = coloured(visit)
    assert (pixels[..., 2] - pixels[..., 0]).min() > 30
    expect(visit.locator("#story summary")).to_contain_text("From a reference")
    expect(visit.locator("#second .ask")).not_to_be_visible()
    assert field.locator("img").evaluate("image => image.decode().then(() => image.naturalWidth)") == 50
    with visit.expect_download() as waiting:
        visit.locator("#download").click()
    assert second.calls == 1
    assert np.abs(np.asarray(Image.open(waiting.value.path())).astype(int) - pixels).mean() < 2
    before = shown(visit)
    choose_model(visit, "Pocket")
    wait_for_repaint(visit, before)
    expect(field).not_to_be_visible()


def test_a_version_of_the_photograph_is_told_from_another_photograph(
    browser: Browser, tmp_path_factory: pytest.TempPathFactory, second: Second, tmp_path: Path
) -> None:
    truth = cv2.imread(str(COLOUR_PHOTOS / "astronaut.jpg"))[:, :, ::-1]
    truth = np.ascontiguousarray(cv2.resize(truth, (260, 260), interpolation=cv2.INTER_AREA))
    Image.fromarray(grey(truth)).save(tmp_path / "eileen.png")
    Image.fromarray(make_version(truth, MILD, seed=7).rgb).save(tmp_path / "theirs.png")
    Image.new("RGB", (50, 40), (60, 110, 200)).save(tmp_path / "sky.png")
    with serve_studio(tmp_path_factory.mktemp("gradio"), Graft(), second) as studio, studio.visit(browser) as page:
        show(page, tmp_path / "eileen.png")
        slot, see = page.locator("#second"), page.locator("#slider").get_by_role("button", name="Hold for the other")
        former = shown(page)
        slot.get_by_role("button", name="Take colours from another picture").click()
        expect(see).not_to_be_visible()
        page.locator("#second-upload input[type=file]").set_input_files(tmp_path / "theirs.png")
        same = slot.get_by_text("Taken as the same photograph")
        expect(same).to_be_visible(timeout=60_000)
        wait_for_repaint(page, former)
        expect(page.locator("#story summary")).to_contain_text("From another version")
        assert np.abs(coloured(page) - truth).mean() < 8
        theirs = page.get_by_role("img", name="The other version")
        expect(theirs).not_to_be_visible()
        page.keyboard.down("t")  # hold to see theirs in the photograph's place
        expect(theirs).to_be_visible()
        page.keyboard.up("t")
        page.get_by_role("button", name="Side by side").click()
        boxes = [page.locator(f"#slider .pane.{name}").bounding_box() for name in ("was", "theirs", "now")]
        lefts = [box["x"] for box in boxes if box]
        assert len(lefts) == 3 and lefts == sorted(lefts) and lefts[0] + 100 < lefts[1] < lefts[2] - 100

        former = shown(page)  # a person may know better
        slot.get_by_role("button", name="Take it as another photograph").click()
        wait_for_repaint(page, former)
        expect(page.locator("#story summary")).to_contain_text("From a reference")
        expect(same).not_to_be_visible()
        expect(slot.get_by_role("button", name="Take it as the same photograph")).to_be_visible()
        expect(see).not_to_be_visible()
        page.locator("#second-upload").get_by_role("button", name="Remove Image").click()
        former = shown(page)
        page.locator("#second-upload input[type=file]").set_input_files(tmp_path / "sky.png")
        expect(slot.get_by_text("Taken as another photograph")).to_be_visible(timeout=60_000)
        wait_for_repaint(page, former)


def test_a_letter_is_no_reference(visit: Page, second: Second, halves: Path, tmp_path: Path) -> None:
    show(visit, halves)
    choose_model(visit, "From a reference")
    letter = tmp_path / "letter.jpg"
    letter.write_text("Dear grandma, " * 20)
    visit.locator("#second-upload input[type=file]").set_input_files(letter)
    expect(visit.get_by_role("alert")).to_contain_text("letter.jpg is no picture")
    expect(visit.locator("#second-upload input[type=file]")).to_have_count(1)  # ready for another
    visit.get_by_role("button", name="Another photograph").click()
    visit.get_by_role("button", name="Rocket").click()  # nothing waits for a reference now
    expect(visit.locator("#story summary")).to_contain_text("Coloured by Pocket", timeout=15_000)
