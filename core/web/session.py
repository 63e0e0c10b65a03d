"""What a visitor has before them: a photograph opened and predicted, and the small copy on which looks are tried.

All of it lies in a folder of Gradio's cache for an hour. The folder's name is the session's token: whoever knows it,
the visitor's own browser, has the photograph back after a reload.
"""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
from pydantic import BaseModel, ConfigDict

from core.colour.cielab import Pixels
from core.engine import Engine, Report
from core.errors import GoneError
from core.photo.open import Photo, in_work
from core.restore.finding import Suggested
from core.restore.restore import AUTO as WHAT_IS_SURE
from core.restore.restore import Restoration
from core.restore.strokes import Strokes
from core.settings import Settings
from core.web.colouring import deleted_in_time, folder_by_name
from core.web.upload_fields import Upload

PREVIEW_PIXELS = 2_000_000
"""Pixels of the small copy: as many as most screens show, few enough to follow a slider."""

_SMALL, _FACTS = "small.npz", "session.json"


class Prints(BaseModel):
    """What of an old print is to be mended: ``restore``, ``picture`` and ``strokes`` as in ``core.restore.restore``."""

    model_config = ConfigDict(extra="forbid")

    restore: str = WHAT_IS_SURE
    picture: str = ""
    strokes: Strokes = ()

    def of(self, photo: Photo, engine: Engine) -> Restoration:
        """Look at a photograph.

        Raises:
            RequestError: there is no such step.
        """
        return engine.restoration(photo, self.restore, self.picture, self.strokes)


class Session(BaseModel):
    """One photograph coloured by one backend.

    Attributes:
        token: the name of the folder where its small copy lies.
        upload: the photograph's file.
        report: what happened when it was predicted.
        key: of the prediction, see ``Engine.recall``.
        in_colour: whether the photograph has colours of its own.
        see_through: whether parts of it are transparent.
        reference: the photograph that its colours were taken from, or None.
        is_version: whether that is another version of the photograph itself.
        options: the backend's own.
        prints: what of an old print is mended, as it was asked for.
        marks: whether there are scratches and the like on it.
        suggested: what is wrong with it and is not mended.
    """

    token: str
    upload: Upload
    report: Report
    key: str
    in_colour: bool
    see_through: bool = False
    reference: Upload | None = None
    is_version: bool = False
    options: dict[str, Any] = {}
    prints: Prints = Prints()
    marks: bool = False
    suggested: list[Suggested] = []

    @property
    def folder(self) -> Path:
        """Where it lies."""
        return folder_by_name(self.token)


def find_session(token: Any) -> Session:
    """A session by its token.

    Raises:
        GoneError: its hour is over, or the server has been started anew.
    """
    try:
        return Session.model_validate_json((folder_by_name(token) / _FACTS).read_text())
    except (OSError, ValueError) as error:
        raise GoneError(
            "This photograph has been deleted, as every upload is after an hour at most; choose it again."
        ) from error


def keep(session: Session, small: Photo, mended: Photo) -> None:
    """Write a session, and what its looks are painted on: as it is, because a JPEG's lightness would be another."""
    planes = {"pixels": small.pixels} | ({} if small.alpha is None else {"alpha": small.alpha})
    planes |= {} if mended is small else {"mended": mended.pixels}
    np.savez(deleted_in_time(session.folder / _SMALL), allow_pickle=False, **planes)
    deleted_in_time(session.folder / _FACTS).write_text(session.model_dump_json())


def kept_small(session: Session, settings: Settings) -> tuple[Photo, Photo] | None:
    """The small copy and the same mended; None once they, or the photograph itself, have been deleted."""
    path = session.folder / _SMALL
    if not (path.exists() and Path(session.upload.path).exists()):
        return None
    size = min(PREVIEW_PIXELS, session.report.width * session.report.height)
    with in_work(size, settings) as hold, np.load(path) as planes:
        photo = hold(Photo(planes["pixels"], planes.get("alpha"), session.upload.name))
        return photo, photo if "mended" not in planes else replace(photo, pixels=planes["mended"])


def write_whole(path: Path, pixels: Pixels) -> None:
    """Write a file that is there only once all of it is."""
    scratch = deleted_in_time(path.with_suffix(".part"))
    try:
        with scratch.open("wb") as file:
            np.save(file, pixels, allow_pickle=False)
        scratch.replace(deleted_in_time(path))
    finally:
        scratch.unlink(missing_ok=True)
