"""Where each photograph's picture goes: the same file whatever else is coloured, and never another photograph's."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path, PurePath

from core.errors import PhotoError
from core.jobs.job import Job
from core.photo.archive import Source
from core.photo.origin import digest_of, origin_of


@dataclass(frozen=True)
class Target:
    """A picture's file. ``is_there`` says that this photograph's picture has been made, or is being made."""

    path: Path
    is_there: bool


@dataclass(frozen=True)
class _Taken:
    """A name that is taken: by a file, or by a photograph whose picture will have it."""

    path: Path
    source: Source | None = None

    @cached_property
    def digest(self) -> str:
        """Of the photograph that it belongs to; empty where nobody knows."""
        try:
            return _digest(self.source) if self.source else origin_of(self.path) or ""
        except PhotoError:
            return ""


class Targets:
    """Finds a file for each picture in a folder and those below it.

    A picture is called after its photograph: ``img001.colour.png``. Where that is another photograph's, or nobody
    knows whose, the name gains the photograph's digest: ``img001-3f2a9c41.colour.png``. Copies of one file that would
    become one picture do. Capitals make no difference, as on some systems.
    """

    def __init__(self, output: Path, job: Job, keep_unknown: bool = False):
        """Look at nothing yet.

        Args:
            output: the folder.
            job: how the photographs will be coloured.
            keep_unknown: a picture of the right name that does not say whose it is counts as the photograph's.
        """
        self._output = output
        self._job = job
        self._keep_unknown = keep_unknown
        self._taken: dict[PurePath, dict[str, _Taken]] = {}  # by folder, and by name in small letters

    def find(self, source: Source, folder: PurePath) -> Target:
        """The file for a photograph's picture, in a folder below the output's; it is this photograph's from now on."""
        name, taken = self._job.picture_name(source.name), self._taken_in(folder)
        stem, _, ending = name.rpartition(".colour.")
        alike = re.compile(re.escape(stem.casefold()) + r"(-[0-9a-f]{8})?\.colour\." + re.escape(ending))
        if any(map(alike.fullmatch, taken)):
            try:
                digest = _digest(source)
            except PhotoError:  # it cannot be coloured either, which is said then
                return Target(self._output / folder / name, False)
            own_name = f"{stem}-{digest[:8]}.colour.{ending}"
            for candidate in filter(None, map(taken.get, (name.casefold(), own_name.casefold()))):
                if candidate.digest == digest or (self._keep_unknown and not candidate.digest):
                    return Target(candidate.path, True)
            name = own_name if name.casefold() in taken else name
        path = self._output / folder / name
        taken[name.casefold()] = _Taken(path, source)
        return Target(path, False)

    def _taken_in(self, folder: PurePath) -> dict[str, _Taken]:
        if folder not in self._taken:
            place = self._output / folder
            files = place.iterdir() if place.is_dir() else ()
            self._taken[folder] = {path.name.casefold(): _Taken(path) for path in files}
        return self._taken[folder]


def _digest(source: Source) -> str:
    """The digest of a photograph's file.

    Raises:
        PhotoError: it cannot be had.
    """
    with source.file() as path:
        try:
            return digest_of(path.read_bytes())
        except OSError as error:
            raise PhotoError(f"{source.name} cannot be read ({error.strerror}); check its name and folder.") from error
