"""How a picture was made, in a file beside it: enough to make the same pixels again."""

from __future__ import annotations

import hashlib
import json
import platform
from collections.abc import Mapping
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import TYPE_CHECKING, Any

import cv2
import numpy as np
from pydantic import BaseModel

from core import __version__
from core.engine import Forecast, Report
from core.look.look import Look
from core.photo.open import Photo
from core.photo.save import copy_whole
from core.photo.stores import read_bytes
from core.restore.finding import Mended
from core.restore.restore import NONE
from core.restore.strokes import Strokes

if TYPE_CHECKING:
    from core.jobs.job import Job

_PACKAGES = ("numpy", "pillow", "tifffile", "imagecodecs", "pillow-heif", "pillow-jxl-plugin", "onnxruntime")


class Sidecar(BaseModel):
    """How a picture was made.

    Attributes:
        photograph: the file's name.
        sha256: of the file.
        width: of the picture.
        height: of the picture.
        backend: its id.
        options: its own.
        reference_sha256: the beginning of that of the second photograph's file, or None.
        weights: each file of the backend and the beginning of its SHA-256.
        look: the whole of it, hints too.
        output_format: png, jpeg and so on; None is that of the photograph.
        quality: 1..100, or None where none was asked for.
        versions: of what makes the pixels.
        seconds: of the network and of painting.
        confidence: mean over the picture, 0..1; None where the backend has none.
        clipped_fraction: share of the pixels, 0..1, whose colour sRGB cannot show and which lost chroma.
        warnings: sentences about what could not be kept.
        restore: what was to be mended, as it was asked for.
        restore_picture: whether the picture was to be mended too, or by which steps.
        restore_strokes: what a person has brushed onto the mask of marks.
        restored: the steps that were done.
    """

    photograph: str
    sha256: str
    width: int
    height: int
    backend: str
    options: dict[str, Any]
    reference_sha256: str | None
    weights: dict[str, str]
    look: Look
    output_format: str | None
    quality: int | None
    versions: dict[str, str]
    seconds: dict[str, float]
    confidence: float | None
    clipped_fraction: float
    warnings: list[str]
    restore: str = NONE
    restore_picture: bool | str = False
    restore_strokes: Strokes = ()
    restored: list[Mended] = []

    def write(self, picture: Path) -> Path:
        """Write it beside the picture: ``grandma.colour.png.json``.

        Raises:
            PhotoError: it cannot be written.
        """
        path = sidecar_of(picture)
        text = json.dumps(self.model_dump(mode="json"), indent=2, ensure_ascii=False) + "\n"
        # a name need not be Unicode, and \udce9 is how JSON writes such bytes
        copy_whole(path, text.encode("utf-8", "backslashreplace"))
        return path


def sidecar_of(picture: Path) -> Path:
    """The file beside a picture that tells how it was made."""
    return picture.with_name(f"{picture.name}.json")


def make_sidecar(photograph: Path, photo: Photo, job: Job, forecast: Forecast, report: Report) -> Sidecar:
    """What there is to tell of a picture.

    Args:
        photograph: the file.
        photo: the same, opened.
        job: how it was coloured.
        forecast: what was predicted.
        report: what happened.
    """
    sure = forecast.colouring.confidence()
    options: Mapping[str, Any] = job.options or {}
    return Sidecar(
        photograph=photo.name,
        sha256=hashlib.sha256(read_bytes(photograph)).hexdigest(),
        width=report.width,
        height=report.height,
        backend=report.backend,
        options=dict(options) if report.fallback_reason is None else {},
        reference_sha256=job.reference.metadata.digest if job.reference else None,
        weights=report.weights,
        look=job.look,
        output_format=job.format_name,
        quality=job.quality,
        versions=_versions(),
        seconds=report.seconds.model_dump(),
        confidence=None if sure is None else round(float(np.mean(sure)), 4),
        clipped_fraction=report.clipped_fraction,
        warnings=report.warnings,
        restore=job.restore,
        restore_picture=job.restore_picture,
        restore_strokes=job.restore_strokes,
        restored=report.restored,
    )


def _versions() -> dict[str, str]:
    found = {"autochrome": __version__, "python": platform.python_version(), "opencv": cv2.__version__}
    for package in _PACKAGES:
        try:
            found[package] = version(package)
        except PackageNotFoundError:
            continue
    return found
