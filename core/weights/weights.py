"""A backend's weight files: on this machine and checked, on their way, or the reason why not."""

from __future__ import annotations

import atexit
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Literal

from pydantic import BaseModel

from core.errors import WeightsError
from core.progress import Progress
from core.settings import Settings
from core.weights import hub
from core.weights.copies import Copies, not_used
from core.weights.manifest import Manifest, Repository, WeightFile, own_source
from core.weights.meter import Meter, StoppedError
from core.weights.transfer import CHECK_NETWORK, TransferError, about_disk, download, words

State = Literal["ready", "downloading", "missing", "unavailable", "unusable"]


class WeightStatus(BaseModel):
    """How it stands with a backend's weights.

    Attributes:
        state: ``ready``; ``downloading``; ``missing`` (nobody has asked for them yet); ``unavailable``; ``unusable``
            (this machine lacks what the backend runs on, so they are not fetched).
        bytes_done: of ``bytes_total``.
        rate: bytes a second over the last few seconds.
        message: one sentence that says what is the matter and what to do; empty when ready.
        notes: repositories and files that were passed over, and why.
        retry_in: seconds until they are tried again by themselves, or None.
    """

    state: State
    bytes_done: int
    bytes_total: int
    rate: float = 0.0
    message: str = ""
    notes: list[str] = []
    retry_in: float | None = None


def retry_delay(failures: int, shortest: float = 30.0, longest: float = 1800.0) -> float:
    """Seconds to leave the Hub alone after so many failures in a row: twice as long each time, up to ``longest``."""
    return min(shortest * 2.0 ** min(failures - 1, 30), longest)


class Weights(Copies):
    """The files that a manifest names. Thread-safe; a background thread fetches them, and tries again by itself.

    A file is looked for in the folder beside the manifest (a person put it there), then in the Hub's cache, then at the
    repositories in order. Wherever it comes from, its size and SHA-256 are checked before anyone gets its path. A wrong
    file in the cache is removed; a person's own is left alone and named.
    """

    def __init__(
        self,
        manifest: Manifest,
        settings: Settings,
        *,
        lacks: Callable[[], str] = str,
        retry: tuple[float, float] = (30.0, 1800.0),
        answer_within: float = 2.5,
        stalled_after: float = 90.0,
    ):
        """Look at nothing yet.

        Args:
            manifest: the files and their repositories.
            settings: a repository of the person's own comes before the manifest's.
            lacks: a sentence about what this machine lacks to run the backend; empty where nothing.
            retry: seconds before the first new attempt after a failure, and at most.
            answer_within: seconds after which a Hub that has not answered at all counts as unreachable.
            stalled_after: seconds without a byte after which a transfer counts as failed.

        Raises:
            SettingsError: that is no repository's name.
        """
        own = settings.repo_of(manifest.id)
        super().__init__(manifest, (own_source(*own), *manifest.sources) if own else manifest.sources)
        self._lacks = lacks
        self._retry, self._answer_within, self._stalled_after = retry, answer_within, stalled_after
        self._changed = threading.Condition()  # guards what follows
        self._thread: threading.Thread | None = None
        self._attempt: _Attempt | None = None  # the one under way, or the last
        self._closed = False

    def status(self) -> WeightStatus:
        """How it stands, without the network. A file not seen before is read once to check it (129 MB: 0.1 s)."""
        attempt = self._attempt
        if attempt and not attempt.done.is_set():
            return self._under_way(attempt)
        found, problems = self.locate()
        state, message = self._verdict(len(found) == len(self.manifest.files), attempt)
        retry_at = attempt.retry_at if attempt and state == "unavailable" else None
        return WeightStatus(
            state=state,
            bytes_done=sum(file.bytes for file in self.manifest.files if file.role in found),
            bytes_total=self.manifest.bytes,
            message=message,
            notes=list(dict.fromkeys([*(attempt.notes if attempt else ()), *problems])),
            retry_in=max(0.0, retry_at - time.monotonic()) if retry_at else None,
        )

    def _verdict(self, complete: bool, last: _Attempt | None) -> tuple[State, str]:
        """The state while nothing is under way, and its message."""
        model = f"The weights of {self.manifest.id}"
        if lack := self._lacks():
            return "unusable", lack
        if complete:
            return "ready", ""
        if last and last.error:
            return "unavailable", str(last.error)
        if hub.is_offline():
            reason = "are not on this machine and HF_HUB_OFFLINE forbids fetching them"
            remedy = f"unset it, or put the files into {self.manifest.folder}."
            return "unavailable", self.with_wrong_files(f"{model} {reason}; {remedy}")
        remedy = f"they are fetched when first asked for, or by: python app.py fetch {self.manifest.id}."
        size = words(self.manifest.bytes)
        return "missing", self.with_wrong_files(f"{model} ({size}) are not on this machine yet; {remedy}")

    def _under_way(self, attempt: _Attempt) -> WeightStatus:
        meter, model = attempt.meter, f"The weights of {self.manifest.id}"
        elsewhere = sum(map(hub.arriving, self.repositories)) if meter.is_waiting else 0
        done = min(meter.done + elsewhere, meter.total)
        how_far, reason = f"{words(done)} of {words(meter.total)}", ""
        if meter.unanswered > self._answer_within:
            reason = f"{hub.host()} does not answer"
        elif meter.silent > self._stalled_after and not elsewhere:
            reason = f"{hub.host()} has stopped sending"
        if reason:
            message = self.could_not(reason, CHECK_NETWORK)
        elif meter.unanswered > 1:
            message = f"{model} have been asked for, but {hub.host()} has not answered yet."
        elif elsewhere:
            message = f"Another process is fetching the weights of {self.manifest.id}: {how_far}."
        else:
            message = f"{model} are arriving: {how_far}."
        return WeightStatus(
            state="unavailable" if reason else "downloading",
            bytes_done=done,
            bytes_total=meter.total,
            rate=meter.rate,
            message=message,
            notes=attempt.notes,
        )

    def start(self) -> None:
        """Fetch in the background what is missing, unless all is there, or this is going on or waiting to go on."""
        if not self._thread:
            self.start_at_once()

    def start_at_once(self) -> None:
        """The same for a person who asks: what waits to go on does so now."""
        if not (hub.is_offline() or self._lacks() or self.are_complete()):
            self._begin()

    def wait(self, timeout: float) -> bool:
        """Whether the weights are ready within ``timeout`` seconds; False as soon as it is clear that they are not."""
        deadline = time.monotonic() + timeout
        while (attempt := self._attempt) and not attempt.done.is_set():
            left = deadline - time.monotonic()
            if left <= max(0, attempt.meter.seconds_left) or self._under_way(attempt).state == "unavailable":
                return False
            attempt.done.wait(min(left, 0.1))
        return self.are_complete() and not self._lacks()

    def fetch(self, progress: Progress | None = None) -> dict[str, Path]:
        """The verified files by their roles, fetched first where they are missing. Blocks.

        Raises:
            WeightsError: they could not be had, or would be of no use; the message says why and what to do.
        """
        if lack := self._lacks():
            raise WeightsError(lack)
        if not self.are_complete() and not hub.is_offline():
            attempt = self._begin()
            while not attempt.done.wait(0.1):
                status = self._under_way(attempt)
                if status.state == "unavailable":
                    raise WeightsError(status.message)
                if progress:
                    progress(status.bytes_done / status.bytes_total, status.message)
            if attempt.error:
                raise attempt.error
        return self.paths()

    def paths(self) -> dict[str, Path]:
        """The verified files by their roles. No network.

        Raises:
            WeightsError: they are not all on this machine.
        """
        found, _ = self.locate()
        if len(found) < len(self.manifest.files):
            raise WeightsError(self.status().message)
        return found

    def digests(self) -> dict[str, str]:
        """File name -> the first 12 hex digits of its SHA-256."""
        return {file.name: self.known(file).sha256[:12] for file in self.manifest.files}

    def close(self) -> None:
        """End the background thread: at once when it waits, with the next bytes or the next request when not.

        The interpreter's end does this by itself, so that no half file stays behind.
        """
        with self._changed:
            self._closed, thread = True, self._thread
            if self._attempt:
                self._attempt.meter.stopped = True
            self._changed.notify_all()
        if thread:
            thread.join(1.5)  # huggingface_hub rests for a second before it resumes a transfer

    def _begin(self) -> _Attempt:
        """The attempt under way, or a new one at once."""
        with self._changed:
            if self._attempt is None or self._attempt.done.is_set():
                self._attempt = _Attempt(self)
                self._changed.notify_all()
            if self._thread is None:
                self._thread = threading.Thread(target=self._work, name=f"fetch {self.manifest.id}", daemon=True)
                self._thread.start()
                atexit.register(self.close)
            return self._attempt

    def _work(self) -> None:
        """Attempts, with a longer pause after each failure, until the files are there."""
        failures, again = 0, True
        while again and (attempt := self._attempt):
            attempt.run()
            failures += 1
            with self._changed:
                again = isinstance(attempt.error, WeightsError) and not self._closed
                pause = max(retry_delay(failures, *self._retry), attempt.retry_after)
                attempt.retry_at = time.monotonic() + pause if again else None
                attempt.done.set()
                if again and not self._changed.wait_for(self._is_wanted, pause):
                    self._attempt = _Attempt(self)
                again = again and not self._closed
                if not again:
                    self._thread = None
                    atexit.unregister(self.close)
        if attempt and not isinstance(attempt.error, WeightsError | StoppedError | None):
            raise attempt.error  # a mistake of ours

    def _is_wanted(self) -> bool:
        """Whether the thread is to go on before its time: to make an attempt that somebody waits for, or to end."""
        return self._closed or bool(self._attempt and not self._attempt.done.is_set())


class _Attempt:
    """One attempt to fetch what is missing: ``run`` makes it in one thread, any other may look on.

    Attributes:
        meter: how far it is.
        notes: sentences about repositories and files that were passed over.
        done: set when it has ended.
        error: how it ended: None when all files are in place.
        retry_after: seconds for which the Hub asked to be left alone.
        retry_at: when the next one begins by itself, or None.
    """

    def __init__(self, copies: Copies):
        self._copies = copies
        self.meter, self.done = Meter(copies.manifest.bytes), threading.Event()
        self.notes: list[str] = []
        self.error: Exception | None = None
        self.retry_after = 0.0
        self.retry_at: float | None = None

    def run(self) -> None:
        """Fetch what is missing. Raises nothing: see ``error``."""
        try:
            self._fetch()
        except TransferError as error:
            self.retry_after = error.retry_after
            self.error = WeightsError(self._copies.could_not(error.reason, error.remedy))
            self.error.__cause__ = error
        except Exception as error:
            self.error = error

    def _fetch(self) -> None:
        """Ask the repositories in order for what is missing. Raises TransferError, StoppedError."""
        for repository in self._copies.repositories:
            hub.sweep(repository)
        missing = [file for file in self._copies.manifest.files if not self._is_here(file)]
        errors: list[tuple[WeightFile, TransferError]] = []
        for repository in self._copies.repositories:
            for file in missing.copy():
                try:
                    self._fetch_from(repository, file)
                    missing.remove(file)
                except TransferError as error:
                    self.meter.settled()
                    if error.scope == "all":
                        raise
                    self._note(f"{error.reason}.")
                    errors.append((file, error))
                    if error.scope == "repo":
                        break
        if missing:
            told = [error for file, error in errors if file in missing or error.scope == "repo"]
            reasons = list(dict.fromkeys(error.reason for error in told)) or ["its manifest names no source"]
            remedy = next((error.remedy for error in told if error.remedy), "try again later")
            by_hand = f"put the files into {self._copies.manifest.folder} by hand"
            raise TransferError(" and ".join(reasons), f"{remedy}, or {by_hand}")

    def _is_here(self, file: WeightFile) -> bool:
        """Whether a good copy is here; wrong ones in the cache are removed."""
        for path, problem in self._copies.of(file):
            if not problem:
                self.meter.settled(file.bytes)
                return True
            if self._copies.is_own(path):
                self._note(not_used(path, problem))
            else:
                _discard(path)
                self._note(f"A cached {file.name} was removed: it {problem}.")
        return False

    def _fetch_from(self, repository: Repository, file: WeightFile) -> None:
        """Bring a file into the cache and check it. Raises TransferError, StoppedError."""
        path = download(repository, file, self.meter)
        if problem := self._copies.problem(path, file):
            _discard(path)
            raise TransferError(f"{repository.repo} has a wrong {file.name} (it {problem})", scope="file")
        self.meter.settled(file.bytes)

    def _note(self, sentence: str) -> None:
        if sentence not in self.notes:
            self.notes = [*self.notes, sentence]


def _discard(path: Path) -> None:
    try:
        hub.discard(path)
    except OSError as error:
        raise about_disk(error) from error
