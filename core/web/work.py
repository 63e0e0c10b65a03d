"""An uploaded photograph coloured into a file: what /colorize and the page's download have in common."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from gradio.utils import get_upload_folder

from core.engine import Engine, Report
from core.look import Look
from core.photo import open_photo
from core.prediction import Progress
from core.save import coloured_name, output_format, save_picture
from core.web.upload import Upload


def colour_file(
    engine: Engine,
    upload: Upload,
    backend: str,
    look: Look,
    options: Mapping[str, Any],
    format_name: str,
    progress: Progress,
) -> tuple[Path, Report]:
    """Colour a photograph at full size and write it into a folder of its own in Gradio's cache.

    Returns:
        The file, named after the photograph (``grandma.colour.png``), and the report.

    Raises:
        AutochromeError: anything that the person can put right; nothing is written then.
    """
    chosen = output_format(format_name)
    photo = open_photo(upload.path, engine.settings, upload.name)
    picture, report = engine.colorize(photo, backend, look, options, progress)
    progress(0.9, "Writing the file")
    folder = new_folder()
    path = folder / coloured_name(upload.name, chosen)
    try:
        notes = save_picture(path, picture.rgb, photo, report.backend, chosen)
    except BaseException:
        shutil.rmtree(folder)
        raise
    return path, report.model_copy(update={"warnings": [*report.warnings, *notes]})


def new_folder() -> Path:
    """An empty folder in Gradio's cache, whose name nobody can guess."""
    cache = Path(get_upload_folder())
    cache.mkdir(parents=True, exist_ok=True)
    return Path(tempfile.mkdtemp(dir=cache)).resolve()
