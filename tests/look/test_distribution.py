"""From logits to colours."""

import numpy as np
import pytest

from core.errors import BackendError
from core.look.colouring import colouring_of
from core.look.distribution import annealed_mean
from core.look.look import Look
from core.prediction import AbDistribution, AbField, as_prediction

RNG = np.random.default_rng(8)
DISTRIBUTION = AbDistribution(
    RNG.normal(0, 2, (50, 6, 7)).astype(np.float32),
    RNG.normal(0, 40, (50, 2)).astype(np.float32),
    RNG.normal(0, 1, 50).astype(np.float32),
)


@pytest.mark.parametrize("temperature", [1.0, 0.38, 0.05])
def test_annealed_mean_is_the_papers_equation(temperature):
    probability = np.exp(DISTRIBUTION.logits.astype(np.float64))
    probability /= probability.sum(axis=0)
    annealed = np.exp(np.log(probability) / temperature)
    annealed /= annealed.sum(axis=0)
    wanted = np.einsum("qhw,qc->hwc", annealed, DISTRIBUTION.bins)
    np.testing.assert_allclose(annealed_mean(DISTRIBUTION, temperature), wanted, atol=1e-3)


@pytest.mark.parametrize("temperature", [0, 5e-324, 1e-39, 1e-4])  # the inverse of which may be infinite
def test_temperature_near_zero_is_the_likeliest_bin(temperature):
    likeliest = DISTRIBUTION.bins[DISTRIBUTION.logits.argmax(axis=0)]
    np.testing.assert_array_equal(annealed_mean(DISTRIBUTION, temperature), likeliest)


def test_vividness_moves_towards_the_bins_it_favours():
    rarity = DISTRIBUTION.rebalance
    rarer_is_redder = AbDistribution(DISTRIBUTION.logits, np.stack([rarity, 0 * rarity], axis=1), rarity)
    calm, middling, vivid = (annealed_mean(rarer_is_redder, 0.38, vividness)[..., 0] for vividness in (0, 0.5, 1))
    assert (calm < middling).all()
    assert (middling < vivid).all()


def test_a_field_is_taken_as_it_is():
    ab = RNG.normal(0, 20, (4, 5, 2)).astype(np.float32)
    colouring = colouring_of(AbField(ab), np.zeros((8, 10), np.float32))
    np.testing.assert_array_equal(colouring.chroma(Look(temperature=0.1, vividness=1)), ab)


def test_bare_arrays_and_pairs_are_understood():
    ab = np.zeros((4, 5, 2))
    assert as_prediction(ab, "x").ab.dtype == np.float32
    pair = as_prediction((DISTRIBUTION.logits, DISTRIBUTION.bins), "x")
    assert isinstance(pair, AbDistribution)


@pytest.mark.parametrize(
    ("value", "words"),
    [
        (np.zeros((4, 5)), r"a\*b\* of shape \(4, 5\) where \(height, width, 2\) was due"),
        (np.full((4, 5, 2), np.nan), r"a\*b\* that is not finite"),
        ((np.zeros((3, 4, 5)), np.zeros((4, 2))), r"bins of shape \(4, 2\) where \(3, 2\) was due"),
        ((np.full((3, 4, 5), np.inf), np.zeros((3, 2))), "logits that are not finite"),
        ((np.zeros((3, 4)), np.zeros((3, 2))), "logits of shape"),
        (AbDistribution(np.zeros((3, 4, 5)), np.zeros((3, 2)), np.zeros(2)), "log-weights of shape"),
        (AbDistribution(np.zeros((3, 4, 5)), np.zeros((3, 2)), features=np.zeros((8, 4, 4))), "features of shape"),
        (AbField(np.zeros((4, 5, 2)), np.zeros((5, 4))), "confidence of shape"),
        (None, "NoneType where numbers were due"),
        ("green", "str where numbers were due"),
    ],
)
def test_a_prediction_that_breaks_the_contract_is_refused(value, words):
    with pytest.raises(BackendError, match=f"Backend 'x' gave {words}"):
        as_prediction(value, "x")
