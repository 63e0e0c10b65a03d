"""Copies of weight files on this machine: where they lie, and which of them are good."""

from __future__ import annotations

import os
import shutil
import tempfile
from pathlib import Path
from typing import NamedTuple

from core.errors import WeightsError
from core.weights import checksum, hub
from core.weights.checksum import Hashed, Remembered
from core.weights.manifest import Manifest, Repository, WeightFile


class FileCheck(NamedTuple):
    """What a full check has found for one file: where it lies, or None, and what is wrong, or nothing."""

    name: str
    path: Path | None
    problem: str


class Copies:
    """The copies of a manifest's files: first those that a person put beside the manifest, then those in the cache.

    Each is read once, and its hash remembered by path, size and modification time: a hash, never that a file was good.
    A file whose hash nobody has published is good when it is the first that came, or the same as the first.
    """

    def __init__(self, manifest: Manifest, repositories: tuple[Repository, ...]):
        self.manifest, self.repositories = manifest, repositories
        self._hashes = Remembered(hub.derived_folder() / "verified.json", keep=os.path.exists)
        self._trusted = Remembered(hub.derived_folder() / "trusted.json")

    def of(self, file: WeightFile, afresh: bool = False) -> list[tuple[Path, str]]:
        """Where its copies lie, best first up to the first good one, and what is wrong with each (see ``problem``)."""
        own = [self.manifest.folder / name for name in file.names]
        cached = [hub.cached(repository, file) for repository in self.repositories]
        found: list[tuple[Path, str]] = []
        for path in (*own, *cached):
            if path and path.is_file():
                found.append((path, self.problem(path, file, afresh)))
                if not found[-1][1]:
                    break
        return found

    def is_own(self, path: Path) -> bool:
        """Whether a person put it there, so that it is not ours to remove."""
        return path.parent == self.manifest.folder

    def known(self, file: WeightFile) -> WeightFile:
        """The file with its size and hash: those of the manifest, or of the first that came where it names none."""
        trusted = None if file.sha256 else self._trusted.get(self._name(file))
        return file.model_copy(update={"bytes": trusted[0], "sha256": trusted[2]}) if trusted else file

    def problem(self, path: Path, file: WeightFile, afresh: bool = False) -> str:
        """What is wrong with a copy, as the end of a sentence; empty when it is good. ``afresh`` reads it once more."""
        try:
            known, size = self.known(file), path.stat().st_size
            if size == known.bytes and known.sha256 and self._hashed(path, afresh)[2] == known.sha256:
                return ""
            problem = checksum.stand_in(path)
            if not known.sha256 and not problem:
                self._trusted.put(self._name(file), self._hashed(path, afresh))
                return ""
        except OSError as error:
            return f"cannot be read ({error.strerror})"
        if not problem and size != known.bytes:
            problem = f"has {size:,} bytes where {known.bytes:,} are due"
        problem = problem or "has the right size but not the right SHA-256"
        if known != file:
            problem += f": it is not the one that was trusted at first (see {self._trusted.path})"
        return problem

    def locate(self) -> tuple[dict[str, Path], list[str]]:
        """Role -> good file, and a sentence for each wrong one and each that had to be trusted."""
        found: dict[str, Path] = {}
        notes: list[str] = []
        for file in self.manifest.files:
            for path, problem in self.of(file):
                if problem:
                    notes.append(not_used(path, problem))
                else:
                    found[file.role] = path
            if file.role in found and not file.sha256:
                trusted = f"the first that came is trusted: SHA-256 {self.known(file).sha256}"
                notes.append(f"Nobody has published the hash of {file.name}, so {trusted}.")
        return found, notes

    def are_complete(self) -> bool:
        """Whether there is a good copy of every file."""
        return len(self.locate()[0]) == len(self.manifest.files)

    def with_wrong_files(self, sentence: str) -> str:
        """A sentence that says why weights are missing, and in it the files that a person put here in vain."""
        parts = [sentence]
        for copies in map(self.of, self.manifest.files):
            if all(problem for _, problem in copies):
                parts += [not_used(path, problem) for path, problem in copies if self.is_own(path)]
        return "; ".join(part.removesuffix(".") for part in parts) + "."

    def could_not(self, reason: str, remedy: str) -> str:
        """The sentence for weights that did not come."""
        return self.with_wrong_files(f"The weights of {self.manifest.id} could not be fetched: {reason}; {remedy}.")

    def check(self) -> list[FileCheck]:
        """Read every copy anew, whatever is remembered, and say what was found. Removes nothing, needs no network."""
        report = []
        for file in self.manifest.files:
            checks = [FileCheck(file.name, *copy) for copy in self.of(file, afresh=True)]
            good = [check for check in checks if not check.problem]
            report.append((good + checks + [FileCheck(file.name, None, "is missing")])[0])
        return report

    def import_from(self, folder: Path) -> list[Path]:
        """Copy files that a person has fetched by hand, under names or aliases, into the folder beside the manifest.

        All copies are checked first: nothing is imported when one is wrong or when some would still be missing.

        Raises:
            WeightsError: a file is missing or wrong, or cannot be copied.
        """
        target, found, copies = self.manifest.folder, self.locate()[0], []
        try:
            target.parent.mkdir(parents=True, exist_ok=True)
            with tempfile.TemporaryDirectory(dir=target.parent, prefix=".import-") as scratch:
                for file in self.manifest.files:
                    path = next((folder / name for name in file.names if (folder / name).is_file()), None)
                    if path:
                        copies.append(Path(shutil.copyfile(path, Path(scratch) / file.name)))
                        if problem := self.problem(copies[-1], file):
                            raise WeightsError(f"{path} {problem}, so nothing was imported; download it again.")
                    elif file.role not in found:
                        missing = f"{folder} has no {file.name}, so nothing was imported"
                        raise WeightsError(f"{missing}; put it there and try again.")
                target.mkdir(exist_ok=True)
                return [copy.replace(target / copy.name) for copy in copies]
        except OSError as error:
            reason = f"{folder} cannot be copied to {target} ({error.strerror})"
            raise WeightsError(f"{reason}; make room there and make it writable.") from error

    def _name(self, file: WeightFile) -> str:
        return f"{self.manifest.id}/{file.name}"

    def _hashed(self, path: Path, afresh: bool) -> Hashed:
        stat = path.stat()
        known = None if afresh else self._hashes.get(str(path))
        if known is None or known[:2] != (stat.st_size, stat.st_mtime_ns):
            known = (stat.st_size, stat.st_mtime_ns, checksum.sha256(path))
            self._hashes.put(str(path), known)
        return known


def not_used(path: Path, problem: str) -> str:
    """The sentence for a wrong copy that is left where it is."""
    return f"{path} is not used: it {problem}."
