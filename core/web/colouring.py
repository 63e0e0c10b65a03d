"""Uploaded photographs opened, and coloured into files: what /colorize and the page have in common."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import gradio as gr
from gradio.context import LocalContext
from gradio.utils import get_upload_folder

from core.engine import Engine
from core.errors import PhotoError
from core.jobs.job import Coloured, Job
from core.photo.open import Photo, open_photo
from core.progress import Progress
from core.settings import Settings
from core.web.disk_budget import DiskBudget
from core.web.upload_fields import Upload


def colour_file(engine: Engine, upload: Upload, job: Job, progress: Progress) -> Coloured:
    """Colour a photograph at full size and write it into a folder of its own in Gradio's cache.

    Raises:
        AutochromeError: anything that the person can put right; nothing is written then.
    """
    with kept_folder() as folder:
        return job.run(engine, Path(upload.path), upload.name, folder / job.picture_name(upload.name), progress)


def open_upload(upload: Upload, settings: Settings) -> Photo:
    """An uploaded photograph, opened.

    Raises:
        PhotoError: it is no picture, or has been deleted.
    """
    if not Path(upload.path).exists():
        raise PhotoError(f"{upload.name} has been deleted, as every upload is after an hour; choose it again.")
    return open_photo(upload.path, settings, upload.name)


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
    cache = Path(get_upload_folder())
    if budget := _BUDGETS.get(cache):
        budget.require()
    cache.mkdir(parents=True, exist_ok=True)
    return Path(tempfile.mkdtemp(dir=cache)).resolve()


def limit_cache(megabytes: int) -> DiskBudget:
    """Let Gradio's cache, where photographs and pictures lie, be no larger than this."""
    cache = Path(get_upload_folder())
    _BUDGETS[cache] = DiskBudget(cache, megabytes)
    return _BUDGETS[cache]


_BUDGETS: dict[Path, DiskBudget] = {}


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
