"""The promises about the picture: lightness kept, chroma where it was predicted, any size, stripes without seams."""

import cv2
import numpy as np
import pytest

import core.render.render
from core.colour.cielab import pixel_lightness, rgb_to_lab
from core.look.look import Look
from core.photo.open import Photo
from core.prediction import AbDistribution, AbField
from tests.support.fakes import BINS, grey_picture, paint

RNG = np.random.default_rng(9)


def smooth_field(height=14, width=20, chroma=20.0):
    return cv2.GaussianBlur(RNG.normal(0, 3 * chroma, (height, width, 2)).astype(np.float32), (0, 0), 2)


@pytest.mark.parametrize("dtype", [np.uint8, np.uint16])
@pytest.mark.parametrize("strength", [0.0, 0.5, 1.0, 2.0])
@pytest.mark.parametrize("refine", [True, False])
def test_lightness_is_kept_everywhere(dtype, strength, refine):
    levels = 257 if dtype == np.uint16 else 1
    pixels = RNG.integers(0, 256, (97, 131)).astype(dtype) * dtype(levels)
    picture = paint(Photo(pixels), AbField(smooth_field()), Look(strength=strength, refine=refine))
    assert picture.rgb.dtype == dtype
    assert np.abs(pixel_lightness(picture.rgb) - pixel_lightness(pixels)).max() < 0.5


def test_a_colour_photographs_lightness_is_kept_too():
    pixels = RNG.integers(0, 256, (50, 60, 3), dtype=np.uint8)
    picture = paint(Photo(pixels), AbField(smooth_field()), Look())
    assert np.abs(pixel_lightness(picture.rgb) - pixel_lightness(pixels)).max() < 0.5


def test_strength_zero_is_grey_and_strength_scales_chroma():
    photo, field = Photo(grey_picture(80, 120)), AbField(smooth_field(chroma=6))
    chroma = []
    for strength in (0.0, 0.5, 1.0):
        lab = rgb_to_lab(paint(photo, field, Look(strength=strength)).rgb.astype(np.float32) / 255)
        chroma.append(np.hypot(lab[..., 1], lab[..., 2]).mean())
    assert chroma[0] < 0.01
    assert chroma[1] == pytest.approx(chroma[2] / 2, rel=0.1)


@pytest.mark.parametrize("prediction", [AbField(smooth_field()), AbDistribution(np.zeros((4, 9, 9), np.float32), BINS)])
def test_strength_zero_is_grey_with_tints_and_hints_too(prediction):
    look = Look(strength=0, tint_warm=1, tint_magenta=-1, hints=[{"x": 0.5, "y": 0.5, "color": "#c01010"}])
    rgb = paint(Photo(grey_picture(80, 120)), prediction, look).rgb
    np.testing.assert_array_equal(rgb, np.dstack([grey_picture(80, 120)] * 3))


@pytest.mark.parametrize("refine", [True, False])
@pytest.mark.parametrize(("dtype", "shape"), [(np.uint8, (16, 16)), (np.uint16, (256, 256))], ids=["8 bit", "16 bit"])
def test_every_grey_comes_out_as_it_went_in(dtype, shape, refine):
    grey = np.arange(np.iinfo(dtype).max + 1).astype(dtype).reshape(shape)
    picture = paint(Photo(grey), AbField(smooth_field()), Look(strength=0, refine=refine))
    np.testing.assert_array_equal(picture.rgb, np.dstack([grey] * 3))
    assert picture.clipped_fraction == 0


def test_without_refinement_it_is_the_plain_recipe_wherever_srgb_can_show_the_colour():
    photo, ab = Photo(grey_picture(120, 200)), smooth_field(chroma=8)
    picture = paint(photo, AbField(ab), Look(refine=False))
    light = cv2.cvtColor(np.dstack([photo.pixels] * 3).astype(np.float32) / 255, cv2.COLOR_RGB2Lab)[..., :1]
    wide = cv2.resize(ab, (200, 120))
    plain = cv2.cvtColor(np.dstack([light, wide]), cv2.COLOR_Lab2RGB)
    assert picture.clipped_fraction == 0
    assert np.abs(picture.rgb.astype(int) - np.rint(np.clip(plain, 0, 1) * 255)).max() <= 1


@pytest.mark.parametrize("refine", [True, False])
def test_stripes_leave_no_seams(monkeypatch, refine):
    photo, field = Photo(grey_picture(150, 90)), AbField(smooth_field())
    monkeypatch.setattr(core.render.render, "_BANDS", 1)
    whole = paint(photo, field, Look(refine=refine)).rgb
    monkeypatch.setattr(core.render.render, "_STRIPE_PIXELS", 90 * 7)
    monkeypatch.setattr(core.render.render, "_BAND_PIXELS", 90 * 2)
    striped = paint(photo, field, Look(refine=refine)).rgb
    assert np.abs(whole.astype(int) - striped).max() <= 1


@pytest.mark.parametrize("shape", [(3, 40_000), (40_000, 3)])
def test_a_strip_longer_than_opencv_counts_is_painted(shape):
    """OpenCV's remap takes no side of 32,768 or more."""
    picture = paint(Photo(np.full(shape, 128, np.uint8)), AbField(smooth_field(chroma=60)), Look())
    assert picture.rgb.shape == (*shape, 3)
    assert picture.clipped_fraction > 0.05


def test_refinement_brings_colour_back_to_its_edge():
    """Two flat regions that differ in lightness and colour: the coarse field blurs their edge, lightness knows it."""
    edge = np.zeros((160, 160), bool)
    edge[:, 83:] = True
    truth = np.where(edge[..., None], np.float32([30, 25]), np.float32([-20, -15])).astype(np.float32)
    photo = Photo(np.where(edge, 170, 90).astype(np.uint8))
    coarse = AbField(cv2.resize(truth, (20, 20), interpolation=cv2.INTER_AREA))

    def error(refine):
        lab = rgb_to_lab(paint(photo, coarse, Look(refine=refine)).rgb.astype(np.float32) / 255)
        return np.square(lab[..., 1:] - truth).mean()

    assert error(True) < 0.5 * error(False)


def test_a_strong_colour_has_no_ring_of_the_opposite_one():
    """On flat grey, a field that steps from neutral to strong: neither side goes beyond its colour."""
    ab = np.zeros((20, 20, 2), np.float32)
    ab[4:14, 8:16] = -45, 35
    lab = rgb_to_lab(paint(Photo(np.full((160, 200), 140, np.uint8)), AbField(ab), Look()).rgb / np.float32(255))
    assert lab[..., 1].max() < 1
    assert lab[..., 2].min() > -1
    assert lab[..., 1].min() > -47
    assert lab[64:80, 100:140, 1:].mean(axis=(0, 1)) == pytest.approx([-45, 35], abs=1.5)


@pytest.mark.parametrize("shape", [(1, 1), (1, 20_000), (3000, 2), (7, 5)])
@pytest.mark.parametrize("refine", [True, False])
def test_any_size_is_coloured(shape, refine):
    pixels = np.full(shape, 128, np.uint8)
    picture = paint(Photo(pixels), AbField(np.full((4, 4, 2), 12, np.float32)), Look(refine=refine))
    assert picture.rgb.shape == (*shape, 3)
    lab = rgb_to_lab(picture.rgb.astype(np.float32) / 255)
    np.testing.assert_allclose(lab[..., 1:], 12, atol=1)


@pytest.mark.parametrize("shape", [(1, 1), (1, 9), (2, 3)])
def test_a_tiny_field_is_enough(shape):
    picture = paint(Photo(grey_picture()), AbField(np.full((*shape, 2), 10, np.float32)), Look())
    assert np.abs(rgb_to_lab(picture.rgb.astype(np.float32) / 255)[..., 1:] - 10).max() < 1.5


def test_clipped_fraction_counts_what_lost_chroma():
    pixels = np.full((10, 10), 250, np.uint8)
    pixels[:4] = 128
    picture = paint(Photo(pixels), AbField(np.full((2, 2, 2), 40, np.float32)), Look(refine=False))
    assert picture.clipped_fraction == pytest.approx(0.6)


def test_a_distribution_is_rendered_by_its_temperature():
    logits = np.zeros((4, 3, 3), np.float32)
    logits[1] = 1
    photo = Photo(np.full((9, 9), 140, np.uint8))

    def redness(temperature):
        lab = rgb_to_lab(
            paint(photo, AbDistribution(logits, BINS), Look(temperature=temperature)).rgb / np.float32(255)
        )
        return lab[..., 1].mean()

    assert redness(0.0) == pytest.approx(40, abs=1)
    assert redness(0.0) > redness(0.38) > redness(1.0)
