"""Many photographs coloured one after the other into one zip, with a report."""

from __future__ import annotations

import csv
import io
import logging
import re
import tempfile
import threading
import unicodedata
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from core.colour.cielab import Pixels, eight_bits
from core.engine import Engine
from core.errors import PhotoError
from core.jobs.job import Job, Outcome
from core.jobs.one_backend import OneBackend
from core.jobs.sidecar import sidecar_of
from core.photo.archive import Source
from core.photo.open import Photo
from core.photo.resize import thumbnail
from core.photo.save import free_name
from core.render.render import Picture

logger = logging.getLogger("autochrome")

THUMBNAIL_PIXELS = 60_000


@dataclass(frozen=True)
class Done:
    """One photograph done with. ``thumbnail`` is (h, w, 3) uint8 sRGB, or None where it failed."""

    outcome: Outcome
    thumbnail: Pixels | None = None


def colour_batch(
    engine: Engine, photographs: list[Source], job: Job, target: Path, stop: threading.Event | None = None
) -> Iterator[Done]:
    """Colour photographs; one at a time is in memory. The zip appears at the end, whole, with a ``report.csv``.

    Pictures are stored in it as they are, not compressed again. A photograph that fails is reported and spoils nothing.

    Args:
        engine: what colours them.
        photographs: from ``core.photo.archive.sources``.
        job: how.
        target: the zip to write.
        stop: when set, what is done by then is kept and the rest is left out.

    Raises:
        PhotoError: the zip cannot be written.
    """
    with tempfile.TemporaryDirectory(prefix=".batch-", dir=target.parent) as scratch:
        unfinished = Path(scratch) / target.name
        outcomes: list[Outcome] = []
        try:
            with zipfile.ZipFile(unfinished, "w", zipfile.ZIP_STORED) as archive:
                colourer = OneBackend(engine, job)
                for source in photographs:
                    if stop is not None and stop.is_set():
                        break
                    target_name = anywhere(job.picture_name(source.name))
                    done = _colour_into(archive, colourer, source, Path(scratch) / target_name)
                    outcomes.append(done.outcome)
                    yield done
                archive.writestr("report.csv", _csv(outcomes))
            unfinished.replace(target)
        except OSError as error:
            reason = error.strerror or str(error)
            raise PhotoError(f"The zip could not be written ({reason}); free some space and try again.") from error


def _colour_into(archive: zipfile.ZipFile, colourer: OneBackend, source: Source, scratch: Path) -> Done:
    """Colour one photograph and put the picture into the zip, in its folder and under a name of its own."""
    outcome, picture = colourer.attempt(source, scratch)
    if picture is None or outcome.picture is None:
        return Done(outcome)
    written = Path(outcome.picture)
    taken = {name.casefold() for name in archive.namelist()}
    folders = PurePosixPath(source.name.replace("\\", "/")).parent.parts
    wanted = PurePosixPath(*map(anywhere, folders), anywhere(written.name))
    name = free_name(str(wanted), lambda name: name.casefold() in taken)
    for file, packed in ((written, name), (sidecar_of(written), sidecar_of(Path(name)).as_posix())):
        if file.exists():
            archive.write(file, packed)
            file.unlink()
    return Done(outcome.model_copy(update={"picture": name}), _thumbnail(picture))


def anywhere(name: str) -> str:
    """A file's name as every system takes it and shows it: for a zip, nobody knows where it will be unpacked."""
    shown = [letter for letter in name if unicodedata.category(letter) not in ("Cc", "Cf", "Cs")]
    name = unicodedata.normalize("NFC", re.sub(r'[<>:"/\\|?*]', "_", "".join(shown)))
    encoded = name.encode()
    if len(encoded) > _LONGEST:
        name = "…".join(part.decode(errors="ignore") for part in (encoded[: _LONGEST - 60], encoded[-50:]))
    return f"_{name}" if _OF_WINDOWS.match(name) or name.startswith(".") else name


_OF_WINDOWS = re.compile(r"(con|prn|aux|nul|(com|lpt)[\d¹²³])\s*\.", re.IGNORECASE)
"""Devices, whatever ending follows."""

_LONGEST = 240
"""Bytes of a name: systems take 255."""


def _thumbnail(picture: Picture) -> Pixels | None:
    try:
        return eight_bits(thumbnail(Photo(picture.rgb), THUMBNAIL_PIXELS).pixels)
    except Exception:  # as when memory is short: the picture is in the zip all the same
        logger.exception("No small picture could be made")
        return None


def _csv(outcomes: list[Outcome]) -> str:
    text = io.StringIO()
    writer = csv.DictWriter(text, list(Outcome.model_fields), lineterminator="\n")
    writer.writeheader()
    writer.writerows(outcome.cells() for outcome in outcomes)
    return text.getvalue()
