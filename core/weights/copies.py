"""Copies of weight files on this machine: where they lie, and which of them are good."""

from __future__ import annotations

import shutil
import tempfile
from dataclasses import dataclass
from pathlib import Path

from core.errors import WeightsError
from core.weights import hub
from core.weights.checksum import Checksums
from core.weights.manifest import Manifest, Source, WeightFile
from core.weights.trust import Trust


@dataclass(frozen=True)
class FileCheck:
    """What a full check has found for one file: where it lies, or None, and what is wrong, or nothing."""

    name: str
    path: Path | None
    problem: str


class Copies:
    """The copies of a manifest's files: first those that a person put beside the manifest, then those in the cache."""

    def __init__(self, manifest: Manifest, sources: tuple[Source, ...]):
        self.manifest = manifest
        self._sources = sources
        self._checksums = Checksums(hub.own_folder() / "verified.json")
        self._trust = Trust(hub.own_folder() / "trusted.json", self._checksums)

    def of(self, file: WeightFile) -> list[Path]:
        """Where copies of a file lie, unchecked, best first."""
        own = [self.manifest.folder / name for name in file.names]
        cached = [hub.cached(source, file) for source in self._sources]
        return [*(path for path in own if path.is_file()), *(path for path in cached if path)]

    def is_own(self, path: Path) -> bool:
        """Whether a person put it there, so that it is not ours to remove."""
        return path.parent == self.manifest.folder

    def problem(self, path: Path, file: WeightFile, *, afresh: bool = False) -> str:
        """What is wrong with a copy, as the end of a sentence; empty when it is good. Each is read once, or afresh.

        A file whose manifest names no hash is good when it is the first, or the same as the first.
        """
        try:
            known = self._trust.at_first(self.manifest.id, file, path)
        except OSError as error:
            return f"cannot be read ({error.strerror})"
        problem = self._checksums.problem(path, known, afresh=afresh)
        if problem and known != file:
            return f"{problem}: it is not the one that was trusted at first (see {self._trust.store})"
        return problem

    def known(self, file: WeightFile) -> WeightFile:
        """The file with its size and hash: those of the manifest, or of the first that came where it names none."""
        return self._trust.known(self.manifest.id, file)

    def locate(self) -> tuple[dict[str, Path], list[str]]:
        """Role -> good file, and a sentence for each wrong one and each that had to be trusted."""
        found: dict[str, Path] = {}
        notes: list[str] = []
        for file in self.manifest.files:
            for path in self.of(file):
                problem = self.problem(path, file)
                if not problem:
                    found[file.role] = path
                    if not file.sha256:
                        notes.append(
                            f"Nobody has published the hash of {file.name}, so the first that came is trusted: "
                            f"SHA-256 {self.known(file).sha256}."
                        )
                    break
                notes.append(not_used(path, problem))
        return found, notes

    def check(self) -> list[FileCheck]:
        """Read every copy anew, whatever is remembered, and say what was found. Removes nothing."""
        report = []
        for file in self.manifest.files:
            checks = [FileCheck(file.name, path, self.problem(path, file, afresh=True)) for path in self.of(file)]
            good = [check for check in checks if not check.problem]
            report.append((good + checks + [FileCheck(file.name, None, "is missing")])[0])
        return report

    def import_from(self, folder: Path) -> list[Path]:
        """Copy files into the folder beside the manifest. See ``Weights.import_from``."""
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
        folder = self.manifest.folder
        target = folder / file.name
        if target.exists() and target.samefile(path):
            return target
        try:
            folder.mkdir(parents=True, exist_ok=True)
            with tempfile.TemporaryDirectory(dir=folder, prefix=".import-") as scratch:
                copy = Path(shutil.copyfile(path, Path(scratch) / file.name))
                if problem := self.problem(copy, file):
                    raise WeightsError(f"The copy of {path} in {folder} {problem}; check the disk and try again.")
                copy.replace(target)
        except OSError as error:
            raise WeightsError(
                f"{path} cannot be copied to {folder} ({error.strerror}); make room there and make it writable."
            ) from error
        return target


def not_used(path: Path, problem: str) -> str:
    """The sentence for a wrong copy that is left where it is."""
    return f"{path} is not used: it {problem}."
