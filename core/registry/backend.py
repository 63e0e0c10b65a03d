"""What a backend is."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol, runtime_checkable

from pydantic import BaseModel, ConfigDict, Field

from core.errors import AutochromeError, BackendError
from core.prediction import Prediction, Request
from core.progress import Progress


class BackendInfo(BaseModel):
    """What people and core need to know of a backend. A plugin may give a plain dict with the same keys.

    ``input_size`` says what ``Request.lightness`` will be: a pair is exactly (height, width); one number keeps the
    aspect ratio at an area of about its square; None is the photograph's own size. Sides are then brought to
    multiples of ``multiple``.

    ``auto`` stands for the first backend by ``order`` that wants no reference and, until its weights are here or where
    it fails, for the first that is ``embedded``: works at once, with nothing to be fetched.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    id: str = Field(pattern=r"^[a-z0-9][a-z0-9_.-]*$", max_length=64)
    title: str = ""
    summary: str = ""
    licence: str = ""
    citation: str = ""
    input_size: tuple[int, int] | int | None = None
    multiple: int = Field(1, ge=1)
    wants_reference: bool = False
    embedded: bool = False
    learned: bool | None = Field(
        True,
        description="whether a trained network gives the colour: pictures are marked so; None where it comes from "
        "another version of the photograph, and nobody knows",
    )
    order: int = Field(100, description="place in lists; lower comes first")


@runtime_checkable
class Backend(Protocol):
    """A colouriser. Heavy imports and weights belong into ``load``, model normalisation into ``predict``.

    Optional attributes:
        ``Options``: a pydantic model with ``extra="forbid"``; a valid instance of it comes to ``predict``
            (without it, options must be empty and ``predict`` gets None).
        ``load(progress)``: called once before the first ``predict``, in the same thread; ``progress(fraction, words)``.
        ``lightness(pixels, shape)``: the L* (height, width) that comes as ``Request.lightness``, of a photograph's
            (h, w) or (h, w, 3) uint8 or uint16 sRGB, where a network's recipe is not core's: mean over areas, exact
            conversion. Needs no ``load``; may be called from several threads at once.
        ``suits(request)``: whether ``request.reference`` is a second photograph of the kind that it takes colours from;
            without it, any is. Needs no ``load``; may be called from several threads at once.
        ``weights``: ``BackendWeights``, where the backend needs files that may have to be fetched.
        ``digests()``: of the files that the backend brings along, by name, where it has no ``weights``.
    """

    info: BackendInfo

    def predict(self, request: Request, options: Any) -> Prediction:
        """Colour one request. Core calls it from one thread only, one call at a time."""
        ...


class BackendWeights(Protocol):
    """The files that a backend needs; see ``core.weights.weights.Weights``."""

    def status(self) -> Any: ...  # a core.weights.weights.WeightStatus
    def start(self) -> None: ...
    def wait(self, timeout: float) -> bool: ...
    def fetch(self, progress: Progress | None = None) -> dict[str, Path]: ...
    def digests(self) -> dict[str, str]: ...


@dataclass(frozen=True)
class UnknownStatus:
    """What stands for a status that the backend's own code cannot give; ``message`` says why."""

    message: str
    state: str = "unavailable"
    bytes_done: int = 0
    bytes_total: int = 0


class NamedWeights:
    """The files that a backend needs, which is named in whatever its own code raises."""

    def __init__(self, backend_id: str, weights: BackendWeights):
        self._id, self._weights = backend_id, weights

    def status(self) -> Any:
        """How it stands with them. Raises nothing: one backend's bug must not cost a list the others."""
        try:
            with blamed_on(self._id):
                return self._weights.status()
        except AutochromeError as error:
            return UnknownStatus(str(error))

    def start(self, at_once: bool = False) -> None:
        """Let them arrive in the background.

        Args:
            at_once: a person asks, who waits for no next attempt; a backend may have a ``start_at_once`` for that.

        Raises:
            AutochromeError: its own code fails.
        """
        with blamed_on(self._id):
            getattr(self._weights, "start_at_once" if at_once else "start", self._weights.start)()

    def wait(self, timeout: float) -> bool:
        """Whether they are ready within ``timeout`` seconds. Raises AutochromeError: its own code fails."""
        with blamed_on(self._id):
            return self._weights.wait(timeout)

    def fetch(self, progress: Progress | None = None) -> dict[str, Path]:
        """Their paths by their roles, once they are here. Raises AutochromeError: they cannot be had."""
        with blamed_on(self._id):
            return self._weights.fetch(progress)


def weights_of(backend: Backend) -> NamedWeights | None:
    """The files that a backend needs; None where it needs none, or means something else by ``weights``."""
    weights = own_weights(backend)
    return None if weights is None else NamedWeights(backend.info.id, weights)


def own_weights(backend: Backend) -> BackendWeights | None:
    """The same as the backend itself holds them."""
    weights = getattr(backend, "weights", None)
    return weights if hasattr(weights, "status") else None


@contextmanager
def blamed_on(backend_id: str) -> Iterator[None]:
    """Name the backend in whatever its own code raises: its bug must not look like the photograph's fault."""
    try:
        yield
    except AutochromeError:
        raise
    except (Exception, SystemExit) as error:
        raise BackendError(
            f"Backend '{backend_id}' failed ({type(error).__name__}: {error}); choose another backend."
        ) from error


def digests_of(backend: Backend) -> dict[str, str]:
    """The files that make a backend's colours: name -> the first 12 hex digits of its SHA-256.

    Raises:
        BackendError: the backend cannot tell.
    """
    digests = getattr(own_weights(backend) or backend, "digests", None)
    if digests is None:
        return {}
    with blamed_on(backend.info.id):
        return {str(name): str(digest) for name, digest in digests().items()}
