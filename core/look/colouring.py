"""A prediction made ready for looks: the few questions that every kind of prediction answers.

Made once per prediction and kept with it, so that nothing is worked out anew when a slider moves.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Protocol

import numpy as np

from core.colour.cielab import Float
from core.errors import RequestError
from core.look.alternatives import Alternative, Alternatives, tilted
from core.look.distribution import annealed_mean, probabilities, uncertainty
from core.look.ground import Ground, on_grid
from core.look.hints import Hinter
from core.look.look import Hint, Look
from core.look.mount import print_share
from core.look.pooling import pooled
from core.look.tint import tint
from core.look.vividness import expected_chroma, vivid_gain
from core.photo.resize import resize_area
from core.prediction import AbDistribution, AbField, Prediction


class Colouring(Protocol):
    """What a picture, its alternatives and its map of confidence are made from."""

    @property
    def shape(self) -> tuple[int, int]:
        """Height and width at which colours are predicted."""
        ...

    @property
    def nbytes(self) -> int:
        """Memory that it takes."""
        ...

    def chroma(self, look: Look) -> Float:
        """The (h', w', 2) float32 a*b* under all of a look but its refinement and the hints' own colours.

        Raises:
            RequestError: the look asks for an alternative that the prediction does not hold.
        """
        ...

    def overlay(self, hints: tuple[Hint, ...]) -> Float:
        """What hints, at least one, lay over that, finer than it: see ``core.look.hints.HintField``."""
        ...

    def reach(self, hints: tuple[Hint, ...]) -> Float:
        """(h, w) float32 0..1, at the overlay's size: how far each place would be the last of some hints'."""
        ...

    def alternatives(self) -> list[Alternative]:
        """Other colourings to choose from, "default" first; none for a plain field."""
        ...

    def confidence(self) -> Float | None:
        """(h', w') float32 0..1, how sure each place is; None where nobody says."""
        ...

    @property
    def shares(self) -> Mapping[str, float]:
        """What the report is to tell of it: shares of the picture, 0..1, by name."""
        ...

    @property
    def notes(self) -> tuple[str, ...]:
        """And sentences."""
        ...


def colouring_of(prediction: Prediction, lightness: Float, inside: Float | None = None) -> Colouring:
    """The prediction made ready: here, and nowhere else, its kinds are told apart.

    Args:
        prediction: what a backend gave; a mount around a print is made neutral, see ``core.look.mount``.
        lightness: (h, w) L* that it was given, of any size.
        inside: (h', w') float32 0..1, which places a network was shown, or None for all; the others stay neutral.
    """
    if isinstance(prediction, AbDistribution):
        shape = prediction.logits.shape[1], prediction.logits.shape[2]
        return DistributionColouring(prediction, lightness, _both(print_share(lightness, shape), inside))
    # What was taken from another version of the same photograph says so, and has the mount's own colour.
    of_print = None if prediction.shares else print_share(lightness, prediction.ab.shape[:2])
    return FieldColouring(prediction, lightness, _both(of_print, inside))


def _both(one: Float | None, other: Float | None) -> Float | None:
    return one if other is None else other if one is None else one * other


class FieldColouring:
    """One chroma for every place."""

    def __init__(self, field: AbField, lightness: Float, of_print: Float | None = None) -> None:
        self._field = field if of_print is None else replace(field, ab=field.ab * of_print[..., None])
        seen = on_grid(lightness)
        self._hinter = Hinter(lambda: Ground(seen, field.ab))

    @property
    def shape(self) -> tuple[int, int]:
        return self._field.ab.shape[0], self._field.ab.shape[1]

    @property
    def nbytes(self) -> int:
        sure = self._field.confidence
        return self._field.ab.nbytes + (0 if sure is None else sure.nbytes) + self._hinter.nbytes

    def chroma(self, look: Look) -> Float:
        if look.alternative != "default":
            raise RequestError(
                f"This backend predicts one colour for every place and has no alternative '{look.alternative}'; "
                "leave it out or choose another backend."
            )
        ab = self._hinter.field(look.hints).corrected(self._field.ab) if look.hints else self._field.ab
        return ab * np.float32(look.strength) + tint(look)

    def overlay(self, hints: tuple[Hint, ...]) -> Float:
        return self._hinter.field(hints).overlay

    def reach(self, hints: tuple[Hint, ...]) -> Float:
        return self._hinter.reach(hints)

    def alternatives(self) -> list[Alternative]:
        return []

    def confidence(self) -> Float | None:
        return self._field.confidence

    @property
    def shares(self) -> Mapping[str, float]:
        return self._field.shares

    @property
    def notes(self) -> tuple[str, ...]:
        return self._field.notes


class DistributionColouring:
    """A distribution over colours, as predicted and pooled."""

    def __init__(self, distribution: AbDistribution, lightness: Float, of_print: Float | None = None) -> None:
        self._predicted, self._of_print = distribution, of_print
        self._pooled = shown_first = pooled(distribution, resize_area(lightness, self.shape))
        self._expected = expected = expected_chroma(distribution)
        # Bound to values and not to this object: a cycle would keep a dropped prediction's arrays in memory.
        self._others = Alternatives(shown_first, lambda shown: _vivid(shown_first, shown, expected, Look()))

        seen = on_grid(lightness)

        def ground() -> Ground:
            return Ground(seen, _vivid(shown_first, shown_first, expected, Look()), distribution.features)

        self._hinter = Hinter(ground)

    @property
    def shape(self) -> tuple[int, int]:
        return self._predicted.logits.shape[1], self._predicted.logits.shape[2]

    @property
    def nbytes(self) -> int:
        features = self._predicted.features
        own = 2 * self._predicted.logits.nbytes + (0 if features is None else features.nbytes)
        return own + self._hinter.nbytes

    def chroma(self, look: Look) -> Float:
        distribution = self._pooled if look.pooling else self._predicted
        shown = tilted(distribution, self._others.favour(look.alternative))
        ab = _vivid(distribution, shown, self._expected, look)
        if self._of_print is not None:
            ab = ab * self._of_print[..., None]
        if look.hints:
            ab = self._hinter.field(look.hints).corrected(ab)
        return np.asarray(ab * np.float32(look.strength) + tint(look), np.float32)

    def overlay(self, hints: tuple[Hint, ...]) -> Float:
        return self._hinter.field(hints).overlay

    def reach(self, hints: tuple[Hint, ...]) -> Float:
        return self._hinter.reach(hints)

    def alternatives(self) -> list[Alternative]:
        return self._others.listed()

    @property
    def shares(self) -> Mapping[str, float]:
        return {}

    @property
    def notes(self) -> tuple[str, ...]:
        return self._predicted.notes

    def confidence(self) -> Float | None:
        sure, trust = 1 - uncertainty(probabilities(self._predicted)), self._predicted.trust
        return sure if trust is None else sure * trust


def _vivid(distribution: AbDistribution, shown: AbDistribution, expected: float, look: Look) -> Float:
    """The annealed mean of what a person has changed, with the gain of the distribution that it was made from.

    So a change in one place leaves the others as they were. A network that was trained to favour rare colours (no
    log-weights) is vivid already and gets no gain.
    """
    ab = annealed_mean(shown, look.temperature, look.vividness)
    if distribution.rebalance is None:
        return ab
    unchanged = ab if shown is distribution else annealed_mean(distribution, look.temperature, look.vividness)
    return np.asarray(ab * vivid_gain(unchanged, expected, look.vividness), np.float32)
