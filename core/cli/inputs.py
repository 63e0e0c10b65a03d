"""What ``colorize`` was given: files, folders, patterns and zips, and the file that each photograph becomes."""

from __future__ import annotations

import glob
import os
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path, PurePath, PurePosixPath

from core.cli.input_list import Listed
from core.errors import PhotoError
from core.photo.archive import Source, sources
from core.photo.formats import ENDINGS
from core.photo.stores import folders_of, found_in, is_elsewhere, path_of, shown
from core.settings import Settings
from core.video.film import ENDINGS as FILMS

_TAKEN = ENDINGS | FILMS | {".zip"}
"""Endings of what is taken from a folder."""


@dataclass(frozen=True)
class Item:
    """A photograph, and the folder within the output's that its picture goes to."""

    source: Source
    folder: PurePath


@dataclass(frozen=True)
class Search:
    """How to look for photographs.

    Attributes:
        output: where the pictures go: not looked into.
        recursive: whether folders within folders are looked into.
        settings: limits for what lies in zips.
    """

    output: Path
    recursive: bool
    settings: Settings

    def items(self, given: Iterable[Path], listed: Iterable[Listed] = ()) -> list[Item]:
        """Everything that was given, in order. What cannot be used is there too, with its ``source.problem``.

        A photograph found in a folder, by a pattern or in a zip keeps its place below that; one on a list keeps all of
        its folders, or has those that the list says.
        """
        found = [Item(source, folder) for path in given for source, folder in self._found(path)]
        for name, folder in listed:
            path = path_of(name)
            place = _below(folders_of(path) if folder is None else folder)
            inside: Iterable[tuple[Source, PurePath]] = [(Source(shown(name), path), PurePath())]
            if is_elsewhere(path):
                pass
            elif path.suffix.lower() == ".zip":
                inside = self._in_zip(path)
            elif path.is_dir():
                inside = self._in_folder(path)
            found += [Item(source, place / within) for source, within in inside]
        return found

    def _found(self, given: Path) -> Iterator[tuple[Source, PurePath]]:
        if is_elsewhere(given):
            yield from _or_none(self._in_store(given), given, f"There is no picture in {shown(given)}; name another.")
        elif given.is_dir():
            yield from _or_none(self._in_folder(given), given, self._no_picture(given))
        elif glob.has_magic(str(given)) and not given.exists():
            yield from _or_none(self._matching(given), given, f"Nothing matches {given}; check the pattern.")
        elif given.suffix.lower() == ".zip" and given.exists():
            yield from self._in_zip(given)
        else:
            yield Source(str(given), given), PurePath()

    def _in_folder(self, top: Path) -> Iterator[tuple[Source, PurePath]]:
        output = self.output.resolve()
        refused: list[OSError] = []
        for folder, inner, names in os.walk(top, onerror=refused.append):
            here = Path(folder)
            inner[:] = sorted(name for name in inner if name[0] != "." and (here / name).resolve() != output)
            if not self.recursive:
                inner.clear()
            for path in (here / name for name in sorted(names) if _is_taken(name)):
                if path.suffix.lower() != ".zip":
                    yield Source(str(path), path), here.relative_to(top)
                    continue
                for source, within in self._in_zip(path):
                    if source.problem or _is_taken(PurePath(source.name).name):
                        yield source, here.relative_to(top) / within
        for error in refused:
            path = Path(error.filename or top)
            problem = PhotoError(f"{path} cannot be looked into ({error.strerror}); check who may read it.")
            yield Source(str(path), path, problem=problem), path.relative_to(top)

    def _in_store(self, given: Path) -> Iterator[tuple[Source, PurePath]]:
        """A file in a store, known by its ending, or those in a folder of it; what is on the web is always a file."""
        if given.suffix.lower() in ENDINGS or str(given).startswith("http"):
            yield Source(shown(given), given), PurePath()
            return
        try:
            files = found_in(given, self.recursive)
        except OSError as error:
            reason = PhotoError(f"{shown(given)} cannot be looked into ({error.strerror}); check the address.")
            yield Source(shown(given), given, problem=reason), PurePath()
            return
        for file in files:
            hidden = any(part[0] == "." for part in file.parts)
            if file.suffix.lower() in ENDINGS and not hidden and not _is_coloured(file.name):
                yield Source(shown(given / file), given / file), file.parent

    def _matching(self, pattern: Path) -> Iterator[tuple[Source, PurePath]]:
        parts = pattern.parts
        fixed = Path(*parts[: next(at for at, part in enumerate(parts) if glob.has_magic(part))])
        for path in map(Path, sorted(glob.glob(str(pattern), recursive=True))):
            if path.is_file() and not _is_coloured(path.name):
                for source, folder in self._found(path):
                    yield source, path.parent.relative_to(fixed) / folder

    def _in_zip(self, path: Path) -> Iterator[tuple[Source, PurePath]]:
        try:
            found = sources([(path, path.name)], self.settings)
        except PhotoError as error:
            yield Source(str(path), path, problem=error), PurePath()
            return
        for source in found:
            inside = PurePosixPath(source.name.replace("\\", "/"))
            yield replace(source, name=f"{path}/{inside}"), PurePath(inside.parent)

    def _no_picture(self, folder: Path) -> str:
        where = "" if self.recursive else " itself; add --recursive to look into its folders"
        return f"There is no picture in {folder}{where}{';' if self.recursive else ', or'} name another."


def _or_none(found: Iterator[tuple[Source, PurePath]], given: Path, problem: str) -> Iterator[tuple[Source, PurePath]]:
    """What was found; where that is nothing, the problem."""
    empty = True
    for each in found:
        empty = False
        yield each
    if empty:
        yield Source(shown(given), given, problem=PhotoError(problem)), PurePath()


def _below(folder: PurePath) -> PurePath:
    """A folder as one below another: without what leads out of that."""
    return PurePath(*(part for part in folder.parts if part not in (folder.anchor, "..")))


def as_listed(item: Item) -> Listed:
    """The line of a list that gives an item, or the zip that it is in; of a URI, without what may be secret."""
    inside = PurePosixPath(item.source.entry.filename.replace("\\", "/")).parent.parts if item.source.entry else ()
    folders = item.folder.parts
    return Listed(shown(item.source.path), PurePath(*folders[: len(folders) - len(inside)]))


def _is_taken(name: str) -> bool:
    """Whether a file in a folder is a picture, a film or a zip, by its name, and nothing that ``colorize`` has made."""
    return Path(name).suffix.lower() in _TAKEN and name[0] != "." and not _is_coloured(name)


def _is_coloured(name: str) -> bool:
    """Whether the file is one that ``colorize`` has made, or the beginning of one."""
    return Path(name).stem.removesuffix(".part").endswith(".colour")
