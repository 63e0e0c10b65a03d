"""The app as the README starts it: a real process, a real client, with and without a hub."""

import json
import os
import socket
import subprocess
import sys
import time
from contextlib import contextmanager
from pathlib import Path

import httpx
import numpy as np
import pytest
from gradio_client import Client, handle_file
from PIL import Image

from core.colour.cielab import pixel_lightness
from core.photo.open import open_photo
from core.settings import Settings
from core.weights.manifest import load_manifests
from tests.support.fakes import grey_picture
from tests.support.hub import refused
from tests.support.standins import zhang_manifest

ROOT = Path(__file__).resolve().parents[2]


@contextmanager
def served(folder: Path, **variables: str):
    """A client of ``python app.py`` in its own environment; the process ends with the block."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    env = {name: value for name, value in os.environ.items() if not name.startswith(("HF_", "AUTOCHROME_", "GRADIO_"))}
    env |= {
        "HF_HOME": str(folder / "hf"),
        "GRADIO_TEMP_DIR": str(folder / "gradio"),
        "GRADIO_SERVER_PORT": str(port),
        "GRADIO_ANALYTICS_ENABLED": "False",
        **variables,
    }
    with open(folder / "log", "w") as log:
        process = subprocess.Popen([sys.executable, str(ROOT / "app.py")], env=env, stdout=log, stderr=log, cwd=folder)
    try:
        deadline = time.monotonic() + 60
        while True:
            try:
                httpx.get(f"http://127.0.0.1:{port}/", timeout=5)
                break
            except httpx.TransportError:
                assert process.poll() is None, (folder / "log").read_text()
                assert time.monotonic() < deadline, "the app did not start"
                time.sleep(0.2)
        yield Client(f"http://127.0.0.1:{port}", verbose=False, download_files=folder / "downloads")
        assert "Traceback" not in (folder / "log").read_text()
    finally:
        process.terminate()
        process.wait(20)


@pytest.fixture
def photograph(tmp_path) -> Path:
    Image.fromarray(grey_picture(210, 330)).save(tmp_path / "grandma.png")
    return tmp_path / "grandma.png"


def test_with_no_hub_the_first_photograph_is_coloured_at_once_by_pocket(tmp_path, photograph):
    with served(tmp_path, HF_ENDPOINT=refused()) as client:
        started = time.monotonic()
        path, report = client.predict(image=handle_file(photograph), api_name="/colorize")
        assert time.monotonic() - started < 5
        picture = open_photo(path)
        assert Image.open(path).format == "PNG"
        assert Path(path).name == "grandma.colour.png"
        assert picture.pixels.shape == (210, 330, 3)
        assert np.abs(pixel_lightness(picture.pixels) - open_photo(photograph).lightness()).mean() < 0.5
        assert np.ptp(picture.pixels.astype(int), axis=2).mean() > 2
        assert (report["backend"], report["requested"]) == ("pocket", "auto")
        assert report["fallback_reason"].startswith("zhang-v2: The weights of zhang-v2 could not be fetched: ")
        backends = {backend["id"]: backend["state"] for backend in client.predict(api_name="/backends")}
        assert (backends["zhang-v2"], backends["pocket"]) == ("unavailable", "ready")


def test_no_answer_tells_where_things_lie_on_the_server(tmp_path, photograph):
    with served(tmp_path, HF_HUB_OFFLINE="1") as client:
        _, report = client.predict(image=handle_file(photograph), api_name="/colorize")
        assert report["fallback_reason"].endswith("put the files into models/zhang-v2.")
        with pytest.raises(Exception, match="are not on this machine") as refused:
            client.predict(image=handle_file(photograph), backend="zhang-v2", api_name="/colorize")
        told = json.dumps([report, str(refused.value), client.predict(api_name="/backends")])
        assert "models/zhang-v2" in told
        assert str(ROOT) not in told and str(tmp_path) not in told


def test_weights_arrive_while_it_serves_and_auto_uses_them_without_a_restart(tmp_path, photograph, hub, zhang_files):
    (tmp_path / "manifests").mkdir()
    (tmp_path / "manifests" / "zhang-v2.toml").write_text(zhang_manifest(zhang_files))
    hub.add_manifest(load_manifests(Settings(models_dir=tmp_path / "manifests"))["zhang-v2"], zhang_files)
    with served(tmp_path, HF_ENDPOINT=hub.url, AUTOCHROME_MODELS_DIR=str(tmp_path / "manifests")) as client:
        deadline = time.monotonic() + 60
        while client.predict(api_name="/backends")[0]["state"] != "ready":
            assert time.monotonic() < deadline, client.predict(api_name="/backends")
            time.sleep(0.2)
        _, report = client.predict(image=handle_file(photograph), api_name="/colorize")
        assert (report["backend"], report["fallback_reason"]) == ("zhang-v2", None)
        assert len(report["weights"]) == 3
        _, report = client.predict(image=handle_file(photograph), strength=0.5, api_name="/colorize")
        assert report["cached"]


def test_a_port_that_is_taken_is_named(tmp_path):
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        command = [sys.executable, str(ROOT / "app.py"), "--port", str(taken.getsockname()[1])]
        env = {**os.environ, "HF_HOME": str(tmp_path), "HF_HUB_OFFLINE": "1"}
        done = subprocess.run(command, env=env, capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode != 0
    assert "choose another --port or --host" in done.stderr
    assert "Traceback" not in done.stderr
