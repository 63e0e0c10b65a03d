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
from core.weights.attempt import Attempt
from core.weights.copies import Copies
from core.weights.faults import CHECK_NETWORK, words
from core.weights.manifest import Manifest, own_source
from core.weights.meter import StoppedError

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
        self._closed = False
        self._thread: threading.Thread | None = None
        self._attempt: Attempt | None = None  # the one under way
        self._last: Attempt | None = None  # the one before
        self._retry_at: float | None = None

    def status(self) -> WeightStatus:
        """How it stands, without the network. A file not seen before is read once to check it (129 MB: 0.1 s)."""
        with self._changed:
            attempt, last, retry_at = self._attempt, self._last, self._retry_at
        if attempt:
            return self._under_way(attempt)
        found, problems = self.locate()
        state, message = self._verdict(len(found) == len(self.manifest.files), last)
        return WeightStatus(
            state=state,
            bytes_done=sum(file.bytes for file in self.manifest.files if file.role in found),
            bytes_total=self.manifest.bytes,
            message=message,
            notes=list(dict.fromkeys([*(last.notes if last else ()), *problems])),
            retry_in=max(0.0, retry_at - time.monotonic()) if retry_at and state == "unavailable" else None,
        )

    def _verdict(self, complete: bool, last: Attempt | None) -> tuple[State, str]:
        """The state while nothing is under way, and its message."""
        model = f"The weights of {self.manifest.id}"
        if lack := self._lacks():
            return "unusable", lack
        if complete:
            return "ready", ""
        if last and last.error:
            return "unavailable", str(last.error)
        if hub.is_offline():
            remedy = f"unset it, or put the files into {self.manifest.folder}."
            reason = "are not on this machine and HF_HUB_OFFLINE forbids fetching them"
            return "unavailable", self.with_wrong_files(f"{model} {reason}; {remedy}")
        remedy = f"they are fetched when first asked for, or by: python app.py fetch {self.manifest.id}."
        size = words(self.manifest.bytes)
        return "missing", self.with_wrong_files(f"{model} ({size}) are not on this machine yet; {remedy}")

    def start(self) -> None:
        """Fetch in the background what is missing, unless all is there, or this is going on or waiting to go on."""
        if not (self._thread or hub.is_offline() or self._lacks() or self.are_complete()):
            self._begin()

    def wait(self, timeout: float) -> bool:
        """Whether the weights are ready within ``timeout`` seconds; False as soon as it is clear that they are not."""
        deadline = time.monotonic() + timeout
        while attempt := self._attempt:
            left = deadline - time.monotonic()
            hopeless = self._under_way(attempt).state == "unavailable"
            if hopeless or left <= 0 or attempt.meter.seconds_left > left:
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
            self._closed, attempt = True, self._attempt
            self._changed.notify_all()
        if attempt:
            attempt.meter.stopped = True
            attempt.done.wait(1.5)  # huggingface_hub rests for a second before it resumes a transfer

    def _under_way(self, attempt: Attempt) -> WeightStatus:
        meter, elsewhere, model = attempt.meter, attempt.elsewhere(), f"The weights of {self.manifest.id}"
        done = min(meter.done + elsewhere, meter.total)
        how_far = f"{words(done)} of {words(meter.total)}"
        reason = ""
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

    def _begin(self) -> Attempt:
        """The attempt under way, or a new one at once."""
        with self._changed:
            self._attempt = self._attempt or Attempt(self)
            self._changed.notify_all()
            if self._thread is None:
                self._thread = threading.Thread(target=self._work, name=f"fetch {self.manifest.id}", daemon=True)
                self._thread.start()
                atexit.register(self.close)
            return self._attempt

    def _work(self) -> None:
        """Attempts, with a longer pause after each failure, until the files are there."""
        failures = 0
        attempt = self._attempt
        while attempt:
            try:
                attempt.run()
            except BaseException as error:
                attempt.error = error
            with self._changed:
                self._last, self._attempt, self._retry_at = attempt, None, None
                if isinstance(attempt.error, WeightsError):
                    failures += 1
                    pause = max(retry_delay(failures, *self._retry), attempt.retry_after)
                    self._retry_at = time.monotonic() + pause
                    attempt.done.set()
                    self._changed.wait_for(lambda: self._attempt or self._closed, pause)
                    self._attempt = None if self._closed else self._attempt or Attempt(self)
                attempt = self._attempt
                if attempt is None:
                    self._thread = None
                    atexit.unregister(self.close)
                    self._last.done.set()
        if self._last and not isinstance(self._last.error, WeightsError | StoppedError | None):
            raise self._last.error  # a mistake of ours
