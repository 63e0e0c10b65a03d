"""The contract between core and the backends: lightness in, chroma out."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from core.colour.cielab import Float
from core.errors import BackendError


@dataclass(frozen=True)
class Request:
    """What a backend is asked to colour.

    Attributes:
        lightness: (h, w) float32, CIELAB L* 0..100 (D65), at the backend's ``input_size``.
        reference: (h, w, 3) float32 CIELAB of a second photograph, or None; only for backends that ask for it.
    """

    lightness: Float
    reference: Float | None = None


@dataclass(frozen=True)
class AbField:
    """One chroma for every place.

    Attributes:
        ab: (h', w', 2) float32 CIELAB a*b*, of any size: core brings it to the photograph's.
    """

    ab: Float


@dataclass(frozen=True)
class AbDistribution:
    """A distribution over a*b* bins for every place (Zhang et al. 2016, section 2.1).

    Attributes:
        logits: (q, h', w') float32, unscaled.
        bins: (q, 2) float32, the a*b* of each bin's centre.
        rebalance: (q,) float32 log-weights that favour rare colours; ``Look.vividness`` times them is added to
            the logits (see ``core.look.vividness``). None where the network was trained with rebalancing already.
    """

    logits: Float
    bins: Float
    rebalance: Float | None = None


Prediction = AbField | AbDistribution


def field_shape(prediction: Prediction) -> tuple[int, int]:
    """Height and width at which colours are predicted."""
    if isinstance(prediction, AbDistribution):
        return prediction.logits.shape[1], prediction.logits.shape[2]
    return prediction.ab.shape[0], prediction.ab.shape[1]


def as_prediction(value: Any, backend: str) -> Prediction:
    """Check what a backend gave back and put it into the contract's types.

    Args:
        value: an AbField, an AbDistribution, a bare (h, w, 2) array, or a ``(logits, bins)`` pair.
        backend: id of the backend, for the message.

    Raises:
        BackendError: wrong type, wrong shape, or numbers that are not finite.
    """
    try:
        if value is None:
            raise TypeError("None is no prediction")
        if isinstance(value, AbField):
            prediction: Prediction = AbField(_float32(value.ab))
        elif isinstance(value, AbDistribution):
            rebalance = None if value.rebalance is None else _float32(value.rebalance)
            prediction = AbDistribution(_float32(value.logits), _float32(value.bins), rebalance)
        elif isinstance(value, tuple) and len(value) == 2:
            prediction = AbDistribution(_float32(value[0]), _float32(value[1]))
        else:
            prediction = AbField(_float32(value))
    except (TypeError, ValueError) as error:
        raise BackendError(
            f"Backend '{backend}' gave {type(value).__name__} where numbers were due; choose another backend."
        ) from error
    problem = _problem(prediction)
    if problem:
        raise BackendError(f"Backend '{backend}' gave {problem}; choose another backend.")
    return prediction


def _float32(array: Any) -> Float:
    return np.array(array, dtype=np.float32, order="C")  # a copy: the backend may use its buffer again


def _problem(prediction: Prediction) -> str | None:
    """Say in a few words what is wrong with a prediction, or None."""
    if isinstance(prediction, AbField):
        if prediction.ab.ndim != 3 or prediction.ab.shape[2] != 2 or prediction.ab.size == 0:
            return f"a*b* of shape {prediction.ab.shape} where (height, width, 2) was due"
        return None if np.isfinite(prediction.ab).all() else "a*b* that is not finite"
    logits, bins, rebalance = prediction.logits, prediction.bins, prediction.rebalance
    if logits.ndim != 3 or logits.size == 0:
        return f"logits of shape {logits.shape} where (bins, height, width) was due"
    if bins.shape != (len(logits), 2):
        return f"bins of shape {bins.shape} where ({len(logits)}, 2) was due"
    if rebalance is not None and rebalance.shape != (len(logits),):
        return f"log-weights of shape {rebalance.shape} where ({len(logits)},) was due"
    finite = np.isfinite(logits).all() and np.isfinite(bins).all()
    if rebalance is not None:
        finite = finite and np.isfinite(rebalance).all()
    return None if finite else "logits that are not finite"
