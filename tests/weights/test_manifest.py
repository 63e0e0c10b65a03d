"""Manifests: weights as data."""

from __future__ import annotations

from pathlib import Path

import pytest

from core.errors import SettingsError, WeightsError
from core.settings import Settings
from core.weights.manifest import BUILT_IN, load_manifests, own_source, read_manifest

FILE = """[[files]]
role = "model"
name = "tiny.onnx"
bytes = 12
sha256 = "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
"""
GOOD = f"""
id = "tiny"
title = "Tiny"
licence = "MIT"

{FILE}
[[sources]]
repo = "someone/tiny"
revision = "0123456789012345678901234567890123456789"
path = "onnx/{{name}}"
"""


def write(folder: Path, text: str = GOOD, name: str = "tiny.toml") -> Path:
    folder.mkdir(exist_ok=True)
    (folder / name).write_text(text, "utf-8")
    return folder


def test_the_built_in_manifest_of_zhang_v2() -> None:
    manifest = load_manifests(Settings())["zhang-v2"]
    assert {file.role: (file.name, file.bytes, file.sha256[:8]) for file in manifest.files} == {
        "prototxt": ("colorization_deploy_v2.prototxt", 9_945, "d16418ce"),
        "bins": ("pts_in_hull.npy", 5_088, "b5dec013"),
        "caffemodel": ("colorization_release_v2.caffemodel", 128_946_764, "f5af1e60"),
    }
    assert [source.repo for source in manifest.sources] == [
        "viveknarayan/Image_Colorization",
        "BilalSardar/Black-N-White-To-Color",
    ]
    assert manifest.folder == BUILT_IN / "zhang-v2"


def test_adding_a_model_is_adding_a_manifest(tmp_path: Path) -> None:
    manifests = load_manifests(Settings(models_dir=write(tmp_path / "models")))
    assert next(iter(manifests)) == "tiny"
    assert "zhang-v2" in manifests
    tiny = manifests["tiny"]
    assert tiny.folder == tmp_path / "models" / "tiny"
    assert tiny.sources[0].path_of(tiny.files[0]) == "onnx/tiny.onnx"
    assert tiny.sources[0].repo_type == "model"


def test_the_models_folder_may_be_the_built_in_one() -> None:
    assert load_manifests(Settings(models_dir=BUILT_IN)) == load_manifests(Settings())


def test_a_manifest_in_the_models_folder_replaces_the_built_in_one(tmp_path: Path) -> None:
    folder = write(tmp_path / "models", GOOD.replace('"tiny"', '"zhang-v2"'))
    assert load_manifests(Settings(models_dir=folder))["zhang-v2"].files[0].name == "tiny.onnx"


@pytest.mark.parametrize(
    ("old", "new", "problem"),
    [
        ('"someone/tiny"', '"someone/tiny/x"', "sources.0.repo: String should match"),
        ('"0123456789012345678901234567890123456789"', '"main"', "someone/tiny must be a commit of 40 hex digits"),
        ("bytes = 12", "bytes = 0", "files.0.bytes: Input should be greater than 0"),
        ('"tiny.onnx"', '"../tiny.onnx"', "files.0.name: String should match"),
        ("bytes = 12", 'aliases = ["../tiny.onnx"]\nbytes = 12', "files.0.aliases.0: String should match"),
        ('role = "model"', 'role = "model"\nurl = "x"', "files.0.url: Extra inputs are not permitted"),
        ("[[sources]]", f"{FILE}\n[[sources]]", "two files have the role model"),
        ('title = "Tiny"', "", "title: Field required"),
    ],
)
def test_what_does_not_fit_is_named(tmp_path: Path, old: str, new: str, problem: str) -> None:
    write(tmp_path, GOOD.replace(old, new, 1))
    with pytest.raises(WeightsError) as raised:
        read_manifest(tmp_path / "tiny.toml")
    assert str(raised.value).startswith(f"The manifest {tmp_path / 'tiny.toml'} cannot be used (")
    assert problem in str(raised.value)
    assert str(raised.value).endswith("); correct or remove it.")


def test_what_is_no_toml_is_named(tmp_path: Path) -> None:
    write(tmp_path, "id = ")
    with pytest.raises(WeightsError, match=r"The manifest .*tiny\.toml cannot be read \(.*\); correct or remove it\."):
        read_manifest(tmp_path / "tiny.toml")


def test_two_manifests_in_one_folder_with_the_same_id(tmp_path: Path) -> None:
    write(tmp_path)
    write(tmp_path, name="other.toml")
    with pytest.raises(WeightsError, match=r"other\.toml and .*tiny\.toml have the same id tiny; change one\."):
        load_manifests(Settings(models_dir=tmp_path))


def test_a_models_folder_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(
        SettingsError, match=r"AUTOCHROME_MODELS_DIR names .*, which is no folder; correct or unset it\."
    ):
        load_manifests(Settings(models_dir=tmp_path / "nothing"))


def test_a_persons_own_repository() -> None:
    assert (
        own_source("me/weights", "AUTOCHROME_ZHANG_REPO").repo_type,
        own_source("me/weights", "AUTOCHROME_ZHANG_REPO").revision,
    ) == ("model", "main")
    assert (
        own_source("spaces/me/app", "AUTOCHROME_ZHANG_REPO").repo,
        own_source("spaces/me/app", "AUTOCHROME_ZHANG_REPO").repo_type,
    ) == ("me/app", "space")
    assert own_source("datasets/me/files", "AUTOCHROME_ZHANG_REPO").repo_type == "dataset"
    with pytest.raises(SettingsError, match=r"AUTOCHROME_ZHANG_REPO is 'https://hf\.co/me/x', which is no repository"):
        own_source("https://hf.co/me/x", "AUTOCHROME_ZHANG_REPO")
