"""A mount around a print stays neutral, and nothing else does."""

from __future__ import annotations

import cv2
import numpy as np
import pytest

from core.look.colouring import colouring_of
from core.look.look import Look
from core.prediction import AbDistribution, AbField
from tests.support.fakes import BINS, coloured

NOISE = np.random.default_rng(4)


def grainy(height: int, width: int, light: float, grain: float) -> np.ndarray:
    return (light + NOISE.normal(0, grain, (height, width))).astype(np.float32)


def mounted(form: str, card: float = 45) -> np.ndarray:
    """L* of a print on a card, with what the scanner left around it."""
    whole, print_ = grainy(240, 180, card, 0.8), grainy(240, 180, 60, 12)
    inside = np.zeros((240, 180), np.uint8)
    if form == "oval":
        cv2.ellipse(inside, (90, 110), (45, 60), 0, 0, 360, 1, -1)
    else:
        inside[40:190, 35:145] = 1
    whole[inside > 0] = print_[inside > 0]
    whole[:4] = whole[:, :3] = 98
    return whole


def blue(lightness: np.ndarray) -> AbField:
    return AbField(np.full((*lightness[::4, ::4].shape, 2), (5, -40), np.float32))


@pytest.mark.parametrize("form", ["oval", "rectangle"])
@pytest.mark.parametrize("card", [20, 45, 90])
def test_a_mount_is_neutral_and_its_print_is_not(form: str, card: float) -> None:
    lightness = mounted(form, card)
    logits = np.zeros((4, 60, 45), np.float32)
    logits[3] = 9
    for prediction in (blue(lightness), AbDistribution(logits, BINS)):
        chroma = np.linalg.norm(colouring_of(prediction, lightness).chroma(Look()), axis=-1)
        assert chroma[3:7].max() < 1 and chroma[:, 3:6].max() < 1 and chroma[53:].max() < 1
        assert chroma[22:33, 18:28].min() > 30


def test_a_sky_a_wall_and_a_person_before_it_keep_their_colours() -> None:
    landscape = grainy(160, 240, 80, 0.5)
    landscape[90:] = grainy(70, 240, 40, 10)
    person = grainy(240, 160, 70, 0.5)
    cv2.circle(person, (80, 90), 30, 45, -1)
    person[120:, 40:120] = grainy(120, 80, 30, 8)
    standing = grainy(240, 240, 70, 0.5)
    cv2.fillPoly(
        standing, [np.array([[120, 20], [150, 120], [220, 130], [140, 220], [100, 220], [20, 130], [90, 120]])], 30
    )
    for lightness in (landscape, person, standing, grainy(200, 200, 60, 0.5)):
        assert np.linalg.norm(colouring_of(blue(lightness), lightness).chroma(Look()), axis=-1).min() > 30


def test_what_a_person_or_another_version_says_of_the_mount_counts() -> None:
    lightness = mounted("oval")
    field = blue(lightness)
    hinted = Look(hints=[{"x": 0.1, "y": 0.9, "color": "#8a6a30"}])
    ab = coloured(colouring_of(field, lightness), hinted)
    assert ab[54, 4, 1] > 15
    known = AbField(field.ab, shares={"agreed": 1.0})
    assert np.linalg.norm(colouring_of(known, lightness).chroma(Look()), axis=-1).min() > 30
