"""The Dockerfile without a Docker engine: what gets in, and each command as the image would run it."""

from __future__ import annotations

import json
import os
import re
import shlex
import shutil
import socket
import subprocess
import sys
import time
from fnmatch import fnmatch
from pathlib import Path

import pytest
import yaml
from gradio_client import Client, handle_file

from core.settings import Settings
from core.weights.manifest import load_manifests
from tests.support.hub import Hub, refused
from tests.support.standins import zhang_manifest

ROOT = Path(__file__).resolve().parents[2]


def instructions() -> list[tuple[str, str]]:
    """Name and arguments of each instruction, remarks left out and lines joined."""
    text = re.sub(r"^#.*\n", "", (ROOT / "Dockerfile").read_text(), flags=re.MULTILINE).replace("\\\n", " ")
    return [(name, rest.strip()) for name, _, rest in (line.partition(" ") for line in text.splitlines() if line)]


def arguments(name: str) -> list[str]:
    """The arguments of each instruction of a name."""
    return [rest for found, rest in instructions() if found == name]


def ignored(path: str) -> bool:
    """Whether ``.dockerignore`` keeps a file out: the last pattern that fits it, or a folder of it, decides."""
    out = False
    parts = path.split("/")
    ways = ["/".join(parts[: n + 1]) for n in range(len(parts))]
    for line in (ROOT / ".dockerignore").read_text().splitlines():
        pattern = line.removeprefix("!")
        if line.startswith("#") or not line:
            continue
        if any(_fits(way, pattern) for way in ways):
            out = not line.startswith("!")
    return out


def _fits(path: str, pattern: str) -> bool:
    if pattern.startswith("**/"):
        return fnmatch(path.rsplit("/", 1)[-1], pattern[3:])
    return path.count("/") == pattern.count("/") and fnmatch(path, pattern)


def context() -> list[Path]:
    """What ``COPY . .`` copies."""
    found = [path.relative_to(ROOT) for top in ROOT.iterdir() if not ignored(top.name) for path in _files(top)]
    return sorted(path for path in found if not ignored(path.as_posix()))


def _files(top: Path) -> list[Path]:
    return [top] if top.is_file() else [path for path in top.rglob("*") if path.is_file()]


@pytest.fixture(scope="module")
def image(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the files of the image's ``/app``."""
    here = tmp_path_factory.mktemp("image") / "app"
    for path in context():
        (here / path).parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(ROOT / path, here / path)
    return here


def test_only_what_the_app_needs_gets_in():
    names = [path.as_posix() for path in context()]
    needed = {
        "app.py",
        "requirements.txt",
        "core/web/assets/page.css",
        "models/pocket/pocket.onnx",
        "models/zhang-v2.toml",
    }
    assert needed <= set(names)
    assert not any(re.match(r"\.|tests/|docs/|.*__pycache__|.*\.pyc|models/zhang-v2/", name) for name in names)
    for copied in (word for line in arguments("COPY") for word in line.split()[:-1]):
        assert copied == "." or copied in names


def test_it_is_built_on_the_python_of_the_space_and_runs_as_nobody_in_particular():
    (base,) = arguments("FROM")
    version = yaml.safe_load((ROOT / "space.yaml").read_text())["python_version"]
    assert re.fullmatch(rf"python:{re.escape(version)}[.\d]*-slim-\w+", base)
    (user,) = arguments("USER")
    assert int(user) > 0
    assert f"--uid {user} " in next(line for line in arguments("RUN") if line.startswith("useradd"))
    names = [name for name, _ in instructions()]
    assert names.index("USER") > max(index for index, name in enumerate(names) if name == "COPY")


def test_packages_are_installed_without_a_cache_from_files_that_are_there():
    (line,) = [line for line in arguments("RUN") if line.startswith("pip")]
    words = shlex.split(line)
    assert words[:3] == ["pip", "install", "--no-cache-dir"]
    files = [words[at + 1] for at, word in enumerate(words) if word == "-r"]
    assert "requirements.txt" in files
    assert all((ROOT / file).is_file() and file in arguments("COPY")[0].split() for file in files)


def test_the_image_fetches_its_weights_starts_answers_and_stops(image, tmp_path, hub: Hub, zhang_files):
    manifests = tmp_path / "manifests"
    manifests.mkdir()
    (manifests / "zhang-v2.toml").write_text(zhang_manifest(zhang_files))
    hub.add_manifest(load_manifests(Settings(models_dir=manifests))["zhang-v2"], zhang_files)
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    (declared,) = arguments("ENV")
    env = dict(word.split("=", 1) for word in shlex.split(declared))
    assert env["GRADIO_SERVER_NAME"] == "0.0.0.0" and env["GRADIO_SERVER_PORT"] in arguments("EXPOSE")
    env |= {  # what belongs to this machine and this test
        "PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}",
        "HOME": str(tmp_path),
        "HF_HOME": str(tmp_path / "hf"),
        "GRADIO_TEMP_DIR": str(tmp_path / "gradio"),
        "GRADIO_SERVER_PORT": str(port),
        "AUTOCHROME_MODELS_DIR": str(manifests),
        "HF_ENDPOINT": hub.url,
    }
    before = sorted(image.rglob("*"))
    (weights,) = [line for line in arguments("RUN") if "WEIGHTS" in line]
    assert arguments("ARG") == ['WEIGHTS=""']
    for chosen, files in (("", 0), ("zhang-v2", 3)):
        command = ["sh", "-c", weights]
        done = subprocess.run(
            command, cwd=image, env=env | {"WEIGHTS": chosen}, capture_output=True, text=True, check=False
        )
        assert done.returncode == 0, done.stderr
        assert len(done.stdout.splitlines()) == files

    health = json.loads(arguments("HEALTHCHECK")[0].partition("CMD")[2])

    def is_well() -> bool:
        return subprocess.run(health, cwd="/", env=env, capture_output=True, timeout=30, check=False).returncode == 0

    assert not is_well()
    env["HF_ENDPOINT"] = refused()  # from here on there is no network
    start = json.loads(arguments("ENTRYPOINT")[0])
    with open(tmp_path / "log", "w") as log:
        process = subprocess.Popen(start, cwd=image, env=env, stdout=log, stderr=log)
    try:
        deadline = time.monotonic() + 60
        while not is_well():
            assert process.poll() is None and time.monotonic() < deadline, (tmp_path / "log").read_text()
        client = Client(f"http://127.0.0.1:{port}", verbose=False, download_files=tmp_path / "downloads")
        photograph = handle_file(str(image / "core" / "web" / "examples" / "cat.jpg"))
        _, report = client.predict(image=photograph, api_name="/colorize")
        assert (report["backend"], report["fallback_reason"]) == ("zhang-v2", None)
    finally:
        process.terminate()  # what "docker stop" does
    assert process.wait(20) == 0
    assert not is_well()
    assert sorted(image.rglob("*")) == before  # nothing was written beside the code
