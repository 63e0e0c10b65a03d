"""What is documented is what there is: hooks, backends, manifests, with their exact signatures."""

from __future__ import annotations

import ast
import inspect
import re
from dataclasses import fields
from pathlib import Path
from typing import get_args

import pytest
import tomlkit

from backends.onnx_graph import GraphInput, GraphOutput, graph_of
from backends.reference import Reference
from core.prediction import Request
from core.registry import hookspecs
from core.registry.backend import Backend, BackendInfo
from core.registry.registry import load_registry
from core.settings import Settings
from core.weights.manifest import BUILT_IN, Manifest, Repository, WeightFile, load_manifests
from tests.support.fakes import FakeBackend

ROOT = Path(__file__).resolve().parents[2]
PAGE = (ROOT / "docs" / "writing-a-backend.md").read_text("utf-8")
README = (ROOT / "README.md").read_text("utf-8")
PLUGIN, ONNX = PAGE.split("## An ONNX model")
PACKAGE = ROOT / "tests" / "support" / "plugin_package"
HOOKS = [name for name in vars(hookspecs) if name.startswith("autochrome_")]


def blocks(language: str) -> list[str]:
    return re.findall(rf"```{language}\n(.*?)```", PAGE, re.DOTALL)


def rows(text: str) -> dict[str, str]:
    """Name -> its row, for each name in the first column of any table."""
    found = {}
    for line in text.splitlines():
        if line.startswith("| `"):
            first = line.split("|")[1]
            found |= dict.fromkeys(re.findall(r"`([^`]+)`", first), line)
    return found


def test_the_plugin_on_the_page_is_the_tested_package() -> None:
    source = (PACKAGE / "autochrome_dawn.py").read_text("utf-8")
    assert source in blocks("python")
    assert (PACKAGE / "pyproject.toml").read_text("utf-8") in blocks("toml")
    assert len([line for line in source.splitlines() if line.strip()]) <= 25
    imported = {
        alias.name for node in ast.walk(ast.parse(source)) if isinstance(node, ast.Import) for alias in node.names
    }
    assert imported == {"numpy", "pluggy"}
    assert not any(isinstance(node, ast.ImportFrom) for node in ast.walk(ast.parse(source)))


@pytest.mark.parametrize("hook", HOOKS)
def test_every_hook_has_its_exact_signature(hook: str) -> None:
    signature = str(inspect.signature(getattr(hookspecs, hook))).replace("'", "")
    assert f"{hook}{signature}\n" in blocks("python")
    assert hookspecs.PROJECT in PAGE


def test_every_member_of_a_backend_is_described() -> None:
    described = rows(PLUGIN)
    assert "info" in described
    assert f"predict({', '.join(list(inspect.signature(Backend.predict).parameters)[1:])})" in described
    assert f"load({', '.join(inspect.signature(FakeBackend().load).parameters)})" in described
    for optional in re.findall(r"``(\w+)``?:", inspect.getdoc(Backend) or ""):
        assert optional in described, optional


@pytest.mark.parametrize("name", BackendInfo.model_fields)
def test_every_key_of_info_is_described_with_its_default(name: str) -> None:
    row, field = rows(PLUGIN)[name], BackendInfo.model_fields[name]
    if not field.is_required():
        shown = str(field.default) or "empty"
        assert row.split("|")[2].strip() == shown


def test_what_a_backend_is_given_is_described() -> None:
    assert f"`Request({', '.join(field.name for field in fields(Request))})`" in PAGE


def test_the_manifest_on_the_page_is_one() -> None:
    example = next(block for block in blocks("toml") if "[input]" in block)
    manifest = Manifest.model_validate(tomlkit.parse(example).unwrap())
    assert graph_of(manifest)


@pytest.mark.parametrize(("table", "model"), [("input", GraphInput), ("output", GraphOutput)])
def test_every_key_of_a_graphs_contract_is_described_with_its_values(table: str, model: type) -> None:
    for name, field in model.model_fields.items():  # type: ignore[attr-defined]
        example = next(block for block in blocks("toml") if "[input]" in block)
        in_example = re.search(rf"^\[{table}\][^[]*^{name} = ", example, re.MULTILINE)
        assert in_example or f"`{table}.{name}`" in ONNX, name
        for value in get_args(field.annotation):
            if isinstance(value, str):
                assert f"`{value}`" in ONNX, value


def test_every_key_of_a_manifest_is_described() -> None:
    described = rows(ONNX)
    example = next(block for block in blocks("toml") if "[input]" in block)
    for name in Manifest.model_fields:
        assert name in described or re.search(rf"^(\[+)?{name}\b", example, re.MULTILINE), name
    for table, model in (("files", WeightFile), ("sources", Repository)):
        for name in model.model_fields:
            assert f"{table}.{name}" in described, name


def test_every_backend_is_in_the_readme_with_its_licence() -> None:
    described = rows(README)
    for backend in load_registry(plugins=False):
        assert backend.info.licence in described[backend.info.id], backend.info.id
        assert backend.info.title
        assert backend.info.summary
        assert backend.info.citation
    assert Reference.info.id in described


@pytest.mark.parametrize("path", sorted(BUILT_IN.glob("*.toml")), ids=lambda path: path.stem)
def test_every_manifest_says_what_it_is_and_where_its_contract_was_published(path: Path) -> None:
    manifest = load_manifests(Settings())[path.stem]
    assert manifest.citation
    comments = " ".join(line for line in path.read_text("utf-8").splitlines() if line.startswith("#"))
    if manifest.input is not None:
        assert re.search(r"Contract: .*(https://|github\.com)", comments)
    for file in manifest.files:
        assert file.sha256 or "the first file that comes is trusted" in comments


def test_every_link_leads_somewhere() -> None:
    for link in re.findall(r"\]\(([^)#]+)\)", PAGE):
        assert "://" in link or (ROOT / "docs" / link).exists(), link
