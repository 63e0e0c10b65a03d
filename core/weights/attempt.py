"""One attempt to fetch the weight files that are missing."""

from __future__ import annotations

import threading
from pathlib import Path

from core.errors import WeightsError
from core.weights import hub, transfer
from core.weights.copies import Copies, not_used
from core.weights.manifest import Manifest, Source, WeightFile
from core.weights.meter import Meter
from core.weights.transfer import TransferError, words


class StoppedError(Exception):
    """The program is ending, and the transfer with it."""


class Attempt:
    """``run`` does it in one thread; what it is doing and how it ended may be read from any.

    Attributes:
        meter: how far it is.
        notes: sentences about sources and files that were passed over.
        retry_after: seconds for which the Hub asked to be left alone.
        done: set when it has ended, by whoever called ``run``.
        error: how it ended, set likewise: None when all files are in place.
    """

    def __init__(self, copies: Copies, sources: tuple[Source, ...]):
        self.meter = Meter(copies.manifest.bytes)
        self.notes: list[str] = []
        self.retry_after = 0.0
        self.done = threading.Event()
        self.error: BaseException | None = None
        self._manifest, self._copies, self._sources = copies.manifest, copies, sources
        self._closed: dict[Source, TransferError] = {}  # repositories that are not asked any more
        self._stopped = False
        self._other = False  # another process is fetching, and this one waits

    def run(self) -> None:
        """Fetch what is missing.

        Raises:
            WeightsError: some file was not to be had.
            StoppedError: ``stop`` was called.
        """
        try:
            with hub.only_process(self._manifest.id, self._watch_other):
                self._other = False
                for source in self._sources:
                    hub.sweep(source)
                for file in self._manifest.files:
                    if not self._is_here(file):
                        self._download(file)
                    self.meter.settled(file.bytes)
        except TransferError as error:
            self.retry_after = error.retry_after
            raise WeightsError(could_not(self._manifest, error.reason, error.remedy)) from error

    def stop(self) -> None:
        """End it with the next bytes that come."""
        self._stopped = True

    def message(self) -> str:
        """One sentence that says how far it is."""
        how_far = f"{words(self.meter.done)} of {words(self.meter.total)}"
        if self.meter.unanswered > 1:
            return f"The weights of {self._manifest.id} have been asked for, but {hub.host()} has not answered yet."
        if self._other:
            return f"Another process is fetching the weights of {self._manifest.id}: {how_far}."
        return f"The weights of {self._manifest.id} are arriving: {how_far}."

    def _watch_other(self) -> None:
        if self._stopped:
            raise StoppedError
        if not self._other:
            self._other = True
            self.meter.asked()
        more = sum(hub.arriving(source) for source in self._sources) - self.meter.done
        if more:
            self.meter.count(more)

    def _count(self, more: int) -> None:
        if self._stopped:
            raise StoppedError
        self.meter.count(more)

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
        """Ask the sources in order until one gives the right file."""
        transfer.require_space(file.bytes)
        errors: list[TransferError] = []
        for source in self._sources:
            error = self._closed.get(source) or self._download_from(source, file)
            if error is None:
                return
            self.meter.settled()
            if error.scope == "all":
                raise error
            if error.scope == "repo":
                self._closed[source] = error
            self._note(f"{error.reason}.")
            errors.append(error)
        reasons = list(dict.fromkeys(error.reason for error in errors)) or ["its manifest names no source"]
        remedy = next((error.remedy for error in errors if error.remedy), "try again later")
        by_hand = f"put the files into {self._manifest.folder} by hand"
        raise TransferError(" and ".join(reasons), f"{remedy}, or {by_hand}")

    def _download_from(self, source: Source, file: WeightFile) -> TransferError | None:
        """Bring a file into the cache and check it; give back why it is not there, or None."""
        self.meter.asked()
        try:
            path = transfer.download(source, file, answered=self.meter.answered, count=self._count)
            problem = self._copies.problem(path, file)
            if not problem:
                return None
            _discard(path)
        except TransferError as error:
            return error
        return TransferError(f"{source.repo} has a wrong {file.name} (it {problem})", scope="file")

    def _note(self, sentence: str) -> None:
        if sentence not in self.notes:
            self.notes = [*self.notes, sentence]


def could_not(manifest: Manifest, reason: str, remedy: str) -> str:
    """The sentence for weights that did not come."""
    return f"The weights of {manifest.id} could not be fetched: {reason}; {remedy}."


def _discard(path: Path) -> None:
    try:
        hub.discard(path)
    except OSError as error:
        raise transfer.about_disk(error) from error
