"""A cast over the whole picture: warm or cool, green or magenta."""

from __future__ import annotations

import numpy as np

from core.colour.cielab import Float
from core.look.look import Look

WARM = np.array([4.0, 18.0], np.float32)
"""a*b* of a full warm tint: along daylight's locus, from D65 towards D50 (CIE 15:2004, table T.1), about as far."""

MAGENTA = np.array([18.0, -4.0], np.float32)
"""a*b* of a full magenta tint: across the locus."""


def tint(look: Look) -> Float:
    """The a*b* (2,) that a look adds to every colour, after strength; white and black stay, having no chroma."""
    return look.tint_warm * WARM + look.tint_magenta * MAGENTA
