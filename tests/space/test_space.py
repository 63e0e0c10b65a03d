"""The Space's configuration, the files it takes, and its way to the Hub: a local one, with the real client."""

from __future__ import annotations

import re
import shutil
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import huggingface_hub
import pytest
import yaml
from huggingface_hub import constants
from packaging.requirements import Requirement
from packaging.specifiers import SpecifierSet
from typer.testing import CliRunner

import app
from core.errors import RequestError, SpaceError
from core.space.check import check
from core.space.config import front_matter, is_synced, sync, value
from core.space.deploy import deploy
from core.space.files import space_files
from tests.support.hub import refused
from tests.support.space_hub import TOKEN, SpaceHub, metadata_problem

ROOT = Path(__file__).resolve().parents[2]
pytestmark = pytest.mark.filterwarnings("ignore:Use 'content=:DeprecationWarning")  # of huggingface_hub to httpx2
CONFIGURATION = yaml.safe_load((ROOT / "space.yaml").read_text())


def run(*arguments: str) -> Any:
    return CliRunner().invoke(app.app, ["space", *arguments])


def requirement(name: str) -> Requirement:
    lines = (ROOT / "requirements.txt").read_text().splitlines()
    return next(Requirement(line) for line in lines if re.match(rf"{name}\b", line))


# --- the configuration ---


def test_the_readme_says_what_space_yaml_says():
    assert is_synced()
    assert huggingface_hub.metadata_load(ROOT / "README.md") == CONFIGURATION


def test_the_configuration_is_one_that_the_hub_takes():
    assert metadata_problem(front_matter()) is None
    assert set(CONFIGURATION) >= {"title", "emoji", "sdk", "app_file", "short_description", "license", "tags"}
    assert CONFIGURATION["sdk_version"] in requirement("gradio").specifier
    assert isinstance(CONFIGURATION["python_version"], str)  # 3.10 without quotes would be 3.1
    supported = re.search(r'requires-python = "(.+)"', (ROOT / "pyproject.toml").read_text())
    assert supported and CONFIGURATION["python_version"] in SpecifierSet(supported[1])
    assert (ROOT / CONFIGURATION["app_file"]).is_file()
    assert CONFIGURATION["suggested_hardware"] in [each.value for each in huggingface_hub.SpaceHardware]
    for key in ("sdk", "sdk_version", "python_version", "title"):
        assert value(key) == CONFIGURATION[key]


@pytest.mark.parametrize("before", ["", "---\ntitle: Old\n---\n\n", "---\ntitle: Old\n---\n"])
def test_sync_writes_the_front_matter_and_leaves_the_text_alone(tmp_path, before):
    shutil.copy(ROOT / "space.yaml", tmp_path)
    text = "# Title\n\nText.\n\n---\n\nMore text.\n"
    (tmp_path / "README.md").write_text(before + text)
    assert sync(tmp_path)
    assert (tmp_path / "README.md").read_text() == front_matter() + text
    assert not sync(tmp_path)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["README.md", "space.yaml"]


# --- the files ---


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    """A small project with all kinds of files that do not belong into a Space."""
    root = tmp_path / "project"
    files = {
        "README.md": front_matter() + "# Text\n",
        "space.yaml": (ROOT / "space.yaml").read_text(),
        "app.py": "print('hello')\n",
        "requirements.txt": "gradio\n",
        "core/engine.py": "",
        "core/web/assets/page.css": "",
        "core/__pycache__/engine.pyc": "",
        "core/.DS_Store": "",
        "models/tiny.toml": "",
        "models/pocket/pocket.onnx": "weights",
        "models/zhang-v2/pts_in_hull.npy": "",
        "models/other/big.caffemodel": "",
        "tests/test_x.py": "",
        ".git/config": "",
        ".env": "SECRET=1",
        ".venv/bin/python": "",
        "notes.txt": "",
    }
    for name, text in files.items():
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_text(text)
    return root


SENT = [
    "README.md", "app.py", "core/engine.py", "core/web/assets/page.css", "models/pocket/pocket.onnx",
    "models/tiny.toml", "requirements.txt", "space.yaml",
]  # fmt: skip


def test_a_space_gets_what_it_needs_and_nothing_else(tree):
    assert [path.as_posix() for path in space_files(tree)] == SENT
    names = [path.as_posix() for path in space_files(ROOT)]
    assert {"app.py", "requirements.txt", "models/pocket/pocket.onnx", "core/web/examples/cat.jpg"} <= set(names)
    assert not any(re.match(r"tests/|\.|.*__pycache__|.*caffemodel", name) for name in names)


def test_a_file_that_is_too_large_is_named(tree):
    with open(tree / "models" / "huge.onnx", "wb") as file:
        file.truncate(10_000_001)
    with pytest.raises(SpaceError, match=r"models/huge\.onnx has 10 MB and a Space takes files up to 10 MB"):
        space_files(tree)


# --- the way to the Hub ---


@pytest.fixture
def hub(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[SpaceHub]:
    server = SpaceHub()
    monkeypatch.setenv("HF_ENDPOINT", server.url)
    monkeypatch.setenv("HF_TOKEN", TOKEN)
    monkeypatch.setattr(constants, "HF_HUB_DISABLE_XET", True)  # it speaks no protocol of its own
    yield server
    server.close()


def test_dry_run_lists_and_sends_nothing(hub):
    done = run("deploy", "me/autochrome", "--dry-run")
    assert done.exit_code == 0, done.output
    files = space_files(ROOT)
    size = sum((ROOT / file).stat().st_size for file in files)
    lines = done.stdout.splitlines()
    assert [line.split()[1] for line in lines[:-1]] == [file.as_posix() for file in files]
    assert lines[-1] == f"{len(files)} files, {size / 1e6:.1f} MB would be sent to me/autochrome; nothing was."
    assert hub.seen == []


def test_deploy_makes_the_space_and_prints_its_address(hub):
    done = run("deploy", "me/autochrome", "--private", "--hardware", "zero-a10g")
    assert done.exit_code == 0, done.output
    assert done.stdout.splitlines()[-1] == f"The Space is at {hub.url}/spaces/me/autochrome"
    space = hub.spaces["me/autochrome"]
    asked = {"sdk": "gradio", "type": "space", "visibility": "private", "hardware": "zero-a10g"}
    assert asked.items() <= space.created.items()
    sent = {file.as_posix(): (ROOT / file).read_bytes() for file in space_files(ROOT)}
    packages = space.files.pop("requirements.txt").decode()
    del sent["requirements.txt"]
    assert {path: data for path, data in space.files.items() if path != ".gitattributes"} == sent
    lines = [Requirement(line).name for line in packages.splitlines() if not line.startswith("#")]  # no "-r" among them
    assert {"av", "gradio"} < set(lines)
    assert space.lfs == {path for path in sent if path.endswith(".onnx")}
    assert space.commits == ["Autochrome"]
    assert TOKEN not in done.output


def test_deploying_again_brings_the_space_up_to_date(hub, tree):
    deploy("me/autochrome", root=tree)
    space = hub.spaces["me/autochrome"]
    assert sorted(space.files) == sorted([".gitattributes", *SENT])
    (tree / "app.py").write_text("print('bye')\n")
    (tree / "core" / "engine.py").unlink()
    uploaded = [line for line in hub.seen if line.startswith("PUT")]
    assert deploy("me/autochrome", private=True, root=tree) == f"{hub.url}/spaces/me/autochrome"
    assert space.files["app.py"] == b"print('bye')\n"
    assert "core/engine.py" not in space.files
    assert ".gitattributes" in space.files
    assert [line for line in hub.seen if line.startswith("PUT")] == uploaded  # the weights are there already
    assert len(space.commits) == 2


def test_the_clients_own_way_for_large_folders_makes_one_commit_too(hub, tree, monkeypatch):
    monkeypatch.setattr(constants, "HF_HUB_DISABLE_XET", False)  # what people have; only large files need its protocol
    (tree / "models" / "pocket" / "pocket.onnx").unlink()
    for number in range(200):
        (tree / "core" / f"{number}.py").write_text(f"{number}")
    deploy("me/autochrome", root=tree)
    (tree / "core" / "7.py").unlink()
    deploy("me/autochrome", root=tree)
    space = hub.spaces["me/autochrome"]
    assert len(space.commits) == 2
    assert {path.as_posix() for path in space_files(tree)} == set(space.files) - {".gitattributes"}


@pytest.mark.parametrize(
    ("path", "status", "words"),
    [
        ("/api/repos/create", 401, "The Hub does not know you; run: hf auth login"),
        ("/api/repos/create", 402, "The Hub wants to be paid for me/autochrome (no, 402); choose another --hardware"),
        ("/api/repos/create", 403, "Your token may not write to me/autochrome (no, 403); use one that may"),
        ("/api/spaces/me/autochrome/commit", 500, "The Hub did not take me/autochrome (no, 500); try again later."),
    ],
)
def test_a_refusal_is_one_sentence(hub, tree, path, status, words):
    hub.refuse[path] = status
    with pytest.raises(SpaceError) as caught:
        deploy("me/autochrome", root=tree)
    assert words in str(caught.value)
    assert "\n" not in str(caught.value)


def test_without_a_token_or_a_network_it_says_so(hub, tree, monkeypatch, tmp_path):
    monkeypatch.setenv("HF_TOKEN", "hf_wrong")
    with pytest.raises(SpaceError, match="does not know you; run: hf auth login"):
        deploy("me/autochrome", root=tree)
    monkeypatch.setenv("HF_ENDPOINT", refused())
    with pytest.raises(SpaceError, match=r"cannot be reached .*; check the network"):
        deploy("me/autochrome", root=tree)


def test_metadata_that_the_hub_does_not_take_is_named(hub, tree):
    text = (tree / "space.yaml").read_text()
    (tree / "space.yaml").write_text(text.replace("Colour for black", "Colour " * 9 + "for black"))
    sync(tree)
    with pytest.raises(SpaceError, match='"short_description" length must be') as caught:
        deploy("me/autochrome", root=tree)
    assert "\n" not in str(caught.value)
    assert hub.spaces["me/autochrome"].commits == []


@pytest.mark.parametrize("name", ["autochrome", "me/auto/chrome", "me/-x", "me/a b", "../x", "me/x.git"])
def test_a_name_that_is_none_is_refused_before_anything_is_sent(hub, tree, name):
    with pytest.raises(RequestError, match="write it as OWNER/NAME"):
        deploy(name, root=tree)
    assert hub.seen == []


def test_a_readme_out_of_step_is_not_deployed(hub, tree):
    (tree / "README.md").write_text("# Text\n")
    with pytest.raises(SpaceError, match=r"run: python app\.py space sync"):
        deploy("me/autochrome", root=tree)
    assert hub.seen == []


# --- the check ---


def test_the_space_starts_from_its_own_files_and_colours_a_photograph(monkeypatch):
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")
    told: list[str] = []
    check(told.append, Path(sys.executable))
    assert [re.sub(r"\d+", "N", line) for line in told] == [
        "N files taken (N s)", "app started (N s)", "cat.jpg coloured by pocket (N s)"
    ]  # fmt: skip


def test_a_space_that_does_not_start_is_told_of(tree):
    (tree / "app.py").write_text("raise SystemExit('no such module')\n")
    with pytest.raises(SpaceError, match="because the app did not start:\nno such module"):
        check(lambda words: None, Path(sys.executable), tree)
