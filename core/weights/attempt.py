"""One attempt to fetch the weight files that are missing."""

from __future__ import annotations

import threading
from pathlib import Path

from core.errors import WeightsError
from core.weights import hub
from core.weights.copies import Copies, not_used
from core.weights.faults import TransferError, about_disk, require_space
from core.weights.manifest import Repository, WeightFile
from core.weights.meter import Meter
from core.weights.transfer import download


class Attempt:
    """``run`` does it in one thread; what it is doing and how it ended may be read from any.

    Attributes:
        meter: how far it is.
        notes: sentences about repositories and files that were passed over.
        retry_after: seconds for which the Hub asked to be left alone.
        done: set when it has ended, by whoever called ``run``.
        error: how it ended, set likewise: None when all files are in place.
    """

    def __init__(self, copies: Copies):
        self.meter = Meter(copies.manifest.bytes)
        self.notes: list[str] = []
        self.retry_after = 0.0
        self.done = threading.Event()
        self.error: BaseException | None = None
        self._copies = copies
        self._closed: dict[Repository, TransferError] = {}  # those that are not asked any more

    def run(self) -> None:
        """Fetch what is missing.

        Raises:
            WeightsError: some file was not to be had.
            StoppedError: ``meter.stopped`` was set.
        """
        try:
            for repository in self._copies.repositories:
                hub.sweep(repository)
            for file in self._copies.manifest.files:
                if not self._is_here(file):
                    self._download(file)
                self.meter.settled(file.bytes)
        except TransferError as error:
            self.retry_after = error.retry_after
            raise WeightsError(self._copies.could_not(error.reason, error.remedy)) from error

    def elsewhere(self) -> int:
        """Bytes of the file that is due that have come to another process, for which this one waits."""
        waiting = self.meter.silent and not self.meter.has_begun
        return sum(hub.arriving(repository) for repository in self._copies.repositories) if waiting else 0

    def _is_here(self, file: WeightFile) -> bool:
        """Whether a good copy is here; wrong ones in the cache are removed."""
        for path in self._copies.of(file):
            problem = self._copies.problem(path, file)
            if not problem:
                return True
            if self._copies.is_own(path):
                self._note(not_used(path, problem))
            else:
                _discard(path)
                self._note(f"A cached {file.name} was removed: it {problem}.")
        return False

    def _download(self, file: WeightFile) -> None:
        """Ask the repositories in order until one gives the right file."""
        require_space(file.bytes)
        errors: list[TransferError] = []
        for repository in self._copies.repositories:
            error = self._closed.get(repository) or self._download_from(repository, file)
            if error is None:
                return
            self.meter.settled()
            if error.scope == "all":
                raise error
            if error.scope == "repo":
                self._closed[repository] = error
            self._note(f"{error.reason}.")
            errors.append(error)
        reasons = list(dict.fromkeys(error.reason for error in errors)) or ["its manifest names no source"]
        remedy = next((error.remedy for error in errors if error.remedy), "try again later")
        by_hand = f"put the files into {self._copies.manifest.folder} by hand"
        raise TransferError(" and ".join(reasons), f"{remedy}, or {by_hand}")

    def _download_from(self, repository: Repository, file: WeightFile) -> TransferError | None:
        """Bring a file into the cache and check it; give back why it is not there, or None."""
        self.meter.asked()
        try:
            path = download(repository, file, self.meter)
            problem = self._copies.problem(path, file)
            if not problem:
                return None
            _discard(path)
        except TransferError as error:
            return error
        return TransferError(f"{repository.repo} has a wrong {file.name} (it {problem})", scope="file")

    def _note(self, sentence: str) -> None:
        if sentence not in self.notes:
            self.notes = [*self.notes, sentence]


def _discard(path: Path) -> None:
    try:
        hub.discard(path)
    except OSError as error:
        raise about_disk(error) from error
