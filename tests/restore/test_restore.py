"""What is wrong with a print is found, told, and mended for the network; the picture's lightness stays unless asked."""

from __future__ import annotations

import json

import numpy as np
import pytest
from PIL import Image
from typer.testing import CliRunner

import app
import core.cli.colorize
from core.colour.cielab import luminance_to_lightness
from core.errors import RequestError
from core.jobs.job import Job
from core.jobs.sidecar import Sidecar, sidecar_of
from core.photo.open import Photo, open_photo
from core.prediction import AbField
from core.progress import no_progress
from core.restore.fading import BLACK, WHITE, described, find_range, tones_of
from core.restore.frame import Frame
from core.restore.restore import restoration_of
from tests.support.fakes import FakeBackend, make_engine
from tests.support.old_prints import SCREENS, faded, mounted, screened, yellowed


def scene(height=240, width=320, seed=0):
    """Grey 0..1 with black and white in it, soft and hard edges, and nothing straight along its rim."""
    rng = np.random.default_rng(seed)
    plane = np.zeros((height, width), np.float32)
    for size in (4, 12, 40):
        coarse = Image.fromarray(rng.random((size, size)).astype(np.float32))
        plane += np.asarray(coarse.resize((width, height), Image.Resampling.BICUBIC))
    plane -= plane.min()
    return plane / plane.max()


def photo_of(plane):
    return Photo(np.rint(plane * 255).astype(np.uint8))


class Watched(FakeBackend):
    """Keeps what it was shown."""

    def predict(self, request, options):
        self.seen = request.lightness
        return super().predict(request, options)


def steps(photo, restore="auto"):
    return [each.step for each in restoration_of(photo, restore).told]


def alike(one, other):
    return np.corrcoef(np.ravel(one), np.ravel(other))[0, 1]


def test_a_clean_photograph_is_left_alone_to_the_last_pixel():
    photo = photo_of(scene())
    assert steps(photo) == []
    assert restoration_of(photo).seen() is photo


def test_a_yellowed_print_loses_its_cast_and_gets_its_range_back():
    truth = scene()
    photo = photo_of(yellowed(truth, np.random.default_rng(1)))
    assert steps(photo) == ["tone", "grain", "fading"]
    seen = restoration_of(photo).seen().pixels / 65_535
    assert seen.ndim == 2
    before = np.percentile(photo.pixels[..., 1] / 255, (1, 99))
    assert np.ptp(np.percentile(seen, (1, 99))) > 1.5 * np.ptp(before)
    assert alike(seen, truth) > alike(photo.lightness(), truth)


def test_the_mix_avoids_the_channel_that_is_damaged():
    truth = scene()
    rng = np.random.default_rng(2)
    print_ = yellowed(truth, rng, noise=0.01)
    print_[..., 2] = (print_[..., 2] + 0.1 * rng.standard_normal(truth.shape)).clip(0, 1)
    seen = restoration_of(photo_of(print_), "tone").seen().pixels
    assert alike(seen, truth) > alike(print_[..., :2].mean(axis=2), truth) - 0.01
    assert alike(seen, truth) > alike(print_.mean(axis=2), truth) + 0.01


def test_the_network_sees_the_print_without_its_mount_and_the_mount_stays_neutral():
    truth = scene()
    sheet, inside = mounted(truth, np.random.default_rng(3))
    photo, backend = photo_of(sheet), Watched()
    engine = make_engine(backend)
    assert steps(photo) == ["frame"]
    picture, report = engine.colorize(photo)
    assert [each.step for each in report.restored] == ["frame"]
    seen = backend.seen
    engine.forecast(photo_of(truth))
    assert seen.shape == backend.seen.shape
    assert alike(seen, backend.seen) > 0.95
    colour = np.ptp(picture.rgb.astype(int), axis=2)
    assert colour[:, :16].mean() < 0.5 and colour[:, -16:].mean() < 0.5
    assert colour[inside].mean() > 5


def test_a_prints_prediction_is_laid_where_the_print_is():
    ab = np.zeros((40, 60, 2), np.float32)
    ab[:20] = 30
    frame = Frame(top=0.2, bottom=0.7, left=0.25, right=0.75, sure=True)
    whole, inside = frame.placed(AbField(ab))
    assert whole.ab.shape == (80, 120, 2)
    np.testing.assert_allclose(whole.ab[18:34, 40:80], 30)
    np.testing.assert_allclose(whole.ab[38:54, 40:80], 0)
    assert inside[16:56, 30:90].min() > 0.4 and inside[:14].max() == 0 and inside[:, :28].max() == 0


@pytest.mark.parametrize("dtype", [np.uint8, np.uint16])
def test_the_pictures_lightness_stays_unless_it_is_to_be_mended_too(tmp_path, dtype):
    plane = faded(scene(), np.random.default_rng(4), noise=0)
    pixels = np.rint(plane * np.iinfo(dtype).max).astype(dtype)
    Image.fromarray(pixels).save(tmp_path / "a.png")
    job = Job("pocket", restore="fading")
    kept = job.run(make_engine(), tmp_path / "a.png", "a.png", tmp_path / "b.png", no_progress)
    assert [each.step for each in kept.report.restored] == ["fading"]
    assert np.abs(Photo(kept.picture.rgb).lightness() - Photo(pixels).lightness()).mean() < 0.3
    job = Job("pocket", restore="fading", restore_picture=True, with_sidecar=True)
    mended = job.run(make_engine(), tmp_path / "a.png", "a.png", tmp_path / "c.png", no_progress)
    assert mended.picture.rgb.dtype == dtype
    assert np.ptp(Photo(mended.picture.rgb).lightness()) > 1.3 * np.ptp(Photo(pixels).lightness())
    told = Sidecar.model_validate(json.loads(sidecar_of(mended.path).read_text("utf-8")))
    assert (told.restore, told.restore_picture) == ("fading", True)
    assert [(each.step, each.picture) for each in told.restored] == [("fading", True)]
    again = Job("pocket", restore=told.restore, restore_picture=told.restore_picture)
    again.run(make_engine(), tmp_path / "a.png", "a.png", tmp_path / "d.png", no_progress)
    np.testing.assert_array_equal(open_photo(tmp_path / "c.png").pixels, open_photo(tmp_path / "d.png").pixels)


def test_a_faded_prints_grain_does_not_leave_its_blacks_milky():
    truth = scene()
    truth = ((truth - 0.3) / 0.4).clip(0, 1)
    lightness = photo_of(truth).lightness()
    seen = restoration_of(photo_of(faded(truth, np.random.default_rng(5))), "fading").seen().lightness()
    assert seen[lightness < 3].mean() < 11
    assert abs(seen.mean() - lightness.mean()) < 4


def test_a_faded_print_gets_the_black_and_the_white_that_it_is_thought_to_have_had(monkeypatch):
    monkeypatch.setattr("core.restore.fading.answer", lambda name, told: np.float32([[12, 88]]))
    print_ = faded(scene(), np.random.default_rng(6), noise=0)
    left = find_range(print_)
    ends = luminance_to_lightness(tones_of(left.stretch(print_))[[BLACK, WHITE]])
    assert ends == pytest.approx([12, 88], abs=1)


def test_what_a_print_is_told_by_but_for_its_range_is_the_same_however_faded_it_is():
    tones = tones_of(scene())
    told = [described(np.float32(black) + tones * np.float32(white - black)) for black, white in ((0, 1), (0.1, 0.4))]
    np.testing.assert_allclose(told[0][:-3], told[1][:-3], atol=1e-4)
    assert told[0][-3] > told[1][-3]


@pytest.mark.parametrize(("lines", "angle"), SCREENS[::5])
def test_a_printers_screen_is_found_and_the_picture_behind_it_comes_out(lines, angle):
    truth = scene()
    photo = photo_of(screened(truth, lines, angle))
    assert "screen" in steps(photo)
    seen = restoration_of(photo, "screen").seen().pixels
    assert alike(seen, truth) > max(0.9, alike(photo.pixels, truth) - 0.01)


def test_stripes_and_bricks_are_no_screen():
    y, x = np.indices((240, 320))
    fence = np.where(x // 4 % 2, 0.3, 0.9) * np.where(y < 160, 1, 0.5)
    assert "screen" not in steps(photo_of(0.5 * scene() + 0.5 * fence))


@pytest.mark.parametrize("shape", [(1, 1), (1, 1, 3), (1, 5000), (5000, 3, 3), (17, 3000), (20, 20, 3)])
def test_strips_and_dots_are_looked_at_without_a_fault(shape):
    photo = Photo(np.random.default_rng(0).integers(0, 256, shape).astype(np.uint8))
    for asked in ("auto", "tone,screen,marks,fading,grain,frame,faces,straighten,crop"):
        restoration = restoration_of(photo, asked, True)
        assert restoration.seen().pixels.ndim in (2, 3)
        assert restoration.picture().pixels.size


def test_what_is_not_asked_for_is_not_done():
    photo = photo_of(yellowed(scene(), np.random.default_rng(1)))
    assert steps(photo, "none") == []
    assert steps(photo, "fading") == ["fading"]


@pytest.mark.parametrize("asked", ["everything", "tone,shine", "", "auto,tone"])
def test_a_step_that_there_is_not_is_refused_before_anything_is_opened(tmp_path, asked):
    with pytest.raises(RequestError, match="choose auto, none, or some of tone"):
        Job("pocket", restore=asked).run(make_engine(), tmp_path / "none", "a", tmp_path / "b.png", no_progress)


def test_backends_that_hold_a_second_photograph_against_it_see_it_as_it_is():
    backend = Watched("twin", wants_reference=True)
    sheet, _ = mounted(scene(), np.random.default_rng(3))
    _, report = make_engine(FakeBackend(), backend).colorize(photo_of(sheet), "twin", reference=photo_of(scene()))
    assert report.restored == []


def test_the_command_line_asks_for_it(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(core.cli.colorize, "make_engine", lambda settings: make_engine())
    Image.fromarray(photo_of(faded(scene(), np.random.default_rng(4))).pixels).save("a.png")
    done = CliRunner().invoke(app.app, ["colorize", "a.png", "--restore", "fading", "--restore-picture", "--sidecar"])
    assert done.exit_code == 0, done.output
    assert '"restore_picture": true' in (tmp_path / "coloured" / "a.colour.png.json").read_text()
    assert CliRunner().invoke(app.app, ["colorize", "a.png", "--restore", "shine"]).exit_code == 2
