"""A backend's weight files: on this machine and checked, on their way, or the reason why not."""

from __future__ import annotations

import atexit
import threading
import time
from pathlib import Path
from typing import Literal

from pydantic import BaseModel

from core.errors import WeightsError
from core.progress import Progress
from core.settings import Settings
from core.weights import hub, transfer
from core.weights.attempt import Attempt, StoppedError, could_not
from core.weights.copies import Copies, FileCheck
from core.weights.manifest import Manifest, load_manifests, own_source

__all__ = ["FileCheck", "WeightStatus", "Weights", "load_manifests", "retry_delay"]


class WeightStatus(BaseModel):
    """How it stands with a backend's weights.

    Attributes:
        state: ``ready``; ``downloading``; ``missing`` (nobody has asked for them yet); ``unavailable``.
        bytes_done: of ``bytes_total``.
        rate: bytes a second over the last few seconds.
        message: one sentence that says what is the matter and what to do; empty when ready.
        notes: sources and files that were passed over, and why.
        retry_in: seconds until they are tried again by themselves, or None.
    """

    state: Literal["ready", "downloading", "missing", "unavailable"]
    bytes_done: int
    bytes_total: int
    rate: float = 0.0
    message: str = ""
    notes: list[str] = []
    retry_in: float | None = None


def retry_delay(failures: int, shortest: float = 30.0, longest: float = 1800.0) -> float:
    """Seconds to leave the Hub alone after so many failures in a row: twice as long each time, up to ``longest``."""
    return min(shortest * 2.0 ** min(failures - 1, 30), longest)


class Weights:
    """The files that a manifest names. Thread-safe; a background thread fetches them, and tries again by itself.

    A file is looked for in the folder beside the manifest (a person put it there), then in the Hub's cache, then at the
    sources in order. Wherever it comes from, its size and SHA-256 are checked before anyone gets its path. A wrong
    file in the cache is removed; a person's own is left alone and named in the notes.
    """

    def __init__(
        self,
        manifest: Manifest,
        settings: Settings,
        *,
        retry: tuple[float, float] = (30.0, 1800.0),
        answer_within: float = 2.5,
        stalled_after: float = 90.0,
    ):
        """Look at nothing yet.

        Args:
            manifest: the files and their sources.
            settings: a repository of the person's own comes before the manifest's sources.
            retry: seconds before the first new attempt after a failure, and at most.
            answer_within: seconds after which a Hub that has not answered at all counts as unreachable.
            stalled_after: seconds without a byte after which a transfer counts as failed.

        Raises:
            SettingsError: that is no repository's name.
        """
        self.manifest = manifest
        own = settings.repo_of(manifest.id)
        self._sources = (own_source(*own), *manifest.sources) if own else manifest.sources
        self._retry, self._answer_within, self._stalled_after = retry, answer_within, stalled_after
        self._copies = Copies(manifest, self._sources)
        self._changed = threading.Condition()  # guards what follows
        self._closed = False
        self._thread: threading.Thread | None = None
        self._attempt: Attempt | None = None  # the one under way
        self._failure: BaseException | None = None
        self._failures = 0
        self._retry_at: float | None = None
        self._notes: list[str] = []

    def status(self) -> WeightStatus:
        """How it stands, without the network. A file not seen before is read once to check it (129 MB: 0.1 s)."""
        with self._changed:
            attempt, failure, notes, retry_at = self._attempt, self._failure, list(self._notes), self._retry_at
        if attempt:
            return self._under_way(attempt)
        found, problems = self._copies.locate()
        status = WeightStatus(
            state="ready",
            bytes_done=sum(file.bytes for file in self.manifest.files if file.role in found),
            bytes_total=self.manifest.bytes,
            notes=[*notes, *(problem for problem in problems if problem not in notes)],
        )
        if len(found) == len(self.manifest.files):
            return status
        status.state = "unavailable"
        if failure:
            status.message = str(failure)
            status.retry_in = None if retry_at is None else max(0.0, retry_at - time.monotonic())
        elif hub.is_offline():
            status.message = (
                f"The weights of {self.manifest.id} are not on this machine and HF_HUB_OFFLINE forbids fetching them; "
                f"unset it, or put the files into {self.manifest.folder}."
            )
        else:
            status.state = "missing"
            status.message = (
                f"The weights of {self.manifest.id} ({transfer.words(self.manifest.bytes)}) are not on this machine "
                f"yet; they are fetched when first asked for, or by: python app.py fetch {self.manifest.id}."
            )
        return status

    def _under_way(self, attempt: Attempt) -> WeightStatus:
        meter, reason = attempt.meter, ""
        if meter.unanswered > self._answer_within:
            reason = f"{hub.host()} does not answer"
        elif meter.silent > self._stalled_after:
            reason = f"{hub.host()} has stopped sending"
        return WeightStatus(
            state="unavailable" if reason else "downloading",
            bytes_done=meter.done,
            bytes_total=meter.total,
            rate=meter.rate,
            message=could_not(self.manifest, reason, transfer.CHECK_NETWORK) if reason else attempt.message(),
            notes=attempt.notes,
        )

    def start(self) -> None:
        """Fetch in the background what is missing, unless all is there, or this is going on or waiting to go on."""
        with self._changed:
            busy = self._thread is not None
        if not busy and not hub.is_offline() and not self._is_ready():
            self._begin()

    def wait(self, timeout: float) -> bool:
        """Whether the weights are ready within ``timeout`` seconds; False as soon as it is clear that they are not."""
        deadline = time.monotonic() + timeout
        with self._changed:
            while self._attempt:
                left = deadline - time.monotonic()
                hopeless = self._under_way(self._attempt).state == "unavailable"
                if hopeless or left <= 0 or self._attempt.meter.seconds_left > left:
                    return False
                self._changed.wait(min(left, 0.1))
        return self._is_ready()

    def fetch(self, progress: Progress | None = None) -> dict[str, Path]:
        """The verified files by their roles, fetched first where they are missing. Blocks.

        Raises:
            WeightsError: they could not be had; the message says why and what to do.
        """
        if self._is_ready():
            return self.paths()
        if hub.is_offline():
            raise WeightsError(self.status().message)
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
        found, _ = self._copies.locate()
        if len(found) < len(self.manifest.files):
            raise WeightsError(self.status().message)
        return found

    def digests(self) -> dict[str, str]:
        """File name -> the first 12 hex digits of its SHA-256."""
        return {file.name: self._copies.known(file).sha256[:12] for file in self.manifest.files}

    def check(self) -> list[FileCheck]:
        """Read every file anew, whatever is remembered, and say what was found. Removes nothing, needs no network."""
        return self._copies.check()

    def import_from(self, folder: Path) -> list[Path]:
        """Copy files that a person has fetched by hand into the folder beside the manifest.

        All are checked first: nothing is copied when one is wrong or when some would still be missing.

        Args:
            folder: holds them under their names or aliases.

        Returns:
            The copies.

        Raises:
            WeightsError: a file is missing or wrong, or cannot be copied.
        """
        return self._copies.import_from(folder)

    def close(self) -> None:
        """End the background thread: at once when it waits, with the next bytes when they come.

        The interpreter's end does this by itself, so that no half file stays behind.
        """
        with self._changed:
            self._closed, attempt = True, self._attempt
            self._changed.notify_all()
        if attempt:
            attempt.stop()
            attempt.done.wait(1.0)

    def _is_ready(self) -> bool:
        return len(self._copies.locate()[0]) == len(self.manifest.files)

    # --- the background thread ---

    def _begin(self) -> Attempt:
        """The attempt under way, or a new one at once."""
        with self._changed:
            if self._attempt is None:
                self._attempt = Attempt(self._copies, self._sources)
                self._changed.notify_all()
            if self._thread is None:
                self._thread = threading.Thread(target=self._work, name=f"fetch {self.manifest.id}", daemon=True)
                self._thread.start()
                atexit.register(self.close)
            return self._attempt

    def _work(self) -> None:
        """Attempts, with a longer pause after each failure, until the files are there."""
        while True:
            with self._changed:
                attempt = self._attempt = self._attempt or Attempt(self._copies, self._sources)
            try:
                attempt.run()
            except WeightsError as error:
                self._settle(attempt, error)
                if not self._pause():
                    return
            except StoppedError as error:
                return self._settle(attempt, error)
            except BaseException as error:
                self._settle(attempt, error)
                raise
            else:
                return self._settle(attempt, None)

    def _settle(self, attempt: Attempt, error: BaseException | None) -> None:
        """Publish how an attempt has ended; unless it is to be made again, the thread ends with it."""
        with self._changed:
            attempt.error = self._failure = error
            self._attempt, self._notes, self._retry_at = None, attempt.notes, None
            if isinstance(error, WeightsError):
                self._failures += 1
                delay = max(retry_delay(self._failures, *self._retry), attempt.retry_after)
                self._retry_at = time.monotonic() + delay
            else:
                self._failures, self._thread = 0, None
                atexit.unregister(self.close)
            attempt.done.set()
            self._changed.notify_all()

    def _pause(self) -> bool:
        """Wait until the next attempt is due or someone wants one now; False when there is to be none."""
        with self._changed:
            due = self._retry_at or 0.0
            self._changed.wait_for(lambda: self._attempt or self._closed, max(0.0, due - time.monotonic()))
            if self._closed:
                self._thread = None
            return not self._closed
