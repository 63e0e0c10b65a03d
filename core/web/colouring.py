"""Uploaded photographs opened, and coloured into files: what /colorize and the page have in common."""

from __future__ import annotations

import re
import secrets
import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager, nullcontext
from dataclasses import replace
from pathlib import Path, PurePath
from typing import Any

import gradio as gr
from gradio.context import LocalContext
from gradio.utils import get_upload_folder

from core.engine import Engine
from core.errors import GoneError
from core.jobs.job import Coloured, Job
from core.photo.open import Photo, open_photo
from core.progress import Progress
from core.settings import Settings
from core.video.colour_film import ColouredFilm, FilmJob, colour_film
from core.video.encoding import encoding_for
from core.web.disk_budget import DiskBudget
from core.web.own_cache import KEPT_SECONDS
from core.web.stops import while_wanted
from core.web.upload_fields import Upload


def colour_file(engine: Engine, upload: Upload, job: Job, progress: Progress) -> Coloured:
    """Colour a photograph at full size and write it into a folder of its own in Gradio's cache.

    Raises:
        AutochromeError: anything that the person can put right; nothing is written then.
    """
    with kept_folder() as folder:
        return job.run(engine, Path(upload.path), upload.name, folder / job.picture_name(upload.name), progress)


def colour_film_upload(
    engine: Engine,
    upload: Upload,
    job: FilmJob,
    quality: int | None,
    progress: Progress,
    folder: Path | None = None,
) -> ColouredFilm:
    """Colour an uploaded film into one that browsers play, in a folder of its own in Gradio's cache.

    What is stopped gives the film's beginning; with its ``folder`` the same call goes on with it. Of one whose caller
    has gone nothing is left.

    Raises:
        StoppedError: it was stopped before anything was done.
        AutochromeError: anything that the person can put right; nothing is left then.
    """
    source, job = uploaded(upload), film_job(engine, job)
    like = Path("film.webm" if source.suffix.lower() == ".webm" else "film.mp4")
    encoding = replace(encoding_for(like, None, quality), deep=False)
    with nullcontext(folder) if folder else kept_folder() as place:
        target = place / f"{PurePath(upload.name).stem}.colour{encoding.ending}"
        return colour_film(engine, job, source, target, encoding, while_wanted(progress))


def film_job(engine: Engine, job: FilmJob) -> FilmJob:
    """A film's job within the limits of the settings."""
    return replace(job, most_seconds=engine.settings.max_film_seconds, most_pixels=engine.settings.max_film_pixels)


def uploaded(upload: Upload) -> Path:
    """Where an upload lies.

    Raises:
        GoneError: it has been deleted.
    """
    if not Path(upload.path).exists():
        raise GoneError(f"{upload.name} has been deleted, as every upload is after an hour at most; choose it again.")
    return Path(upload.path)


def open_upload(upload: Upload, settings: Settings) -> Photo:
    """An uploaded photograph, opened.

    Raises:
        PhotoError: it is no picture, or has been deleted.
    """
    return open_photo(uploaded(upload), settings, upload.name)


def open_reference(upload: Upload | None, settings: Settings) -> Photo | None:
    """The same for the photograph to take colours from, which there need not be."""
    return open_upload(upload, settings) if upload else None


@contextmanager
def kept_folder() -> Iterator[Path]:
    """An empty folder in Gradio's cache for what is to be handed out; it goes where that fails."""
    folder = new_folder()
    try:
        yield folder
    except BaseException:
        shutil.rmtree(folder)
        raise


def new_folder() -> Path:
    """An empty folder in Gradio's cache, whose name nobody can guess.

    Raises:
        PhotoError: the cache holds as much as it may.
    """
    make_room()
    folder = Path(get_upload_folder()) / secrets.token_urlsafe(16)
    folder.mkdir(parents=True, mode=0o700)
    return folder.resolve()


def make_room(size: int = 0) -> None:
    """See that so many bytes more may be written into Gradio's cache.

    Raises:
        PhotoError: the cache holds as much as it may.
    """
    if budget := _BUDGETS.get(Path(get_upload_folder())):
        budget.require(size)


def limit_cache(megabytes: int, renew: Callable[[], None] = lambda: None) -> DiskBudget:
    """Let Gradio's cache, where photographs and pictures lie, be no larger; ``renew`` is as ``DiskBudget`` has it."""
    cache = Path(get_upload_folder())
    _BUDGETS[cache] = DiskBudget(cache, megabytes, renew)
    return _BUDGETS[cache]


def sweep_cache() -> None:
    """Delete what has lain in Gradio's cache for as long as anything is kept, where ``limit_cache`` made it ours."""
    if budget := _BUDGETS.get(Path(get_upload_folder())):
        budget.sweep(KEPT_SECONDS)


_BUDGETS: dict[Path, DiskBudget] = {}


_NAME = re.compile(r"[A-Za-z0-9_-]{22}")
"""As ``new_folder`` makes them; an upload's folder, whose content is a stranger's, has another length."""


def folder_by_name(name: Any) -> Path:
    """A folder that ``new_folder`` has made, by its name, which only those know whom it was told; it may be gone."""
    known = name if isinstance(name, str) and _NAME.fullmatch(name) else "-"
    return Path(get_upload_folder()).resolve() / known


def deleted_in_time(path: Path) -> Path:
    """The file, which Gradio is told to delete with those that it made itself."""
    page = LocalContext.blocks.get(None)
    if page is not None:
        page.upload_file_set.add(str(path))
    return path


def shown_on(bar: gr.Progress) -> Progress:
    """Core's progress, shown on Gradio's bar."""

    def show(fraction: float, words: str) -> None:
        bar(fraction, desc=words)

    return show
