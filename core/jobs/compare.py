"""One photograph coloured by every backend that is ready."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
from pydantic import BaseModel

from core.colour.cielab import Float, Pixels, eight_bits, rgb_to_lab, three_channels
from core.colour.metrics import ciede2000, colourfulness, psnr
from core.engine import Engine
from core.errors import AutochromeError
from core.look.look import Look
from core.photo.in_colour import is_in_colour
from core.photo.open import Photo
from core.photo.resize import thumbnail
from core.registry.backend import Backend, weights_of

MEASURED_PIXELS = 250_000
"""Pixels of the copy on which pictures are measured."""


class Measured(BaseModel):
    """How one backend did.

    Attributes:
        backend: its id.
        title: its name.
        problem: why it has no picture; empty where it has one.
        seconds: what its network took; 0 where the prediction was kept from before.
        cached: whether it was.
        colourfulness: Hasler and Suesstrunk's M3.
        psnr: dB of RGB against the photograph's own colours; None where it has none.
        ciede2000: mean colour difference from them; None where it has none.
    """

    backend: str
    title: str
    problem: str = ""
    seconds: float = 0.0
    cached: bool = False
    colourfulness: float | None = None
    psnr: float | None = None
    ciede2000: float | None = None


def ready_backends(engine: Engine) -> list[Backend]:
    """The backends that need nothing more than a photograph to colour one now."""
    return [backend for backend in engine.registry if not backend.info.wants_reference and _is_ready(backend)]


def compare(engine: Engine, photo: Photo, max_pixels: int) -> Iterator[tuple[Measured, Pixels | None]]:
    """Colour a photograph with each ready backend, at the default look.

    Args:
        engine: what colours it.
        photo: in colour or not; only its lightness is used.
        max_pixels: of the pictures.

    Yields:
        What was measured, and the picture as (h, w, 3) uint8 sRGB; None where the backend failed.
    """
    small = thumbnail(photo, max_pixels)
    truth = _measurable(small) if is_in_colour(photo) else None
    for backend in ready_backends(engine):
        measured = Measured(backend=backend.info.id, title=backend.info.title or backend.info.id)
        try:
            forecast = engine.forecast(photo, backend.info.id)
            picture, _ = engine.render(small, forecast, Look())
        except AutochromeError as error:
            yield measured.model_copy(update={"problem": str(error)}), None
            continue
        report = forecast.report
        measured.seconds, measured.cached = round(report.seconds.predict, 3), report.cached
        yield _against(measured, picture.rgb, truth), eight_bits(picture.rgb)


def truth_colourfulness(photo: Photo) -> float | None:
    """Colourfulness of the photograph itself, or None where it is not in colour."""
    return round(colourfulness(_measurable(photo)), 2) if is_in_colour(photo) else None


def _against(measured: Measured, rgb: Pixels, truth: Pixels | None) -> Measured:
    small = _measurable(Photo(rgb))
    figures: dict[str, Any] = {"colourfulness": round(colourfulness(small), 2)}
    if truth is not None:
        figures["psnr"] = round(min(psnr(small, truth), 99.0), 2)
        figures["ciede2000"] = round(float(ciede2000(_lab(small), _lab(truth)).mean()), 2)
    return measured.model_copy(update=figures)


def _is_ready(backend: Backend) -> bool:
    weights = weights_of(backend)
    return weights is None or weights.status().state == "ready"


def _measurable(photo: Photo) -> Pixels:
    """A small copy, (h, w, 3) uint8."""
    return three_channels(eight_bits(thumbnail(photo, MEASURED_PIXELS).pixels))


def _lab(rgb: Pixels) -> Float:
    return rgb_to_lab(np.asarray(rgb / 255, np.float32))
