"""``python app.py fetch``: from the Hub, from a folder, and the check of what is there."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from core.settings import Settings
from core.weights.manifest import load_manifests
from tests.support.hub import Fault
from tests.support.standins import zhang_manifest

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture
def fetch(tmp_path, hub, narrow_files):
    """Runs the command against the local Hub, which holds small stand-ins for zhang-v2's files."""
    manifests = tmp_path / "manifests"
    manifests.mkdir()
    (manifests / "zhang-v2.toml").write_text(zhang_manifest(narrow_files))
    hub.add_manifest(load_manifests(Settings(models_dir=manifests))["zhang-v2"], narrow_files)
    env = {**os.environ, "AUTOCHROME_MODELS_DIR": str(manifests), "COLUMNS": "200"}

    def run(*arguments):
        command = [sys.executable, str(ROOT / "app.py"), "fetch", *map(str, arguments)]
        return subprocess.run(command, env=env, capture_output=True, text=True, timeout=90, check=False)

    return run


def test_weights_are_fetched_once_with_a_bar_and_their_paths(fetch, hub):
    done = fetch("zhang-v2")
    assert done.returncode == 0, done.stderr
    assert "100%" in done.stderr
    paths = [Path(line) for line in done.stdout.splitlines()]
    assert len(paths) == 3
    assert all(path.is_file() for path in paths)
    asked = len(hub.gets("*"))
    assert fetch("zhang-v2").returncode == 0
    assert len(hub.gets("*")) == asked


def test_check_names_what_is_missing_and_what_is_wrong(fetch):
    done = fetch("zhang-v2", "--check")
    assert done.returncode == 1
    assert done.stdout.count("is missing") == 3
    assert fetch("zhang-v2").returncode == 0
    done = fetch("zhang-v2", "--check")
    assert done.returncode == 0
    assert done.stdout.count(": good (") == 3
    path = Path(done.stdout.splitlines()[-1].partition("(")[2].rstrip(")")).resolve()
    path.write_bytes(path.read_bytes()[:-1] + b"?")
    done = fetch("zhang-v2", "--check")
    assert done.returncode == 1
    assert done.stdout.count(": good (") == 2


def test_files_fetched_by_hand_are_imported_once_all_are_right(fetch, narrow_files, tmp_path):
    done = fetch("zhang-v2", "--from", tmp_path)
    assert done.returncode == 1
    assert "has no colorization_deploy_v2.prototxt, so nothing was imported; put it there" in done.stderr
    done = fetch("zhang-v2", "--from", narrow_files)
    assert done.returncode == 0, done.stderr
    assert done.stdout.count("Imported ") == 3
    assert fetch("zhang-v2", "--check").returncode == 0


def test_a_failure_is_one_sentence_and_exit_code_1(fetch, hub):
    hub.fail("*", Fault(status=403))
    done = fetch("zhang-v2")
    assert done.returncode == 1
    assert "Traceback" not in done.stderr
    sentence = done.stderr.splitlines()[-1]
    assert sentence.startswith("autochrome: The weights of zhang-v2 could not be fetched: ")
    hub.mend()
    assert fetch("zhang-v2").returncode == 0


@pytest.mark.parametrize(("name", "words"), [("pocket", "needs no weights"), ("sepia", "There is no backend 'sepia'")])
def test_what_cannot_be_fetched_is_bad_usage(fetch, name, words):
    done = fetch(name)
    assert done.returncode == 2
    assert words in done.stderr
