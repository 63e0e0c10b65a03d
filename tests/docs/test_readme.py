"""The README stays true: its commands, its tables, its links."""

import re
import subprocess
from pathlib import Path

import pytest

from core.registry.registry import AUTO, load_registry
from core.settings import Settings, load_settings

ROOT = Path(__file__).resolve().parents[2]
README = (ROOT / "README.md").read_text()
SETTINGS = (ROOT / "docs" / "settings.md").read_text()


def blocks(language: str) -> list[str]:
    return re.findall(rf"```{language}\n(.*?)```", README, re.DOTALL)


def test_both_commands_are_there_word_for_word():
    install = "python3 -m venv .venv && .venv/bin/pip install -r"
    assert f"{install} requirements.txt && .venv/bin/python app.py" in blocks("sh")[0]
    assert f"{install} requirements-dev.txt && .venv/bin/python -m pytest" in "".join(blocks("sh"))


def test_the_first_command_brings_the_code_into_an_empty_folder(tmp_path):
    fetch, start = blocks("sh")[0].splitlines()
    source = tmp_path / "source"
    source.mkdir()
    for name in ("app.py", "requirements.txt"):
        (source / name).write_bytes((ROOT / name).read_bytes())
    git = ["git", "-c", "user.name=a", "-c", "user.email=a@b.c", "-c", "init.defaultBranch=main", "-C", str(source)]
    for arguments in (["init", "-q"], ["add", "."], ["commit", "-qm", "x"]):
        subprocess.run([*git, *arguments], check=True, timeout=30)
    empty = tmp_path / "empty"
    empty.mkdir()
    pasted = f"{fetch.replace('ADDRESS', str(source))} && ls"
    done = subprocess.run(["bash", "-c", pasted], cwd=empty, capture_output=True, text=True, check=True, timeout=30)
    assert done.stdout.split() == ["app.py", "requirements.txt"]
    assert start.endswith("app.py")
    assert r".venv\Scripts\pip install -r requirements.txt; .venv\Scripts\python app.py" in blocks("powershell")[0]


def test_every_backend_is_in_the_table():
    rows = "".join(line for line in README.splitlines() if line.startswith("| `"))
    for name in (AUTO, *(backend.info.id for backend in load_registry(plugins=False))):
        assert f"`{name}`" in rows, name


@pytest.mark.parametrize("name", sorted(Settings.model_fields.keys() - {"repos"}))
def test_every_setting_is_named_with_its_default(name):
    default = Settings().model_dump()[name]
    stated = re.search(rf"^\| `AUTOCHROME_{name.upper()}` \| ([^|]*) \|", SETTINGS, re.MULTILINE)
    assert stated, name
    if default is not None:
        assert float(stated[1]) == default
    else:
        assert not re.search(r"\d", stated[1])


def test_a_repository_of_ones_own_is_named():
    assert re.search(r"^\| `AUTOCHROME_\*_REPO` \| \S", SETTINGS, re.MULTILINE)
    assert load_settings({"AUTOCHROME_ZHANG_REPO": "me/copy"}).repo_of("zhang-v2")
    assert "`AUTOCHROME_ZHANG_REPO`" in SETTINGS


@pytest.mark.parametrize("page", [ROOT / "README.md", ROOT / "docs" / "command-line.md"], ids=lambda page: page.stem)
def test_every_link_into_the_tree_leads_somewhere(page):
    links = [link for link in re.findall(r"\]\(([^)#]+)\)", page.read_text()) if "://" not in link]
    assert len(links) > 3
    for link in links:
        assert (page.parent / link).exists(), link


def test_what_a_person_needs_comes_before_what_a_programmer_needs():
    titles = re.findall(r"^## (.+)$", README, re.MULTILINE)
    assert titles.index("Start") < titles.index("The page") < titles.index("From Python") < titles.index("Adding to it")
    assert "import pluggy" not in README
    assert "HEIC" in README
