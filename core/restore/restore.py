"""A print looked at, step by step: what the network is to see of it, and the picture where a person asks."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from core.colour.cielab import Float, Pixels
from core.errors import RequestError, shortened
from core.photo.open import Photo
from core.photo.resize import small_rgb
from core.restore.fading import find_fading
from core.restore.finding import Finding, Mended
from core.restore.frame import Frame, find_frame
from core.restore.screen import find_screen
from core.restore.tone import Cast, find_cast, plain_grey

AUTO, NONE = "auto", "none"

STEPS = ("tone", "screen", "fading", "frame")
"""In the order in which they are named to people."""

_SIDE = 1024
"""Longest side of the copy that is looked at and that the network sees: twice what any network asks for."""

_ROWS = 256
"""Of a picture mended at a time."""


@dataclass(frozen=True)
class Restoration:
    """What is to be mended of a photograph.

    Attributes:
        photo: the photograph.
        cast: what makes its grey, or None for lightness as it is.
        findings: what is mended, in this order.
        frame: where the print is that a network is to see alone, or None.
        for_picture: whether the picture is mended too, and not only what the network sees.
    """

    photo: Photo
    cast: Cast | None = None
    findings: tuple[Finding, ...] = ()
    frame: Frame | None = None
    for_picture: bool = False

    @property
    def told(self) -> list[Mended]:
        """Each step that is done, for reports."""
        casts = [Mended(step="tone", found=self.cast.words, picture=self.for_picture)] if self.cast else []
        others = [
            Mended(step=each.step, found=each.words, picture=self.for_picture and each.for_picture)
            for each in self.findings
        ]
        return casts + others + ([Mended(step="frame", found="has a border")] if self.frame else [])

    def for_nobody(self) -> Restoration:
        """The same without what only a network would see; a picture that is mended stays so."""
        return replace(self, frame=None) if self.for_picture else Restoration(self.photo)

    def seen(self) -> Photo:
        """What a network is to see, and its frame: the photograph itself, or a smaller copy, grey and mended."""
        if not (self.cast or self.findings):
            return self.photo
        grey = _grey(_small(self.photo), self.cast)
        for each in self.findings:
            grey = each.mend(grey)
        return replace(self.photo, pixels=_as_pixels(grey, np.dtype(np.uint16)))

    def picture(self) -> Photo:
        """What the colours are laid on: the photograph itself, or as large a copy, grey and mended, where asked for."""
        findings = [each for each in self.findings if each.for_picture]
        if not (self.for_picture and (self.cast or findings)):
            return self.photo
        pixels = self.photo.pixels
        grey = np.empty(pixels.shape[:2], np.float32)
        for top in range(0, len(pixels), _ROWS):
            rows = pixels[top : top + _ROWS].astype(np.float32) * np.float32(1 / np.iinfo(pixels.dtype).max)
            grey[top : top + _ROWS] = _grey(rows, self.cast)
        for each in findings:
            grey = each.mend(grey)
        return replace(self.photo, pixels=_as_pixels(grey, pixels.dtype))


def check_steps(restore: str) -> frozenset[str]:
    """The steps that a person asks for: ``auto`` and ``none`` stand for themselves, others are named with commas.

    Raises:
        RequestError: there is no such step.
    """
    names = frozenset(part.strip() for part in str(restore).split(",") if part.strip())
    if names in ({AUTO}, {NONE}) or (names and names <= set(STEPS)):
        return names
    raise RequestError(
        f"'{shortened(str(restore))}' restores nothing; choose auto, none, or some of {', '.join(STEPS)}."
    )


def restoration_of(photo: Photo, restore: str = AUTO, for_picture: bool = False) -> Restoration:
    """Look at a photograph.

    Args:
        photo: any; its largest side counts for nothing, a copy is looked at.
        restore: ``auto`` mends what is sure, ``none`` nothing, and a list what it names where that is found at all.
        for_picture: whether the picture is to be mended too.

    Raises:
        RequestError: there is no such step.
    """
    asked = check_steps(restore)
    if asked == {NONE}:
        return Restoration(photo)
    small = _small(photo)
    cast = find_cast(photo, small) if asked == {AUTO} or "tone" in asked else None
    grey = _grey(small, cast)
    frame = find_frame(grey)

    def wanted(step: str, sure: bool) -> bool:
        return step in asked or (asked == {AUTO} and sure)

    print_ = grey[frame.inside(*grey.shape)] if frame else grey
    findings: list[Finding] = []
    screen = find_screen(print_, grey.shape)
    if screen and wanted("screen", screen.sure):
        findings.append(screen)
        print_ = screen.mend(print_)
    fading = find_fading(print_, is_print=cast is not None or screen is not None)
    if fading and wanted("fading", fading.sure):
        findings.append(fading)
    shown = frame if frame and wanted("frame", frame.sure) else None
    return Restoration(photo, cast, tuple(findings), shown, for_picture)


def _small(photo: Photo) -> Float:
    """sRGB 0..1 of a copy, grey (h, w) or (h, w, 3)."""
    scale = min(1.0, _SIDE / max(photo.height, photo.width))
    return small_rgb(photo, (max(1, round(photo.height * scale)), max(1, round(photo.width * scale))))


def _grey(rgb: Float, cast: Cast | None) -> Float:
    return cast.grey(rgb) if cast and rgb.ndim == 3 else plain_grey(rgb)


def _as_pixels(grey: Float, dtype: np.dtype[np.unsignedinteger]) -> Pixels:
    most = np.iinfo(dtype).max
    return np.rint(grey.clip(0, 1) * np.float32(most)).astype(dtype)
