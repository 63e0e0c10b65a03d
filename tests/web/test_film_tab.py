"""Films on the page and through the API, with a real client and a real browser."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import av
import pytest
from gradio_client import Client, handle_file
from playwright.sync_api import Page, expect

from tests.support.browser import Studio, serve_studio
from tests.support.films import read_film, scene, sound_of, write_film


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Studio]:
    with serve_studio(tmp_path_factory.mktemp("gradio")) as studio:
        yield studio


@pytest.fixture(scope="module")
def client(served: Studio) -> Client:
    return Client(served.url, verbose=False)


@pytest.fixture
def film(tmp_path: Path) -> Path:
    return write_film(tmp_path / "parade.mp4", map(scene, range(40)), sound=True)


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


def test_what_is_no_film_is_told(visit: Page, served: Studio) -> None:
    visit.get_by_role("tab", name="Film").click()
    visit.get_by_role("button", name="Try five seconds").click()
    expect(visit.locator("#films")).to_contain_text("There is no film; choose one.")
    expect(visit.get_by_role("button", name="Try five seconds")).to_be_visible()
