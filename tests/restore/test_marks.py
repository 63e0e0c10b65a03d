"""Scratches, dust and creases are found and filled; faces are spared, and what a person brushed counts."""

from __future__ import annotations

import json

import cv2
import numpy as np
import pytest
from PIL import Image

from core.errors import RequestError
from core.jobs.job import Job
from core.jobs.sidecar import Sidecar, sidecar_of
from core.photo.open import Photo, open_photo
from core.progress import no_progress
from core.restore.marks import filled, find_marks
from core.restore.restore import restoration_of
from core.restore.strokes import Stroke, brushed, read_strokes
from core.web.example_photos import EXAMPLES
from tests.restore.test_restore import photo_of, scene
from tests.support.fakes import make_engine
from tests.support.old_prints import cracked, creased, rubbed, scratched

WHOLE = slice(None), slice(None)
NEAR = np.ones((5, 5), np.uint8)


def example(name: str) -> Photo:
    return open_photo(next(each.path for each in EXAMPLES if each.path.stem == name))


def grey_of(photo: Photo) -> np.ndarray:
    pixels = photo.pixels if photo.pixels.ndim == 2 else cv2.cvtColor(photo.pixels, cv2.COLOR_RGB2GRAY)
    return pixels.astype(np.float32) / 255


def near(mask: np.ndarray) -> np.ndarray:
    return cv2.dilate(mask.astype(np.uint8), NEAR) > 0


@pytest.mark.parametrize("damage", [scratched, creased, rubbed])
def test_marks_are_found_and_filled_and_nothing_else(damage):
    truth = scene(400, 500)
    print_, mask = damage(truth, np.random.default_rng(1))
    print_ = print_.clip(0, 1)
    found = find_marks(print_, WHOLE).mask
    assert (mask & near(found)).sum() > 0.8 * mask.sum()
    assert (found & near(mask)).sum() > 0.7 * found.sum()
    mended = filled(print_.copy(), found)
    before, after = (((each - truth)[mask] ** 2).mean() for each in (print_, mended))
    assert 10 * np.log10(before / after) > 8
    far = cv2.dilate(found.astype(np.uint8), np.ones((3, 3), np.uint8)) == 0
    np.testing.assert_array_equal(mended[far], print_[far])


def test_cracks_whose_paper_is_dirty_are_mostly_found():
    print_, mask = cracked(scene(400, 500), np.random.default_rng(1))
    found = find_marks(print_.clip(0, 1), WHOLE).mask
    assert (mask & near(found)).sum() > 0.6 * mask.sum()
    assert (found & near(mask)).sum() > 0.9 * found.sum()


def test_the_network_sees_them_filled_and_the_picture_keeps_them_unless_asked():
    truth = scene()
    print_, mask = scratched(truth, np.random.default_rng(2))
    photo = photo_of(print_.clip(0, 1))
    restoration = restoration_of(photo)
    assert [each.step for each in restoration.told] == ["marks"]
    assert restoration.picture() is photo
    seen = restoration.seen().pixels / 65_535
    assert np.abs(seen - truth)[mask].mean() < 0.4 * np.abs(print_ - truth)[mask].mean()


def test_one_bright_thing_is_no_damage_but_several_marks_are():
    plane = scene(700, 900)
    cv2.circle(plane, (450, 300), 9, 1.0, -1, cv2.LINE_AA)  # a lamp
    assert not restoration_of(photo_of(plane)).told
    print_, _ = scratched(scene(700, 900), np.random.default_rng(2))
    assert [each.step for each in restoration_of(photo_of(print_.clip(0, 1))).told] == ["marks"]


@pytest.mark.parametrize("scale", [1, 5])
def test_sixteen_bits_stay_outside_the_mask_of_a_picture_of_any_size(scale):
    plane, _ = scratched(scene(), np.random.default_rng(2))
    large = cv2.resize(plane.clip(0, 1), None, fx=scale, fy=scale, interpolation=cv2.INTER_LINEAR)
    photo = Photo(np.rint(large * 65_535).astype(np.uint16))
    restoration = restoration_of(photo, "marks", True)
    picture = restoration.picture().pixels
    same = picture == photo.pixels
    assert picture.dtype == np.uint16 and same.mean() > 0.8
    wide = cv2.dilate(restoration.mask.astype(np.uint8), NEAR)
    assert same[cv2.resize(wide, large.shape[::-1], interpolation=cv2.INTER_LINEAR) == 0].all()
    assert (np.abs(picture.astype(int) - photo.pixels) > 3000).sum() > 500


def test_nothing_is_filled_in_a_face_unless_that_is_asked_for():
    plane = grey_of(example("astronaut"))
    height, width = plane.shape
    plane = plane.copy()
    for x in (0.38, 0.43, 0.48, 0.15, 0.85):  # three scratches over her face, two beside it
        cv2.line(plane, (int(x * width), 0), (int(x * width) + 6, height - 1), 1.0, 1, cv2.LINE_AA)
    marks = restoration_of(photo_of(plane), "marks").marks
    face = marks.faces
    assert 0.01 < face.mean() < 0.3
    assert (marks.mask & face).any()
    spared = restoration_of(photo_of(plane), "marks", True)
    assert not (spared.mask & face).any() and spared.mask.any()
    inside = cv2.erode(face.astype(np.uint8), np.ones((5, 5), np.uint8)) > 0
    before = photo_of(plane).pixels
    np.testing.assert_array_equal(spared.picture().pixels[inside], before[inside])
    asked = restoration_of(photo_of(plane), "marks,faces", True)
    assert (asked.picture().pixels[inside] != before[inside]).any()


def test_strokes_add_to_the_mask_and_take_from_it():
    mask = np.zeros((100, 200), bool)
    painted = brushed(mask, [Stroke(points=((0.1, 0.5), (0.9, 0.5)), width=0.05)])
    assert painted[50, 20:180].all() and painted.mean() < 0.1
    erased = brushed(painted, [Stroke(points=((0.5, 0.5),), width=0.1, erase=True)])
    assert not erased[50, 97:103].any() and erased[50, 30:80].all()


def test_what_a_person_brushed_is_filled_and_a_sidecar_makes_it_again(tmp_path):
    plane = scene()
    plane[118:122, 60:260] = 1.0
    Image.fromarray(photo_of(plane).pixels).save(tmp_path / "a.png")
    strokes = read_strokes([{"points": [[0.18, 0.5], [0.82, 0.5]], "width": 0.03}])
    job = Job("pocket", restore="none", restore_picture="marks", restore_strokes=strokes, with_sidecar=True)
    done = job.run(make_engine(), tmp_path / "a.png", "a.png", tmp_path / "b.png", no_progress)
    assert [(each.step, each.picture) for each in done.report.restored] == [("marks", True)]
    assert Photo(done.picture.rgb).lightness()[120, 100:220].mean() < 80
    told = Sidecar.model_validate(json.loads(sidecar_of(done.path).read_text("utf-8")))
    again = Job(
        "pocket",
        restore=told.restore,
        restore_picture=told.restore_picture,
        restore_strokes=told.restore_strokes,
    )
    again.run(make_engine(), tmp_path / "a.png", "a.png", tmp_path / "c.png", no_progress)
    np.testing.assert_array_equal(open_photo(tmp_path / "b.png").pixels, open_photo(tmp_path / "c.png").pixels)


@pytest.mark.parametrize("given", ["all", [{"points": []}], [{"points": [[2, 0.5]]}], [{"dots": 1}], 7])
def test_strokes_that_are_none_are_refused_in_a_sentence(given):
    with pytest.raises(RequestError, match="is not usable"):
        read_strokes(given)


def test_a_thousand_wrong_strokes_are_one_problem():
    for wrong in ([{}] * 1000, [{"points": [[]] * 1000}]):
        with pytest.raises(RequestError) as refused:
            read_strokes(wrong)
        assert refused.value.__cause__.error_count() < 5
