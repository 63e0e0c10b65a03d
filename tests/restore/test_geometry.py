"""Cropping and straightening are offered, done where they are asked for, and never unasked."""

from __future__ import annotations

import cv2
import numpy as np
import pytest

from core.jobs.job import Job
from core.photo.open import open_photo
from core.progress import no_progress
from core.restore.grain import find_grain
from core.restore.restore import restoration_of
from tests.restore.test_restore import alike, photo_of, scene
from tests.support.fakes import make_engine
from tests.support.old_prints import faded, mounted


def leaning(angle: float):
    sheet, inside = mounted(scene(), np.random.default_rng(3))
    height, width = sheet.shape
    way = cv2.getRotationMatrix2D((width / 2, height / 2), angle, 1)
    turned = cv2.warpAffine(sheet, way, (width, height), flags=cv2.INTER_CUBIC, borderMode=cv2.BORDER_REPLICATE)
    return turned.clip(0, 1), sheet, inside


def offered(photo):
    return {each.step for each in restoration_of(photo).suggested}


def test_a_border_is_cut_off_only_where_that_is_asked_for(tmp_path):
    truth = scene()
    sheet, _ = mounted(truth, np.random.default_rng(3))
    photo = photo_of(sheet)
    assert "crop" in offered(photo)
    assert restoration_of(photo).picture() is photo
    cut = restoration_of(photo, "auto,crop")
    assert cut.photo.pixels.shape == pytest.approx(truth.shape, abs=4)
    assert "crop" in [each.step for each in cut.told if each.picture]
    cv2.imwrite(str(tmp_path / "a.png"), photo.pixels)
    job = Job("pocket", restore="auto,crop")
    done = job.run(make_engine(), tmp_path / "a.png", "a.png", tmp_path / "b.png", no_progress)
    picture = open_photo(tmp_path / "b.png")
    assert (picture.height, picture.width) == (done.report.height, done.report.width) == cut.photo.pixels.shape


@pytest.mark.parametrize("angle", [-3.0, 2.0])
def test_a_print_that_leans_is_set_straight_where_that_is_asked_for(angle):
    turned, sheet, inside = leaning(angle)
    photo = photo_of(turned)
    restoration = restoration_of(photo, "straighten")
    assert [each.step for each in restoration.told] == ["straighten"]
    assert restoration.photo.pixels.shape == photo.pixels.shape
    assert alike(restoration.photo.pixels[inside], sheet[inside]) > 0.98 > alike(turned[inside], sheet[inside])
    assert restoration_of(photo).photo is photo
    assert restoration_of(photo_of(sheet), "straighten").told == []  # which is straight


@pytest.mark.parametrize("restore", ["auto", "straighten", "auto,crop"])
def test_where_nobody_wants_to_be_offered_anything_the_same_is_done(restore, monkeypatch):
    photo = photo_of(leaning(-3.0)[0])
    told = restoration_of(photo, restore).told
    if restore == "auto":  # the turns that are tried are a sixth of a photograph's time
        monkeypatch.setattr("core.restore.restore.find_lean", lambda grey: pytest.fail("it was looked for"))
    quick = restoration_of(photo, restore, suggest=False)
    assert quick.told == told
    assert "straighten" not in {each.step for each in quick.suggested}


def test_a_clean_photograph_is_offered_nothing():
    assert restoration_of(photo_of(scene())).suggested == ()


def test_the_network_sees_less_grain_and_the_picture_keeps_it():
    truth = scene()
    noisy = (truth + 0.1 * np.random.default_rng(0).standard_normal(truth.shape)).clip(0, 1)
    photo = photo_of(noisy)
    restoration = restoration_of(photo, "grain", True)
    assert [(each.step, each.picture) for each in restoration.told] == [("grain", False)]
    seen = restoration.seen().pixels / 65_535
    assert np.abs(seen - truth).mean() < 0.7 * np.abs(noisy - truth).mean()
    assert restoration.picture() is photo
    assert find_grain(truth) is None


def test_a_faded_print_is_smoothed_before_its_range_makes_more_of_its_grain():
    print_, clean = (photo_of(faded(scene(), np.random.default_rng(4), noise=noise)) for noise in (0.02, 0))
    assert [each.step for each in restoration_of(print_).told] == ["grain", "fading"]
    assert [each.step for each in restoration_of(clean).told] == ["fading"]
    wanted, stretched, smoothed = (
        restoration_of(photo, asked).seen().pixels / 65_535
        for photo, asked in ((clean, "fading"), (print_, "fading"), (print_, "auto"))
    )
    assert np.abs(smoothed - wanted).mean() < 0.8 * np.abs(stretched - wanted).mean()
