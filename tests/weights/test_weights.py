"""Weights: where they are looked for, how they arrive, and what people are told meanwhile."""

from __future__ import annotations

import shutil
import threading
import time
from pathlib import Path

import pytest

from core.errors import WeightsError
from core.weights.weights import Weights, retry_delay
from tests.support.hub import Fault, Hub, refused
from tests.support.standins import BINS, CAFFEMODEL, PROTOTXT, ROLES, flip_a_bit, zhang_weights


@pytest.fixture
def weights(hub: Hub, narrow_files: Path, tmp_path: Path) -> Weights:
    """Small weights that both Spaces have."""
    weights = zhang_weights(narrow_files, tmp_path / "models", sources=2)
    hub.add_manifest(weights.manifest, narrow_files)
    return weights


def test_they_arrive_whole_in_the_shared_cache(hub: Hub, weights: Weights, narrow_files: Path, tmp_path: Path) -> None:
    told: list[tuple[float, str]] = []
    paths = weights.fetch(lambda fraction, words: told.append((fraction, words)))
    assert {role: path.read_bytes() for role, path in paths.items()} == {
        role: (narrow_files / name).read_bytes() for role, name in ROLES.items()
    }
    snapshot = "spaces--viveknarayan--Image_Colorization/snapshots/9dbe5920126313283306b59d2a9e509be0afbfaa"
    assert paths["bins"] == tmp_path / "hf" / "hub" / snapshot / BINS
    assert all(0 <= fraction <= 1 for fraction, _ in told)
    assert not any("BilalSardar" in seen.path for seen in hub.seen)


def test_status_before_and_after(weights: Weights, narrow_files: Path) -> None:
    total = sum((narrow_files / name).stat().st_size for name in ROLES.values())
    before = weights.status()
    assert (before.state, before.bytes_done, before.bytes_total) == ("missing", 0, total)
    assert before.message == (
        "The weights of zhang-v2 (543 kB) are not on this machine yet; they are fetched when first asked for, or by: "
        "python app.py fetch zhang-v2."
    )
    weights.fetch()
    after = weights.status()
    assert (after.state, after.bytes_done, after.message, after.notes) == ("ready", total, "", [])
    assert list(weights.digests()) == [PROTOTXT, BINS, CAFFEMODEL]
    assert all(len(digest) == 12 for digest in weights.digests().values())


def test_status_and_paths_never_ask_the_network(hub: Hub, weights: Weights) -> None:
    weights.status()
    with pytest.raises(WeightsError, match=r"not on this machine yet; they are fetched when first asked for"):
        weights.paths()
    weights.check()
    assert hub.seen == []


def test_once_here_they_need_no_hub(hub: Hub, weights: Weights, narrow_files: Path, tmp_path: Path) -> None:
    paths = weights.fetch()
    hub.seen.clear()
    again = zhang_weights(narrow_files, tmp_path / "models", sources=2)
    assert again.fetch() == paths == again.paths()
    assert hub.seen == []


def test_a_start_with_everything_cached_reads_no_file_again(
    hub: Hub, zhang_files: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = zhang_weights(zhang_files, tmp_path / "models")
    hub.add_manifest(first.manifest, zhang_files)
    first.fetch()
    again = zhang_weights(zhang_files, tmp_path / "models")
    monkeypatch.setattr("core.weights.checksum.sha256", lambda path: pytest.fail("129 MB are read again"))
    assert again.status().state == "ready"


def test_they_arrive_in_the_background(hub: Hub, weights: Weights) -> None:
    hub.fail(CAFFEMODEL, Fault(rate=1_500_000, methods=("GET",)))
    began = time.perf_counter()
    weights.start()
    weights.start()
    assert time.perf_counter() - began < 0.3
    assert weights.status().state == "downloading"
    assert weights.wait(10)
    assert weights.status().state == "ready"
    assert len(hub.gets(CAFFEMODEL)) == 1


def test_many_who_ask_at_once_share_one_download(hub: Hub, weights: Weights) -> None:
    hub.fail(CAFFEMODEL, Fault(rate=1_500_000, methods=("GET",)))
    got: list[dict[str, Path]] = []
    threads = [threading.Thread(target=lambda: got.append(weights.fetch())) for _ in range(5)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(got) == 5
    assert all(paths == got[0] for paths in got)
    assert len(hub.gets(CAFFEMODEL)) == 1


def test_a_slow_trickle_is_seen_with_its_rate(hub: Hub, weights: Weights) -> None:
    hub.fail(CAFFEMODEL, Fault(rate=200_000, methods=("GET",)))
    weights.start()
    assert not weights.wait(1.5)
    half_way = weights.status()
    assert half_way.state == "downloading"
    assert 100_000 < half_way.bytes_done < half_way.bytes_total
    assert 100_000 < half_way.rate < 300_000
    assert half_way.message == f"The weights of zhang-v2 are arriving: {half_way.bytes_done / 1e3:.0f} kB of 543 kB."
    assert weights.wait(10)


def test_nobody_waits_for_what_will_clearly_take_longer(hub: Hub, weights: Weights) -> None:
    hub.fail(CAFFEMODEL, Fault(rate=100_000, methods=("GET",)))
    weights.start()
    weights.wait(2)
    began = time.perf_counter()
    assert not weights.wait(2)
    assert time.perf_counter() - began < 1


def test_offline_is_respected(hub: Hub, weights: Weights, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")
    weights.start()
    assert not weights.wait(1)
    sentence = (
        "The weights of zhang-v2 are not on this machine and HF_HUB_OFFLINE forbids fetching them; "
        f"unset it, or put the files into {tmp_path / 'models' / 'zhang-v2'}."
    )
    assert (weights.status().state, weights.status().message) == ("unavailable", sentence)
    with pytest.raises(WeightsError) as raised:
        weights.fetch()
    assert str(raised.value) == sentence
    assert hub.seen == []
    monkeypatch.delenv("HF_HUB_OFFLINE")
    weights.fetch()
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")
    assert weights.fetch() == weights.paths()


def test_they_are_tried_again_by_themselves(
    hub: Hub, narrow_files: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    weights = zhang_weights(narrow_files, tmp_path / "models", retry=(0.2, 1.0))
    hub.add_manifest(weights.manifest, narrow_files)
    monkeypatch.setenv("HF_ENDPOINT", refused())
    weights.start()
    assert not weights.wait(5)
    status = weights.status()
    assert status.state == "unavailable"
    assert status.retry_in is not None
    assert 0 < status.retry_in <= 0.2
    monkeypatch.setenv("HF_ENDPOINT", hub.url)
    deadline = time.monotonic() + 10
    while weights.status().state != "ready" and time.monotonic() < deadline:
        time.sleep(0.05)
    assert weights.status().state == "ready"


def test_waiting_for_the_next_attempt_costs_nobody_anything(
    narrow_files: Path, tmp_path: Path, hub: Hub, monkeypatch: pytest.MonkeyPatch
) -> None:
    weights = zhang_weights(narrow_files, tmp_path / "models")
    hub.add_manifest(weights.manifest, narrow_files)
    monkeypatch.setenv("HF_ENDPOINT", refused())
    weights.start()
    weights.wait(5)
    began = time.perf_counter()
    weights.start()
    assert not weights.wait(5)
    assert time.perf_counter() - began < 1
    threads = threading.active_count()
    with pytest.raises(WeightsError):
        weights.fetch()  # who asks by name gets an attempt at once, by the thread that was waiting
    assert threading.active_count() <= threads
    monkeypatch.setenv("HF_ENDPOINT", hub.url)
    assert weights.fetch()


def test_a_person_who_asks_again_waits_for_no_next_attempt(
    weights: Weights, hub: Hub, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HF_ENDPOINT", refused())
    weights.start()
    assert not weights.wait(5)
    monkeypatch.setenv("HF_ENDPOINT", hub.url)
    weights.start()  # as for each photograph on auto
    assert weights.status().state == "unavailable"
    weights.start_at_once()
    assert weights.wait(10)


def test_what_cannot_be_run_is_not_fetched(hub: Hub, narrow_files: Path, tmp_path: Path) -> None:
    weights = zhang_weights(narrow_files, tmp_path / "models", lacks=lambda: "It runs on marvels; install them.")
    hub.add_manifest(weights.manifest, narrow_files)
    assert (weights.status().state, weights.status().message) == ("unusable", "It runs on marvels; install them.")
    weights.start()
    assert not weights.wait(1)
    with pytest.raises(WeightsError, match=r"^It runs on marvels; install them\.$"):
        weights.fetch()
    assert hub.seen == []
    weights.import_from(narrow_files)  # a person may prepare a machine
    assert weights.status().state == "unusable"


def test_closing_ends_a_transfer_that_its_hub_has_left(hub: Hub, weights: Weights) -> None:
    """huggingface_hub would resume it for several seconds more, and log into what is closed by then."""
    hub.fail(CAFFEMODEL, Fault(rate=100_000, methods=("GET",)))
    weights.start()
    assert not weights.wait(1)
    hub.close()
    time.sleep(0.2)
    weights.close()
    assert not any(thread.name == "fetch zhang-v2" for thread in threading.enumerate())


def test_attempts_become_rarer() -> None:
    assert [retry_delay(failures) for failures in (1, 2, 3, 4, 7, 8, 1000)] == [30, 60, 120, 240, 1800, 1800, 1800]


# --- other sources ---


def test_a_source_without_the_file_is_passed_over(hub: Hub, weights: Weights, narrow_files: Path) -> None:
    hub.add(
        "viveknarayan/Image_Colorization",
        narrow_files,
        commit="9dbe5920126313283306b59d2a9e509be0afbfaa",
        names=[PROTOTXT, BINS],
    )
    paths = weights.fetch()
    assert "viveknarayan" in str(paths["bins"])
    assert "BilalSardar" in str(paths["caffemodel"])
    assert weights.status().notes == [
        "viveknarayan/Image_Colorization has no colorization_release_v2.caffemodel (404)."
    ]


def test_a_repository_that_is_gone_is_asked_once(hub: Hub, weights: Weights) -> None:
    del hub.repos["space", "viveknarayan/Image_Colorization"]
    weights.fetch()
    host = hub.url.removeprefix("http://")
    assert weights.status().notes == [f"viveknarayan/Image_Colorization is not on {host} (404)."]
    assert sum("viveknarayan" in seen.path for seen in hub.seen) == 1


def test_a_persons_own_repository_comes_first(hub: Hub, narrow_files: Path, tmp_path: Path) -> None:
    weights = zhang_weights(narrow_files, tmp_path / "models", repo="me/zhang")
    hub.add_manifest(weights.manifest, narrow_files)
    hub.add("me/zhang", narrow_files, repo_type="model", names=[CAFFEMODEL])
    paths = weights.fetch()
    assert "models--me--zhang" in str(paths["caffemodel"])
    assert "viveknarayan" in str(paths["bins"])
    hub.seen.clear()
    again = zhang_weights(narrow_files, tmp_path / "models", repo="me/zhang")
    assert again.paths() == paths


# --- a person's own files ---


def test_files_beside_the_manifest_are_used_instead(
    hub: Hub, weights: Weights, narrow_files: Path, tmp_path: Path
) -> None:
    own = tmp_path / "models" / "zhang-v2"
    own.mkdir()
    for name in (BINS, CAFFEMODEL):
        shutil.copy(narrow_files / name, own)
    shutil.copy(narrow_files / PROTOTXT, own / "models_colorization_deploy_v2.prototxt")
    assert weights.status().state == "ready"
    assert {path.parent for path in weights.fetch().values()} == {own}
    assert hub.seen == []


def test_a_wrong_file_beside_the_manifest_is_named_and_left_alone(
    weights: Weights, narrow_files: Path, tmp_path: Path
) -> None:
    own = tmp_path / "models" / "zhang-v2"
    own.mkdir()
    (own / CAFFEMODEL).write_text("<!DOCTYPE html><title>Sign in</title>")
    note = f"{own / CAFFEMODEL} is not used: it is a web page, not the file."
    assert weights.status().notes == [note]
    assert weights.fetch()["caffemodel"].read_bytes() == (narrow_files / CAFFEMODEL).read_bytes()
    assert weights.status().state == "ready"
    assert weights.status().notes == [note]
    assert (own / CAFFEMODEL).exists()


def test_a_wrong_file_beside_the_manifest_is_named_in_the_reason(
    hub: Hub, weights: Weights, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Who put a file there must not have to run ``fetch --check`` to hear why it is not used."""
    own = tmp_path / "models" / "zhang-v2"
    own.mkdir()
    (own / BINS).write_bytes(b"half")
    vain = f"; {own / BINS} is not used: it has 4 bytes where 5,088 are due."
    assert weights.status().state == "missing"
    assert weights.status().message.endswith(f"or by: python app.py fetch zhang-v2{vain}")
    with monkeypatch.context() as context:
        context.setenv("HF_HUB_OFFLINE", "1")
        assert weights.status().message.endswith(f"or put the files into {own}{vain}")
    with monkeypatch.context() as context:
        context.setenv("HF_ENDPOINT", refused())
        with pytest.raises(WeightsError) as raised:
            weights.fetch()
    assert str(raised.value).endswith(f"check the network and HF_ENDPOINT{vain}")
    assert weights.status().message == str(raised.value)
    hub.fail(CAFFEMODEL, Fault(404))  # now the bins come from the Hub, and the wrong ones are not the reason
    with pytest.raises(WeightsError) as raised:
        weights.fetch()
    assert str(raised.value).endswith(f"or put the files into {own} by hand.")


def test_import_copies_what_is_good(hub: Hub, weights: Weights, narrow_files: Path, tmp_path: Path) -> None:
    downloads = tmp_path / "downloads"
    shutil.copytree(narrow_files, downloads)
    (downloads / PROTOTXT).rename(downloads / "models_colorization_deploy_v2.prototxt")
    own = tmp_path / "models" / "zhang-v2"
    assert weights.import_from(downloads) == [own / PROTOTXT, own / BINS, own / CAFFEMODEL]
    assert weights.status().state == "ready"
    assert sorted(path.name for path in own.iterdir()) == sorted(ROLES.values())
    assert weights.import_from(own) == [own / PROTOTXT, own / BINS, own / CAFFEMODEL]
    assert hub.seen == []


@pytest.mark.parametrize(
    ("content", "problem"),
    [
        (
            b"version https://git-lfs.github.com/spec/v1\noid sha256:aa\nsize 9\n",
            "is a Git LFS pointer, not the file itself",
        ),
        (b"\n<!DOCTYPE html>\n<html></html>", "is a web page, not the file"),
        (b"half", "has 4 bytes where 5,088 are due"),
        (bytes(5088), "has the right size but not the right SHA-256"),
    ],
)
def test_import_refuses_what_is_wrong(
    weights: Weights, narrow_files: Path, tmp_path: Path, content: bytes, problem: str
) -> None:
    downloads = tmp_path / "downloads"
    shutil.copytree(narrow_files, downloads)
    (downloads / BINS).write_bytes(content)
    with pytest.raises(WeightsError) as raised:
        weights.import_from(downloads)
    assert str(raised.value) == f"{downloads / BINS} {problem}, so nothing was imported; download it again."
    assert not (tmp_path / "models" / "zhang-v2").exists()
    shutil.copy(narrow_files / BINS, downloads)
    weights.import_from(downloads)
    assert weights.status().state == "ready"


def test_import_names_what_is_missing(weights: Weights, narrow_files: Path, tmp_path: Path) -> None:
    downloads = tmp_path / "downloads"
    shutil.copytree(narrow_files, downloads)
    (downloads / CAFFEMODEL).unlink()
    with pytest.raises(WeightsError) as raised:
        weights.import_from(downloads)
    assert str(raised.value) == (
        f"{downloads} has no {CAFFEMODEL}, so nothing was imported; put it there and try again."
    )
    assert not (tmp_path / "models" / "zhang-v2").exists()


# --- checking what is here ---


def test_check_reads_everything_anew(weights: Weights, narrow_files: Path) -> None:
    assert [(found.name, found.path, found.problem) for found in weights.check()] == [
        (name, None, "is missing") for name in ROLES.values()
    ]
    caffemodel = weights.fetch()["caffemodel"]
    assert [found.problem for found in weights.check()] == ["", "", ""]
    flip_a_bit(caffemodel, keep_time=True)
    assert weights.status().state == "ready"  # as remembered: only a full check can see this
    assert [found.problem for found in weights.check()] == [
        "",
        "",
        "has the right size but not the right SHA-256",
    ]
    assert weights.status().state == "missing"
    assert weights.fetch()["caffemodel"].read_bytes() == (narrow_files / CAFFEMODEL).read_bytes()


def test_what_is_remembered_is_never_trusted_blindly(weights: Weights, tmp_path: Path, narrow_files: Path) -> None:
    weights.fetch()
    store = tmp_path / "hf" / "autochrome" / "verified.json"
    for nonsense in ("", "[]", '{"a": 1}', "{", '{"a": [1, 2, 3]}'):
        store.write_text(nonsense)
        assert zhang_weights(narrow_files, tmp_path / "models").status().state == "ready"
