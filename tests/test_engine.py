"""One forward per photograph, however many ask and whatever they turn."""

import threading
import weakref
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest
from threadpoolctl import ThreadpoolController

from core.errors import BackendError, RequestError, WeightsError
from core.look.look import Look, make_look
from core.photo.metadata import Metadata
from core.photo.open import Photo
from core.photo.resize import thumbnail
from core.restore import known
from tests.support.fakes import FakeBackend, grey_picture, make_engine

# Stretched to black and white: one that looks faded would be mended for the network.
PHOTO = Photo(
    np.uint8((grey_picture() - 60.0) * (255 / 140)), warnings=("Its colour profile is broken and was left out.",)
)


def test_the_report_says_what_happened():
    picture, report = make_engine().colorize(PHOTO, "pocket")
    assert picture.rgb.shape == (60, 90, 3)
    assert report.model_dump(exclude={"seconds", "clipped_fraction"}) == {
        "backend": "pocket",
        "requested": "pocket",
        "fallback_reason": None,
        "width": 90,
        "height": 60,
        "cached": False,
        "weights": {},
        "shares": {},
        "restored": [],
        "warnings": ["Its colour profile is broken and was left out."],
    }
    assert report.seconds.predict > 0
    assert report.seconds.render > 0
    assert 0 <= report.clipped_fraction <= 1


def test_a_changed_look_runs_no_network():
    backend = FakeBackend()
    engine = make_engine(backend)
    first, _ = engine.colorize(PHOTO, "pocket")
    second, report = engine.colorize(PHOTO, "pocket", Look(strength=0.3, temperature=0.9, vividness=0, refine=False))
    assert backend.calls == 1
    assert report.cached
    assert (first.rgb != second.rgb).any()


def test_other_pixels_or_options_run_it_again_and_a_copy_does_not():
    backend = FakeBackend()
    engine = make_engine(backend)
    engine.colorize(PHOTO, "pocket")
    engine.colorize(Photo(PHOTO.pixels.copy(), name="a copy of it"), "pocket")
    assert backend.calls == 1
    engine.colorize(Photo(PHOTO.pixels[::-1].copy()), "pocket")
    assert backend.calls == 2
    engine.colorize(PHOTO, "pocket", options={"shift": 0.5})
    assert backend.calls == 3


def test_a_photograph_that_is_known_is_not_looked_at_again(monkeypatch):
    looked = []
    look_at = known.restoration_of
    monkeypatch.setattr(known, "restoration_of", lambda *given: looked.append(given) or look_at(*given))
    engine = make_engine()
    one = Photo(PHOTO.pixels.copy(), metadata=Metadata(digest="one"))
    again = Photo(PHOTO.pixels.copy(), metadata=Metadata(digest="one"))
    assert engine.restoration(one).photo is one
    assert engine.restoration(again).photo is again
    assert engine.restoration(again, suggest=False) == engine.restoration(again)  # which knows more
    assert len(looked) == 1
    engine.restoration(again, "grain")
    engine.restoration(Photo(PHOTO.pixels, metadata=Metadata(digest="other")))
    engine.restoration(PHOTO)
    engine.restoration(PHOTO)  # nobody knows whether it is the same
    assert len(looked) == 5
    assert 0 < engine.kept_bytes < 100_000
    pixels = weakref.ref(one.pixels)
    looked.clear()
    del one
    assert pixels() is None  # what is kept keeps no photograph


def test_the_cache_is_bounded():
    backend = FakeBackend()
    engine = make_engine(backend, cache_mb=0)
    engine.colorize(PHOTO, "pocket")
    engine.colorize(PHOTO, "pocket")
    assert backend.calls == 2


def test_many_at_once_get_the_same_pixels_from_one_forward_at_a_time():
    backend = FakeBackend()
    engine = make_engine(backend)
    photos = [Photo(np.roll(PHOTO.pixels, shift % 4, axis=1)) for shift in range(12)]
    alone = [make_engine().colorize(photo, "pocket")[0].rgb for photo in photos]
    with ThreadPoolExecutor(12) as pool:
        together = list(pool.map(lambda photo: engine.colorize(photo, "pocket")[0].rgb, photos))
    np.testing.assert_array_equal(together, alone)
    assert backend.calls == 4
    assert backend.most_inside == 1
    assert backend.loads == 1


def test_what_is_known_does_not_wait_behind_a_forward():
    backend = FakeBackend()
    engine = make_engine(backend)
    engine.colorize(PHOTO, "pocket")
    backend.go.clear()
    slow = threading.Thread(target=engine.colorize, args=(Photo(PHOTO.pixels[::-1].copy()), "pocket"))
    slow.start()
    try:
        _, report = engine.colorize(PHOTO, "pocket")
        assert report.cached
        assert slow.is_alive()
    finally:
        backend.go.set()
        slow.join()


def test_bad_options_are_named():
    engine = make_engine()
    with pytest.raises(RequestError, match=r"The parameter 'hue' is not usable: extra inputs are not permitted"):
        engine.colorize(PHOTO, "pocket", options={"hue": 3})
    with pytest.raises(RequestError, match="The parameter 'shift' is not usable: input should be a valid number"):
        engine.colorize(PHOTO, "pocket", options={"shift": "left"})
    with pytest.raises(
        RequestError, match=r"The parameter 'strength' is not usable: .* less than or equal to 2 \(given: 3"
    ):
        make_look(strength=3)


def test_a_backends_bug_is_told_as_its_own_and_the_next_photograph_works():
    backend = FakeBackend()
    engine = make_engine(backend)

    def broken(request, options):
        raise ZeroDivisionError("division by zero")

    predict, backend.predict = backend.predict, broken
    with pytest.raises(BackendError, match=r"Backend 'pocket' failed \(ZeroDivisionError: division by zero\)"):
        engine.colorize(PHOTO, "pocket")
    backend.predict = predict
    assert not engine.colorize(PHOTO, "pocket")[1].cached


def engine_without_weights():
    preferred, embedded = FakeBackend("classic", order=10), FakeBackend("pocket", embedded=True)

    def load(progress):
        raise WeightsError("The weights could not be had; go online.")

    preferred.load = load
    return make_engine(preferred, embedded)


def test_auto_falls_back_and_says_why():
    _, report = engine_without_weights().colorize(PHOTO)
    assert (report.backend, report.requested) == ("pocket", "auto")
    assert report.fallback_reason == "classic: The weights could not be had; go online."


def test_a_backend_asked_for_by_name_never_falls_back():
    with pytest.raises(WeightsError, match="The weights could not be had; go online"):
        engine_without_weights().colorize(PHOTO, "classic")


def test_a_backend_may_say_how_the_photograph_is_made_small():
    seen, backend = [], FakeBackend()
    backend.lightness = lambda pixels, shape: np.full(shape, pixels.mean() / 2.55)

    def predict(request, options):
        seen.append(request.lightness)
        return np.zeros((4, 4, 2))

    backend.predict = predict
    make_engine(backend).colorize(PHOTO, "pocket")
    assert (seen[0].dtype, seen[0].ndim) == (np.float32, 2)
    np.testing.assert_allclose(seen[0], PHOTO.pixels.mean() / 2.55, rtol=1e-5)


def test_a_small_photograph_that_fails_is_the_backends_fault():
    backend = FakeBackend()
    backend.lightness = lambda pixels, shape: 1 / 0
    engine = make_engine(backend)
    with pytest.raises(BackendError, match=r"Backend 'pocket' failed \(ZeroDivisionError"):
        engine.colorize(PHOTO, "pocket")
    assert [failure.name for failure in engine.registry.failures] == ["pocket"]


def test_a_prediction_that_was_made_is_found_by_its_key():
    engine = make_engine()
    forecast = engine.forecast(PHOTO, "pocket")
    assert engine.recall(forecast.report, forecast.key) == forecast
    assert engine.recall(forecast.report, "another") is None


def test_a_thumbnail_is_rendered_from_the_whole_photographs_prediction():
    backend = FakeBackend()
    engine = make_engine(backend)
    forecast = engine.forecast(PHOTO, "pocket")
    small = thumbnail(PHOTO, 1000)
    picture, report = engine.render(small, forecast, Look())
    assert 800 < picture.rgb.shape[0] * picture.rgb.shape[1] < 1100
    assert (report.width, report.height) == (small.width, small.height)
    assert backend.calls == 1


@pytest.mark.parametrize(
    ("shape", "shown"), [((300, 400), (300, 400)), ((3000, 4000), (600, 800)), ((4, 70_000), (1, 8192))]
)
def test_what_is_looked_at_is_small_and_not_too_long(shape, shown):
    """A strip of few pixels may still be longer than JPEG's 65,500."""
    small = thumbnail(Photo(np.zeros(shape, np.uint8)), 600 * 800)
    assert small.pixels.shape == shown


def test_products_have_one_thread_so_that_no_caller_changes_the_last_bit_of_anothers() -> None:
    make_engine()
    assert {library["num_threads"] for library in ThreadpoolController().select(user_api="blas").info()} == {1}
