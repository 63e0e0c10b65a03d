"""Photo + backend + look -> picture and report."""

from __future__ import annotations

import hashlib
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from functools import cache
from typing import Any

import numpy as np
from pydantic import BaseModel
from threadpoolctl import ThreadpoolController

from core.colour.cielab import Float, rgb_to_lab, three_channels
from core.errors import AutochromeError, BackendError, RequestError
from core.look.colouring import Colouring, colouring_of
from core.look.look import Look
from core.photo.open import Photo
from core.photo.resize import input_shape, small_lightness, small_rgb
from core.prediction import Prediction, Request
from core.prediction_cache import PredictionCache
from core.progress import Progress, no_progress
from core.registry.backend import Backend, BackendInfo, blamed_on, digests_of
from core.registry.predictor import Inference, Predictor
from core.registry.registry import AUTO, Registry
from core.render.render import Picture, render
from core.restore.finding import Mended
from core.restore.known import Findings
from core.restore.restore import AUTO as WHAT_IS_SURE
from core.restore.restore import Restoration
from core.restore.strokes import Strokes
from core.settings import Settings


class Seconds(BaseModel):
    """Time taken by each half."""

    predict: float = 0.0
    render: float = 0.0


class Report(BaseModel):
    """What happened to a photograph, for people and programs."""

    backend: str
    requested: str
    fallback_reason: str | None = None
    width: int
    height: int
    cached: bool
    seconds: Seconds = Seconds()
    clipped_fraction: float = 0.0
    weights: dict[str, str] = {}
    warnings: list[str] = []
    shares: dict[str, float] = {}
    restored: list[Mended] = []

    def row(self) -> dict[str, Any]:
        """What a line of a ``report.csv`` or of JSON says of it: no lists, no None, no more digits than are of use."""
        return {
            "backend": self.backend,
            "fallback_reason": self.fallback_reason or "",
            "width": self.width,
            "height": self.height,
            "seconds": round(self.seconds.predict + self.seconds.render, 3),
            "clipped_fraction": round(self.clipped_fraction, 4),
            "warnings": " ".join(self.warnings),
            "restored": " ".join(each.step for each in self.restored),
        }


@dataclass(frozen=True)
class Forecast:
    """The slow half done: a prediction that any look can be rendered from.

    ``key`` is what ``Engine.recall`` finds the colouring by for as long as there is room for it.
    """

    colouring: Colouring
    report: Report
    key: str


class Engine:
    """Colours photographs with the registry's backends; safe to call from any thread.

    ``measured`` is told of each stage that has ended, ``predict`` or ``render``, and what is known of it by then.
    """

    def __init__(self, registry: Registry, settings: Settings):
        self.registry = registry
        self.settings = settings
        _one_blas_thread()
        self.measured: Callable[[str, Report], None] = lambda stage, report: None
        self._cache: PredictionCache[Any] = PredictionCache(settings.cache_mb)
        self._findings = Findings(self._cache)
        self._predictors: dict[str, Predictor[Colouring]] = {}
        self._lock = threading.Lock()

    @property
    def kept_bytes(self) -> int:
        """Memory taken by what is kept of photographs: predictions, and what was found in them."""
        return self._cache.nbytes

    def check(self, backend: str = AUTO, options: Mapping[str, Any] | None = None, has_reference: bool = False) -> None:
        """Refuse what no photograph could put right, before the first is opened.

        Raises:
            BackendError: there is no such backend.
            RequestError: an option is unknown or out of range; a reference is missing or of no use.
        """
        chosen = self.registry.preferred if backend == AUTO else self.registry.get(backend)
        _check_reference(chosen.info, has_reference)
        self._predictor(chosen).checked(options or {})

    def suited(self, photo: Photo, reference: Photo) -> str:
        """The id of the backend for a second photograph: the first in order that takes colours from its kind.

        Raises:
            BackendError: there is none, or its ``suits`` failed.
        """
        for backend in self.registry:
            if backend.info.wants_reference:
                suits = getattr(backend, "suits", None)
                if suits is None:
                    return backend.info.id
                request = Request(_lightness_for(photo, backend), _reference_for(reference, backend.info))
                with blamed_on(backend.info.id):
                    if suits(request):
                        return backend.info.id
        raise BackendError("No backend takes its colours from such a photograph; choose another photograph.")

    def restoration(
        self,
        photo: Photo,
        restore: str = WHAT_IS_SURE,
        for_picture: bool | str = False,
        strokes: Strokes = (),
        suggest: bool = True,
    ) -> Restoration:
        """``core.restore.restore.restoration_of`` a photograph as it was opened; what was found is kept.

        Raises:
            RequestError: there is no such step.
        """
        return self._findings.of(photo, restore, for_picture, strokes, suggest)

    def forecast(
        self,
        photo: Photo,
        backend: str = AUTO,
        options: Mapping[str, Any] | None = None,
        progress: Progress = no_progress,
        reference: Photo | None = None,
        restoration: Restoration | None = None,
    ) -> Forecast:
        """The slow half: run a backend's network on a photograph, or take its kept prediction.

        Args:
            photo: what to colour.
            backend: an id of the registry, or ``auto``. One asked for by name never falls back.
            options: the backend's own options.
            progress: told what goes on.
            reference: a second photograph, for a backend that takes its colours from one.
            restoration: of the same photograph; what is sure to be wrong with it unless given.

        Raises:
            BackendError, RequestError, WeightsError: see ``core.registry.predictor.Predictor.infer``; also where
                a reference is missing or of no use.
        """
        progress(0.0, "Choosing a backend")
        chosen, reason = self.registry.resolve(backend, self.settings.auto_wait)
        restoration = restoration or self.restoration(photo, suggest=False)
        try:
            return self._run(restoration, chosen, backend, reason, options or {}, progress, reference)
        except AutochromeError as error:
            embedded = self.registry.embedded
            if backend != AUTO or embedded is None or embedded is chosen or isinstance(error, RequestError):
                raise
            return self._run(restoration, embedded, backend, f"{chosen.info.id}: {error}", {}, progress)

    def recall(self, report: Report, key: str) -> Forecast | None:
        """A forecast that was made before, by its report and key; None where its prediction is no longer kept."""
        colouring = self._cache.get(key)
        return Forecast(colouring, report, key) if colouring else None

    def render(self, photo: Photo, forecast: Forecast, look: Look) -> tuple[Picture, Report]:
        """The fast half: no network runs. ``photo`` may be a smaller copy of the one that was predicted."""
        started = time.perf_counter()
        picture = render(photo, forecast.colouring, look)
        seconds = Seconds(predict=forecast.report.seconds.predict, render=time.perf_counter() - started)
        report = forecast.report.model_copy(
            update={
                "seconds": seconds,
                "clipped_fraction": picture.clipped_fraction,
                "width": photo.width,
                "height": photo.height,
            }
        )
        self.measured("render", report)
        return picture, report

    def colorize(
        self,
        photo: Photo,
        backend: str = AUTO,
        look: Look | None = None,
        options: Mapping[str, Any] | None = None,
        progress: Progress = no_progress,
        reference: Photo | None = None,
    ) -> tuple[Picture, Report]:
        """Both halves, one after the other."""
        forecast = self.forecast(photo, backend, options, progress, reference)
        progress(0.8, "Painting")
        return self.render(photo, forecast, look or Look())

    def _run(
        self,
        restoration: Restoration,
        backend: Backend,
        requested: str,
        reason: str | None,
        options: Mapping[str, Any],
        progress: Progress,
        reference: Photo | None = None,
    ) -> Forecast:
        name, photo = backend.info.id, restoration.photo
        if backend.info.wants_reference:  # which is held against the photograph as it is
            restoration = restoration.for_nobody()
        try:
            second = _reference_for(reference, backend.info)
            inference = self._infer(backend, restoration, second, options, progress)
        except BackendError as error:
            self.registry.mark_failing(name, str(error))
            raise
        self.registry.mark_working(name)
        report = Report(
            backend=name,
            requested=requested,
            fallback_reason=reason,
            width=photo.width,
            height=photo.height,
            cached=inference.cached,
            seconds=Seconds(predict=inference.seconds),
            weights=digests_of(backend),
            warnings=[*photo.warnings, *inference.prediction.notes],
            shares={name: round(share, 4) for name, share in inference.prediction.shares.items()},
            restored=restoration.told,
        )
        self.measured("predict", report)
        return Forecast(inference.prediction, report, inference.key)

    def _infer(
        self,
        backend: Backend,
        restoration: Restoration,
        reference: Float | None,
        options: Mapping[str, Any],
        progress: Progress,
    ) -> Inference[Colouring]:
        """Predict from what the backend is to see: all of it, or the print within its frame alone."""
        seen, frame, predictor = restoration.seen(), restoration.frame, self._predictor(backend)
        if frame is None:
            return predictor.infer(Request(_lightness_for(seen, backend), reference), options, progress)
        whole = _plain_lightness_for(seen, backend.info)
        cut = replace(seen, pixels=np.ascontiguousarray(seen.pixels[frame.inside(seen.height, seen.width)]))

        def ready(prediction: Prediction) -> Colouring:
            placed, inside = frame.placed(prediction)
            return colouring_of(placed, whole, inside)

        mark = hashlib.blake2b(whole.tobytes() + repr(frame).encode(), digest_size=16).digest()
        return predictor.infer(Request(_lightness_for(cut, backend), reference), options, progress, ready, mark)

    def _predictor(self, backend: Backend) -> Predictor[Colouring]:
        name = backend.info.id
        with self._lock:
            if name not in self._predictors:
                self._predictors[name] = Predictor(backend, colouring_of, self._cache, self.settings.backend_timeout)
            return self._predictors[name]


@cache
def _one_blas_thread() -> None:
    """NumPy's products in one thread, for good and in the whole process.

    How many threads share a product decides the last bit of some of its numbers: a caller would get other pixels while
    another is at work. And threads of OpenBLAS spin on for a while after a product, and starve OpenCV's.
    """
    ThreadpoolController().select(user_api="blas").limit(limits=1)


def _lightness_for(photo: Photo, backend: Backend) -> Float:
    """L* of a photograph at the size that a backend asks for: core's, or the backend's own way.

    Raises:
        BackendError: the backend's own way fails.
    """
    info = backend.info
    lightness = getattr(backend, "lightness", None)
    if lightness is None:
        return _plain_lightness_for(photo, info)
    shape = input_shape(photo.height, photo.width, info.input_size, info.multiple)
    with blamed_on(info.id):
        return np.asarray(lightness(photo.pixels, shape), np.float32)


def _plain_lightness_for(photo: Photo, info: BackendInfo) -> Float:
    """The same in core's way."""
    return small_lightness(photo, input_shape(photo.height, photo.width, info.input_size, info.multiple))


def _check_reference(info: BackendInfo, is_there: bool) -> None:
    """Refuse a backend without the reference that it needs, or with one that it does not use.

    Raises:
        RequestError: it is so.
    """
    if info.wants_reference and not is_there:
        raise RequestError(f"Backend '{info.id}' takes its colours from a second photograph; give one as 'reference'.")
    if is_there and not info.wants_reference:
        raise RequestError(f"Backend '{info.id}' uses no reference; leave it out or choose the backend 'reference'.")


def _reference_for(reference: Photo | None, info: BackendInfo) -> Float | None:
    """The second photograph as a backend gets it.

    Raises:
        RequestError: there is none and the backend needs one, or the other way round.
    """
    _check_reference(info, reference is not None)
    if reference is None:
        return None
    shape = input_shape(reference.height, reference.width, info.input_size, info.multiple)
    return rgb_to_lab(three_channels(small_rgb(reference, shape)))
