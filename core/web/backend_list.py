"""What there is to choose from, and how it stands with each backend."""

from __future__ import annotations

from typing import Any

from core.engine import Engine
from core.registry.backend import Backend, weights_of
from core.web.option_fields import option_fields
from core.web.places import without_places
from core.weights.hub import is_offline


def list_backends(engine: Engine) -> list[dict[str, Any]]:
    """The backends in order: who made each, under which licence, and whether it can be used now."""
    return [_describe(backend) for backend in engine.registry]


def list_all(engine: Engine) -> list[dict[str, Any]]:
    """The same, and after them each plugin that could not be brought in, with the reason; its state is ``failed``."""
    listed = list_backends(engine)
    problems = {failure.name: without_places(failure.reason) for failure in engine.registry.failures}
    for backend in listed:
        backend["message"] = backend["message"] or problems.pop(backend["id"], "")
    unnamed = dict.fromkeys(("summary", "licence", "citation"), "")
    nothing = {"wants_reference": False, "bytes_done": 0, "bytes_total": 0}
    failed = [
        {"id": name, "title": name, **unnamed, **nothing, "state": "failed", "message": reason}
        for name, reason in problems.items()
        if name not in {backend["id"] for backend in listed}
    ]
    return listed + failed


def list_for_page(engine: Engine) -> list[dict[str, Any]]:
    """What the page's list of models needs of each."""
    rows = list_backends(engine)
    for row, backend in zip(rows, engine.registry, strict=True):
        row["options"] = option_fields(backend)
        row["can_fetch"] = row["state"] in ("missing", "unavailable") and not is_offline()
    return rows


def backend_titles(engine: Engine) -> list[tuple[str, str]]:
    """Title and id of each backend."""
    return [(backend.info.title or backend.info.id, backend.info.id) for backend in engine.registry]


def _describe(backend: Backend) -> dict[str, Any]:
    info, weights = backend.info, weights_of(backend)
    described: dict[str, Any] = {
        "id": info.id,
        "title": info.title or info.id,
        "summary": info.summary,
        "licence": info.licence,
        "citation": info.citation,
        "wants_reference": info.wants_reference,
    }
    if weights is None:
        return described | {"state": "ready", "message": "", "bytes_done": 0, "bytes_total": 0}
    status = weights.status()
    return described | {
        "state": status.state,
        "message": without_places(status.message),
        "bytes_done": status.bytes_done,
        "bytes_total": status.bytes_total,
    }
