"""Films on the page and through the API, with a real client and a real browser."""

from __future__ import annotations

import base64
import io
import re
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import av
import numpy as np
import pytest
from gradio_client import Client, handle_file
from PIL import Image
from playwright.sync_api import Browser, Page, expect

from core.errors import RequestError
from core.web.endpoints.video import stretch
from tests.support.browser import Second, Studio, drop, save_ramp, serve_studio
from tests.support.films import read_film, scene, sound_of, write_film


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Studio]:
    with serve_studio(tmp_path_factory.mktemp("gradio"), Second()) as studio:
        yield studio


@pytest.fixture(scope="module")
def client(served: Studio) -> Client:
    return Client(served.url, verbose=False)


@pytest.fixture
def film(tmp_path: Path) -> Path:
    return write_film(tmp_path / "parade.mp4", map(scene, range(40)), sound=True)


def wait_until(holds: Callable[[], bool], seconds: float = 30) -> None:
    until = time.monotonic() + seconds
    while not holds():
        assert time.monotonic() < until
        time.sleep(0.05)


def refusal(client: Client, **given: Any) -> str:
    with pytest.raises(Exception) as caught:  # noqa: PT011 - gradio_client's own kind; its text is asserted
        client.predict(api_name="/colorize_video", **given)
    return str(caught.value)


def test_a_film_and_a_part_of_it_through_the_api(client: Client, film: Path) -> None:
    done, report = client.predict(film=handle_file(film), api_name="/colorize_video")
    assert Path(done).name == "parade.colour.mp4"
    assert (report["frames"], report["width"], report["backend"], report["warnings"]) == (40, 64, "pocket", [])
    assert sound_of(Path(done)) == sound_of(film)
    part, report = client.predict(film=handle_file(film), start=0.4, seconds=0.4, api_name="/colorize_video")
    assert len(read_film(Path(part))) == report["frames"] == 10


def test_hints_and_a_second_photograph_through_the_api(client: Client, film: Path, tmp_path: Path) -> None:
    hints = [{"t": 0.4, "x": 0.4, "y": 0.5, "color": "#2040ff"}]
    plain, _ = client.predict(film=handle_file(film), api_name="/colorize_video")
    hinted, _ = client.predict(film=handle_file(film), hints=hints, api_name="/colorize_video")
    before, after = (read_film(Path(each))[10][1].astype(int) for each in (plain, hinted))
    assert (after[..., 2] - before[..., 2]).max() > 40
    assert "'0.t' is not usable" in refusal(
        client, film=handle_file(film), hints=[{"x": 0, "y": 0, "color": "#ffffff"}]
    )
    assert "uses no reference" in refusal(
        client, film=handle_file(film), backend="pocket", reference=handle_file(save_ramp(tmp_path / "second.png"))
    )


def test_a_film_of_ten_bits_becomes_one_that_browsers_play(client: Client, tmp_path: Path) -> None:
    film = write_film(tmp_path / "deep.mkv", map(scene, range(6)), pix_fmt="yuv420p10le")
    done, _ = client.predict(film=handle_file(film), api_name="/colorize_video")
    with av.open(done) as container:
        stream = container.streams.video[0]
        assert (stream.codec_context.name, stream.pix_fmt) == ("h264", "yuv420p")


def test_what_cannot_be_done_is_said(client: Client, film: Path, tmp_path: Path) -> None:
    none = tmp_path / "none.mp4"
    none.write_text("no film")
    assert "none.mp4 is no film that can be read" in refusal(client, film=handle_file(none))
    assert "'seconds' must be a number" in refusal(client, film=handle_file(film), seconds=-1)
    assert "'start' must be a number" in refusal(client, film=handle_file(film), start=-3)
    assert "'nobody'" in refusal(client, film=handle_file(film), backend="nobody")
    long = write_film(tmp_path / "long.mp4", [scene(1)] * 3, [0, 400_000, 700_000])
    assert "more than the 600 taken" in refusal(client, film=handle_file(long))


def test_five_seconds_are_tried_and_then_the_whole_film(visit: Page, served: Studio, film: Path) -> None:
    visit.get_by_role("tab", name="Film").click()
    visit.locator("#film-upload input[type=file]").set_input_files(film)
    expect(visit.locator("#film-upload video")).to_be_visible(timeout=15_000)
    visit.get_by_role("button", name="Try five seconds").click()
    expect(visit.locator("#film-story")).to_contain_text("40 frames. If you like them", timeout=30_000)
    video = visit.locator("#film-result video")
    expect(video).to_be_visible()
    visit.wait_for_function("document.querySelector('#film-result video').readyState >= 2", timeout=15_000)
    assert video.evaluate("(element) => [element.videoWidth, element.videoHeight]") == [64, 48]
    visit.get_by_role("button", name="Colour the whole film").click()
    expect(visit.locator("#film-story")).to_contain_text("The whole film: 40 frames", timeout=30_000)
    expect(visit.get_by_role("button", name="Stop")).to_be_hidden()


def test_films_and_second_photographs_are_dropped_on_their_fields(visit: Page, film: Path, tmp_path: Path) -> None:
    visit.get_by_role("tab", name="Film").click()
    expect(visit.locator("#film-upload button").first).to_be_visible()
    drop(visit, film, kind="video/mp4", on="#film-upload button")
    expect(visit.locator("#film-still img.now")).to_be_visible(timeout=15_000)
    visit.locator("#film-backend select").select_option("reference")
    expect(visit.locator("#film-second button").first).to_be_visible()
    drop(visit, save_ramp(tmp_path / "second.png"), kind="image/png", on="#film-second button")
    expect(visit.locator("#film-second img")).to_be_visible(timeout=15_000)


def still(page: Page) -> Any:
    """Pixels of the frame that is shown in colour, (h, w, 3)."""
    address = page.locator("#film-still img.now").get_attribute("src") or ""
    return np.asarray(Image.open(io.BytesIO(base64.b64decode(address.partition(",")[2])))).astype(int)


def test_the_frame_at_which_the_player_stands_is_shown_in_colour_and_tried_from(
    visit: Page, served: Studio, film: Path
) -> None:
    visit.get_by_role("tab", name="Film").click()
    expect(visit.locator("#film-still")).to_contain_text("Stop the film at a frame")
    visit.locator("#film-upload input[type=file]").set_input_files(film)
    picture = visit.locator("#film-still img.now")
    expect(picture).to_be_visible(timeout=15_000)
    first = picture.get_attribute("src")
    visit.locator("#film-upload video").evaluate("video => { video.currentTime = 1.0; }")
    expect(picture).not_to_have_attribute("src", str(first), timeout=15_000)
    expect(visit.get_by_label("At second")).to_have_value("1")
    seen = still(visit).mean(axis=2)
    expected = [np.abs(seen - scene(number)).mean() for number in (0, 25)]
    assert expected[1] < expected[0] / 2
    chroma = np.ptp(still(visit), axis=2).mean()
    calls = served.backend.calls
    before = picture.get_attribute("src")
    visit.locator("#film-look input[type=range]").first.fill("0")
    expect(picture).not_to_have_attribute("src", str(before), timeout=15_000)
    assert np.ptp(still(visit), axis=2).mean() < 3 < chroma
    assert served.backend.calls == calls
    visit.locator("#film-look input[type=range]").first.fill("1")
    visit.locator("#film-frame").get_by_role("button", name="Add a colour").click()
    visit.locator("#film-frame input[type=color]").fill("#2040ff")
    box = picture.bounding_box()
    assert box
    picture.click(position={"x": box["width"] / 2, "y": box["height"] / 2})
    expect(visit.locator("#film-still .spot")).to_have_count(1, timeout=15_000)
    red, _, blue = still(visit)[22:26, 30:34].mean(axis=(0, 1))
    assert blue > red + 20
    picture.click(position={"x": box["width"] / 4, "y": box["height"] / 4})
    expect(visit.locator("#film-still .spot")).to_have_count(2, timeout=15_000)
    laid = visit.locator("#film-frame [data-hint]")
    expect(laid).to_have_text([re.compile("1 s"), re.compile("1 s")])
    laid.first.click()
    expect(laid).to_have_count(1)
    expect(visit.locator("#film-still .spot")).to_have_count(1, timeout=15_000)
    red, _, blue = still(visit)[22:26, 30:34].mean(axis=(0, 1))
    assert blue < red + 20
    visit.locator("#film-still").get_by_role("button", name="Remove colour 1").click()
    expect(visit.locator("#film-still .spot")).to_have_count(0, timeout=15_000)
    expect(laid).to_have_count(0)
    visit.get_by_role("button", name="Try five seconds").click()
    expect(visit.locator("#film-story")).to_contain_text("15 frames", timeout=30_000)
    before_box = visit.get_by_label("Before")
    before_box.check()
    expect(visit.locator("#film-still img.was")).to_be_visible()
    expect(picture).to_be_hidden()
    visit.locator("#film-result video:not(.cover)").evaluate("video => { video.pause(); video.currentTime = 0.2; }")
    cover = visit.locator("#film-result video.cover")
    expect(cover).to_have_js_property("seeking", False)
    visit.wait_for_function(
        "Math.abs(document.querySelector('#film-result .cover').currentTime - 1.2) < 0.005", timeout=10_000
    )
    before_box.uncheck()
    expect(cover).to_have_count(0)


def test_a_films_colours_are_put_with_keys_alone(visit: Page, film: Path) -> None:
    visit.get_by_role("tab", name="Film").click()
    visit.locator("#film-upload input[type=file]").set_input_files(film)
    expect(visit.locator("#film-still img.now")).to_be_visible(timeout=15_000)
    tool, keys = visit.locator("#film-frame"), visit.keyboard
    tool.get_by_role("button", name="Add a colour").focus()
    keys.press("Enter")
    tool.locator("summary").focus()
    keys.press("Enter")
    tool.get_by_label("% across").focus()
    keys.press("ControlOrMeta+A")
    keys.type("25")
    aim, frame = visit.locator("#film-still .aim").bounding_box(), visit.locator("#film-still figure").bounding_box()
    assert aim
    assert frame
    assert aim["x"] + aim["width"] / 2 == pytest.approx(frame["x"] + frame["width"] / 4, abs=1.5)
    keys.press("Enter")
    spot = visit.locator("#film-still .spot")
    expect(spot).to_have_count(1, timeout=15_000)
    expect(spot).to_have_attribute("style", re.compile(r"left: 25\.00%; top: 50\.00%"))


def test_a_film_that_the_browser_cannot_play_is_seen_by_its_seconds(visit: Page, tmp_path: Path) -> None:
    odd = write_film(tmp_path / "odd.avi", map(scene, range(40)), codec="mpeg2video")
    visit.get_by_role("tab", name="Film").click()
    visit.locator("#film-upload input[type=file]").set_input_files(odd)
    picture = visit.locator("#film-still img.now")
    expect(picture).to_be_visible(timeout=15_000)
    first = picture.get_attribute("src")
    visit.get_by_label("At second").fill("1")
    visit.get_by_label("At second").blur()
    expect(picture).not_to_have_attribute("src", str(first), timeout=15_000)


def test_what_is_no_film_is_told(visit: Page, served: Studio) -> None:
    visit.get_by_role("tab", name="Film").click()
    visit.get_by_role("button", name="Try five seconds").click()
    expect(visit.locator("#films")).to_contain_text("There is no film; choose one.")
    expect(visit.get_by_role("button", name="Try five seconds")).to_be_visible()


def test_a_fault_of_our_own_is_told_and_the_buttons_come_back(visit: Page, film: Path) -> None:
    visit.get_by_role("tab", name="Film").click()
    visit.locator("#film-upload input[type=file]").set_input_files(film)
    expect(visit.locator("#film-still img.now")).to_be_visible(timeout=15_000)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("core.web.tabs.film.colour_film_upload", lambda *given: 1 // 0)
        visit.get_by_role("button", name="Colour the whole film").click()
        expect(visit.get_by_role("alert")).to_contain_text("a fault of Autochrome's own (ZeroDivisionError)")
    expect(visit.get_by_role("button", name="Try five seconds")).to_be_visible()
    expect(visit.locator("#film-stop")).not_to_be_visible()


@pytest.mark.parametrize("way", ["page", "client"])
def test_a_film_ends_whose_visitor_has_gone(
    browser: Browser, served: Studio, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, way: str
) -> None:
    """Each part takes the one place that films have."""
    predict = served.backend.predict

    def slow(request: Any, options: Any) -> Any:
        time.sleep(0.05)
        return predict(request, options)

    monkeypatch.setattr(served.backend, "predict", slow)
    long = write_film(tmp_path / "long.mp4", (scene(number % 100, 48, 128) for number in range(1500)))
    before = served.backend.calls
    if way == "page":
        page = browser.new_page()
        page.goto(served.url)
        page.get_by_role("tab", name="Film").click()
        page.locator("#film-upload input[type=file]").set_input_files(long)
        page.get_by_role("button", name="Colour the whole film").click()
        leave = page.close
    else:
        client = Client(served.url, verbose=False)
        leave = client.submit(film=handle_file(long), api_name="/colorize_video").cancel
    wait_until(lambda: served.backend.calls > before + 20)
    leave()
    since = time.monotonic()

    def is_over() -> bool:
        calls = served.backend.calls
        time.sleep(0.5)
        return served.backend.calls == calls

    wait_until(is_over)
    assert time.monotonic() - since < 12, "all of it takes twenty seconds and more"


def test_what_was_stopped_goes_on_as_it_was_asked_for(
    visit: Page, served: Studio, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    long = write_film(tmp_path / "long.mp4", (scene(number, 48, 128) for number in range(100)))
    visit.get_by_role("tab", name="Film").click()
    visit.locator("#film-upload input[type=file]").set_input_files(long)
    expect(visit.locator("#film-still img.now")).to_be_visible(timeout=15_000)
    go_on, story = visit.get_by_role("button", name="Go on with the film"), visit.locator("#film-story")
    expect(go_on).to_be_hidden()
    held, predict = served.backend.calls + 20, served.backend.predict

    def held_up(request: Any, options: Any) -> Any:
        if served.backend.calls == held:
            served.backend.go_on.clear()
        return predict(request, options)

    monkeypatch.setattr(served.backend, "predict", held_up)
    visit.get_by_role("button", name="Colour the whole film").click()
    wait_until(lambda: served.backend.calls > held)
    try:
        with visit.expect_response("**/run/**"):
            visit.get_by_role("button", name="Stop").click()
    finally:
        served.backend.go_on.set()
    expect(story).to_have_text(re.compile(r"the first \d\d frames are here"), timeout=30_000)
    visit.locator("#film-look input[type=range]").first.fill("0")
    go_on.click()
    expect(story).to_contain_text("The whole film: 100 frames", timeout=30_000)
    expect(go_on).to_be_hidden()
    (tmp_path / "done.mp4").write_bytes(visit.request.get(result(visit)).body())
    done = read_film(tmp_path / "done.mp4")
    assert len(done) == 100
    assert np.ptp(done[50][1].astype(int), axis=2).mean() > 10


def result(page: Page) -> str:
    """The address of the film that is shown."""
    return str(page.locator("#film-result video:not(.cover)").evaluate("(video) => video.currentSrc"))


def test_a_second_photograph_gives_a_film_its_colours(visit: Page, film: Path, tmp_path: Path) -> None:
    second = tmp_path / "second.png"
    Image.new("RGB", (40, 30), "#c04040").save(second)
    visit.get_by_role("tab", name="Film").click()
    visit.locator("#film-upload input[type=file]").set_input_files(film)
    picture = visit.locator("#film-still img.now")
    expect(picture).to_be_visible(timeout=15_000)
    expect(visit.locator("#film-second")).to_be_hidden()
    visit.locator("#film-backend select").select_option("reference")
    expect(visit.locator("#film-still")).to_contain_text("takes its colours from a second photograph")
    visit.locator("#film-second input[type=file]").set_input_files(second)
    expect(picture).to_be_visible(timeout=15_000)
    red, green, blue = still(visit).mean(axis=(0, 1))
    assert red > max(green, blue) + 40
    visit.get_by_role("button", name="Colour the whole film").click()
    expect(visit.locator("#film-story")).to_contain_text("The whole film: 40 frames", timeout=30_000)
    visit.locator("#film-backend select").select_option("pocket")
    expect(visit.locator("#film-second")).to_be_hidden()


@pytest.mark.parametrize("given", [{"start": float("inf")}, {"start": 1e15}, {"seconds": float("nan")}])
def test_a_part_of_a_film_that_no_film_has_is_refused_in_a_sentence(given: dict[str, float]) -> None:
    with pytest.raises(RequestError, match="must be a number from"):
        stretch(given.get("start"), given.get("seconds"))
