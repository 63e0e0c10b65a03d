"""From a prediction and a look to one chroma for every place."""

from __future__ import annotations

import numpy as np

from core.alternatives import shifted
from core.color import Float
from core.distribution import annealed_mean
from core.errors import RequestError
from core.look import Look
from core.prediction import AbDistribution, Prediction
from core.tint import tint


def chroma(prediction: Prediction, look: Look) -> Float:
    """The (h', w', 2) a*b* of a prediction under all of a look but its refinement.

    Raises:
        RequestError: the look asks for an alternative that the prediction does not hold.
    """
    if isinstance(prediction, AbDistribution):
        ab = annealed_mean(shifted(prediction, look.alternative), look.temperature, look.vividness)
    elif look.alternative == "default":
        ab = prediction.ab
    else:
        raise RequestError(
            f"This backend predicts one colour for every place and has no alternative '{look.alternative}'; "
            "leave it out or choose another backend."
        )
    return ab * np.float32(look.strength) + tint(look)
