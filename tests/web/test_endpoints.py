"""The endpoints, called by the real Gradio client on a real local server."""

from __future__ import annotations

import json
import os
import threading
import time
import zipfile
from collections.abc import Iterator
from contextlib import suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import cv2
import httpx
import numpy as np
import pytest
from gradio.route_utils import delete_files_created_by_app
from gradio.utils import get_upload_folder
from gradio_client import Client, handle_file
from PIL import Image

from core.colour.cielab import rgb_lightness
from core.engine import Engine
from core.registry.registry import Registry
from core.settings import Settings
from tests.support.browser import Second, save_coloured, save_ramp


class Warm:
    """Colours everything alike; counts its calls and can be held up."""

    def __init__(self, backend_id: str = "pocket", order: int = 20):
        self.info: Any = {
            "id": backend_id,
            "title": backend_id.title(),
            "licence": "Apache-2.0",
            "citation": "nobody",
            "input_size": 32,
            "order": order,
        }
        self.calls = 0
        self.entered = threading.Event()
        self.go_on = threading.Event()
        self.go_on.set()

    def predict(self, request: Any, options: Any) -> Any:
        self.calls += 1
        self.entered.set()
        assert self.go_on.wait(30)
        field = np.empty((*request.lightness.shape, 2), np.float32)
        field[:] = 12, 18
        return field


class Guesser:
    """Red, perhaps blue: a distribution. Counts its calls."""

    def __init__(self) -> None:
        self.info: Any = {"id": "guesser", "title": "Guesser", "input_size": 24, "order": 90}
        self.calls = 0

    def predict(self, request: Any, options: Any) -> Any:
        self.calls += 1
        logits = np.zeros((3, *request.lightness.shape), np.float32)
        logits[0] += 1 + request.lightness / 100
        return logits, np.array([[40, 20], [0, -40], [0, 0]], np.float32)


class Served:
    """A server, its client, and the backend behind it."""

    def __init__(self, url: str, page: Any, engine: Engine, backend: Warm):
        self.url, self.page, self.engine, self.backend = url, page, engine, backend
        self.client = Client(url, verbose=False)

    def colorize(self, path: Path, **given: Any) -> tuple[Path, dict[str, Any]]:
        picture, report = self.client.predict(image=handle_file(str(path)), api_name="/colorize", **given)
        return Path(picture), report

    def refusal(self, path: Path, **given: Any) -> str:
        with pytest.raises(Exception) as caught:  # noqa: PT011 - gradio_client's own kind; its text is asserted
            self.colorize(path, **given)
        return str(caught.value)


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("GRADIO_TEMP_DIR", str(tmp_path_factory.mktemp("gradio")))
        patch.setenv("GRADIO_ANALYTICS_ENABLED", "False")
        from core.web.page import build_page, launch_options

        registry, settings, backend = Registry(), Settings(), Warm()
        registry.register(backend)
        engine = Engine(registry, settings)
        page = build_page(engine, settings)
        _, url, _ = page.launch(
            server_name="127.0.0.1", prevent_thread_lock=True, quiet=True, **launch_options(settings)
        )
        yield Served(url, page, engine, backend)
        page.close()


@pytest.fixture
def grey(tmp_path: Path) -> Path:
    values = np.linspace(20, 220, 90 * 120).reshape(90, 120).astype(np.uint8)
    path = tmp_path / "grandma.png"
    Image.fromarray(values).save(path)
    return path


def test_grey_photograph_comes_back_coloured_with_its_lightness(served: Served, grey: Path) -> None:
    picture, report = served.colorize(grey)
    with Image.open(picture) as coloured:
        assert coloured.format == "PNG"
        rgb = np.asarray(coloured.convert("RGB"))
    before = np.asarray(Image.open(grey).convert("RGB"))
    assert rgb.shape == before.shape
    change = rgb_lightness(rgb / np.float32(255)) - rgb_lightness(before / np.float32(255))
    assert np.abs(change).mean() < 0.5
    assert np.abs(rgb[..., 0].astype(int) - rgb[..., 2]).mean() > 10
    assert picture.name == "grandma.colour.png"
    assert report["backend"] == "pocket"
    assert report["requested"] == "auto"
    assert report["fallback_reason"] is None
    assert (report["width"], report["height"]) == (120, 90)


def test_a_call_leaves_no_copy_of_the_page_behind(served: Served, grey: Path) -> None:
    before = set(served.page.state_holder.session_data)
    Client(served.url, verbose=False).predict(image=handle_file(str(grey)), api_name="/colorize")
    new = [state for name, state in served.page.state_holder.session_data.items() if name not in before]
    assert len(new) == 1
    assert len(new[0].config_values) < len(served.page.blocks) / 5  # those of its own fields


def test_calls_of_the_past_cost_nothing(served: Served, grey: Path) -> None:
    queue = served.page._queue
    queue.pending_event_ids_session |= {f"caller {number}": {"a call"} for number in range(10_000)}
    served.colorize(grey)
    assert len(queue.pending_event_ids_session) < 5000
    assert queue.cached_event_analytics_summary == {"functions": {}}  # of all calls, after each


def test_defaults_are_those_of_the_design(served: Served) -> None:
    given = {
        parameter["parameter_name"]: parameter.get("parameter_default")
        for parameter in served.client.view_api(return_format="dict")["named_endpoints"]["/colorize"]["parameters"]
        if parameter["parameter_has_default"]
    }
    assert given == {
        "backend": "auto",
        "strength": 1.0,
        "temperature": 0.38,
        "vividness": 0.5,
        "refine": True,
        "options": {},
        "output_format": "png",
        "tint_warm": 0.0,
        "tint_magenta": 0.0,
        "alternative": "default",
        "hints": [],
        "reference": None,
        "pooling": True,
        "quality": None,
        "sidecar": False,
        "colour_photos": "keep-as-is",
        "restore": "auto",
        "restore_picture": False,
        "restore_strokes": [],
    }


def test_only_the_promised_endpoints_are_public(served: Served) -> None:
    named = served.client.view_api(return_format="dict", print_info=False)
    assert set(named["named_endpoints"]) == {
        "/colorize",
        "/colorize_batch",
        "/colorize_video",
        "/alternatives",
        "/confidence",
        "/compare",
        "/backends",
    }
    assert not named["unnamed_endpoints"]


def test_sixteen_bits_and_alpha_survive(served: Served, tmp_path: Path) -> None:
    deep = np.random.default_rng(1).integers(0, 65536, (40, 50), dtype=np.uint16)
    opacity = np.full_like(deep, 65535)
    opacity[:5] = 1234
    path = tmp_path / "scan.png"
    cv2.imwrite(str(path), np.dstack([deep, deep, deep, opacity]))
    picture, _ = served.colorize(path, strength=0.0)
    back = cv2.imread(str(picture), cv2.IMREAD_UNCHANGED)
    assert back.dtype == np.uint16
    assert np.array_equal(back[..., 3], opacity)
    assert np.abs(back[..., 1].astype(int) - deep).max() <= 257 / 16  # a sixteenth of a step of 8 bits


@pytest.mark.parametrize(
    ("suffix", "mode"), [("tif", "CMYK"), ("tif", "L"), ("webp", "RGBA"), ("gif", "P"), ("bmp", "L")]
)
def test_formats_that_a_browser_cannot_show_reach_core(served: Served, tmp_path: Path, suffix: str, mode: str) -> None:
    path = tmp_path / f"old.{suffix}"
    Image.effect_mandelbrot((60, 40), (-2, -1, 1, 1), 20).convert(mode).save(path)
    picture, report = served.colorize(path)
    assert (report["width"], report["height"]) == (60, 40)
    assert picture.name == "old.colour.png"


def test_output_format(served: Served, grey: Path) -> None:
    picture, _ = served.colorize(grey, output_format="jpg")
    assert picture.name == "grandma.colour.jpg"
    with Image.open(picture) as coloured:
        assert coloured.format == "JPEG"


def test_a_changed_look_runs_no_network(served: Served, grey: Path) -> None:
    served.colorize(grey)
    calls = served.backend.calls
    _, report = served.colorize(grey, strength=0.3, temperature=0.9, refine=False)
    assert report["cached"]
    assert served.backend.calls == calls


def _bad_files(folder: Path) -> dict[str, tuple[Path, str]]:
    text, empty, cut = folder / "letter.jpg", folder / "empty.png", folder / "cut.jpg"
    text.write_text("Dear grandma, " * 20)
    empty.write_bytes(b"")
    whole = folder / "whole.jpg"
    Image.effect_noise((200, 200), 60).save(whole)
    cut.write_bytes(whole.read_bytes()[:900])
    return {
        "text": (text, "letter.jpg is no picture that can be read here; give a"),
        "empty": (empty, "empty.png is empty; copy or scan it again."),
        "cut": (cut, "cut.jpg is damaged or cut short; copy or scan it again."),
    }


@pytest.mark.parametrize("kind", ["text", "empty", "cut"])
def test_bad_file_gets_one_sentence(
    served: Served, tmp_path: Path, kind: str, capfd: pytest.CaptureFixture[str]
) -> None:
    path, sentence = _bad_files(tmp_path)[kind]
    told = served.refusal(path)
    assert told.startswith(sentence)
    assert told.count(". ") == 0
    assert "Traceback" not in capfd.readouterr().err


@pytest.mark.parametrize(
    ("given", "named"),
    [
        ({"backend": "dreams"}, "'dreams'"),
        ({"strength": 7.0}, "'strength'"),
        ({"temperature": None}, "'temperature'"),
        ({"output_format": "psd"}, "'psd'"),
        ({"options": {"size": 3}}, "'size'"),
        ({"options": [1]}, "'options'"),
        ({"hints": [{"x": 1.2, "y": 0.5, "color": "#2e6b3f"}]}, "'hints.0.x'"),
        ({"hints": [{"x": 0.5, "y": 0.5, "color": "green"}]}, "'hints.0.color'"),
        ({"hints": [{"x": 0.5, "y": 0.5}]}, "'hints.0'"),  # a colour, or keep
        ({"hints": [{"x": 0.5, "y": 0.5, "color": "#2e6b3f"}] * 101}, "'hints'"),
        ({"hints": {"x": 0.5}}, "'hints'"),
    ],
)
def test_bad_parameter_gets_one_sentence(served: Served, grey: Path, given: dict[str, Any], named: str) -> None:
    told = served.refusal(grey, **given)
    assert named in told
    assert told.endswith((".", "it out."))


def test_a_bare_name_is_told_how_to_be_sent(served: Served, grey: Path) -> None:
    with pytest.raises(Exception, match="handle_file"):
        served.client.predict(image=str(grey), api_name="/colorize")


class _Away:
    """A web server whose file is large or small, and where it says so or not."""

    def __init__(self, content: bytes, says: bool = True):
        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                if self.path.startswith("/moved"):
                    self.send_response(302)
                    self.send_header("Location", "/grandma%20at%20sea.png")
                    self.end_headers()
                    return
                self.send_response(200)
                if says:
                    self.send_header("Content-Length", str(len(content)))
                self.end_headers()
                with suppress(OSError):
                    self.wfile.write(content)

            def log_message(self, *words: Any) -> None:
                pass

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self._server.server_port}"

    def __enter__(self) -> str:
        threading.Thread(target=self._server.serve_forever, daemon=True).start()
        return self.url

    def __exit__(self, *error: object) -> None:
        self._server.shutdown()
        self._server.server_close()


@pytest.fixture
def neighbours(monkeypatch: pytest.MonkeyPatch) -> None:
    """This machine's own servers count as public."""

    async def known(host: str) -> str:
        return host

    monkeypatch.setattr("core.web.fetched._public_ip", known)


def _by_address(served: Served, url: str) -> Any:
    return served.client.predict(image={"path": url, "meta": {"_type": "gradio.FileData"}}, api_name="/colorize")


def test_a_photograph_is_fetched_from_its_address(served: Served, grey: Path, neighbours: None) -> None:
    with _Away(grey.read_bytes()) as url:
        picture, report = _by_address(served, f"{url}/moved?size=large")
    assert (Path(picture).name, report["width"]) == ("grandma at sea.colour.png", 120)


@pytest.mark.parametrize("says", [True, False])
def test_an_address_leads_to_no_more_than_may_be_sent(
    served: Served, neighbours: None, monkeypatch: pytest.MonkeyPatch, says: bool
) -> None:
    monkeypatch.setattr(served.page, "max_file_size", 1_000_000)
    lying = set(Path(get_upload_folder()).rglob("*.png"))
    with _Away(bytes(1_500_000), says) as url, pytest.raises(Exception, match="more than the 1 MB that are taken"):
        _by_address(served, f"{url}/grandma.png")
    assert set(Path(get_upload_folder()).rglob("*.png")) == lying


def test_an_address_of_the_servers_own_network_is_refused(served: Served, grey: Path) -> None:
    with _Away(grey.read_bytes()) as url, pytest.raises(Exception, match="cannot be read from here"):
        _by_address(served, url)


def test_extreme_sizes_get_a_picture(served: Served, tmp_path: Path) -> None:
    for size in [(1, 1), (20_000, 3)]:
        path = tmp_path / f"{size[0]}.png"
        Image.new("L", size, 90).save(path)
        picture, _ = served.colorize(path)
        with Image.open(picture) as coloured:
            assert coloured.size == size


def test_backends_answer_while_a_photograph_is_coloured(served: Served, tmp_path: Path) -> None:
    path = tmp_path / "slow.png"
    Image.effect_noise((64, 64), 80).save(path)
    served.backend.go_on.clear()
    served.backend.entered.clear()
    try:
        job = served.client.submit(image=handle_file(str(path)), api_name="/colorize")
        assert served.backend.entered.wait(10)
        started = time.perf_counter()
        listed = served.client.predict(api_name="/backends")
        taken = time.perf_counter() - started
    finally:
        served.backend.go_on.set()
    job.result(timeout=20)
    assert taken < 2
    assert [each for each in listed if each["id"] == "pocket"] == [
        {
            "id": "pocket",
            "title": "Pocket",
            "summary": "",
            "licence": "Apache-2.0",
            "citation": "nobody",
            "wants_reference": False,
            "state": "ready",
            "message": "",
            "bytes_done": 0,
            "bytes_total": 0,
        }
    ]


def test_progress_reaches_a_client(served: Served, tmp_path: Path) -> None:
    path = tmp_path / "another.png"
    Image.effect_noise((64, 64), 60).save(path)
    served.backend.go_on.clear()
    told = None
    try:
        job = served.client.submit(image=handle_file(str(path)), api_name="/colorize")
        deadline = time.monotonic() + 10
        while not told and time.monotonic() < deadline:
            told = job.status().progress_data
            time.sleep(0.05)
    finally:
        served.backend.go_on.set()
    job.result(timeout=20)
    assert told
    assert told[0].desc
    assert 0 <= (told[0].progress or 0) <= 1


MARK: dict[str, Any] = {"meta": {"_type": "gradio.FileData"}}
"""How a client says that a payload is a file."""


def _call(served: Served, image: dict[str, Any], reference: dict[str, Any] | None = None) -> str:
    """What /colorize answers to a hand-made request."""
    data = [image, "auto", 1, 0.38, 0.5, True, {}, "png", 0, 0, "default", [], reference, True, None, False]
    data += ["keep-as-is", "auto", False, []]
    endpoint = f"{served.url}gradio_api/call/colorize"
    event = httpx.post(endpoint, json={"data": data}).json()["event_id"]
    return httpx.get(f"{endpoint}/{event}", timeout=20).text


def test_no_file_of_the_server_can_be_read(served: Served, tmp_path: Path) -> None:
    secret = tmp_path / "secret.png"
    Image.new("L", (33, 44), 5).save(secret)
    [uploaded] = httpx.post(f"{served.url}gradio_api/upload", files={"files": secret.read_bytes()}).json()
    calls = served.backend.calls
    for path in (str(secret), f"{get_upload_folder()}/../{secret}", "/etc/passwd", f"file://{secret}", "app.py"):
        for mark in (MARK, {}, {"meta": {"_type": "other"}}, {"meta": None}):
            assert "event: error" in _call(served, {"path": path, **mark})
            assert "event: error" in _call(served, {"path": uploaded, **MARK}, {"path": path, **mark})
    for path in (secret, Path("app.py").absolute()):
        assert httpx.get(f"{served.url}gradio_api/file={path}").status_code == 403
    assert served.backend.calls == calls


def test_a_name_with_folders_stays_in_its_folder(served: Served, grey: Path) -> None:
    [uploaded] = httpx.post(f"{served.url}gradio_api/upload", files={"files": grey.read_bytes()}).json()
    answer = _call(served, {"path": uploaded, "orig_name": "../../../etc/odd\x00name.png", **MARK})
    picture = Path(json.loads(answer.partition("data: ")[2])[0]["path"])
    assert picture.name == "oddname.colour.png"
    assert picture.parent.parent == Path(get_upload_folder())


def test_a_failed_job_leaves_no_file(served: Served, tmp_path: Path) -> None:
    path = tmp_path / "wide.png"
    Image.new("L", (17_000, 2), 90).save(path)
    assert "choose png" in served.refusal(path, output_format="webp")
    assert not list(Path(get_upload_folder()).rglob("wide.colour*"))


# --- alternatives and confidence ---


@pytest.fixture(scope="module")
def guesser(served: Served) -> Guesser:
    """A second backend behind the same server: one that predicts a distribution."""
    backend = Guesser()
    served.engine.registry.register(backend)
    return backend


def test_alternatives_come_from_one_prediction_and_can_be_taken(served: Served, guesser: Guesser, grey: Path) -> None:
    files, rows = served.client.predict(image=handle_file(str(grey)), backend="guesser", api_name="/alternatives")
    assert guesser.calls == 1
    assert [row["name"] for row in rows][:6] == ["default", "warmer", "cooler", "vivid", "calm", "other"]
    assert all(row["label"] and 0 <= row["plausibility"] <= 1 for row in rows)
    pictures = [np.asarray(Image.open(file)).astype(int) for file in files]
    assert len(pictures) == len(rows)
    assert all(np.abs(picture - pictures[0]).mean() > 0.5 for picture in pictures[1:])
    taken, _ = served.colorize(grey, backend="guesser", alternative="other")
    assert guesser.calls == 1
    assert np.array_equal(np.asarray(Image.open(taken)), pictures[5])


def test_confidence_is_a_picture_and_its_mean(served: Served, guesser: Guesser, grey: Path) -> None:
    picture, values = served.client.predict(image=handle_file(str(grey)), backend="guesser", api_name="/confidence")
    with Image.open(picture) as opened:
        assert opened.size == (120, 90)
    assert values["backend"] == "guesser"
    assert 0 <= values["lowest"] <= values["mean"] <= values["highest"] <= 1


@pytest.mark.parametrize("name", ["/alternatives", "/confidence"])
def test_a_plain_field_has_neither_and_one_sentence_says_so(served: Served, grey: Path, name: str) -> None:
    with pytest.raises(Exception, match="Backend 'pocket' predicts one colour for every place") as caught:
        served.client.predict(image=handle_file(str(grey)), api_name=name)
    assert str(caught.value).endswith("choose another backend.")


def test_tint_changes_the_picture_and_runs_no_network(served: Served, grey: Path) -> None:
    plain, _ = served.colorize(grey)
    calls = served.backend.calls
    cool, _ = served.colorize(grey, tint_warm=-1, tint_magenta=0.5)
    blue = [np.asarray(Image.open(path))[..., 2].mean() for path in (plain, cool)]
    assert blue[1] > blue[0] + 10
    assert served.backend.calls == calls
    assert "'tint_warm'" in served.refusal(grey, tint_warm=2)


# --- hints and reference ---


def test_a_hint_colours_what_it_lies_on_and_runs_no_network(served: Served, tmp_path: Path) -> None:
    path = tmp_path / "halves.png"
    Image.fromarray(np.repeat([[90, 190]], 60, axis=0).repeat(50, axis=1).astype(np.uint8)).save(path)
    plain, _ = served.colorize(path)
    calls = served.backend.calls
    hinted, report = served.colorize(path, hints=[{"x": 0.2, "y": 0.5, "color": "#2040C0"}])
    assert report["cached"] and served.backend.calls == calls
    before, after = (np.asarray(Image.open(file)).astype(int) for file in (plain, hinted))
    assert (after[30, 20] - before[30, 20])[2] > 40
    assert np.abs(after - before)[:, 70:].max() <= 6


@pytest.fixture(scope="module")
def second(served: Served) -> Second:
    """A backend behind the same server that takes its colours from a second photograph."""
    backend = Second()
    served.engine.registry.register(backend)
    return backend


def test_colours_come_from_the_reference(served: Served, second: Second, grey: Path, tmp_path: Path) -> None:
    found = []
    for name, colour in (("sky.png", (60, 110, 200)), ("rust.png", (180, 90, 40))):
        Image.new("RGB", (50, 40), colour).save(tmp_path / name)
        picture, _ = served.colorize(grey, backend="reference", reference=handle_file(str(tmp_path / name)))
        rgb = np.asarray(Image.open(picture)).astype(int)
        found.append((rgb[..., 0] - rgb[..., 2]).mean())
    assert found[0] < -30 and found[1] > 30
    assert second.calls == 2


def test_a_reference_is_neither_missing_nor_in_vain(served: Served, second: Second, grey: Path, tmp_path: Path) -> None:
    assert "second photograph" in served.refusal(grey, backend="reference")
    assert "uses no reference" in served.refusal(grey, backend="pocket", reference=handle_file(str(grey)))
    letter = tmp_path / "letter.jpg"
    letter.write_text("Dear grandma, " * 20)
    told = served.refusal(grey, backend="reference", reference=handle_file(str(letter)))
    assert told.startswith("letter.jpg is no picture")


def test_a_photograph_in_colour_comes_back_as_it_is_and_is_said_so(served: Served, tmp_path: Path) -> None:
    path = save_coloured(tmp_path / "coat.png")
    picture, report = served.colorize(path, output_format="jpeg")
    assert picture.read_bytes() == path.read_bytes()
    assert picture.name == "coat.colour.png"
    assert report["backend"] == ""
    assert "coat.png is in colour already and was kept as it is" in report["warnings"][0]
    assert "was left as it is" in served.refusal(path, colour_photos="skip")
    assert served.colorize(path, colour_photos="recolour")[1]["backend"] == "pocket"
    assert "choose skip, recolour or keep-as-is" in served.refusal(path, colour_photos="grey")


# --- compare and batch ---


def test_compare_gives_a_picture_and_figures_for_each_backend(served: Served, guesser: Guesser, tmp_path: Path) -> None:
    path = save_coloured(tmp_path / "coat.png")
    files, found = served.client.predict(image=handle_file(str(path)), api_name="/compare")
    assert found["in_colour"] is True
    assert [row["backend"] for row in found["backends"]] == ["pocket", "guesser"]
    for row in found["backends"]:
        with Image.open(files[row["file"]]) as picture:
            assert picture.size == (160, 120)
        assert row["psnr"] > 5 and row["ciede2000"] > 1 and row["colourfulness"] > 1 and row["problem"] == ""


def test_a_batch_gives_one_zip_and_names_what_failed(served: Served, grey: Path, tmp_path: Path) -> None:
    letter = tmp_path / "letter.jpg"
    letter.write_text("Dear grandma, " * 20)
    readme = tmp_path / "readme.txt"
    readme.write_text("The photographs of 1931")
    files = [handle_file(str(grey)), handle_file(str(letter)), handle_file(str(readme))]
    archive, rows = served.client.predict(images=files, strength=0.5, output_format="jpeg", api_name="/colorize_batch")
    with zipfile.ZipFile(archive) as pictures:
        assert pictures.namelist() == ["grandma.colour.jpg", "report.csv"]
    assert [row["picture"] for row in rows] == ["grandma.colour.jpg", None]
    assert rows[1]["problem"].startswith("letter.jpg is no picture")


def test_a_batch_has_every_control_of_a_look(served: Served, guesser: Guesser, grey: Path) -> None:
    def picture(**look: Any) -> bytes:
        photographs = [handle_file(str(grey))]
        archive, _ = served.client.predict(images=photographs, backend="guesser", **look, api_name="/colorize_batch")
        with zipfile.ZipFile(archive) as pictures:
            return pictures.read("grandma.colour.png")

    plain = picture()
    assert picture() == plain
    for look in ({"strength": 0.5}, {"temperature": 0.9}, {"tint_warm": 0.5}, {"alternative": "cooler"}):
        assert picture(**look) != plain, look
    for wrong in ({"options": {"no-such": 1}}, {"alternative": "no-such"}, {"pooling": "perhaps"}):
        with pytest.raises(Exception, match=r"no-such|pooling"):
            picture(**wrong)


def test_a_batch_tells_of_each_photograph_as_it_is_done(served: Served, tmp_path: Path) -> None:
    paths = [save_ramp(tmp_path / f"{number}.png", 30 + number, 20) for number in range(3)]
    job = served.client.submit(images=[handle_file(str(path)) for path in paths], api_name="/colorize_batch")
    archive, rows = job.result(timeout=30)
    assert [len(rows) for _, rows in job.outputs()] == [1, 2, 3, 3]
    assert archive.endswith("autochrome.zip")
    assert len(rows) == 3


def test_a_batch_of_nothing_good_is_refused_in_one_sentence(served: Served, tmp_path: Path) -> None:
    path = tmp_path / "album.zip"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("../../evil.png", b"x")
    for files, words in (([], "There is no photograph to colour"), ([handle_file(str(path))], "points out of it")):
        with pytest.raises(Exception, match=words) as caught:
            served.client.predict(images=files, api_name="/colorize_batch")
        assert ". " not in str(caught.value)


def test_a_batch_reads_no_file_of_the_server(served: Served, tmp_path: Path) -> None:
    secret = save_ramp(tmp_path / "secret.png", 33, 44)
    calls = served.backend.calls
    endpoint = f"{served.url}gradio_api/call/colorize_batch"
    for mark in (MARK, {}, {"meta": None}):
        for images in ([{"path": str(secret), **mark}], {"path": str(secret), **mark}):
            data = [images, "auto", 1, 0.38, 0.5, True, "png", 0, 0]
            event = httpx.post(endpoint, json={"data": data}).json()["event_id"]
            assert "event: error" in httpx.get(f"{endpoint}/{event}", timeout=20).text
    assert served.backend.calls == calls


def test_what_a_call_was_sent_stays_until_an_hour_after_it(served: Served, tmp_path: Path) -> None:
    """A film waits for those before it, and takes its time."""
    Image.effect_noise((64, 48), 40).save(tmp_path / "new.png")
    before = set(served.page.upload_file_set)
    served.backend.entered.clear()
    served.backend.go_on.clear()
    job = served.client.submit(image=handle_file(str(tmp_path / "new.png")), api_name="/colorize")
    assert served.backend.entered.wait(20)
    (sent,) = map(Path, served.page.upload_file_set - before)
    time.sleep(1.1)
    delete_files_created_by_app(served.page, 1)
    assert sent.exists()
    served.backend.go_on.set()
    job.result(timeout=20)
    time.sleep(1.1)
    delete_files_created_by_app(served.page, 1)
    assert not sent.exists()


def test_what_was_fetched_for_a_call_stays_until_an_hour_after_it(
    served: Served, tmp_path: Path, neighbours: None
) -> None:
    Image.effect_noise((64, 48), 40).save(tmp_path / "away.png")
    served.backend.entered.clear()
    served.backend.go_on.clear()
    with _Away((tmp_path / "away.png").read_bytes()) as url:
        named = {"path": f"{url}/away.png", "meta": {"_type": "gradio.FileData"}}
        job = served.client.submit(image=named, api_name="/colorize")
        assert served.backend.entered.wait(20)
    (fetched,) = Path(get_upload_folder()).rglob("away.png")
    for old in (fetched, fetched.parent):
        os.utime(old, (1000, 1000))
    served.page.renew()
    assert time.time() - fetched.stat().st_mtime < 60
    served.backend.go_on.set()
    job.result(timeout=20)
    delete_files_created_by_app(served.page, 0)
    assert not fetched.exists()


# --- privacy; last, because it empties the server's folder ---


def test_every_file_of_a_visitor_is_among_those_deleted_after_an_hour(served: Served, grey: Path) -> None:
    image = handle_file(str(grey))
    served.client.predict(image=image, api_name="/colorize")
    served.client.predict(image=image, api_name="/compare")
    served.client.predict(images=[image], api_name="/colorize_batch")
    folder = Path(get_upload_folder())
    assert [path for path in folder.rglob("*") if path.is_file()]
    assert served.page.delete_cache == (600, 3600)
    delete_files_created_by_app(served.page, 0)  # what the server does each 600 s, with an age of 3600 s
    assert not [path for path in folder.rglob("*") if path.is_file()]
