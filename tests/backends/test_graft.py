"""Another tool's colours laid on the photograph where the two agree."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest
from PIL import Image

from backends.graft import Graft
from backends.reference import Reference
from core.colour.cielab import Pixels, pixel_lightness, rgb_to_lab
from core.engine import Engine
from core.errors import RequestError
from core.jobs.job import Job
from core.photo.open import Photo, open_photo
from core.progress import no_progress
from tests.support.fakes import FakeBackend, make_engine
from tests.support.other_tool import MILD, REPLACED, STRONG, Version, aged, blended, chroma_error, grey, make_version

PHOTOS = Path(__file__).parent.parent / "support" / "colour_photos"


def example(name: str, pixels: int = 120_000) -> Pixels:
    """A photograph in colour, small."""
    rgb = np.asarray(Image.open(PHOTOS / f"{name}.jpg"))
    scale = (pixels / (rgb.shape[0] * rgb.shape[1])) ** 0.5
    size = (round(rgb.shape[1] * scale), round(rgb.shape[0] * scale))
    return np.asarray(cv2.resize(rgb, size, interpolation=cv2.INTER_AREA))


@pytest.fixture(scope="module")
def engine() -> Engine:
    return make_engine(FakeBackend(), Graft(), Reference())


def grafted(engine: Engine, photo: Pixels, version: Pixels, **options: Any) -> tuple[Any, Any]:
    """CIELAB of the picture, and the report."""
    picture, report = engine.colorize(Photo(photo), "graft", options=options, reference=Photo(version))
    return rgb_to_lab(picture.rgb / np.float32(255)), report


def errors(engine: Engine, truth: Pixels, version: Version, photo: Pixels) -> tuple[float, float, float]:
    """Of ours, of a *Color* blend, and the version's own."""
    lab, _ = grafted(engine, photo, version.rgb)
    own = chroma_error(rgb_to_lab(version.own / np.float32(255)), truth)
    return chroma_error(lab, truth), chroma_error(blended(version.rgb, truth), truth), own


@pytest.mark.parametrize("name", ["astronaut", "coffee"])
def test_a_warped_version_gives_its_colours_to_the_right_places(engine: Engine, name: str) -> None:
    truth = example(name)
    ours, blend, own = errors(engine, truth, make_version(truth, STRONG, seed=1), grey(truth))
    assert ours < 0.45 * blend
    assert ours < own + 1.3


@pytest.mark.parametrize("name", ["astronaut", "coffee"])
def test_no_halo_lies_beside_an_edge(engine: Engine, name: str) -> None:
    """Between 3 and 8 pixels from where lightness and colour change at once, hardly a place has a wrong colour."""
    truth = example(name, 400_000)
    version = make_version(truth, STRONG, seed=1)
    own = rgb_to_lab(version.own / np.float32(255))
    slopes = [np.hypot(*np.gradient(cv2.GaussianBlur(plane, (0, 0), 1))) for plane in cv2.split(own)]
    edge = (slopes[0] > 4) & (slopes[1] + slopes[2] > 2)
    away = cv2.distanceTransform(np.uint8(~edge), cv2.DIST_L2, 5)
    beside = (away > 3) & (away < 8)

    def wrong(ab: Any) -> float:
        return float((np.linalg.norm(cv2.blur(ab - own[..., 1:], (3, 3)), axis=2)[beside] > 12).mean())

    ours = wrong(grafted(engine, grey(truth), version.rgb)[0][..., 1:])
    blend = wrong(blended(version.rgb, grey(truth))[..., 1:])
    assert ours < 0.01
    assert ours < 0.25 * blend


def test_what_was_redrawn_is_not_taken(engine: Engine) -> None:
    truth = example("astronaut")
    version = make_version(truth, REPLACED, seed=3, stranger=example("coffee"))
    lab, _ = grafted(engine, grey(truth), version.rgb)
    inside = chroma_error(lab, truth, version.object)
    assert inside < 0.6 * chroma_error(blended(version.rgb, truth), truth, version.object)
    own = chroma_error(rgb_to_lab(version.own / np.float32(255)), truth, ~version.object)
    assert chroma_error(lab, truth, ~version.object) < own + 1.5


@pytest.mark.parametrize(("name", "other", "seed"), [("astronaut", "coffee", 5), ("coffee", "astronaut", 6)])
def test_what_was_redrawn_gets_the_colours_of_its_like(engine: Engine, name: str, other: str, seed: int) -> None:
    truth = example(name)
    version = make_version(truth, replace(REPLACED, replaced=0.2), seed=seed, stranger=example(other))
    lab, _ = grafted(engine, grey(truth), version.rgb)
    blend = chroma_error(blended(version.rgb, truth), truth, version.object)
    assert chroma_error(lab, truth, version.object) < 0.4 * blend


def test_what_was_redrawn_does_not_make_doubtful_what_was_not(engine: Engine) -> None:
    truth = example("coffee")
    dark = np.full_like(truth, 6)  # where most of what is darkest in theirs is not the photograph's
    version = make_version(truth, replace(STRONG, replaced=0.2), seed=3, stranger=dark)
    forecast = engine.forecast(Photo(grey(truth)), "graft", reference=Photo(version.rgb))
    sure = forecast.colouring.confidence()
    assert sure is not None
    height, width = sure.shape
    taken = cv2.resize(version.object.astype(np.float32), (width, height)) > 0
    around = ~cv2.dilate(taken.astype(np.uint8), np.ones((61, 61))).astype(bool)
    rim = round(0.1 * height)
    assert sure[rim:-rim, rim:-rim][around[rim:-rim, rim:-rim]].mean() > 0.95


def test_along_a_row_of_like_things_the_flow_may_slide(engine: Engine) -> None:
    land = example("astronaut")
    height, width = land.shape[:2]
    y = np.arange(height)[:, None]
    fence = np.where((y % 24 < 18)[..., None], np.array([190, 90, 60]), np.array([120, 40, 30]))
    truth = np.hstack([np.broadcast_to(fence, (height, width, 3)).astype(np.uint8), land])
    forecast = engine.forecast(Photo(grey(truth)), "graft", reference=Photo(make_version(truth, MILD, seed=2).rgb))
    sure = forecast.colouring.confidence()
    assert sure is not None
    rows, columns = sure.shape
    assert sure[rows // 8 : -rows // 8, columns // 8 : columns * 3 // 8].mean() > 0.95


def test_grain_and_scratches_do_not_stop_it(engine: Engine) -> None:
    truth = example("coffee")
    ours, blend, _ = errors(engine, truth, make_version(truth, STRONG, seed=2), aged(truth, seed=2, grain=5.0))
    assert ours < 0.5 * blend


def test_turned_mirrored_and_side_by_side(engine: Engine) -> None:
    truth = example("astronaut")
    version = make_version(truth, MILD, seed=4)
    bar = 1.5 + chroma_error(grafted(engine, grey(truth), version.rgb)[0], truth)
    before = np.dstack([grey(truth)] * 3)
    framed = cv2.copyMakeBorder(version.rgb, 30, 50, 40, 20, cv2.BORDER_CONSTANT, value=(240, 235, 225))
    for other in (
        np.rot90(version.rgb),
        np.rot90(version.rgb, 2),
        version.rgb[:, ::-1],
        np.rot90(version.rgb[:, ::-1]),
        np.hstack([before, cv2.resize(version.rgb, before.shape[1::-1])]),
        framed,
    ):
        lab, _ = grafted(engine, grey(truth), np.ascontiguousarray(other))
        assert chroma_error(lab, truth) < bar


def test_a_version_that_was_saved_lying_on_its_side_is_stood_up(engine: Engine, tmp_path: Path) -> None:
    truth = example("coffee")
    version = make_version(truth, MILD, seed=8).rgb
    upright, _ = grafted(engine, grey(truth), version)
    exif = Image.Exif()
    exif[0x0112] = 5  # as it lies in the file: mirrored and turned
    lying = np.ascontiguousarray(version.transpose(1, 0, 2))
    Image.fromarray(lying).save(tmp_path / "theirs.png", exif=exif)
    opened = open_photo(tmp_path / "theirs.png")
    np.testing.assert_array_equal(opened.pixels, version)
    lab, _ = grafted(engine, grey(truth), opened.pixels)
    np.testing.assert_array_equal(lab, upright)


def test_a_watermark_and_a_border_give_no_colour(engine: Engine) -> None:
    truth = example("coffee")
    version = make_version(truth, MILD, seed=9).rgb
    clean = chroma_error(grafted(engine, grey(truth), version)[0], truth)
    height, width = version.shape[:2]
    marked = version.copy()
    cv2.putText(marked, "STOCK", (width // 6, height // 2), cv2.FONT_HERSHEY_DUPLEX, 3.0, (255, 0, 255), 12)
    marked = cv2.copyMakeBorder(marked, 40, 60, 25, 25, cv2.BORDER_CONSTANT, value=(20, 40, 230))
    lab, _ = grafted(engine, grey(truth), marked)
    magenta = (lab[..., 1] > 60) & (lab[..., 2] < -30)
    blue = lab[..., 2] < -60
    assert magenta.mean() < 0.003 and blue.mean() < 0.003
    assert chroma_error(lab, truth) < clean + 1.5


def test_a_sky_without_detail_is_blue_to_its_edge(engine: Engine) -> None:
    land = example("coffee")
    height, width = land.shape[:2]
    sky = np.empty((height // 2, width, 3), np.uint8)
    sky[:] = np.linspace((96, 150, 214), (150, 190, 230), height // 2)[:, None].astype(np.uint8)
    truth = np.vstack([sky, land])
    lab, _ = grafted(engine, grey(truth), make_version(truth, STRONG, seed=10).rgb)
    above = np.zeros(truth.shape[:2], bool)
    above[: height // 2 - 3] = True
    assert chroma_error(lab, truth, above) < 3
    assert (lab[: height // 2 - 3, :, 2] > -5).mean() < 0.01


@pytest.mark.parametrize("seed", [1, 4, 10])
def test_grain_in_a_sky_is_not_what_makes_it_another_picture(engine: Engine, seed: int) -> None:
    land = example("coffee")
    sky = np.empty(land.shape, np.uint8)
    sky[:] = np.linspace((96, 150, 214), (150, 190, 230), len(land))[:, None].astype(np.uint8)
    truth = np.vstack([sky, land])
    version = make_version(truth, STRONG, seed=seed)
    photo = cv2.resize(aged(truth, seed), None, fx=1.3, fy=1.3, interpolation=cv2.INTER_CUBIC)
    forecast = engine.forecast(Photo(photo), "graft", reference=Photo(version.rgb))
    assert forecast.report.shares["agreed"] > 0.55
    lab, _ = grafted(engine, photo, version.rgb)
    assert np.median(lab[20 : len(land) - 20, 20:-20, 2]) < -20
    assert (lab[20 : len(land) - 20, 20:-20, 1] > 10).mean() < 0.01


def test_the_report_says_how_much_agrees_and_is_covered(engine: Engine) -> None:
    truth = example("coffee")
    half = make_version(truth, MILD, seed=5).rgb[:, : truth.shape[1] // 2]
    photo = Photo(grey(truth))
    forecast = engine.forecast(photo, "graft", reference=Photo(np.ascontiguousarray(half)))
    shares = forecast.report.shares
    assert 0.4 < shares["covered"] < 0.6
    assert 0.25 < shares["agreed"] < shares["covered"]
    sure = forecast.colouring.confidence()
    assert sure is not None
    middle = sure.shape[1] // 2
    assert sure[:, : middle - 40].mean() > 0.7
    assert sure[:, middle + 80 :].max() == 0


def test_lightness_and_sixteen_bits_stay_and_the_same_comes_out_twice(engine: Engine) -> None:
    truth = example("coffee")
    version = make_version(truth, STRONG, seed=6).rgb
    photo = Photo(grey(truth).astype(np.uint16) * 257)
    first, _ = engine.colorize(photo, "graft", reference=Photo(version))
    again, _ = make_engine(Graft()).colorize(photo, "graft", reference=Photo(version))
    assert first.rgb.dtype == np.uint16
    np.testing.assert_array_equal(first.rgb, again.rgb)
    assert np.abs(pixel_lightness(first.rgb) - photo.lightness()).max() < 0.1


def test_their_cast_is_kept_and_the_fill_can_be_chosen(engine: Engine) -> None:
    truth = example("coffee")
    sepia = np.dstack([grey(truth)] * 3).astype(np.float32) * np.array([1.0, 0.85, 0.65], np.float32)
    lab, _ = grafted(engine, grey(truth), sepia.astype(np.uint8), fill="spread")
    assert lab[..., 2].mean() > 12
    half = np.ascontiguousarray(truth[:, : truth.shape[1] // 2])
    spread, local = (grafted(engine, grey(truth), half, fill=fill)[0] for fill in ("spread", "local"))
    right = slice(truth.shape[1] * 3 // 4, None)
    assert np.abs(spread[:, right] - local[:, right]).mean() > 1


def test_another_photograph_and_a_grey_version_are_refused(engine: Engine) -> None:
    photo = Photo(grey(example("astronaut")))
    other = Photo(example("coffee"))
    with pytest.raises(RequestError, match="This is not the same photograph; use the backend 'reference'"):
        engine.colorize(photo, "graft", reference=other)
    for none in (photo, Photo(np.dstack([photo.pixels] * 3))):
        with pytest.raises(RequestError, match="The other version has no colours; choose one in colour"):
            engine.colorize(photo, "graft", reference=none)
    assert engine.registry.failures == []


def test_the_backend_for_a_second_photograph_is_found(engine: Engine) -> None:
    truth = example("astronaut")
    photo = Photo(grey(truth))
    assert engine.suited(photo, Photo(make_version(truth, MILD, seed=7).rgb)) == "graft"
    assert engine.suited(photo, Photo(example("coffee"))) == "reference"


@pytest.mark.parametrize("shape", [(1, 1), (1, 40), (500, 3), (7, 9)])
def test_tiny_and_narrow_pictures_are_refused_in_a_sentence(engine: Engine, shape: tuple[int, int]) -> None:
    colour = Photo(example("coffee"))
    with pytest.raises(RequestError, match="not the same photograph"):
        engine.colorize(Photo(np.full(shape, 90, np.uint8)), "graft", reference=colour)
    with pytest.raises(RequestError, match="not the same photograph"):
        engine.colorize(
            Photo(grey(colour.pixels)), "graft", reference=Photo(np.full((*shape, 3), (200, 40, 40), np.uint8))
        )


def test_the_mark_says_that_the_colours_are_another_versions(engine: Engine, tmp_path: Path) -> None:
    truth = example("coffee", 60_000)
    Image.fromarray(grey(truth)).save(tmp_path / "a.png")
    job = Job("graft", reference=Photo(truth))
    job.run(engine, tmp_path / "a.png", "a.png", tmp_path / "b.png", no_progress)
    picture = Image.open(tmp_path / "b.png")
    assert b"digitalsourcetype/composite<" in picture.info["xmp"]
    mark = "coloured by machine (graft: colours of another version, which may be machine-made), from sha256:"
    assert mark in str(picture.getexif()[0x0131])
