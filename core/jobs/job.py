"""One photograph's file coloured into another file."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from core.engine import Engine, Report
from core.look.look import Look
from core.photo.open import Photo, open_photo
from core.photo.save import coloured_name, output_format, save_picture
from core.progress import Progress
from core.render.render import Picture


@dataclass(frozen=True)
class Job:
    """How photographs are to be coloured.

    Attributes:
        backend: an id, or ``auto``.
        look: strength, temperature and so on.
        format_name: png, jpeg or webp, as a person writes it.
        options: the backend's own.
        reference: a second photograph, for a backend that takes its colours from one.
    """

    backend: str
    look: Look
    format_name: str = "png"
    options: Mapping[str, Any] | None = None
    reference: Photo | None = None

    def run(
        self, engine: Engine, source: Path, name: str, folder: Path, progress: Progress
    ) -> tuple[Path, Picture, Report]:
        """Colour a file.

        Args:
            engine: what colours it.
            source: the photograph's file.
            name: what its owner calls it.
            folder: for the picture, which is named after the photograph (``grandma.colour.png``).
            progress: told what goes on.

        Raises:
            AutochromeError: anything that a person can put right; nothing is written then.
        """
        chosen = output_format(self.format_name)
        photo = open_photo(source, engine.settings, name)
        picture, report = engine.colorize(photo, self.backend, self.look, self.options, progress, self.reference)
        progress(0.9, "Writing the file")
        path = folder / coloured_name(name, chosen)
        notes = save_picture(path, picture.rgb, photo, report.backend, chosen)
        return path, picture, report.model_copy(update={"warnings": [*report.warnings, *notes]})
