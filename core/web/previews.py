"""Pictures of what a visitor has before them: small ones that follow a look, and parts in full resolution."""

from __future__ import annotations

import hashlib
import threading
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

from core.colour.cielab import Pixels, eight_bits
from core.engine import Engine, Forecast
from core.jobs.job import Job
from core.look.alternatives import Alternative
from core.look.look import Look
from core.photo.in_colour import is_in_colour
from core.photo.open import Photo
from core.photo.resize import thumbnail
from core.progress import Progress, no_progress
from core.render.confidence import confidence_picture
from core.render.reach import reach_mask
from core.restore.marks import Mask
from core.restore.restore import Restoration
from core.web.colouring import colour_file, make_room, new_folder, open_reference, open_upload
from core.web.session import PREVIEW_PIXELS, Prints, Session, keep, kept_small, write_whole
from core.web.upload_fields import Upload

_FEWEST_PIXELS = 300_000
_STRIP_PIXELS = 40_000
_SMALL_PIXELS = 400_000
_REACH_PIXELS = 120_000
_TILE_PIXELS = 4_000_000


@dataclass(frozen=True)
class Region:
    """A part of a photograph in its own pixels, and the width at which it is to be shown."""

    left: int
    top: int
    width: int
    height: int
    shown: int


class Previews:
    """Makes previews from the small copy in a session's folder and the prediction that the engine keeps."""

    def __init__(self, engine: Engine):
        self._engine = engine
        self._whole = threading.Lock()  # large pictures are made one at a time, for memory's sake

    def begin(
        self,
        upload: Upload,
        backend: str,
        progress: Progress,
        reference: Upload | None = None,
        options: Mapping[str, Any] | None = None,
        prints: Prints | None = None,
    ) -> Session:
        """Open a photograph and predict its colours.

        Args:
            upload: the photograph.
            backend: an id, or ``auto``.
            progress: told what goes on.
            reference: the photograph to take colours from, for a backend that wants one.
            options: the backend's own.
            prints: what is to be mended; what is sure to be wrong unless given.

        Raises:
            AutochromeError: one of them cannot be opened, or the backend cannot be used.
        """
        prints = prints or Prints()
        restoration, forecast = self._predict(upload, backend, progress, reference, options, prints)
        small = thumbnail(restoration.photo, PREVIEW_PIXELS)
        session = Session(
            token=new_folder().name,
            upload=upload,
            report=forecast.report,
            key=forecast.key,
            in_colour=is_in_colour(small),
            see_through=small.alpha is not None,
            reference=reference,
            is_version=self._engine.registry.get(forecast.report.backend).info.learned is None,
            options=dict(options or {}),
            prints=prints,
            marks=restoration.marks is not None and bool(restoration.marks.mask.any()),
            suggested=list(restoration.suggested),
        )
        keep(session, small, _mended(restoration, small))
        return session

    def suited(self, upload: Upload, reference: Upload) -> str:
        """The id of the backend for two photographs, the second of which may be a version of the first.

        Raises:
            AutochromeError: one of them cannot be opened, or no backend takes such a one.
        """
        photo, second = (open_upload(each, self._engine.settings) for each in (upload, reference))
        return self._engine.suited(photo, second)

    def shown_reference(self, upload: Upload) -> str:
        """File of a small copy of the photograph to take colours from: a browser cannot show every format.

        Raises:
            PhotoError: it cannot be opened.
        """
        photo = thumbnail(open_upload(upload, self._engine.settings), _SMALL_PIXELS)
        path = new_folder() / "reference.png"
        channels = photo.pixels if photo.alpha is None else np.dstack([photo.pixels, photo.alpha])
        Image.fromarray(eight_bits(channels)).save(path, compress_level=1)
        return str(path)

    def before(self, session: Session, pixels: int) -> Photo:
        """The photograph as it was, with about so many pixels or as many as its small copy has."""
        return _sized(self._opened(session)[0], pixels)

    def mask(self, session: Session) -> Mask | None:
        """Where marks are filled, or may be: (h, w) bool, of a small copy; None where nobody has looked.

        Raises:
            PhotoError: it has been deleted.
        """
        restoration = session.prints.of(open_upload(session.upload, self._engine.settings), self._engine)
        return restoration.mask

    def theirs(self, session: Session, pixels: int) -> Photo:
        """The other version, as it came."""
        assert session.reference is not None
        return _sized(open_upload(session.reference, self._engine.settings), pixels)

    def after(self, session: Session, look: Look, pixels: int) -> Photo:
        """The same coloured; no network runs unless memory was short."""
        _, photo, forecast = self._opened(session)
        photo = _sized(photo, pixels)
        picture, _ = self._engine.render(photo, forecast, look)
        return Photo(picture.rgb, photo.alpha)

    def alternatives(self, session: Session, look: Look) -> Iterator[tuple[Alternative, Pixels]]:
        """Each colouring that the prediction holds as a small picture, with the rest of a look; none for a field."""
        _, photo, forecast = self._opened(session)
        small = thumbnail(photo, _STRIP_PIXELS)
        for alternative in forecast.colouring.alternatives():
            changed = look.model_copy(update={"alternative": alternative.name})
            yield alternative, self._engine.render(small, forecast, changed)[0].rgb

    def confidence(self, session: Session) -> tuple[Pixels, float] | None:
        """A picture of where the model is sure, and the mean 0..1; None where nobody says."""
        photo, _, forecast = self._opened(session)
        sure = forecast.colouring.confidence()
        if sure is None:
            return None
        return confidence_picture(thumbnail(photo, _SMALL_PIXELS), sure).rgb, float(sure.mean())

    def reach(self, session: Session, look: Look) -> Pixels:
        """(h, w) uint8 of what the look's last hint would touch, see ``core.render.reach``."""
        _, photo, forecast = self._opened(session)
        return reach_mask(thumbnail(photo, _REACH_PIXELS), forecast.colouring.reach(look.hints))

    def tile(self, session: Session, look: Look, region: Region) -> tuple[Photo, Photo]:
        """A part of the photograph, before and after, in its full resolution or at the width shown.

        The whole picture is coloured once for each look and kept in the session's folder, so that the next part is a
        cut from it.
        """
        with self._whole:
            before, after = self._full(session, look)
        height, width = before.shape[:2]
        top, left = max(0, min(region.top, height - 1)), max(0, min(region.left, width - 1))
        rows, columns = slice(top, top + max(region.height, 1)), slice(left, left + max(region.width, 1))
        most = min(_TILE_PIXELS, max(region.shown, 1) ** 2 * max(region.height, 1) // max(region.width, 1))
        cuts = (Photo(np.ascontiguousarray(whole[rows, columns])) for whole in (before, after))
        first, second = (thumbnail(cut, most) for cut in cuts)
        return first, second

    def save(self, session: Session, job: Job, progress: Progress = no_progress) -> Path:
        """Make the full-size file."""
        return colour_file(self._engine, session.upload, job, progress).path

    def _full(self, session: Session, look: Look) -> tuple[Pixels, Pixels]:
        """The whole photograph, before and after, as files in memory's stead."""
        digest = hashlib.sha256(look.model_dump_json().encode()).hexdigest()[:12]
        before, after = session.folder / "full.npy", session.folder / f"full-{digest}.npy"
        if not (before.exists() and after.exists()):
            forecast = self._engine.recall(session.report, session.key)
            if forecast is None:  # before the photograph is opened: a large one has no room twice
                forecast = self._opened(session)[2]
            restoration = session.prints.of(open_upload(session.upload, self._engine.settings), self._engine)
            picture, _ = self._engine.render(restoration.picture(), forecast, look)
            for former in session.folder.glob("full-*.npy"):
                former.unlink(missing_ok=True)
            wanted = {after: picture.rgb} if before.exists() else {before: restoration.photo.pixels, after: picture.rgb}
            make_room(sum(pixels.size for pixels in wanted.values()))
            for path, pixels in wanted.items():
                write_whole(path, eight_bits(pixels))
        return np.load(before, mmap_mode="r"), np.load(after, mmap_mode="r")

    def _opened(self, session: Session) -> tuple[Photo, Photo, Forecast]:
        """The small copy as it was, and mended where that is asked for, and the prediction."""
        forecast = self._engine.recall(session.report, session.key)
        small = kept_small(session, self._engine.settings) if forecast else None
        if small and forecast:
            return *small, forecast
        restoration, forecast = self._predict(
            session.upload, session.report.backend, no_progress, session.reference, session.options, session.prints
        )
        copy = thumbnail(restoration.photo, PREVIEW_PIXELS)
        return copy, _mended(restoration, copy), forecast

    def _predict(
        self,
        upload: Upload,
        backend: str,
        progress: Progress,
        reference: Upload | None,
        options: Mapping[str, Any] | None,
        prints: Prints,
    ) -> tuple[Restoration, Forecast]:
        progress(0.0, "Opening the photograph")
        photo = open_upload(upload, self._engine.settings)
        second = open_reference(reference, self._engine.settings)
        restoration = prints.of(photo, self._engine)
        forecast = self._engine.forecast(restoration.photo, backend, options, progress, second, restoration)
        progress(0.9, "Painting")
        return restoration, forecast


def _mended(restoration: Restoration, small: Photo) -> Photo:
    """The small copy as the colours are laid on it: itself unless the picture is to be mended."""
    mended = restoration.picture()
    return small if mended is restoration.photo else thumbnail(mended, PREVIEW_PIXELS)


def _sized(photo: Photo, pixels: int) -> Photo:
    return thumbnail(photo, min(max(pixels, _FEWEST_PIXELS), PREVIEW_PIXELS))
