"""A backend at work: loaded once, its options checked, its predictions kept."""

from __future__ import annotations

import hashlib
import json
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Generic

from pydantic import BaseModel, ValidationError

from core.colour.cielab import Float
from core.errors import BackendError, RequestError, first_problem, shortened
from core.prediction import Prediction, Request, as_prediction
from core.prediction_cache import Kept, PredictionCache
from core.progress import Progress
from core.registry.backend import Backend, blamed_on
from core.registry.worker import HangError, Worker


@dataclass(frozen=True)
class Inference(Generic[Kept]):
    """A prediction made ready, what it is kept under, whether it was kept, and the seconds that the backend took."""

    prediction: Kept
    key: str
    cached: bool = True
    seconds: float = 0.0


class Predictor(Generic[Kept]):
    """A backend, the thread that loads it and makes all its predictions, and where these are kept."""

    def __init__(
        self,
        backend: Backend,
        ready: Callable[[Prediction, Float], Kept],
        cache: PredictionCache[Kept],
        timeout: float,
    ):
        """Load nothing yet.

        Args:
            backend: what to run.
            ready: what to make of a prediction and the L* it was made from, once, before it is kept.
            cache: where to keep that.
            timeout: seconds without a sign of life after which a call is given up.
        """
        self._backend = backend
        self._ready = ready
        self._cache = cache
        self._worker = Worker(backend.info.id, timeout)
        self._loaded = False

    def infer(
        self,
        request: Request,
        options: Mapping[str, Any],
        progress: Progress,
        ready: Callable[[Prediction], Kept] | None = None,
        mark: bytes = b"",
    ) -> Inference[Kept]:
        """Run the backend, or take what it gave before. What comes after it was given up is kept all the same.

        Args:
            request: what to colour.
            options: the backend's own.
            progress: told what goes on.
            ready: what to make of this prediction, where that is not what is made of all.
            mark: tells requests apart that differ in ``ready`` alone.

        Raises:
            RequestError: an option is unknown or out of range.
            WeightsError: the backend's weights could not be had.
            BackendError: the backend failed, hangs, or gave no usable prediction.
        """
        checked = self.checked(options)
        key = self._key(request, checked, mark)
        kept = self._cache.get(key)
        if kept is not None:
            return Inference(kept, key)
        ready = ready or (lambda prediction: self._ready(prediction, request.lightness))
        name = self._backend.info.id
        with blamed_on(name):
            try:
                return self._worker.call(lambda sign: self._infer(key, request, checked, ready, sign), progress)
            except HangError as hang:
                raise BackendError(
                    f"Backend '{name}' {hang}; choose another backend, or raise AUTOCHROME_BACKEND_TIMEOUT if this one "
                    "is slow."
                ) from None

    def _infer(
        self,
        key: str,
        request: Request,
        options: BaseModel | None,
        ready: Callable[[Prediction], Kept],
        progress: Progress,
    ) -> Inference[Kept]:
        """The same in the backend's own thread."""
        kept = self._cache.get(key)
        if kept is not None:  # another caller had the same photograph
            return Inference(kept, key)
        started = time.perf_counter()
        name = self._backend.info.id
        if not self._loaded:
            load = getattr(self._backend, "load", None)
            if load is not None:
                load(progress)
            self._loaded = True
        progress(0.5, f"Colouring with {name}")
        prediction = ready(as_prediction(self._backend.predict(request, options), name))
        self._cache.put(key, prediction)
        return Inference(prediction, key, cached=False, seconds=time.perf_counter() - started)

    def checked(self, options: Mapping[str, Any]) -> BaseModel | None:
        """The backend's own options, valid; None where it has none.

        Raises:
            RequestError: one is unknown or out of range.
        """
        model: type[BaseModel] | None = getattr(self._backend, "Options", None)
        if model is None:
            if options:
                name = next(iter(options))
                raise RequestError(
                    f"Backend '{self._backend.info.id}' has no option '{shortened(name)}'; leave it out."
                )
            return None
        try:
            return model.model_validate(dict(options))
        except ValidationError as error:
            raise RequestError(first_problem(error)) from error

    def _key(self, request: Request, options: BaseModel | None, mark: bytes) -> str:
        digest = hashlib.blake2b(mark, digest_size=16)
        digest.update(self._backend.info.id.encode())
        digest.update(json.dumps(options.model_dump(mode="json") if options else None, sort_keys=True).encode())
        for array in (request.lightness, request.reference):
            if array is not None:
                digest.update(str(array.shape).encode())
                digest.update(array.tobytes())
        return digest.hexdigest()
