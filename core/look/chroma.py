"""From a prediction and a look to one chroma for every place."""

from __future__ import annotations

import numpy as np

from core.colour.cielab import Float
from core.errors import RequestError
from core.look.alternatives import shifted
from core.look.hints import HintField
from core.look.look import Look
from core.look.tint import tint
from core.look.vividness import vivid_mean
from core.prediction import AbDistribution, Prediction


def chroma(prediction: Prediction, look: Look, lightness: Float | None = None) -> Float:
    """The (h', w', 2) a*b* of a prediction under all of a look but its refinement.

    Args:
        prediction: what a backend gave.
        look: what a person wants.
        lightness: (h', w') L* of the photograph at the prediction's size; needed where the look has hints.

    Raises:
        RequestError: the look asks for an alternative that the prediction does not hold.
    """
    hints = HintField(look.hints, lightness) if look.hints and lightness is not None else None
    if isinstance(prediction, AbDistribution):
        shown = shifted(prediction, look.alternative)
        if hints:
            shown = hints.pulled(shown)
        ab = vivid_mean(prediction, look.temperature, look.vividness, shown)
    elif look.alternative == "default":
        ab = prediction.ab
    else:
        raise RequestError(
            f"This backend predicts one colour for every place and has no alternative '{look.alternative}'; "
            "leave it out or choose another backend."
        )
    ab = ab * np.float32(look.strength) + tint(look)
    return hints.over(ab) if hints else ab
