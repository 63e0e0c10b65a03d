"""What people are told when the network or the Hub fails; nothing wrong stays behind; the next attempt works."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path

import pytest

from core.errors import WeightsError
from core.weights.weights import Weights
from tests.support.hub import HTML, Fault, Hub, black_hole, clean, full_backlog, pointer, refused
from tests.support.standins import CAFFEMODEL, ROLES, zhang_weights

SPACE = "viveknarayan/Image_Colorization"


@pytest.fixture
def weights(hub: Hub, narrow_files: Path, tmp_path: Path) -> Weights:
    """Small weights that one Space has."""
    weights = zhang_weights(narrow_files, tmp_path / "models")
    hub.add_manifest(weights.manifest, narrow_files)
    return weights


def sentence(weights: Weights) -> str:
    """What a person sees when fetching fails: alike as an error and as a status."""
    with pytest.raises(WeightsError) as raised:
        weights.fetch()
    assert weights.status().state == "unavailable"
    assert weights.status().message == str(raised.value)
    return str(raised.value)


def by_hand(tmp_path: Path) -> str:
    return f"put the files into {tmp_path / 'models' / 'zhang-v2'} by hand."


# --- nobody there ---


def test_refused_connection(hub: Hub, weights: Weights, monkeypatch: pytest.MonkeyPatch) -> None:
    nobody = refused()
    monkeypatch.setenv("HF_ENDPOINT", nobody)
    began = time.perf_counter()
    assert sentence(weights) == (
        f"The weights of zhang-v2 could not be fetched: {nobody.removeprefix('http://')} refuses the connection; "
        "check the network and HF_ENDPOINT."
    )
    assert time.perf_counter() - began < 1
    monkeypatch.setenv("HF_ENDPOINT", hub.url)
    assert weights.fetch()


def test_unknown_name(hub: Hub, weights: Weights, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HF_ENDPOINT", "https://hub.invalid")
    assert sentence(weights) == (
        "The weights of zhang-v2 could not be fetched: hub.invalid cannot be found (no such name); "
        "check the network and HF_ENDPOINT."
    )
    monkeypatch.setenv("HF_ENDPOINT", hub.url)
    assert weights.fetch()


@pytest.mark.parametrize("endpoint", ["huggingface.co", "ftp://huggingface.co", "http://huggingface.co:port"])
def test_an_endpoint_that_is_no_address(
    hub: Hub, weights: Weights, monkeypatch: pytest.MonkeyPatch, endpoint: str
) -> None:
    monkeypatch.setenv("HF_ENDPOINT", endpoint)
    assert sentence(weights) == (
        f"The weights of zhang-v2 could not be fetched: HF_ENDPOINT is {endpoint}, which is no web address; "
        "correct or unset it."
    )
    monkeypatch.setenv("HF_ENDPOINT", hub.url)
    assert weights.fetch()


def test_a_proxy_that_is_not_there(hub: Hub, weights: Weights, monkeypatch: pytest.MonkeyPatch) -> None:
    from huggingface_hub import close_session

    close_session()  # the client reads the variable when it is made
    with monkeypatch.context() as context:
        context.setenv("HTTP_PROXY", refused())
        context.setenv("HF_ENDPOINT", "http://hub.invalid")
        assert sentence(weights) == (
            "The weights of zhang-v2 could not be fetched: hub.invalid refuses the connection; "
            "check the network, the proxy and HF_ENDPOINT."
        )
    close_session()
    assert weights.fetch()


def test_no_certificate(hub: Hub, weights: Weights, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HF_ENDPOINT", hub.url.replace("http:", "https:"))
    assert sentence(weights) == (
        f"The weights of zhang-v2 could not be fetched: {hub.url.removeprefix('http://')} makes no secure connection "
        "that this machine trusts; check HF_ENDPOINT, the proxy and the clock."
    )
    monkeypatch.setenv("HF_ENDPOINT", hub.url)
    assert weights.fetch()


@pytest.mark.parametrize("hang", [full_backlog, black_hole])
def test_a_hub_that_hangs_costs_no_request_more_than_three_seconds(
    hub: Hub, weights: Weights, monkeypatch: pytest.MonkeyPatch, hang: Callable[[], str]
) -> None:
    with hang() as url:
        monkeypatch.setenv("HF_ENDPOINT", url)
        host = url.removeprefix("http://")
        weights.start()
        assert not weights.wait(1.5)
        assert weights.status().message == (
            f"The weights of zhang-v2 have been asked for, but {host} has not answered yet."
        )
        began = time.perf_counter()
        with pytest.raises(WeightsError) as raised:
            weights.fetch()
        assert time.perf_counter() - began < 3
        assert not weights.wait(3)
        assert time.perf_counter() - began < 3
        assert str(raised.value) == weights.status().message
        assert str(raised.value) == (
            f"The weights of zhang-v2 could not be fetched: {host} does not answer; check the network and HF_ENDPOINT."
        )
    monkeypatch.setenv("HF_ENDPOINT", hub.url)
    while weights.status().state != "ready":
        try:
            weights.fetch()
        except WeightsError:
            time.sleep(0.1)  # the hanging attempt has not ended yet


def test_a_hub_that_is_there_and_a_store_that_is_not(
    hub: Hub, weights: Weights, narrow_files: Path, tmp_path: Path
) -> None:
    store, hub.store = hub.store, refused()
    assert sentence(weights) == (
        f"The weights of zhang-v2 could not be fetched: {hub.store.removeprefix('http://')} refuses the connection; "
        "check the network and HF_ENDPOINT."
    )
    assert clean(tmp_path / "hf", narrow_files)
    hub.store = store
    assert weights.fetch()


# --- answers that are refusals ---


@pytest.mark.parametrize(
    ("fault", "reason", "remedy"),
    [
        (Fault(401), f"{SPACE} is private or does not exist (401)", "set HF_TOKEN to a token that may read it"),
        (Fault(403), f"{SPACE} may not be read (403)", "set HF_TOKEN to a token that may read it"),
        (
            Fault(403, {"X-Error-Code": "GatedRepo"}),
            f"{SPACE} is gated (403)",
            "accept its terms on its page and set HF_TOKEN to a token that may read it",
        ),
        (Fault(404, {"X-Error-Code": "EntryNotFound"}), f"{SPACE} has no {CAFFEMODEL} (404)", "try again later"),
        (Fault(404, {"X-Error-Code": "RepoNotFound"}), f"{SPACE} is not on HOST (404)", "try again later"),
        (
            Fault(404, {"X-Error-Code": "RevisionNotFound"}),
            f"{SPACE} has no revision 9dbe59201263 (404)",
            "try again later",
        ),
        (Fault(404), f"{SPACE} has no {CAFFEMODEL} (404)", "try again later"),
        (Fault(500), "HOST has an error of its own (500)", "try again later"),
    ],
)
@pytest.mark.parametrize("method", ["HEAD", "GET"])
def test_refusals(
    hub: Hub, weights: Weights, narrow_files: Path, tmp_path: Path, fault: Fault, reason: str, remedy: str, method: str
) -> None:
    hub.fail(CAFFEMODEL, Fault(fault.status, fault.headers, methods=(method,)))
    reason = reason.replace("HOST", hub.url.removeprefix("http://"))
    assert sentence(weights) == (
        f"The weights of zhang-v2 could not be fetched: {reason}; {remedy}, or {by_hand(tmp_path)}"
    )
    assert weights.status().notes == [f"{reason}."]
    assert clean(tmp_path / "hf", narrow_files)
    hub.mend()
    weights.fetch()
    assert clean(tmp_path / "hf", narrow_files)


def test_a_token_that_the_hub_does_not_know(hub: Hub, weights: Weights) -> None:
    hub.fail("*", Fault(401, {"X-Error-Message": "Invalid credentials in Authorization header"}))
    assert sentence(weights) == (
        f"The weights of zhang-v2 could not be fetched: {hub.url.removeprefix('http://')} does not know this token "
        "(401); correct or unset HF_TOKEN."
    )
    hub.mend()
    assert weights.fetch()


def test_too_many_requests(hub: Hub, weights: Weights, narrow_files: Path, tmp_path: Path) -> None:
    hub.fail("*", Fault(429, {"Retry-After": "300"}))
    assert sentence(weights) == (
        f"The weights of zhang-v2 could not be fetched: {hub.url.removeprefix('http://')} asks for fewer requests "
        "(429); wait a few minutes, or set HF_TOKEN."
    )
    assert 290 < (weights.status().retry_in or 0) <= 300
    assert len(hub.seen) == 1
    hub.mend()
    weights.fetch()
    assert clean(tmp_path / "hf", narrow_files)


@pytest.mark.parametrize("method", ["HEAD", "GET"])
def test_a_passing_trouble_is_passed(hub: Hub, weights: Weights, method: str) -> None:
    hub.fail(CAFFEMODEL, Fault(500, times=1, methods=(method,)))
    weights.fetch()
    assert weights.status().notes == []


# --- bodies that are not what was announced ---


def test_a_transfer_cut_short_goes_on_where_it_was(
    hub: Hub, weights: Weights, narrow_files: Path, tmp_path: Path
) -> None:
    hub.fail(CAFFEMODEL, Fault(cut=300_000, times=1, methods=("GET",)))
    weights.fetch()
    assert [seen.range for seen in hub.gets(CAFFEMODEL)] == [None, "bytes=262144-"]
    assert clean(tmp_path / "hf", narrow_files)


def test_a_transfer_cut_short_for_ever(hub: Hub, weights: Weights, narrow_files: Path, tmp_path: Path) -> None:
    hub.fail(CAFFEMODEL, Fault(cut=300_000, methods=("GET",)))
    assert sentence(weights) == (
        f"The weights of zhang-v2 could not be fetched: {SPACE} broke off the transfer of {CAFFEMODEL}; "
        f"try again later, or {by_hand(tmp_path)}"
    )
    assert len(hub.gets(CAFFEMODEL)) < 10
    assert clean(tmp_path / "hf", narrow_files)
    hub.mend()
    weights.fetch()
    assert clean(tmp_path / "hf", narrow_files)


def test_a_transfer_that_stalls(hub: Hub, narrow_files: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_DOWNLOAD_TIMEOUT", 0.5)
    weights = zhang_weights(narrow_files, tmp_path / "models", stalled_after=0.4)
    hub.add_manifest(weights.manifest, narrow_files)
    hub.fail(CAFFEMODEL, Fault(stall=300_000, methods=("GET",)))
    assert sentence(weights) == (
        f"The weights of zhang-v2 could not be fetched: {hub.url.removeprefix('http://')} has stopped sending; "
        "check the network and HF_ENDPOINT."
    )
    assert weights.status().bytes_done > 262_144
    hub.mend()  # the same transfer resumes
    deadline = time.monotonic() + 10
    while weights.status().state != "ready" and time.monotonic() < deadline:
        time.sleep(0.05)
    assert weights.status().state == "ready"
    assert clean(tmp_path / "hf", narrow_files)


def test_a_transfer_that_stalls_for_ever(
    hub: Hub, weights: Weights, narrow_files: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_DOWNLOAD_TIMEOUT", 0.2)
    hub.fail(CAFFEMODEL, Fault(stall=300_000, methods=("GET",)))
    assert sentence(weights) == (
        f"The weights of zhang-v2 could not be fetched: {hub.store.removeprefix('http://')} has stopped sending; "
        "check the network and HF_ENDPOINT."
    )
    assert clean(tmp_path / "hf", narrow_files)
    hub.mend()
    weights.fetch()
    assert clean(tmp_path / "hf", narrow_files)


def wrong_bytes(good: bytes) -> bytes:
    return good[:-1] + bytes([good[-1] ^ 1])


@pytest.mark.parametrize(
    ("make", "reason"),
    [
        (
            wrong_bytes,
            f"{SPACE} has a wrong {CAFFEMODEL} (it has the right size but not the right SHA-256)",
        ),
        (pointer, f"{SPACE} has another {CAFFEMODEL} (131 bytes where 531,160 are due, perhaps a Git LFS pointer)"),
        (lambda good: HTML, f"{SPACE} has another {CAFFEMODEL} ({len(HTML)} bytes where 531,160 are due)"),
    ],
)
def test_a_repository_with_a_wrong_file(
    hub: Hub, weights: Weights, narrow_files: Path, tmp_path: Path, make: Callable[[bytes], bytes], reason: str
) -> None:
    wrong = tmp_path / "wrong"
    wrong.mkdir()
    for name in ROLES.values():
        (wrong / name).write_bytes((narrow_files / name).read_bytes())
    (wrong / CAFFEMODEL).write_bytes(make((narrow_files / CAFFEMODEL).read_bytes()))
    hub.add_manifest(weights.manifest, wrong)
    assert sentence(weights) == (
        f"The weights of zhang-v2 could not be fetched: {reason}; try again later, or {by_hand(tmp_path)}"
    )
    assert clean(tmp_path / "hf", narrow_files)
    hub.add_manifest(weights.manifest, narrow_files)
    weights.fetch()
    assert clean(tmp_path / "hf", narrow_files)


def test_a_sign_in_page_instead_of_the_hub(hub: Hub, weights: Weights, narrow_files: Path, tmp_path: Path) -> None:
    hub.fail("*", Fault(body=HTML, content_type="text/html"))
    assert sentence(weights) == (
        f"The weights of zhang-v2 could not be fetched: {hub.url.removeprefix('http://')} answers, but not as the "
        "Hugging Face Hub does (a sign-in page or a proxy may be in between); check the network and HF_ENDPOINT."
    )
    assert clean(tmp_path / "hf", narrow_files)
    hub.mend()
    weights.fetch()
    assert clean(tmp_path / "hf", narrow_files)


@pytest.mark.parametrize("body", [HTML, pointer(b"x" * 531_160)])
def test_a_page_or_a_pointer_sent_as_the_file(
    hub: Hub, weights: Weights, narrow_files: Path, tmp_path: Path, body: bytes
) -> None:
    hub.fail(CAFFEMODEL, Fault(body=body, content_type="text/html", methods=("GET",)))
    assert sentence(weights) == (
        f"The weights of zhang-v2 could not be fetched: {SPACE} sent {CAFFEMODEL} with another size than announced; "
        f"try again later, or {by_hand(tmp_path)}"
    )
    assert clean(tmp_path / "hf", narrow_files)
    hub.mend()
    weights.fetch()
    assert clean(tmp_path / "hf", narrow_files)


def test_a_source_with_a_wrong_file_is_passed_over(hub: Hub, narrow_files: Path, tmp_path: Path) -> None:
    weights = zhang_weights(narrow_files, tmp_path / "models", sources=2)
    hub.add_manifest(weights.manifest, narrow_files)
    wrong = tmp_path / "wrong"
    wrong.mkdir()
    for name in ROLES.values():
        (wrong / name).write_bytes(wrong_bytes((narrow_files / name).read_bytes()))
    hub.add(SPACE, wrong, commit=weights.manifest.sources[0].revision)
    paths = weights.fetch()
    assert all("BilalSardar" in str(path) for path in paths.values())
    assert weights.status().notes == [
        f"{SPACE} has a wrong {name} (it has the right size but not the right SHA-256)." for name in ROLES.values()
    ]
    assert clean(tmp_path / "hf", narrow_files)


def test_all_reasons_are_told_when_no_source_has_it(hub: Hub, narrow_files: Path, tmp_path: Path) -> None:
    weights = zhang_weights(narrow_files, tmp_path / "models", sources=2)
    hub.add_manifest(weights.manifest, narrow_files)
    hub.fail(f"{SPACE}/{CAFFEMODEL}", Fault(404, {"X-Error-Code": "EntryNotFound"}))
    hub.fail(f"BilalSardar/Black-N-White-To-Color/{CAFFEMODEL}", Fault(401))
    assert sentence(weights) == (
        f"The weights of zhang-v2 could not be fetched: {SPACE} has no {CAFFEMODEL} (404) and "
        "BilalSardar/Black-N-White-To-Color is private or does not exist (401); "
        f"set HF_TOKEN to a token that may read it, or {by_hand(tmp_path)}"
    )
