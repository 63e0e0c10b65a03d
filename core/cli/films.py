"""Films among what ``colorize`` was given: coloured one after the other, after the photographs."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from threading import Event
from typing import TYPE_CHECKING

from core.cli.common import already_there, print_aside
from core.errors import FilmError
from core.jobs.job import Outcome, make_folder, not_done
from core.photo.stores import is_elsewhere
from core.progress import StoppedError, stopped_by
from core.video.colour_film import FilmJob, colour_film
from core.video.encoding import encoding_for
from core.video.film import comment_of, digest_of_film, is_film

if TYPE_CHECKING:
    from core.cli.inputs import Item
    from core.engine import Engine


def check_encoding(codec: str | None, quality: int | None) -> None:
    """Refuse a codec or a quality that no film could be written with, before anything is coloured.

    Raises:
        RequestError: it is so.
    """
    encoding_for(Path(), codec, quality)


def is_a_film(item: Item) -> bool:
    """Whether it is a film's file on this machine; one in a zip or a store is left to fail as a photograph."""
    source = item.source
    return not source.problem and source.entry is None and not is_elsewhere(source.path) and is_film(source.path)


@dataclass(frozen=True)
class Films:
    """Films to be coloured into a folder.

    Attributes:
        engine: what colours them.
        job: how.
        output: the folder.
        codec, quality: see ``core.video.encoding.encoding_for``.
        overwrite: whether films are made anew that are there already.
    """

    engine: Engine
    job: FilmJob
    output: Path
    codec: str | None = None
    quality: int | None = None
    overwrite: bool = False

    def colour(self, films: list[Item], told: Callable[[Outcome], None], stopped: Event) -> list[Item]:
        """Colour them, and tell what became of each; gives those that failed or were left out.

        On Ctrl-C what is done of the film at hand is left as a film of its own; the same command goes on with it.
        """
        left: list[Item] = []
        for number, item in enumerate(films):
            if stopped.is_set():
                return left + films[number:]
            outcome = self._attempt(item, stopped)
            if outcome is None:
                return left + films[number:]
            if outcome.status == "failed":
                left.append(item)
            told(outcome)
        return left

    def _attempt(self, item: Item, stopped: Event) -> Outcome | None:
        try:
            return self._one(item, stopped)
        except StoppedError:
            return None
        except Exception as error:
            return not_done(item.source.name, error)

    def _one(self, item: Item, stopped: Event) -> Outcome:
        from time import monotonic

        from tqdm import tqdm

        name, path = item.source.name, item.source.path
        encoding = encoding_for(path, self.codec, self.quality)
        folder = self.output.joinpath(*item.folder.parts)
        make_folder(folder)
        target, is_there = _target(path, folder, encoding.ending)
        if is_there and not self.overwrite:
            return already_there(name, str(target))
        began = monotonic()
        with tqdm(
            total=100, unit="%", desc=path.name, disable=None, bar_format="{l_bar}{bar}| {remaining} left"
        ) as bar:

            def progress(share: float, words: str) -> None:
                bar.update(max(0.0, share * 100 - bar.n))

            done = colour_film(self.engine, self.job, path, target, encoding, stopped_by(stopped, progress))
        if not done.whole:
            print_aside(f"{name}: its first {done.frames} frames are in {done.path}; the same command goes on with it.")
            raise StoppedError
        return Outcome(
            photograph=name,
            picture=str(done.path),
            backend=done.backend,
            width=done.width,
            height=done.height,
            seconds=round(monotonic() - began, 3),
            warnings=" ".join(done.warnings),
        )


def _target(film: Path, folder: Path, ending: str) -> tuple[Path, bool]:
    """The file for a film's colours, never another film's, and whether it is there already.

    Raises:
        FilmError: the film cannot be read.
    """
    digest = digest_of_film(film)
    for name in (f"{film.stem}.colour{ending}", f"{film.stem}-{digest[:8]}.colour{ending}"):
        target = folder / name
        if not target.exists():
            return target, False
        if digest in comment_of(target):
            return target, True
    raise FilmError(f"{target} is another film's; choose another --output.")
