"""Colour from a second photograph: like places get like colours, without noise."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from backends.reference import Reference
from core.colour.cielab import Float, lab_to_pixels, pixel_lightness, rgb_to_lab
from core.engine import Engine
from core.errors import RequestError
from core.jobs.compare import ready_backends
from core.look.look import Look
from core.photo.open import Photo, open_photo
from tests.support.fakes import FakeBackend, grey_picture, make_engine

PHOTOS = Path(__file__).resolve().parents[1] / "support" / "colour_photos"
SKY, GRASS, SOIL = (2.0, -28.0), (-28.0, 34.0), (14.0, 30.0)


def landscape(height: int = 150, width: int = 220, seed: int = 0, horizon: float = 0.45) -> tuple[Photo, Float]:
    """A bright smooth sky over dark rough grass and lighter, smoother soil, and its a*b*."""
    rng = np.random.default_rng(seed)
    y, x = np.mgrid[0:height, 0:width]
    sky, soil = y < horizon * height, (y > 0.78 * height) & (x > 0.3 * width)
    light = np.where(sky, 80 - 8 * y / height, np.where(soil, 58, 38)).astype(np.float32)
    light += rng.normal(0, np.where(sky, 0.3, np.where(soil, 1.0, 4.5))).astype(np.float32)
    ab = np.where(sky[..., None], SKY, np.where(soil[..., None], SOIL, GRASS)).astype(np.float32)
    pixels = np.empty((height, width, 3), np.uint8)
    lab_to_pixels(np.clip(light, 0, 100), ab[..., 0].copy(), ab[..., 1].copy(), pixels)
    return Photo(pixels), ab


def grey(photo: Photo) -> Photo:
    return Photo(np.rint(photo.pixels @ np.array([0.2126, 0.7152, 0.0722])).astype(np.uint8))


def engine() -> Engine:
    return make_engine(FakeBackend(), Reference())


def painted(photo: Photo, reference: Photo) -> Float:
    picture, report = engine().colorize(photo, "reference", Look(vividness=0), reference=reference)
    assert (report.backend, report.fallback_reason) == ("reference", None)
    return rgb_to_lab(picture.rgb / np.float32(255))


def test_like_places_get_like_colours() -> None:
    photo, _ = landscape(seed=1, horizon=0.4)
    lab = painted(grey(photo), landscape(180, 160, seed=2, horizon=0.5)[0])
    for rows, columns, expected in (
        ((5, 50), (5, 215), SKY),
        ((70, 110), (5, 215), GRASS),
        ((125, 148), (80, 215), SOIL),
    ):
        found = np.median(lab[slice(*rows), slice(*columns), 1:], axis=(0, 1))
        assert np.linalg.norm(found - expected) < 9, (expected, found)


def test_its_colours_are_closer_to_the_truth_than_grey_is() -> None:
    photo, truth = landscape(seed=1)
    lab = painted(grey(photo), landscape(seed=5, horizon=0.5)[0])
    error = np.linalg.norm(lab[..., 1:] - truth, axis=-1).mean()
    assert error < 0.3 * np.linalg.norm(truth, axis=-1).mean()


def speckled(photo: Photo) -> Photo:
    """The same with flowers all over its grass, of the same lightness."""
    lab = rgb_to_lab(photo.pixels / np.float32(255))
    height, width = lab.shape[:2]
    spots = np.random.default_rng(9).random((height // 4 + 1, width // 4 + 1)) < 0.4
    spots = np.kron(spots, np.ones((4, 4), bool))[:height, :width]
    lab[spots & (lab[..., 1] < -15), 1:] = (18, 36)
    pixels = np.empty_like(photo.pixels)
    lab_to_pixels(*(np.ascontiguousarray(plane) for plane in np.moveaxis(lab, -1, 0)), pixels)
    return Photo(pixels)


def test_it_is_never_noisy() -> None:
    """Neither grain in the photograph nor speckles in the reference become speckles."""
    lab = painted(grey(landscape(seed=1)[0]), speckled(landscape(seed=2)[0]))
    grass = lab[75:112, 5:215, 1:]
    steps = np.abs(np.diff(grass, axis=0)).mean(), np.abs(np.diff(grass, axis=1)).mean()
    assert max(steps) < 0.5  # taking each place's best match instead gives 4.5
    assert grass.std(axis=(0, 1)).max() < 3.5


def test_lightness_stays() -> None:
    photo = grey(landscape(seed=1)[0])
    picture, _ = engine().colorize(photo, "reference", reference=landscape(seed=2)[0])
    assert np.abs(pixel_lightness(picture.rgb) - photo.lightness()).mean() < 0.5


def test_another_reference_gives_other_colours_and_the_same_one_is_remembered() -> None:
    working, photo = engine(), grey(landscape(seed=1)[0])
    first, second = landscape(seed=2)[0], Photo(landscape(seed=2)[0].pixels[..., ::-1].copy())
    one, report = working.colorize(photo, "reference", reference=first)
    assert not report.cached
    other, report = working.colorize(photo, "reference", reference=second)
    assert not report.cached
    again, report = working.colorize(photo, "reference", reference=Photo(first.pixels.copy()))
    assert report.cached
    np.testing.assert_array_equal(one.rgb, again.rgb)
    assert np.abs(one.rgb.astype(int) - other.rgb).mean() > 5


def test_sixteen_bits_and_a_grey_toned_reference_work_too() -> None:
    photo, _ = landscape(seed=1)
    wide = Photo((grey(photo).pixels.astype(np.uint16)) * 257)
    picture, _ = engine().colorize(
        wide, "reference", reference=Photo(landscape(seed=2)[0].pixels.astype(np.uint16) * 257)
    )
    assert picture.rgb.dtype == np.uint16


def test_a_reference_that_fits_badly_is_said_to_and_makes_it_less_sure() -> None:
    person, cup = (open_photo(PHOTOS / f"{name}.jpg") for name in ("astronaut", "coffee"))
    well, badly = (engine().forecast(grey(person), "reference", reference=each) for each in (person, cup))
    assert well.report.warnings == []
    (note,) = badly.report.warnings
    assert note.startswith("The reference fits badly: its colours are unlikely for ")
    assert note.endswith(" % of the photograph; choose one that shows the like.")
    sure = [found.colouring.confidence() for found in (well, badly)]
    assert sure[0] is not None and sure[1] is not None
    assert sure[1].mean() < 0.6 * sure[0].mean()


def test_what_is_missing_or_of_no_use_is_said() -> None:
    working, photo, colour = engine(), Photo(grey_picture()), landscape()[0]
    with pytest.raises(RequestError, match="takes its colours from a second photograph; give one as 'reference'"):
        working.colorize(photo, "reference")
    with pytest.raises(RequestError, match="Backend 'pocket' uses no reference; leave it out or choose the backend"):
        working.colorize(photo, "pocket", reference=colour)
    with pytest.raises(RequestError, match="uses no reference"):
        working.colorize(photo, reference=colour)
    for none in (Photo(grey_picture()), Photo(np.dstack([grey_picture()] * 3))):
        with pytest.raises(RequestError, match="The reference has no colours; choose a photograph in colour"):
            working.colorize(photo, "reference", reference=none)
    assert working.registry.failures == []


@pytest.mark.parametrize("shape", [(1, 1), (1, 40), (500, 3), (7, 9)])
def test_any_shape_of_either(shape: tuple[int, int]) -> None:
    colour = landscape()[0]
    picture, _ = engine().colorize(Photo(np.full(shape, 90, np.uint8)), "reference", reference=colour)
    assert picture.rgb.shape == (*shape, 3)
    red = Photo(np.full((*shape, 3), (200, 40, 40), np.uint8))
    picture, _ = engine().colorize(Photo(grey_picture()), "reference", reference=red)
    lab = rgb_to_lab(picture.rgb / np.float32(255))
    assert lab[..., 1].mean() > 20


def test_comparing_leaves_out_what_needs_a_second_photograph() -> None:
    assert [backend.info.id for backend in ready_backends(engine())] == ["pocket"]
