"""The contract between core and the backends: lightness in, chroma out."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
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
        confidence: (h', w') float32 0..1, how sure each place is, or None where the backend does not say.
        shares: what the report is to tell of it, by name: shares of the picture, 0..1.
        notes: sentences that the report is to tell with its warnings.
    """

    ab: Float
    confidence: Float | None = None
    shares: Mapping[str, float] = field(default_factory=dict)
    notes: tuple[str, ...] = ()


@dataclass(frozen=True)
class AbDistribution:
    """A distribution over a*b* bins for every place (Zhang et al. 2016, section 2.1).

    Attributes:
        logits: (q, h', w') float32, unscaled.
        bins: (q, 2) float32, the a*b* of each bin's centre.
        rebalance: (q,) float32 log-weights that favour rare colours; ``Look.vividness`` times them is added to
            the logits. None where the network was trained with rebalancing already: core then adds no vividness.
        features: (c, h', w') float32, what the network knows of each place, or None. Places whose features are
            about 1 apart are unlike: they take colour together the less (see ``core.look.pooling``).
        trust: (h', w') float32 0..1, what the distribution's own certainty is to be multiplied by, or None.
        notes: sentences that the report is to tell with its warnings.
    """

    logits: Float
    bins: Float
    rebalance: Float | None = None
    features: Float | None = None
    trust: Float | None = None
    notes: tuple[str, ...] = ()


Prediction = AbField | AbDistribution


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
            prediction: Prediction = AbField(
                _float32(value.ab),
                _float32_or_none(value.confidence),
                {str(name): float(share) for name, share in value.shares.items()},
                tuple(map(str, value.notes)),
            )
        elif isinstance(value, AbDistribution):
            prediction = AbDistribution(
                _float32(value.logits),
                _float32(value.bins),
                _float32_or_none(value.rebalance),
                _float32_or_none(value.features),
                _float32_or_none(value.trust),
                tuple(map(str, value.notes)),
            )
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


def _float32_or_none(array: Any) -> Float | None:
    return None if array is None else _float32(array)


def _problem(prediction: Prediction) -> str | None:
    """Say in a few words what is wrong with a prediction, or None."""
    return _field_problem(prediction) if isinstance(prediction, AbField) else _distribution_problem(prediction)


def _field_problem(field: AbField) -> str | None:
    if field.ab.ndim != 3 or field.ab.shape[2] != 2 or field.ab.size == 0:
        return f"a*b* of shape {field.ab.shape} where (height, width, 2) was due"
    if field.confidence is not None and field.confidence.shape != field.ab.shape[:2]:
        return f"confidence of shape {field.confidence.shape} where {field.ab.shape[:2]} was due"
    return None if _finite(field.ab, field.confidence) else "a*b* that is not finite"


def _distribution_problem(distribution: AbDistribution) -> str | None:
    logits, bins = distribution.logits, distribution.bins
    rebalance, features, trust = distribution.rebalance, distribution.features, distribution.trust
    if logits.ndim != 3 or logits.size == 0:
        return f"logits of shape {logits.shape} where (bins, height, width) was due"
    if bins.shape != (len(logits), 2):
        return f"bins of shape {bins.shape} where ({len(logits)}, 2) was due"
    if rebalance is not None and rebalance.shape != (len(logits),):
        return f"log-weights of shape {rebalance.shape} where ({len(logits)},) was due"
    if features is not None and (features.ndim != 3 or features.shape[1:] != logits.shape[1:]):
        return f"features of shape {features.shape} where (channels, {logits.shape[1]}, {logits.shape[2]}) was due"
    if trust is not None and trust.shape != logits.shape[1:]:
        return f"trust of shape {trust.shape} where {logits.shape[1:]} was due"
    return None if _finite(logits, bins, rebalance, features, trust) else "logits that are not finite"


def _finite(*arrays: Float | None) -> bool:
    return all(array is None or bool(np.isfinite(array).all()) for array in arrays)
