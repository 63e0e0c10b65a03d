"""Weights and the machine: other processes, full and read-only disks, damage, and the variables of the Hub.

Most tests run a process of their own, since ``huggingface_hub`` reads its variables once and a process can be killed.
"""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from core.weights.hub import discard
from core.weights.weights import Weights
from tests.support.hub import Fault, Hub, clean
from tests.support.standins import CAFFEMODEL, PROTOTXT, flip_a_bit, zhang_weights
from tests.weights.test_network import SPACE, sentence

ROOT = Path(__file__).resolve().parents[2]
SCRIPT = """
import sys
from core.errors import AutochromeError
from core.settings import load_settings
from core.weights.weights import Weights
from core.weights.manifest import load_manifests
settings = load_settings()
weights = Weights(load_manifests(settings)["zhang-v2"], settings)
try:
    print(weights.fetch()["caffemodel"])
except AutochromeError as error:
    sys.exit(str(error))
"""


def fetching(tmp_path: Path, *command: str, **environ: str) -> subprocess.Popen[str]:
    """Another process that fetches the weights that the manifest in ``tmp_path/models`` names."""
    return subprocess.Popen(
        [*command, sys.executable, "-c", SCRIPT],
        cwd=ROOT,
        env={**os.environ, "AUTOCHROME_MODELS_DIR": str(tmp_path / "models"), **environ},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def outcome(process: subprocess.Popen[str]) -> tuple[int, str]:
    """Its exit code, and the path that it printed or the sentence that it ended with."""
    out, err = process.communicate(timeout=60)
    return process.returncode, (out or err).strip().splitlines()[-1]


def until_some_has_come(tmp_path: Path, size: int = 100_000) -> Path:
    """Wait until a part of a file is in the cache, and give back that part."""
    deadline = time.monotonic() + 20
    while time.monotonic() < deadline:
        for partial in (tmp_path / "hf").glob("hub/*/blobs/*.incomplete"):
            if partial.stat().st_size >= size:
                return partial
        time.sleep(0.02)
    raise TimeoutError("nothing came")


@pytest.fixture
def weights(hub: Hub, narrow_files: Path, tmp_path: Path) -> Weights:
    """Small weights that one Space has."""
    weights = zhang_weights(narrow_files, tmp_path / "models")
    hub.add_manifest(weights.manifest, narrow_files)
    return weights


# --- several processes, and ends of processes ---


def test_two_processes_at_once_download_once(hub: Hub, zhang_files: Path, tmp_path: Path) -> None:
    weights = zhang_weights(zhang_files, tmp_path / "models")
    hub.add_manifest(weights.manifest, zhang_files)
    first, second = fetching(tmp_path), fetching(tmp_path)
    assert outcome(first) == outcome(second) == (0, str(weights.paths()["caffemodel"]))
    assert len(hub.gets(CAFFEMODEL)) == 1
    assert clean(tmp_path / "hf", zhang_files)


def test_waiting_for_another_process_shows_its_progress(hub: Hub, weights: Weights, tmp_path: Path) -> None:
    hub.fail(CAFFEMODEL, Fault(rate=300_000, methods=("GET",)))
    other = fetching(tmp_path)
    until_some_has_come(tmp_path)
    weights.start()
    time.sleep(0.5)
    status = weights.status()
    assert status.state == "downloading"
    assert status.bytes_done > 100_000
    assert status.message.startswith("Another process is fetching the weights of zhang-v2: ")
    assert weights.wait(20)
    assert outcome(other)[0] == 0
    assert len(hub.gets(CAFFEMODEL)) == 1


def test_killed_in_mid_download(hub: Hub, weights: Weights, narrow_files: Path, tmp_path: Path) -> None:
    hub.fail(CAFFEMODEL, Fault(rate=300_000, methods=("GET",)))
    process = fetching(tmp_path)
    partial = until_some_has_come(tmp_path)
    process.send_signal(signal.SIGKILL)
    process.wait()
    assert partial.exists()
    assert weights.status().state == "missing"
    hub.mend()
    assert outcome(fetching(tmp_path))[0] == 0
    assert not partial.exists()
    assert clean(tmp_path / "hf", narrow_files)


def test_interrupted_in_mid_download(hub: Hub, weights: Weights, narrow_files: Path, tmp_path: Path) -> None:
    hub.fail(CAFFEMODEL, Fault(rate=300_000, methods=("GET",)))
    process = fetching(tmp_path)
    until_some_has_come(tmp_path)
    process.send_signal(signal.SIGINT)
    process.wait(timeout=10)
    assert clean(tmp_path / "hf", narrow_files)


def test_what_another_tool_is_fetching_is_left_alone(
    hub: Hub, weights: Weights, narrow_files: Path, tmp_path: Path
) -> None:
    hub.fail(CAFFEMODEL, Fault(rate=300_000, methods=("GET",)))
    script = f"""
from huggingface_hub import hf_hub_download
hf_hub_download({SPACE!r}, {CAFFEMODEL!r}, repo_type="space", revision={weights.manifest.sources[0].revision!r})
"""
    other = subprocess.Popen([sys.executable, "-c", script], stderr=subprocess.DEVNULL)
    until_some_has_come(tmp_path, 0)  # huggingface_hub by itself writes 10 MB at a time
    weights.fetch()
    assert other.wait(20) == 0
    assert len(hub.gets(CAFFEMODEL)) == 1
    assert clean(tmp_path / "hf", narrow_files)


# --- disks ---


def test_a_cached_file_damaged_later(hub: Hub, weights: Weights, narrow_files: Path, tmp_path: Path) -> None:
    caffemodel = weights.fetch()["caffemodel"]
    flip_a_bit(caffemodel)
    again = zhang_weights(narrow_files, tmp_path / "models")
    assert again.status().state == "missing"
    problem = "has the right size but not the right SHA-256"
    assert again.status().notes == [f"{caffemodel} is not used: it {problem}."]
    assert again.fetch()["caffemodel"].read_bytes() == (narrow_files / CAFFEMODEL).read_bytes()
    assert again.status().notes == [f"A cached {CAFFEMODEL} was removed: it {problem}."]
    assert clean(tmp_path / "hf", narrow_files)


def test_a_cached_file_damaged_and_no_hub(hub: Hub, weights: Weights, narrow_files: Path, tmp_path: Path) -> None:
    flip_a_bit(weights.fetch()["caffemodel"])
    hub.fail("*", Fault(500))
    assert "has an error of its own (500)" in sentence(weights)
    assert clean(tmp_path / "hf", narrow_files)
    hub.mend()
    assert weights.fetch()


def test_a_cache_that_is_no_folder(hub: Hub, weights: Weights, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "file").write_text("not a folder")
    monkeypatch.setenv("HF_HOME", str(tmp_path / "file"))
    assert sentence(weights) == (
        f"The weights of zhang-v2 could not be fetched: the cache {tmp_path / 'file' / 'hub'} cannot be used "
        "(Not a directory); set HF_HOME to another folder."
    )
    monkeypatch.setenv("HF_HOME", str(tmp_path / "hf"))
    assert weights.fetch()


def test_too_little_room(
    hub: Hub, weights: Weights, narrow_files: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Usage:
        free = 300_000

    with monkeypatch.context() as context:
        context.setattr(shutil, "disk_usage", lambda path: Usage)
        assert sentence(weights) == (
            f"The weights of zhang-v2 could not be fetched: the disk that holds {tmp_path / 'hf' / 'hub'} has 300 kB "
            "free where 531 kB are needed; free some space, or set HF_HOME to a folder on another disk."
        )
    assert hub.gets(CAFFEMODEL) == []
    assert clean(tmp_path / "hf", narrow_files)
    assert weights.fetch()


def mounted(prepare: str) -> list[str]:
    """A command prefix: a shell script that may mount what it likes for what it runs as ``"$@"``."""
    return ["unshare", "--map-root-user", "--mount", "sh", "-c", prepare, "sh"]


needs_mounts = pytest.mark.skipif(
    shutil.which("unshare") is None
    or subprocess.run([*mounted('mount -t tmpfs tmpfs /mnt && "$@"'), "true"]).returncode,
    reason="this machine lets nobody mount a small disk to fill",
)


@needs_mounts
def test_a_disk_that_is_too_small(hub: Hub, weights: Weights, tmp_path: Path) -> None:
    (tmp_path / "hf").mkdir()
    code, said = outcome(fetching(tmp_path, *mounted('mount -t tmpfs -o size=400k tmpfs "$HF_HOME" && "$@"')))
    assert code == 1
    assert said.startswith(
        f"The weights of zhang-v2 could not be fetched: the disk that holds {tmp_path / 'hf' / 'hub'} has 3"
    )
    assert said.endswith(
        " kB free where 531 kB are needed; free some space, or set HF_HOME to a folder on another disk."
    )


@needs_mounts
def test_a_disk_that_fills_up_in_mid_download(hub: Hub, weights: Weights, tmp_path: Path) -> None:
    hub.fail(CAFFEMODEL, Fault(rate=400_000, methods=("GET",)))
    (tmp_path / "hf").mkdir()
    script = """
        mount -t tmpfs -o size=900k tmpfs "$HF_HOME" || exit 9
        has_begun() { find "$HF_HOME" -name "*.incomplete" -size +50k | grep -q .; }
        (until has_begun; do sleep 0.05; done; cat /dev/zero > "$HF_HOME/filler") 2> /dev/null &
        "$@" 2> "$HF_HOME/../said"
        find "$HF_HOME" -name "*.incomplete" > "$HF_HOME/../left"
        wait; rm "$HF_HOME/filler"
        "$@"
    """
    code, said = outcome(fetching(tmp_path, *mounted(script)))
    assert (tmp_path / "said").read_text().strip().splitlines()[-1] == (
        f"The weights of zhang-v2 could not be fetched: the disk that holds {tmp_path / 'hf' / 'hub'} is full; "
        "free some space, or set HF_HOME to a folder on another disk."
    )
    assert (tmp_path / "left").read_text() == ""
    assert (code, Path(said).name) == (0, CAFFEMODEL)


READ_ONLY = 'mount --bind "$HF_HOME" "$HF_HOME" && mount -o remount,bind,ro "$HF_HOME" && "$@"'


@needs_mounts
def test_a_cache_that_cannot_be_written(hub: Hub, weights: Weights, tmp_path: Path) -> None:
    (tmp_path / "hf").mkdir()
    assert outcome(fetching(tmp_path, *mounted(READ_ONLY))) == (
        1,
        f"The weights of zhang-v2 could not be fetched: the cache {tmp_path / 'hf' / 'hub'} cannot be written; "
        "make it writable, or set HF_HOME to another folder.",
    )
    assert outcome(fetching(tmp_path))[0] == 0


@needs_mounts
def test_a_cache_that_can_only_be_read_serves(hub: Hub, weights: Weights, tmp_path: Path) -> None:
    caffemodel = weights.fetch()["caffemodel"]
    shutil.rmtree(tmp_path / "hf" / "autochrome")
    hub.seen.clear()
    assert outcome(fetching(tmp_path, *mounted(READ_ONLY))) == (0, str(caffemodel))
    assert hub.seen == []


@needs_mounts
def test_a_damaged_file_that_cannot_be_removed(hub: Hub, weights: Weights, tmp_path: Path) -> None:
    flip_a_bit(weights.fetch()["caffemodel"])
    assert outcome(fetching(tmp_path, *mounted(READ_ONLY))) == (
        1,
        f"The weights of zhang-v2 could not be fetched: the cache {tmp_path / 'hf' / 'hub'} cannot be written; "
        "make it writable, or set HF_HOME to another folder.",
    )
    assert outcome(fetching(tmp_path))[0] == 0


def test_discarding_follows_the_links_but_not_out_of_the_cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """huggingface_hub links a snapshot's name to a blob, and a blob to a store that repositories share."""
    monkeypatch.setenv("HF_HUB_CACHE", str(tmp_path / "cache"))
    for folder in ("snapshots/abc", "blobs", "shared"):
        (tmp_path / "cache" / folder).mkdir(parents=True)
    (tmp_path / "cache" / "shared" / "content").write_text("wrong")
    (tmp_path / "cache" / "blobs" / "etag").symlink_to("../shared/content")
    (tmp_path / "elsewhere").write_text("a person's own")
    for name, target in (("one", "../../blobs/etag"), ("two", tmp_path / "elsewhere")):
        link = tmp_path / "cache" / "snapshots" / "abc" / name
        link.symlink_to(target)
        discard(link)
    assert [path for path in tmp_path.rglob("*") if not path.is_dir()] == [tmp_path / "elsewhere"]


# --- the variables of the Hub ---


def test_the_hubs_variables_mean_what_they_mean_elsewhere(
    hub: Hub, weights: Weights, narrow_files: Path, tmp_path: Path
) -> None:
    other = tmp_path / "elsewhere"
    code, path = outcome(fetching(tmp_path, HF_HUB_CACHE=str(other)))
    assert (code, Path(path).is_relative_to(other)) == (0, True)
    code, said = outcome(fetching(tmp_path, HF_HUB_OFFLINE="1"))
    assert code == 1
    assert "are not on this machine and HF_HUB_OFFLINE forbids fetching them" in said
    assert outcome(fetching(tmp_path, HF_HUB_OFFLINE="1", HF_HUB_CACHE=str(other))) == (0, path)


def test_a_token_opens_a_private_repository_and_goes_nowhere_else(
    hub: Hub, weights: Weights, narrow_files: Path, tmp_path: Path
) -> None:
    hub.repos.clear()
    hub.add("me/private", narrow_files, repo_type="model", token="hf_secret")
    code, said = outcome(fetching(tmp_path, AUTOCHROME_ZHANG_REPO="me/private"))
    assert code == 1
    assert said.startswith(
        "The weights of zhang-v2 could not be fetched: me/private is private or does not exist (401) and "
        f"{SPACE} is not on {hub.url.removeprefix('http://')} (404); "
        "set HF_TOKEN to a token that may read it, or put the files into "
    )
    code, path = outcome(fetching(tmp_path, AUTOCHROME_ZHANG_REPO="me/private", HF_TOKEN="hf_secret"))
    assert (code, "models--me--private" in path) == (0, True)
    assert {seen.token for seen in hub.gets(CAFFEMODEL)} == {None}  # large files come from another host
    assert {seen.token for seen in hub.gets(PROTOTXT)} == {"Bearer hf_secret"}
