"""``--help``: quick, and in step with the pages that name options."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest
import tomlkit
from typer.testing import CliRunner

import app
from core.look.look import Look

ROOT = Path(__file__).resolve().parents[2]
COMMANDS = ([], ["colorize"], ["backends"], ["fetch"], ["space", "sync"], ["space", "deploy"], ["space", "check"])


def help_of(command: list[str]) -> str:
    done = CliRunner().invoke(app.app, [*command, "--help"], env={"COLUMNS": "200"})
    assert done.exit_code == 0
    return done.stdout


def test_help_waits_for_nothing_heavy():
    command = [sys.executable, "-X", "importtime", str(ROOT / "app.py"), "--help"]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=True)
    assert "Commands:" in done.stdout
    imported = {line.rpartition("|")[2].strip() for line in done.stderr.splitlines()}
    assert "typer" in imported
    heavy = {"gradio", "cv2", "numpy", "PIL", "pydantic", "huggingface_hub", "torch", "httpx", "httpx2", "pluggy"}
    assert not heavy & imported


@pytest.mark.parametrize("page", ["README.md", "docs/command-line.md", "docs/deploying.md"])
def test_every_option_that_a_page_names_is_there(page):
    text = (ROOT / page).read_text()
    named = set(re.findall(r"(?<![\w-])--[a-z][a-z-]+", "\n".join(re.findall(r"`[^`]*app\.py[^`]*`|`--[^`]*`", text))))
    known = set(re.findall(r"--[a-z][a-z-]+", "".join(help_of(command) for command in COMMANDS)))
    assert named <= known
    assert page == "README.md" or len(named) > 8


def test_the_version_is_that_of_the_release():
    done = CliRunner().invoke(app.app, ["--version"])
    assert done.stdout == f"Autochrome {tomlkit.parse((ROOT / 'pyproject.toml').read_text())['project']['version']}\n"


def test_a_shell_completes_options():
    given = {"COMP_WORDS": "app.py colorize --tint", "COMP_CWORD": "2", "_APP.PY_COMPLETE": "complete_bash"}
    command = [sys.executable, str(ROOT / "app.py")]
    done = subprocess.run(command, env=os.environ | given, capture_output=True, text=True, timeout=60, check=False)
    assert done.stdout.split() == ["--tint-warm", "--tint-magenta"]


def test_what_only_deployers_need_is_not_listed():
    assert "space" not in help_of([])
    assert "deploy" in help_of(["space"])


def test_words_for_people_name_no_module():
    assert not [help_of(command) for command in COMMANDS if "core." in help_of(command)]
    assert "core." not in str(Look.model_json_schema())


def test_every_link_of_the_deploying_page_leads_somewhere():
    text = (ROOT / "docs" / "deploying.md").read_text()
    headings = {re.sub(r"[^a-z -]", "", each.lower()).replace(" ", "-") for each in re.findall(r"^## (.+)", text, re.M)}
    for link in re.findall(r"\]\(([^)]+)\)", text):
        if not link.startswith("https://"):
            assert link[1:] in headings if link.startswith("#") else (ROOT / "docs" / link).exists(), link
