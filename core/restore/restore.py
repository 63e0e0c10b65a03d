"""A print looked at, step by step: what the network is to see of it, and the picture where a person asks."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np

from core.colour.cielab import Float, Pixels
from core.errors import RequestError, shortened
from core.photo.open import Photo
from core.photo.resize import small_rgb
from core.restore.fading import find_range
from core.restore.finding import Finding, Mended, Suggested
from core.restore.frame import Frame, find_frame
from core.restore.geometry import cropped, find_lean, straightened
from core.restore.grain import find_grain
from core.restore.marks import Marks, Mask, find_marks, marks_finding
from core.restore.screen import find_screen
from core.restore.strokes import Strokes, brushed
from core.restore.tone import Cast, find_cast, plain_grey

AUTO, NONE = "auto", "none"

STEPS = ("tone", "screen", "marks", "fading", "grain", "frame")
"""In the order in which they are named to people."""

CHOICES = ("faces", "straighten", "crop")
"""What is done only where a person names it: marks filled within faces too, a print that leans turned, its border cut
off the picture."""

_SIDE = 1024
"""Longest side of the copy that is looked at and that the network sees: twice what any network asks for."""

_LEAST = 16
"""Pixels of that copy's shorter side under which nothing can be told of a photograph."""

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
        for_picture: the steps by which the picture is mended too, and not only what the network sees.
        marks: where a print's marks are, whether they are mended or not; None where nobody has looked.
        mask: (h, w) bool of a copy: the marks that are filled, or may be.
        suggested: what was found and is not done.
        changed: what was done to the photograph's shape before all else.
    """

    photo: Photo
    cast: Cast | None = None
    findings: tuple[Finding, ...] = ()
    frame: Frame | None = None
    for_picture: frozenset[str] = frozenset()
    marks: Marks | None = None
    mask: Mask | None = None
    suggested: tuple[Suggested, ...] = ()
    changed: tuple[Mended, ...] = ()

    @property
    def told(self) -> list[Mended]:
        """Each step that is done, for reports."""
        casts = [Mended(step="tone", found=self.cast.words, picture="tone" in self.for_picture)] if self.cast else []
        others = [
            Mended(step=each.step, found=each.words, picture=each.step in self.for_picture and each.for_picture)
            for each in self.findings
        ]
        return (
            list(self.changed) + casts + others + ([Mended(step="frame", found="has a border")] if self.frame else [])
        )

    @property
    def nbytes(self) -> int:
        """Memory that it takes beside the photograph: of the findings, only the marks' holds a plane, the mask."""
        masks = [self.mask] if self.marks is None else [self.mask, self.marks.mask, self.marks.faces]
        return 4096 + sum(mask.nbytes for mask in masks if mask is not None)

    def for_nobody(self) -> Restoration:
        """The same without what only a network would see; a picture that is mended stays so."""
        findings = tuple(each for each in self.findings if each.step in self.for_picture and each.for_picture)
        cast = self.cast if "tone" in self.for_picture else None
        return replace(self, cast=cast, findings=findings, frame=None)

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
        findings = [each for each in self.findings if each.for_picture and each.step in self.for_picture]
        cast = self.cast if "tone" in self.for_picture else None
        if not (cast or findings):
            return self.photo
        pixels = self.photo.pixels
        grey = np.empty(pixels.shape[:2], np.float32)
        for top in range(0, len(pixels), _ROWS):
            rows = pixels[top : top + _ROWS].astype(np.float32) * np.float32(1 / np.iinfo(pixels.dtype).max)
            grey[top : top + _ROWS] = _grey(rows, cast)
        for each in findings:
            grey = each.mend(grey)
        return replace(self.photo, pixels=_as_pixels(grey, pixels.dtype))


def check_steps(restore: str) -> frozenset[str]:
    """What a person asks for, with commas: steps, or one of ``auto`` and ``none``, and choices.

    Raises:
        RequestError: there is no such step or choice.
    """
    names = frozenset(part.strip() for part in str(restore).split(",") if part.strip())
    steps = names - set(CHOICES)
    if names and (steps in ({AUTO}, {NONE}) or steps <= set(STEPS)):
        return names
    raise RequestError(
        f"'{shortened(str(restore))}' restores nothing; choose auto, none, or some of {', '.join(STEPS + CHOICES)}."
    )


def check_picture_steps(restore_picture: bool | str) -> frozenset[str]:
    """What a picture has too: all steps, none, or those, and the choices, that are named with commas.

    Raises:
        RequestError: there is no such step.
    """
    if isinstance(restore_picture, str):
        return frozenset() if restore_picture.strip() in ("", NONE) else check_steps(restore_picture) - {AUTO}
    return frozenset(STEPS) if restore_picture else frozenset()


def restoration_of(
    photo: Photo,
    restore: str = AUTO,
    for_picture: bool | str = False,
    strokes: Strokes = (),
    suggest: bool = True,
) -> Restoration:
    """Look at a photograph.

    Args:
        photo: any; its largest side counts for nothing, a copy is looked at.
        restore: ``auto`` mends what is sure, ``none`` nothing, and a list what it names where that is found at all.
        for_picture: whether the picture is to be mended too by what is done, or by which steps, which are done then.
        strokes: what a person has brushed onto the mask of marks; with any, marks are mended.
        suggest: whether anybody wants to know what else might be done; else a sixth of the time is saved.

    Raises:
        RequestError: there is no such step.
    """
    asked, picture_steps = check_steps(restore), check_picture_steps(for_picture)
    if isinstance(for_picture, str):
        asked |= picture_steps
    least = min(photo.height, photo.width) * min(1.0, _SIDE / max(photo.height, photo.width))
    if (asked == {NONE} and not strokes) or least < _LEAST:
        return Restoration(photo)
    suggested: list[Suggested] = []

    def wanted(step: str, words: str, sure: bool) -> bool:
        if step in asked or (AUTO in asked and sure):
            return True
        suggested.append(Suggested(step=step, found=words, sure=sure))
        return False

    small = _small(photo)
    changed: tuple[Mended, ...] = ()
    if suggest or asked & {"straighten", "crop"}:
        photo, small, changed = _reshaped(photo, small, wanted)
    cast = find_cast(photo, small)
    cast = cast if cast and wanted("tone", cast.words, True) else None
    grey = _grey(small, cast)
    frame = find_frame(grey)
    inside = frame.inside(*grey.shape) if frame else (slice(None), slice(None))
    findings: list[Finding] = []
    screen = find_screen(grey[inside], grey.shape)
    if screen and wanted("screen", screen.words, screen.sure):
        findings.append(screen)
        grey = screen.mend(grey.copy())
    closely = bool(cast or screen or strokes or "marks" in asked)
    marks = None
    if (closely or AUTO in asked) and not (screen and screen not in findings):  # whose dots look like dust
        marks = find_marks(grey, inside, closely, is_print=bool(cast or screen))
    mask = np.zeros(grey.shape, bool) if marks is None else marks.fillable("faces" in asked)
    mask = brushed(mask, strokes)
    finding = marks_finding(mask, bool(strokes) or (marks is not None and marks.sure))
    if finding and (strokes or wanted("marks", finding.words, finding.sure)):
        findings.append(finding)
        grey = finding.mend(grey.copy())
    left = find_range(grey[inside])
    fading = left.finding(is_print=cast is not None or screen is not None) if left else None
    if fading and not wanted("fading", fading.words, fading.sure):
        left = fading = None
    grain = find_grain(grey[inside], None if screen else left)  # what a screen leaves is no grain
    if grain and wanted("grain", grain.words, grain.sure):
        findings.append(grain)
    if fading:  # after the grain, of which it makes more
        findings.append(fading)
    shown = frame if frame and wanted("frame", "has a border", frame.sure) else None
    is_print = bool(cast or screen or shown or changed or (marks and marks.sure) or any(each.sure for each in findings))
    offered = tuple(each for each in suggested if each.sure or is_print)
    return Restoration(photo, cast, tuple(findings), shown, picture_steps, marks, mask, offered, changed)


def _reshaped(
    photo: Photo, small: Float, wanted: Callable[[str, str, bool], bool]
) -> tuple[Photo, Float, tuple[Mended, ...]]:
    """A photograph straightened and cropped, where that is wanted, its small copy, and what was done."""
    changed = []
    lean = find_lean(plain_grey(small))
    if lean and wanted("straighten", "leans", False):
        photo = straightened(photo, lean)
        changed.append(Mended(step="straighten", found="leans", picture=True))
        small = _small(photo)
    frame = None if lean and not changed else find_frame(plain_grey(small))
    if frame and frame.sure and wanted("crop", "has a border to cut off", False):
        photo = cropped(photo, frame)
        changed.append(Mended(step="crop", found="has a border to cut off", picture=True))
        small = _small(photo)
    return photo, small, tuple(changed)


def _small(photo: Photo) -> Float:
    """sRGB 0..1 of a copy, grey (h, w) or (h, w, 3)."""
    scale = min(1.0, _SIDE / max(photo.height, photo.width))
    return small_rgb(photo, (max(1, round(photo.height * scale)), max(1, round(photo.width * scale))))


def _grey(rgb: Float, cast: Cast | None) -> Float:
    return cast.grey(rgb) if cast and rgb.ndim == 3 else plain_grey(rgb)


def _as_pixels(grey: Float, dtype: np.dtype[np.unsignedinteger]) -> Pixels:
    most = np.iinfo(dtype).max
    return np.rint(grey.clip(0, 1) * np.float32(most)).astype(dtype)
