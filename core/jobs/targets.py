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
from core.photo.stores import read_bytes


@dataclass(frozen=True)
class Target:
    """A picture's file.

    Attributes:
        path: the file.
        is_there: whether it is this photograph's picture, made before.
        is_shared: whether another photograph of the run, which is the same file or a copy of it, will become it.
    """

    path: Path
    is_there: bool
    is_shared: bool = False


@dataclass(frozen=True)
class _Taken:
    """A name that is taken: by a file, or by a photograph whose picture will have it."""

    path: Path
    source: Source | None = None

    @cached_property
    def origin(self) -> str | None:
        """The digest of the photograph whose picture it is; None where nobody knows."""
        try:
            return _digest(self.source) if self.source else origin_of(self.path)
        except PhotoError:
            return None

    def is_of(self, digest: str) -> bool:
        """Whether it is the picture of a photograph, or a copy of its file."""
        if self.origin == digest:
            return True
        try:
            return self.source is None and digest_of(self.path.read_bytes()) == digest
        except OSError:
            return False


class _Folder:
    """The names in a folder that are taken.

    Attributes:
        names: all, in small letters.
        alike: the same without the digits that some may have gained, and with them.
    """

    def __init__(self) -> None:
        self.names: dict[str, _Taken] = {}
        self.alike: set[str] = set()

    def add(self, taken: _Taken) -> None:
        name = taken.path.name.casefold()
        self.names[name] = taken
        self.alike |= {name, re.sub(r"-[0-9a-f]{8}(?=\.colour\.[a-z]+$)", "", name)}


class Targets:
    """Finds a file for each picture in a folder and those below it.

    A picture is called after its photograph: ``img001.colour.png``. Where that is another photograph's, or nobody
    knows whose, the name gains the photograph's digest: ``img001-3f2a9c41.colour.png``. How a photograph was given
    (alone, with its folder, with a folder above that) says which of its folders are kept; a picture that another run
    has put elsewhere for that reason stays its picture. Copies of one file that would become one picture do. Capitals
    make no difference, as on some systems.
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
        self._taken: dict[PurePath, _Folder] = {}

    def find(self, source: Source, folder: PurePath) -> Target:
        """The file for a photograph's picture, in a folder below the output's; it is this photograph's from now on.

        Raises:
            PhotoError: whose a picture is that is there cannot be said, since the photograph cannot be read.
        """
        name, taken = self._job.picture_name(source.name), self._taken_in(folder)
        places = [taken, *map(self._taken_in, _places(source) - {folder})]
        if any(name.casefold() in place.alike for place in places):
            digest = _digest(source)
            stem, _, ending = name.rpartition(".colour.")
            own_name = f"{stem}-{digest[:8]}.colour.{ending}"
            for place in places:
                for candidate in filter(None, (place.names.get(each.casefold()) for each in (name, own_name))):
                    if candidate.is_of(digest):
                        return Target(candidate.path, candidate.source is None, candidate.source is not None)
            plain = taken.names.get(name.casefold())
            if plain and self._keep_unknown and not plain.origin:
                return Target(plain.path, True)
            name = own_name if plain else name
        path = self._output.joinpath(*folder.parts, name)
        taken.add(_Taken(path, source))
        return Target(path, False)

    def _taken_in(self, folder: PurePath) -> _Folder:
        if folder not in self._taken:
            self._taken[folder] = known = _Folder()
            place = self._output.joinpath(*folder.parts)
            for path in place.iterdir() if place.is_dir() else ():
                known.add(_Taken(path))
        return self._taken[folder]


def _places(source: Source) -> set[PurePath]:
    """The folders below the output's that a photograph's picture may lie in: its own, more or less of them."""
    parts = (PurePath(source.name) if source.entry else source.path.absolute()).parent.parts
    return {PurePath(*parts[at:]) for at in range(1, len(parts) + 1)}


def _digest(source: Source) -> str:
    """The digest of a photograph's file.

    Raises:
        PhotoError: it cannot be had.
    """
    with source.file() as path:
        try:
            return digest_of(read_bytes(path))
        except OSError as error:
            raise PhotoError(f"{source.name} cannot be read ({error.strerror}); check its name and folder.") from error
