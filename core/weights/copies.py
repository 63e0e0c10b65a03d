"""Copies of weight files on this machine: where they lie, and which of them are good."""

from __future__ import annotations

import os
import shutil
import tempfile
from pathlib import Path
from typing import NamedTuple

from pydantic import BaseModel

from core.errors import WeightsError
from core.weights import checksum, hub
from core.weights.manifest import Manifest, Repository, WeightFile
from core.weights.remembered import Remembered


class FileCheck(NamedTuple):
    """What a full check has found for one file: where it lies, or None, and what is wrong, or nothing."""

    name: str
    path: Path | None
    problem: str


class _Trusted(BaseModel):
    bytes: int
    sha256: str


_Hashed = tuple[int, int, str]  # size, modification time in ns, SHA-256


class Copies:
    """The copies of a manifest's files: first those that a person put beside the manifest, then those in the cache.

    Each is read once, and its hash remembered by path, size and modification time: a hash, never that a file was good.
    A file whose hash nobody has published is good when it is the first that came, or the same as the first.
    """

    def __init__(self, manifest: Manifest, repositories: tuple[Repository, ...]):
        self.manifest, self.repositories = manifest, repositories
        folder = hub.autochrome_folder()
        self._hashes: Remembered[_Hashed] = Remembered(folder / "verified.json", _Hashed, keep=os.path.exists)
        self._trusted: Remembered[_Trusted] = Remembered(folder / "trusted.json", _Trusted)

    def of(self, file: WeightFile) -> list[Path]:
        """Where copies of a file lie, unchecked, best first."""
        own = [self.manifest.folder / name for name in file.names]
        cached = [hub.cached(repository, file) for repository in self.repositories]
        return [*(path for path in own if path.is_file()), *(path for path in cached if path)]

    def is_own(self, path: Path) -> bool:
        """Whether a person put it there, so that it is not ours to remove."""
        return path.parent == self.manifest.folder

    def known(self, file: WeightFile) -> WeightFile:
        """The file with its size and hash: those of the manifest, or of the first that came where it names none."""
        trusted = None if file.sha256 else self._trusted.get(self._name(file))
        return file.model_copy(update=trusted.model_dump()) if trusted else file

    def problem(self, path: Path, file: WeightFile, *, afresh: bool = False) -> str:
        """What is wrong with a copy, as the end of a sentence; empty when it is good. Each is read once, or afresh."""
        try:
            known, size = self.known(file), path.stat().st_size
            if size == known.bytes and known.sha256 and self._sha256(path, afresh) == known.sha256:
                return ""
            problem = checksum.stand_in(path)
            if not known.sha256 and not problem:
                self._trusted.put(self._name(file), _Trusted(bytes=size, sha256=self._sha256(path, afresh)))
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
            for path in self.of(file):
                if problem := self.problem(path, file):
                    notes.append(not_used(path, problem))
                    continue
                found[file.role] = path
                if not file.sha256:
                    notes.append(
                        f"Nobody has published the hash of {file.name}, so the first that came is trusted: "
                        f"SHA-256 {self.known(file).sha256}."
                    )
                break
        return found, notes

    def are_complete(self) -> bool:
        """Whether there is a good copy of every file."""
        return len(self.locate()[0]) == len(self.manifest.files)

    def with_wrong_files(self, sentence: str) -> str:
        """A sentence that says why weights are missing, and in it the files that a person put here in vain."""
        found, _ = self.locate()
        wrong = [
            not_used(path, self.problem(path, file))
            for file in self.manifest.files
            for path in self.of(file)
            if file.role not in found and self.is_own(path)
        ]
        return "; ".join(part.removesuffix(".") for part in (sentence, *wrong)) + "."

    def could_not(self, reason: str, remedy: str) -> str:
        """The sentence for weights that did not come."""
        return self.with_wrong_files(f"The weights of {self.manifest.id} could not be fetched: {reason}; {remedy}.")

    def check(self) -> list[FileCheck]:
        """Read every copy anew, whatever is remembered, and say what was found. Removes nothing, needs no network."""
        report = []
        for file in self.manifest.files:
            checks = [FileCheck(file.name, path, self.problem(path, file, afresh=True)) for path in self.of(file)]
            good = [check for check in checks if not check.problem]
            report.append((good + checks + [FileCheck(file.name, None, "is missing")])[0])
        return report

    def import_from(self, folder: Path) -> list[Path]:
        """Copy files that a person has fetched by hand, under names or aliases, into the folder beside the manifest.

        All are checked first: nothing is copied when one is wrong or when some would still be missing.

        Raises:
            WeightsError: a file is missing or wrong, or cannot be copied.
        """
        found, _ = self.locate()
        chosen: dict[WeightFile, Path] = {}
        for file in self.manifest.files:
            path = next((folder / name for name in file.names if (folder / name).is_file()), None)
            if path and (problem := self.problem(path, file)):
                raise WeightsError(f"{path} {problem}, so nothing was imported; download it again.")
            if path:
                chosen[file] = path
            elif file.role not in found:
                raise WeightsError(f"{folder} has no {file.name}, so nothing was imported; put it there and try again.")
        return [self._copy(path, file) for file, path in chosen.items()]

    def _copy(self, path: Path, file: WeightFile) -> Path:
        target = self.manifest.folder / file.name
        if target.exists() and target.samefile(path):
            return target
        try:
            target.parent.mkdir(parents=True, exist_ok=True)
            with tempfile.TemporaryDirectory(dir=target.parent, prefix=".import-") as scratch:
                copy = Path(shutil.copyfile(path, Path(scratch) / file.name))
                if problem := self.problem(copy, file):
                    raise WeightsError(f"The copy of {path} at {target} {problem}; check the disk and try again.")
                copy.replace(target)
        except OSError as error:
            reason = f"{path} cannot be copied to {target.parent} ({error.strerror})"
            raise WeightsError(f"{reason}; make room there and make it writable.") from error
        return target

    def _name(self, file: WeightFile) -> str:
        return f"{self.manifest.id}/{file.name}"

    def _sha256(self, path: Path, afresh: bool) -> str:
        stat = path.stat()
        known = None if afresh else self._hashes.get(str(path))
        if known and known[:2] == (stat.st_size, stat.st_mtime_ns):
            return known[2]
        digest = checksum.sha256(path)
        self._hashes.put(str(path), (stat.st_size, stat.st_mtime_ns, digest))
        return digest


def not_used(path: Path, problem: str) -> str:
    """The sentence for a wrong copy that is left where it is."""
    return f"{path} is not used: it {problem}."
