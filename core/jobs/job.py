"""One photograph's file coloured into another file: the one way that the page, the API and the command line share."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path, PurePosixPath
from typing import Any, Literal, get_args

from pydantic import BaseModel, PrivateAttr, field_serializer

from core.colour.cielab import three_channels
from core.engine import Engine, Report
from core.errors import AutochromeError, DiskFullError, InColourError, RequestError, shortened
from core.jobs.sidecar import Sidecar, make_sidecar
from core.look.look import Look
from core.photo.archive import Source
from core.photo.captions import source_type_of
from core.photo.credentials import Credentials
from core.photo.in_colour import is_in_colour
from core.photo.open import Photo, open_photo
from core.photo.origin import done_by
from core.photo.save import check_quality, coloured_name, copy_whole, format_like, output_format, save_picture
from core.photo.stores import read_bytes, shown
from core.progress import Progress, no_progress
from core.registry.registry import AUTO
from core.render.render import Picture
from core.restore.restore import AUTO as WHAT_IS_SURE
from core.restore.restore import check_picture_steps, check_steps
from core.restore.strokes import Strokes

logger = logging.getLogger("autochrome")


ColourPhotos = Literal["skip", "recolour", "keep-as-is"]
"""What may become of photographs that are in colour: nothing; colours anew; a copy of the file, byte for byte."""


_LONGEST_NAME = 160
"""Bytes of a photograph's name: few enough for what a picture's gains, as systems take 255, and to be told."""


class Outcome(BaseModel):
    """A line of a report: what became of one photograph. ``picture`` names the file made from it, or is None.

    ``kept`` is what was in colour already, and whose picture is a copy of its file. In tables and JSON, which are
    Unicode, bytes of a file's name that are no text are escaped.
    """

    status: Literal["done", "failed", "skipped", "kept"] = "done"
    photograph: str
    picture: str | None = None
    problem: str = ""
    backend: str = ""
    fallback_reason: str = ""
    width: int = 0
    height: int = 0
    seconds: float = 0.0
    clipped_fraction: float = 0.0
    warnings: str = ""
    restored: str = ""
    _disk_is_full: bool = PrivateAttr(default=False)  # for programs: no column of a report

    @property
    def disk_is_full(self) -> bool:
        """Whether it failed because there is no room for any picture."""
        return self._disk_is_full

    @field_serializer("*")
    def _as_unicode(self, value: Any) -> Any:
        return value.encode("utf-8", "backslashreplace").decode() if isinstance(value, str) else value

    def cells(self) -> dict[str, Any]:
        """As a row of a table: a text that a spreadsheet would take for a formula begins with an apostrophe."""
        return {
            name: f"'{value}"
            if isinstance(value, str) and value.startswith(("=", "+", "-", "@", "\t", "\r"))
            else value
            for name, value in self.model_dump().items()
        }


@dataclass(frozen=True)
class Coloured:
    """A photograph coloured, or kept: the file that was written, what is in it, and what happened."""

    path: Path
    picture: Picture
    report: Report
    sidecar: Sidecar | None = None


@dataclass(frozen=True)
class Job:
    """How photographs are to be coloured.

    Attributes:
        backend: an id, or ``auto``.
        look: strength, temperature and so on.
        format_name: png, jpeg, webp, tiff or avif, as a person writes it; None is that of the photograph, or else PNG.
        options: the backend's own.
        reference: a second photograph, for a backend that takes its colours from one.
        quality: 1..100, for the formats that have one; None is the photograph's own, or a good one.
        with_sidecar: whether a file beside the picture tells how it was made; see ``core.jobs.sidecar``.
        credentials: who signs the pictures, or None.
        colour_photos: what becomes of photographs that are in colour: one of ``ColourPhotos``.
        restore: what of an old print is mended before the network sees it, see ``core.restore.restore``.
        restore_picture: whether the picture is mended too, or by which steps.
        restore_strokes: what a person has brushed onto the mask of marks.
    """

    backend: str = AUTO
    look: Look = field(default_factory=Look)
    format_name: str | None = "png"
    options: Mapping[str, Any] | None = None
    reference: Photo | None = None
    quality: int | None = None
    with_sidecar: bool = False
    credentials: Credentials | None = None
    colour_photos: str = "recolour"
    restore: str = WHAT_IS_SURE
    restore_picture: bool | str = False
    restore_strokes: Strokes = ()

    def check(self, engine: Engine, has_reference: bool = False) -> None:
        """Refuse what no photograph could put right, before the first is opened.

        Args:
            engine: what is to colour them.
            has_reference: whether each photograph will get a second one of its own.

        Raises:
            BackendError: there is no such backend.
            RequestError: anything else.
        """
        self.format_for("")
        check_quality(self.quality)
        if self.colour_photos not in get_args(ColourPhotos):
            raise RequestError(
                f"There is no way '{shortened(self.colour_photos)}' to deal with colour photographs; "
                "choose skip, recolour or keep-as-is."
            )
        check_steps(self.restore)
        check_picture_steps(self.restore_picture)
        engine.check(self.backend, self.options, has_reference or self.reference is not None)

    def picture_name(self, name: str) -> str:
        """What the picture of a photograph is called: ``1931/grandma.tif`` gives ``grandma.colour.png``.

        Raises:
            RequestError: there is no such format.
        """
        return coloured_name(_base_name(name), self.format_for(name))

    def format_for(self, name: str) -> str:
        """The format of a photograph's picture: a key of ``core.photo.save.SUFFIXES``.

        Raises:
            RequestError: there is no such format.
        """
        return format_like(name) if self.format_name is None else output_format(self.format_name)

    def run(self, engine: Engine, photograph: Path, name: str, target: Path, progress: Progress) -> Coloured:
        """Colour a file.

        Args:
            engine: what colours it.
            photograph: its file.
            name: what its owner calls it.
            target: the file to write; its folder is made where it is missing.
            progress: told what goes on.

        Raises:
            AutochromeError: anything that a person can put right; nothing is written then.
        """
        self.check(engine)
        format_name = self.format_for(name)
        photo = open_photo(photograph, engine.settings, _base_name(name))
        if self.colour_photos != "recolour" and is_in_colour(photo):
            return self._left_alone(photograph, photo, target)
        restoration = engine.restoration(photo, self.restore, self.restore_picture, self.restore_strokes, suggest=False)
        forecast = engine.forecast(photo, self.backend, self.options, progress, self.reference, restoration)
        progress(0.8, "Painting")
        picture, report = engine.render(restoration.picture(), forecast, self.look)
        progress(0.9, "Writing the file")
        make_folder(target.parent)
        learned = engine.registry.get(report.backend).info.learned
        seal = None
        if self.credentials:
            seal = partial(
                self.credentials.sign,
                format_name=format_name,
                photograph=photograph,
                name=photo.name,
                done=done_by(report.backend, learned).capitalize(),
                source_type=source_type_of(learned),
            )
        notes = save_picture(target, picture.rgb, photo, report.backend, format_name, self.quality, learned, seal)
        report = report.model_copy(update={"warnings": [*report.warnings, *notes]})
        sidecar = None
        if self.with_sidecar:
            try:
                sidecar = make_sidecar(photograph, photo, self, forecast, report)
                sidecar.write(target)
            except BaseException:
                target.unlink()
                raise
        return Coloured(target, picture, report, sidecar)

    def _left_alone(self, photograph: Path, photo: Photo, target: Path) -> Coloured:
        """A copy of the file of a photograph in colour, called after the picture that it would have become.

        Raises:
            InColourError: it is to be skipped.
        """
        if self.colour_photos == "skip":
            raise InColourError(
                f"{photo.name} is in colour already and was left as it is; 'recolour' would colour it anew."
            )
        path = target.with_suffix(PurePosixPath(photo.name).suffix)
        data = read_bytes(photograph)
        if path.exists() and path.read_bytes() != data:  # another photograph's
            path = path.with_name(f"{path.name.rpartition('.colour')[0]}-{photo.metadata.digest}.colour{path.suffix}")
        make_folder(path.parent)
        copy_whole(path, data)
        kept = f"{photo.name} is in colour already and was kept as it is; 'recolour' would colour it anew."
        size = {"width": photo.width, "height": photo.height}
        report = Report(backend="", requested=self.backend, cached=False, warnings=[kept], **size)
        return Coloured(path, Picture(three_channels(photo.pixels), 0.0), report)

    def attempt(self, engine: Engine, source: Source, target: Path) -> tuple[Outcome, Picture | None]:
        """Colour one of many: whatever goes wrong with it is told of, and costs no other its picture."""
        try:
            with source.file() as path:
                coloured = self.run(engine, path, source.name, target, no_progress)
        except Exception as error:
            return not_done(source.name, error), None
        row = coloured.report.row()
        status = "done" if row["backend"] else "kept"
        return Outcome(status=status, photograph=source.name, picture=shown(coloured.path), **row), coloured.picture


def not_done(name: str, error: Exception) -> Outcome:
    """The outcome of what was not coloured; what nobody has foreseen goes into the log too."""
    if isinstance(error, InColourError):
        return Outcome(status="skipped", photograph=name, problem=str(error))
    if isinstance(error, AutochromeError):
        failed = Outcome(status="failed", photograph=name, problem=str(error))
        failed._disk_is_full = isinstance(error, DiskFullError)
        return failed
    logger.error("%s could not be coloured", name, exc_info=error)
    return Outcome(status="failed", photograph=name, problem=_fault(name, error))


def make_folder(folder: Path) -> None:
    """Make a folder where it is missing.

    Raises:
        RequestError: it cannot be made.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except (OSError, NotImplementedError) as error:
        reason = getattr(error, "strerror", None) or type(error).__name__
        raise RequestError(f"The folder {shown(folder)} cannot be made ({reason}); choose another.") from error


def _base_name(name: str) -> str:
    """The last part of a photograph's name, which may lead through a zip: from Windows, or with names of any length."""
    last = PurePosixPath(name.replace("\\", "/")).name
    encoded = last.encode("utf-8", "surrogatepass")
    if len(encoded) <= _LONGEST_NAME:
        return last
    return "…".join(part.decode(errors="ignore") for part in (encoded[: _LONGEST_NAME - 20], encoded[-19:]))


def _fault(name: str, error: Exception) -> str:
    """The sentence for what nobody has foreseen."""
    if isinstance(error, MemoryError):
        return f"{_base_name(name)} needs more memory than there is; make it smaller."
    what = " ".join(f"{type(error).__name__}: {error}".split())[:200]
    return f"{_base_name(name)} met a fault of Autochrome's own ({what}); leave it out, and report what the log says."
