"""The tabs Compare, Batch and Backends in a real browser."""

from __future__ import annotations

import base64
import csv
import gc
import io
import json
import re
import zipfile
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
from gradio.utils import diff
from PIL import Image
from playwright.sync_api import Browser, Locator, Page, expect

from core.photo.open import open_photo
from core.web.tabs.batch import _gallery_html
from tests.support.browser import Studio, drop, open_tab, save_coloured, save_ramp, serve_studio


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Studio]:
    with serve_studio(tmp_path_factory.mktemp("gradio")) as studio:
        yield studio


def choose(page: Page, paths: list[Path]) -> None:
    """Give the Batch tab its files, as a hand does, and wait until they are there."""
    open_tab(page, "Many")
    page.locator("#batch-upload input[type=file]").set_input_files(paths)
    expect(page.locator("#batch-upload .file-preview tr")).to_have_count(len(paths), timeout=15_000)


def downloaded_zip(page: Page) -> zipfile.ZipFile:
    expect(page.locator("#batch-zip")).to_be_visible(timeout=20_000)
    with page.expect_download() as waiting:
        page.locator("#batch-zip").click()
    assert waiting.value.suggested_filename == "autochrome.zip"
    return zipfile.ZipFile(waiting.value.path())


def is_grey(image: Locator) -> bool:
    """Whether a picture that is shown from a data: address has no colour."""
    data = base64.b64decode(str(image.get_attribute("src")).partition(",")[2])
    pixels = np.asarray(Image.open(io.BytesIO(data)).convert("RGB")).astype(int)
    return bool(np.ptp(pixels, axis=-1).max() < 8)


# --- Compare ---


def test_compare_shows_every_ready_backend_with_figures(visit: Page, served: Studio, tmp_path: Path) -> None:
    served.later.go("missing", 0)
    open_tab(visit, "Compare")
    visit.locator("#compare-upload input[type=file]").set_input_files(save_coloured(tmp_path / "coat.png"))
    figures = visit.locator("#comparison figure")
    expect(figures).to_have_count(3, timeout=15_000)
    told = re.compile(r"\d\.\d\d s.*Likeness\d+\.\d dB.*Difference\d+\.\d")
    expect(figures.filter(has_text="Pocket")).to_have_text(told)
    expect(figures.filter(has_text="Broken")).to_contain_text("Backend 'broken' is <not> well")
    expect(visit.locator("#comparison").get_by_text("What the figures mean")).to_be_visible()
    expect(visit.locator("#compare-upload input[type=file]")).to_have_count(1)  # ready for the next photograph


def test_compare_has_no_truth_for_a_grey_photograph_and_refuses_a_letter(visit: Page, tmp_path: Path) -> None:
    letter = tmp_path / "letter.jpg"
    letter.write_text("Dear grandma, " * 20)
    open_tab(visit, "Compare")
    visit.locator("#compare-upload input[type=file]").set_input_files(letter)
    expect(visit.get_by_role("alert")).to_contain_text("letter.jpg is no picture", timeout=10_000)
    visit.locator("#compare-upload input[type=file]").set_input_files(save_ramp(tmp_path / "grandma.png"))
    figures = visit.locator("#comparison figure")
    expect(figures.filter(has_text="Pocket")).to_contain_text("Colourfulness", timeout=15_000)
    expect(visit.locator("#comparison dl").filter(has_text="Likeness").first).not_to_be_visible()
    expect(visit.get_by_role("alert").filter(has_text="letter.jpg")).to_have_count(0)


def test_what_is_looked_at_closely_in_one_picture_is_so_in_all(visit: Page, tmp_path: Path) -> None:
    open_tab(visit, "Compare")
    tools = visit.locator("#compare-tools").get_by_role("toolbar")
    expect(tools).not_to_be_visible()
    visit.locator("#compare-upload input[type=file]").set_input_files(save_ramp(tmp_path / "grandma.png"))
    expect(visit.locator("#comparison .story")).to_be_visible(timeout=15_000)

    def seen() -> list[list[float]]:
        """For each picture, the place of it that lies in its window's upper left corner, and how large it is drawn."""
        return [
            [round(value, 3) for value in each]
            for each in visit.locator("#comparison .window").evaluate_all(
                """windows => windows.map((each) => {
                    const [window, picture] = [each, each.firstChild].map((one) => one.getBoundingClientRect());
                    const left = (window.x - picture.x) / picture.width;
                    return [left, (window.y - picture.y) / picture.height, picture.width / window.width];
                })"""
            )
        ]

    assert seen() == [[0, 0, 1]] * 2
    tools.get_by_role("button", name="Zoom in").click()
    assert seen() == [[0.167, 0.167, 1.5]] * 2
    box = visit.locator("#comparison .window").last.bounding_box()
    assert box
    visit.mouse.move(box["x"] + 100, box["y"] + 100)
    visit.mouse.down()
    visit.mouse.move(box["x"] + 40, box["y"] + 100, steps=3)
    visit.mouse.up()
    one, other = seen()
    assert one == other and one[0] > 0.23 and one[1] == 0.167
    visit.mouse.move(box["x"] + 100, box["y"] + 100)
    visit.keyboard.down("Control")
    visit.mouse.wheel(0, -300)
    visit.keyboard.up("Control")
    visit.wait_for_timeout(100)
    one, other = seen()
    assert one == other and one[2] > 2
    tools.get_by_role("button", name="Whole picture").click()
    assert seen() == [[0, 0, 1]] * 2


def test_compare_says_which_models_could_take_part_and_fetches_them(
    visit: Page, served: Studio, tmp_path: Path
) -> None:
    served.later.go("missing", 0, "They are not here yet.")
    open_tab(visit, "Compare")
    absent = visit.locator("#absent")
    expect(absent).to_contain_text("More models could take part")
    visit.locator("#compare-upload input[type=file]").set_input_files(save_ramp(tmp_path / "grandma.png"))
    expect(visit.locator("#comparison .story")).to_be_visible(timeout=15_000)
    again = visit.get_by_role("button", name="Compare again")
    expect(again).not_to_be_visible()  # it would be the same
    absent.get_by_role("button", name="Fetch (100 MB)").click()
    expect(absent.get_by_role("progressbar", name="Download of Later")).to_have_attribute("value", "25000000")
    served.later.go("ready", 100_000_000)
    expect(absent.locator("h2")).not_to_be_visible()
    again.click()
    expect(visit.locator("#comparison figure").filter(has_text="Later")).to_contain_text("s", timeout=15_000)
    served.later.go("missing", 0, "They are not here yet.")


def test_a_notice_is_one_wherever_it_stands_and_can_be_closed(visit: Page, tmp_path: Path) -> None:
    """The same box on each tab, and only there: what is said on one is not hidden on another."""
    letter = tmp_path / "letter.jpg"
    letter.write_text("Dear grandma, " * 20)
    open_tab(visit, "Compare")
    for _ in range(2):  # the same once more is said once more
        visit.locator("#compare-upload input[type=file]").set_input_files(letter)
        alert = visit.get_by_role("alert")
        expect(alert).to_contain_text("letter.jpg is no picture", timeout=10_000)
        expect(alert).to_be_in_viewport()
        alert.get_by_role("button", name="Close").click()
        expect(alert).to_have_count(0)
    album = tmp_path / "album.zip"
    album.write_text("x")
    drop(visit, album)
    expect(visit.get_by_role("alert")).to_contain_text("A zip holds many photographs")
    visit.get_by_role("button", name="Colour them all").click()
    expect(visit.locator("#batch-upload")).to_contain_text("album", timeout=10_000)
    visit.locator("#batch-start").click()
    expect(visit.get_by_role("alert")).to_contain_text("album.zip", timeout=10_000)
    expect(visit.get_by_role("alert")).to_be_in_viewport()
    expect(visit.get_by_role("alert").get_by_role("button", name="Close")).to_be_visible()


# --- Batch ---


def test_who_comes_third_is_told_his_place(visit: Page, served: Studio, browser: Browser, tmp_path: Path) -> None:
    path = tmp_path / "grandma.png"
    Image.effect_noise((50, 40), 60).save(path)
    served.backend.go_on.clear()
    try:
        with served.visit(browser) as first, served.visit(browser) as second:
            for page in (first, second, visit):
                choose(page, [path])
                page.locator("#batch-start").click()
                page.wait_for_timeout(300)
            line = visit.locator("#batch-progress .progress-text")
            expect(line).to_have_attribute("data-waiting", "Others come first; your place in the line: 1")
            expect(line).to_be_visible()
            served.backend.go_on.set()
            expect(visit.locator("#batch-progress")).to_contain_text("1 of 1 coloured.", timeout=15_000)
            expect(visit.locator("#batch-zip")).to_be_visible()
    finally:
        served.backend.go_on.set()


def test_a_batch_with_bad_files_gives_the_others(visit: Page, served: Studio, tmp_path: Path) -> None:
    grandma, letter = save_ramp(tmp_path / "grandma.png"), tmp_path / "letter.jpg"
    letter.write_text("Dear grandma, " * 20)
    album = tmp_path / "album.zip"
    with zipfile.ZipFile(album, "w") as archive:
        archive.write(save_ramp(tmp_path / "grandpa.png", 90, 60), "1931/grandpa.png")
        archive.writestr("1931/notes.txt", "hello")
    choose(visit, [grandma, letter, album])
    visit.locator("#batch-start").click()
    with downloaded_zip(visit) as pictures:
        assert pictures.namelist() == ["grandma.colour.png", "1931/grandpa.colour.png", "report.csv"]
        assert all(entry.compress_type == zipfile.ZIP_STORED for entry in pictures.infolist())
        picture = np.asarray(Image.open(io.BytesIO(pictures.read("grandma.colour.png"))))
        report = list(csv.DictReader(io.StringIO(pictures.read("report.csv").decode())))
    expected, _ = served.engine.colorize(open_photo(grandma), "pocket")
    assert np.array_equal(picture, expected.rgb)
    assert [bool(row["problem"]) for row in report] == [False, True, False]
    expect(visit.locator("#batch-progress")).to_contain_text("2 of 3 coloured.")
    expect(visit.locator("#batch-progress li")).to_have_text([re.compile("letter.jpg is no picture")])
    expect(visit.locator("#batch-gallery img")).to_have_count(2)
    visit.get_by_role("button", name="Look at 1931/grandpa.colour.png").click()  # each by itself
    dialog = visit.get_by_role("dialog")
    expect(dialog.locator("img")).to_have_js_property("naturalWidth", 90)
    assert not is_grey(dialog.locator("img"))
    dialog.get_by_role("button", name="Hold for before").hover()
    visit.mouse.down()
    assert is_grey(dialog.locator("img"))
    visit.mouse.up()
    assert not is_grey(dialog.locator("img"))
    with visit.expect_download() as one:
        dialog.get_by_role("button", name="Download").click()
    assert one.value.suggested_filename == "grandpa.colour.png"
    with Image.open(one.value.path()) as single:
        assert single.size == (90, 60)


def test_stop_keeps_what_is_done(visit: Page, served: Studio, tmp_path: Path) -> None:
    photographs = [save_ramp(tmp_path / f"{number}.png", 60 + number, 50) for number in range(4)]
    choose(visit, photographs)
    served.backend.go_on.clear()
    try:
        visit.locator("#batch-start").click()
        expect(visit.locator("#batch-progress")).to_contain_text("0 of 4")
        with visit.expect_response(re.compile("/queue/|/run/")):
            visit.get_by_role("button", name="Stop, keep what is done").click()
    finally:
        visit.wait_for_timeout(300)
        served.backend.go_on.set()
    with downloaded_zip(visit) as pictures:
        assert pictures.namelist() == ["0.colour.png", "report.csv"]
    expect(visit.locator("#batch-progress")).to_contain_text("Stopped: 1 of 4 coloured.")
    expect(visit.locator("#batch-start")).to_be_visible()


def test_progress_tells_how_many_and_how_long(visit: Page, served: Studio, tmp_path: Path) -> None:
    photographs = [save_ramp(tmp_path / f"{number}.png", 80 + number, 50) for number in range(3)]
    choose(visit, photographs)
    started = served.backend.calls
    served.backend.go_on.clear()
    try:
        visit.locator("#batch-start").click()
        bar = visit.get_by_role("progressbar", name="Photographs done")
        expect(bar).to_have_attribute("value", "0")
        served.backend.go_on.set()
        expect(visit.locator("#batch-progress")).to_contain_text("3 of 3 coloured.", timeout=15_000)
    finally:
        served.backend.go_on.set()
    assert served.backend.calls == started + 3
    expect(bar).to_have_count(0)


def test_a_zip_bomb_is_refused_where_the_person_looks(visit: Page, served: Studio, tmp_path: Path) -> None:
    bomb = tmp_path / "bomb.zip"
    with zipfile.ZipFile(bomb, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("bomb.png", bytes(30 << 20))
    calls = served.backend.calls
    choose(visit, [bomb])
    visit.locator("#batch-start").click()
    expect(visit.get_by_role("alert").locator("p")).to_have_text(
        re.compile(r"^bomb\.zip would unpack 'bomb\.png' to 31 MB from 0\.0 and is not opened; .*\.$")
    )
    expect(visit.locator("#batch-start")).to_be_visible()
    assert served.backend.calls == calls


def test_a_fault_of_our_own_is_told_in_every_tab(visit: Page, tmp_path: Path) -> None:
    photo = save_ramp(tmp_path / "grandma.png")
    with pytest.MonkeyPatch.context() as patch:
        for work in ("batch.colour_batch", "compare.compare"):
            patch.setattr(f"core.web.tabs.{work}", lambda *given: 1 // 0)
        choose(visit, [photo])
        visit.locator("#batch-start").click()
        told = visit.get_by_role("alert").filter(visible=True)
        expect(told).to_contain_text("a fault of Autochrome's own (ZeroDivisionError)", timeout=15_000)
        expect(visit.locator("#batch-start")).to_be_visible()
        open_tab(visit, "Compare")
        visit.locator("#compare-upload input[type=file]").set_input_files(photo)
        expect(told).to_contain_text("a fault of Autochrome's own (ZeroDivisionError)", timeout=15_000)


def test_each_picture_goes_to_the_page_once_while_others_are_made() -> None:
    pictures = [("data:image/webp;base64," + "A" * 4000, f"{number}.png") for number in range(40)]
    told = [{"value": _gallery_html(pictures[: count + 1]), "visible": True} for count in range(40)]
    sent = sum(len(json.dumps(diff(before, after))) for before, after in pairwise(told))
    assert sent < 1.1 * len(told[-1]["value"])


def pictures_in_memory() -> int:
    """Bytes of pictures that are kept as text."""
    texts = {
        id(value): len(value)
        for each in gc.get_objects()
        if type(each) is dict
        for value in list(each.values())
        if type(value) is str and 'src="data:image' in value
    }
    return sum(texts.values())


def test_of_pictures_that_a_page_shows_the_server_keeps_none(visit: Page, tmp_path: Path) -> None:
    before = pictures_in_memory()
    for number in range(3):
        Image.effect_noise((300 + number, 200), 60).save(tmp_path / f"{number}.png")
    choose(visit, sorted(tmp_path.glob("*.png")))
    visit.locator("#batch-start").click()
    expect(visit.locator("#batch-gallery button img")).to_have_count(3, timeout=20_000)
    expect(visit.locator("#batch-zip")).to_be_visible()
    assert len(visit.locator("#batch-gallery").inner_html()) > 30_000
    assert pictures_in_memory() - before < 10_000


# --- Backends ---


def test_backends_name_licence_and_citation(visit: Page) -> None:
    open_tab(visit, "Models")
    card = visit.locator(".card", has_text="Pocket")
    expect(card).to_contain_text("Apache-2.0")
    expect(card).to_contain_text("Ready")
    expect(visit.locator(".card", has_text="Broken")).to_contain_text("nobody <b>here</b>")
    visit.get_by_text("Add a model").click()
    expect(visit.get_by_text("docs/writing-a-backend.md")).to_be_visible()


def test_missing_weights_are_fetched_at_a_button_with_a_live_bar(visit: Page, served: Studio) -> None:
    served.later.go("missing", 0, "They are not here yet.")
    open_tab(visit, "Models")
    card = visit.locator(".card", has_text="Later")
    expect(card).to_contain_text("They are not here yet.")
    card.get_by_role("button", name="Fetch (100 MB)").click()
    bar = card.get_by_role("progressbar", name="Download of Later")
    expect(bar).to_have_attribute("value", "25000000")
    served.later.go("downloading", 60_000_000)
    expect(card).to_contain_text("60 of 100 MB")
    served.later.go("unavailable", 60_000_000, "The Hub has stopped sending; check the network.")
    expect(card).to_contain_text("Unavailable")
    expect(card).to_contain_text("The Hub has stopped sending; check the network.")
    card.get_by_role("button", name="Try again").click()
    expect(bar).to_be_visible()
    served.later.go("ready", 100_000_000)
    expect(card).to_contain_text("Ready")
    expect(card.get_by_role("button")).to_have_count(0)


def test_the_list_is_not_asked_for_again_when_nothing_is_on_its_way(visit: Page, served: Studio) -> None:
    served.later.go("downloading", 60_000_000)
    asked: list[str] = []
    visit.on("request", lambda request: asked.append(request.url) if "/gradio_api/" in request.url else None)
    open_tab(visit, "Models")
    visit.wait_for_timeout(2500)
    assert len(asked) >= 2
    served.later.go("unavailable", 0, "The Hub has stopped sending; check the network.")
    expect(visit.locator(".card", has_text="Later")).to_contain_text("Unavailable")
    asked.clear()
    visit.wait_for_timeout(2500)
    assert len(asked) <= 1  # the answer that ended it may have been on its way


def test_weights_that_would_be_of_no_use_are_not_offered(visit: Page, served: Studio) -> None:
    served.later.go("unusable", 0, "It runs on marvels; install them.")
    open_tab(visit, "Models")
    card = visit.locator(".card", has_text="Later")
    expect(card).to_contain_text("Cannot run here")
    expect(card).to_contain_text("It runs on marvels; install them.")
    expect(card.get_by_role("button")).to_have_count(0)
    served.later.go("missing", 0, "They are not here yet.")
