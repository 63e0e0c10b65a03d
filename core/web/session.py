"""What a visitor has before them: a photograph's small copy and its prediction, so that looks are quick to try."""

from __future__ import annotations

import hashlib
import threading
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

from core.colour.cielab import Pixels, eight_bits, three_channels
from core.engine import Engine, Forecast, Report
from core.look.alternatives import Alternative
from core.look.look import Look, make_look
from core.photo.in_colour import is_in_colour
from core.photo.open import Photo
from core.photo.resize import thumbnail
from core.progress import Progress, no_progress
from core.render.confidence import confidence_picture
from core.web.colouring import deleted_in_time, new_folder, open_reference, open_upload
from core.web.upload_fields import Upload

PREVIEW_PIXELS = 2_000_000
"""Pixels of the picture on the page: as many as most screens show, few enough to follow a slider."""

_STRIP_PIXELS = 40_000
_SMALL_PIXELS = 400_000
_KEPT_LOOKS = 4
_SMALL = "small.npz"


@dataclass(frozen=True)
class Session:
    """One photograph coloured by one backend. Small: it is held for every visitor.

    Attributes:
        upload: the photograph's file.
        report: what happened when it was predicted.
        key: of the prediction, see ``Engine.recall``.
        folder: where its small copy and its previews lie.
        in_colour: whether the photograph has colours of its own.
        reference: the photograph that its colours were taken from, or None.
    """

    upload: Upload
    report: Report
    key: str
    folder: Path
    in_colour: bool
    reference: Upload | None = None


@dataclass(frozen=True)
class Findings:
    """What else a prediction holds.

    Attributes:
        alternatives: each with a small picture; none for a plain field.
        confidence: a picture of where the model is sure, and the mean 0..1; None for a plain field.
    """

    alternatives: list[tuple[Alternative, Pixels]]
    confidence: tuple[Pixels, float] | None


class Previews:
    """Makes previews from the small copy in a session's folder and the prediction that the engine keeps."""

    def __init__(self, engine: Engine):
        self._engine = engine

    def begin(self, upload: Upload, backend: str, progress: Progress, reference: Upload | None = None) -> Session:
        """Open a photograph and predict its colours.

        Args:
            upload: the photograph.
            backend: an id, or ``auto``.
            progress: told what goes on.
            reference: the photograph to take colours from, for a backend that wants one.

        Raises:
            AutochromeError: one of them cannot be opened, or the backend cannot be used.
        """
        photo, forecast = self._predict(upload, backend, progress, reference)
        small, folder = thumbnail(photo, PREVIEW_PIXELS), new_folder()
        _keep_small(folder, small)
        return Session(upload, forecast.report, forecast.key, folder, is_in_colour(small), reference)

    def shown_reference(self, upload: Upload) -> str:
        """File of a small copy of the photograph to take colours from: a browser cannot show every format.

        Raises:
            PhotoError: it cannot be opened.
        """
        photo = thumbnail(open_upload(upload, self._engine.settings), _SMALL_PIXELS)
        return _write(new_folder() / "reference", photo.pixels, photo.alpha)

    def preview(self, session: Session, look: Look) -> tuple[str, str]:
        """Files of the photograph and of its coloured self, both small; no network runs unless memory was short."""
        before = session.folder / "before"
        after = session.folder / f"after-{hashlib.sha256(look.model_dump_json().encode()).hexdigest()[:12]}"
        known = _find(before), _find(after)
        if known[0] and known[1]:
            return known[0], known[1]
        photo, forecast = self._opened(session)
        picture, _ = self._engine.render(photo, forecast, look)
        _forget_looks(session.folder)
        return _write(before, photo.pixels, photo.alpha), _write(after, picture.rgb, photo.alpha)

    def explore(self, session: Session) -> Findings:
        """Alternatives and confidence, at the default look; no network runs unless memory was short."""
        photo, forecast = self._opened(session)
        small = thumbnail(photo, _STRIP_PIXELS)
        found = []
        for alternative in forecast.colouring.alternatives():
            picture, _ = self._engine.render(small, forecast, make_look(alternative=alternative.name))
            found.append((alternative, picture.rgb))
        sure = forecast.colouring.confidence()
        if sure is None:
            return Findings(found, None)
        map_of_it = confidence_picture(thumbnail(photo, _SMALL_PIXELS), sure)
        return Findings(found, (map_of_it.rgb, float(sure.mean())))

    def _opened(self, session: Session) -> tuple[Photo, Forecast]:
        small = _small(session)
        forecast = small and self._engine.recall(session.report, session.key)
        if small and forecast:
            return small, forecast
        photo, forecast = self._predict(session.upload, session.report.backend, no_progress, session.reference)
        return thumbnail(photo, PREVIEW_PIXELS), forecast

    def _predict(
        self, upload: Upload, backend: str, progress: Progress, reference: Upload | None
    ) -> tuple[Photo, Forecast]:
        progress(0.0, "Opening the photograph")
        photo = open_upload(upload, self._engine.settings)
        second = open_reference(reference, self._engine.settings)
        forecast = self._engine.forecast(photo, backend, progress=progress, reference=second)
        progress(0.8, "Painting")
        return photo, forecast


def _keep_small(folder: Path, photo: Photo) -> None:
    """Write what a look is painted on: as it is, because a JPEG's lightness would be another."""
    planes = {"pixels": photo.pixels} | ({} if photo.alpha is None else {"alpha": photo.alpha})
    np.savez(deleted_in_time(folder / _SMALL), allow_pickle=False, **planes)


def _small(session: Session) -> Photo | None:
    """The small copy of a session's photograph; None once that, or the photograph itself, has been deleted."""
    path = session.folder / _SMALL
    if not (path.exists() and Path(session.upload.path).exists()):
        return None
    with np.load(path) as planes:
        return Photo(planes["pixels"], planes.get("alpha"), session.upload.name)


def _find(stem: Path) -> str | None:
    return next((str(path) for path in stem.parent.glob(f"{stem.name}.*")), None)


def _forget_looks(folder: Path) -> None:
    """Delete all but the latest previews: a slider that is dragged about makes several a second."""
    looks = sorted(folder.glob("after-*"), key=lambda path: path.stat().st_mtime)
    for path in looks[: -_KEPT_LOOKS + 1]:
        path.unlink(missing_ok=True)


def _write(stem: Path, pixels: Pixels, alpha: Pixels | None) -> str:
    """Save a preview: JPEG with whole chroma, or PNG where there is alpha."""
    channels = pixels if alpha is None else np.dstack([three_channels(pixels), alpha])
    path = stem.with_suffix(".jpg" if alpha is None else ".png")
    if not path.exists():
        options: dict[str, Any] = {"quality": 95, "subsampling": 0} if alpha is None else {"compress_level": 1}
        part = path.with_name(f".{threading.get_ident()}{path.name}")
        Image.fromarray(eight_bits(channels)).save(part, **options)
        part.replace(path)  # another request may be about to read it
    return str(path)
