"""One backend at work: loaded once, never called from two threads at once, its predictions kept."""

from __future__ import annotations

import hashlib
import json
import threading
import time
from collections import OrderedDict
from collections.abc import Mapping
from typing import Any

from pydantic import BaseModel, ValidationError

from core.errors import AutochromeError, BackendError, RequestError, first_problem
from core.prediction import AbDistribution, Prediction, Request, as_prediction
from core.progress import Progress
from core.registry.backend import Backend
from core.registry.fair_lock import FairLock
from core.registry.watchdog import Watched


class PredictionCache:
    """Predictions by key, the least recently used dropped first; thread-safe."""

    def __init__(self, megabytes: int):
        self._limit = megabytes * 1_000_000
        self._size = 0
        self._kept: OrderedDict[str, Prediction] = OrderedDict()
        self._lock = threading.Lock()

    def get(self, key: str) -> Prediction | None:
        """The prediction kept under this key, or None."""
        with self._lock:
            if key in self._kept:
                self._kept.move_to_end(key)
            return self._kept.get(key)

    def put(self, key: str, prediction: Prediction) -> None:
        """Keep a prediction; one larger than the whole cache is not kept."""
        size = _size(prediction)
        with self._lock:
            if key in self._kept or size > self._limit:
                return
            self._kept[key] = prediction
            self._size += size
            while self._size > self._limit:
                self._size -= _size(self._kept.popitem(last=False)[1])


def _size(prediction: Prediction) -> int:
    return prediction.logits.nbytes if isinstance(prediction, AbDistribution) else prediction.ab.nbytes


class Runner:
    """A backend, its lock, and whether it is loaded."""

    def __init__(self, backend: Backend, cache: PredictionCache, timeout: float = 60.0):
        """Load nothing yet.

        Args:
            backend: what to run.
            cache: where to keep what it gives.
            timeout: seconds without a sign of life after which a call is given up.
        """
        self.backend = backend
        self._cache = cache
        self._timeout = timeout
        self._lock = FairLock()
        self._loaded = False
        self._hung: Watched[Prediction] | None = None  # a call that was given up

    def predict(
        self, request: Request, options: Mapping[str, Any], progress: Progress
    ) -> tuple[Prediction, bool, float]:
        """Run the backend, or take what it gave before.

        Returns:
            The prediction, whether it was kept from before, and the seconds that the backend took.

        Raises:
            RequestError: an option is unknown or out of range.
            WeightsError: the backend's weights could not be had.
            BackendError: the backend failed or gave no usable prediction.
        """
        checked = self._options(options)
        key = self._key(request, checked)
        known = self._cache.get(key)
        if known is not None:
            return known, True, 0.0
        with self._lock:  # a second caller with the same photograph waits here, then finds it kept
            known = self._cache.get(key)
            if known is not None:
                return known, True, 0.0
            started = time.perf_counter()
            name = self.backend.info.id
            try:
                prediction = self._watched(request, checked, progress)
            except AutochromeError:
                raise
            except (Exception, SystemExit) as error:  # a plugin's bug must not look like the photograph's fault
                raise BackendError(
                    f"Backend '{name}' failed ({type(error).__name__}: {error}); choose another backend."
                ) from error
            self._cache.put(key, prediction)
            return prediction, False, time.perf_counter() - started

    def key(self, request: Request, options: Mapping[str, Any]) -> str:
        """What the cache keeps this request's prediction under.

        Raises:
            RequestError: an option is unknown or out of range.
        """
        return self._key(request, self._options(options))

    def _watched(self, request: Request, options: BaseModel | None, progress: Progress) -> Prediction:
        """Load and predict, for as long as there are signs of life."""
        name = self.backend.info.id
        if self._hung is not None and not self._hung.has_ended:
            raise BackendError(f"Backend '{name}' still hangs from an earlier photograph; choose another backend.")

        def call(tell: Progress) -> Prediction:
            self._load(tell)
            tell(0.5, f"Colouring with {name}")
            return as_prediction(self.backend.predict(request, options), name)

        watched = Watched(call, progress)
        if not watched.ended_within(self._timeout):
            self._hung = watched
            raise BackendError(
                f"Backend '{name}' gave no sign of life for {self._timeout:g} s and was given up; choose another "
                "backend, or raise AUTOCHROME_BACKEND_TIMEOUT if this one is slow."
            )
        return watched.result()

    def _load(self, progress: Progress) -> None:
        if not self._loaded:
            load = getattr(self.backend, "load", None)
            if load is not None:
                load(progress)
            self._loaded = True

    def _options(self, options: Mapping[str, Any]) -> BaseModel | None:
        model: type[BaseModel] | None = getattr(self.backend, "Options", None)
        if model is None:
            if options:
                name = next(iter(options))
                raise RequestError(f"Backend '{self.backend.info.id}' has no option '{name}'; leave it out.")
            return None
        try:
            return model.model_validate(dict(options))
        except ValidationError as error:
            raise RequestError(first_problem(error)) from error

    def _key(self, request: Request, options: BaseModel | None) -> str:
        digest = hashlib.blake2b(digest_size=16)
        digest.update(self.backend.info.id.encode())
        digest.update(json.dumps(options.model_dump(mode="json") if options else None, sort_keys=True).encode())
        for array in (request.lightness, request.reference):
            if array is not None:
                digest.update(str(array.shape).encode())
                digest.update(array.tobytes())
        return digest.hexdigest()
