"""What a visitor has before them: a photograph's small copy and its prediction, so that looks are quick to try."""

from __future__ import annotations

import hashlib
import threading
from collections import OrderedDict
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

from core.colour.cielab import Pixels, eight_bits
from core.engine import Engine, Forecast, Report
from core.look.alternatives import Alternative, alternatives
from core.look.look import Look, make_look
from core.photo.in_colour import is_in_colour
from core.photo.open import Photo
from core.photo.resize import thumbnail
from core.progress import Progress, no_progress
from core.render.confidence import confidence, confidence_picture
from core.web.colouring import new_folder, open_reference, open_upload
from core.web.upload_fields import Upload

PREVIEW_PIXELS = 2_000_000
"""Pixels of the picture on the page: as many as most screens show, few enough to follow a slider."""

_STRIP_PIXELS = 40_000
_SMALL_PIXELS = 400_000
_KEPT_PHOTOS = 12
_KEPT_LOOKS = 4


@dataclass(frozen=True)
class Session:
    """One photograph coloured by one backend. Small: it is held for every visitor.

    Attributes:
        upload: the photograph's file.
        report: what happened when it was predicted.
        folder: where its previews lie.
        in_colour: whether the photograph has colours of its own.
        reference: the photograph that its colours were taken from, or None.
    """

    upload: Upload
    report: Report
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
    """Makes previews. Keeps the last few photographs small, with their predictions; re-opens the others."""

    def __init__(self, engine: Engine):
        self._engine = engine
        self._kept: OrderedDict[tuple[str, ...], tuple[Photo, Forecast]] = OrderedDict()
        self._lock = threading.Lock()

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
        return Session(upload, forecast.report, new_folder(), is_in_colour(photo), reference)

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
        for alternative in alternatives(forecast.prediction):
            picture, _ = self._engine.render(small, forecast, make_look(alternative=alternative.name))
            found.append((alternative, picture.rgb))
        sure = confidence(forecast.prediction)
        if sure is None:
            return Findings(found, None)
        map_of_it = confidence_picture(thumbnail(photo, _SMALL_PIXELS), sure)
        return Findings(found, (map_of_it.rgb, float(sure.mean())))

    def _opened(self, session: Session) -> tuple[Photo, Forecast]:
        backend = session.report.backend
        key = _key(session.upload, backend, session.reference)
        with self._lock:
            kept = self._kept.get(key)
            if kept:
                self._kept.move_to_end(key)
        return kept or self._predict(session.upload, backend, no_progress, session.reference)

    def _predict(
        self, upload: Upload, backend: str, progress: Progress, reference: Upload | None
    ) -> tuple[Photo, Forecast]:
        progress(0.0, "Opening the photograph")
        photo = open_upload(upload, self._engine.settings)
        second = open_reference(reference, self._engine.settings)
        forecast = self._engine.predict(photo, backend, progress=progress, reference=second)
        progress(0.8, "Painting")
        small = thumbnail(photo, PREVIEW_PIXELS)
        with self._lock:
            for key in [key for key in self._kept if not Path(key[0]).exists()]:
                del self._kept[key]  # what has been deleted from the disk is not kept in memory either
            self._kept[_key(upload, forecast.report.backend, reference)] = small, forecast
            while len(self._kept) > _KEPT_PHOTOS:
                self._kept.popitem(last=False)
        return small, forecast


def _key(upload: Upload, backend: str, reference: Upload | None) -> tuple[str, ...]:
    return upload.path, backend, reference.path if reference else ""


def _find(stem: Path) -> str | None:
    return next((str(path) for path in stem.parent.glob(f"{stem.name}.*")), None)


def _forget_looks(folder: Path) -> None:
    """Delete all but the latest previews: a slider that is dragged about makes several a second."""
    looks = sorted(folder.glob("after-*"), key=lambda path: path.stat().st_mtime)
    for path in looks[: -_KEPT_LOOKS + 1]:
        path.unlink(missing_ok=True)


def _write(stem: Path, pixels: Pixels, alpha: Pixels | None) -> str:
    """Save a preview: JPEG with whole chroma, or PNG where there is alpha."""
    channels = pixels if alpha is None else np.dstack([pixels, alpha] if pixels.ndim == 3 else [pixels] * 3 + [alpha])
    path = stem.with_suffix(".jpg" if alpha is None else ".png")
    if not path.exists():
        options: dict[str, Any] = {"quality": 95, "subsampling": 0} if alpha is None else {"compress_level": 1}
        part = path.with_name(f".{threading.get_ident()}{path.name}")
        Image.fromarray(eight_bits(channels)).save(part, **options)
        part.replace(path)  # another request may be about to read it
    return str(path)
