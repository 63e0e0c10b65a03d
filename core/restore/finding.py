"""What a step of the restoration has found in a photograph, and how it mends that."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from pydantic import BaseModel

from core.colour.cielab import Float

Mend = Callable[[Float], Float]
"""Takes a photograph's grey, (h, w) float32 sRGB 0..1 of any size, and gives it mended; may change what it is given."""


@dataclass(frozen=True)
class Finding:
    """One thing that is wrong with a print.

    Attributes:
        step: what would mend it: a key of ``core.restore.restore.STEPS``.
        words: what is wrong, as the end of "This print ...": "has faded".
        sure: whether ``auto`` mends it.
        mend: mends it.
        for_picture: whether the picture itself may be mended so, where a person asks; else only the network sees it.
    """

    step: str
    words: str
    sure: bool
    mend: Mend
    for_picture: bool = True


class Mended(BaseModel):
    """What a report tells of a step that was done: the step, what was found, and whether the picture has it too."""

    step: str
    found: str
    picture: bool = False


class Suggested(BaseModel):
    """The same of a step that was not done; ``sure`` where ``auto`` would have done it."""

    step: str
    found: str
    sure: bool
