"""What a backend is."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Literal, Protocol, runtime_checkable

from pydantic import BaseModel, ConfigDict, Field

from core.prediction import Prediction, Request

if TYPE_CHECKING:
    from core.weights.weights import Weights


class BackendInfo(BaseModel):
    """What people and core need to know of a backend. A plugin may give a plain dict with the same keys.

    ``input_size`` says what ``Request.lightness`` will be: a pair is exactly (height, width); one number keeps the
    aspect ratio at an area of about its square; None is the photograph's own size. Sides are then brought to
    multiples of ``multiple``.

    ``seen`` says how the small picture is made: "exact" averages areas and converts exactly; "opencv" interpolates
    and converts as ``cv2.resize`` and ``cv2.cvtColor`` do on floats, for networks whose well-known recipe does so.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    id: str = Field(pattern=r"^[a-z0-9][a-z0-9_.-]*$", max_length=64)
    title: str = ""
    summary: str = ""
    licence: str = ""
    citation: str = ""
    input_size: tuple[int, int] | int | None = None
    multiple: int = Field(1, ge=1)
    seen: Literal["exact", "opencv"] = "exact"
    wants_reference: bool = False
    order: int = Field(100, description="place in lists; lower comes first")


@runtime_checkable
class Backend(Protocol):
    """A colouriser. Heavy imports and weights belong into ``load``, model normalisation into ``predict``.

    Optional attributes:
        ``Options``: a pydantic model with ``extra="forbid"``; a valid instance of it comes to ``predict``
            (without it, options must be empty and ``predict`` gets None).
        ``load(progress)``: called once before the first ``predict``; ``progress(fraction, words)``.
        ``weights``: a ``core.weights.weights.Weights``, where the backend needs files that may have to be fetched.
    """

    info: BackendInfo

    def predict(self, request: Request, options: Any) -> Prediction:
        """Colour one request. Core never calls it from two threads at once."""
        ...


def weights_of(backend: Backend | None) -> Weights | None:
    """The files that a backend needs; None where it needs none, or means something else by ``weights``."""
    weights = getattr(backend, "weights", None)
    return weights if hasattr(weights, "status") else None
