"""A backend's own options as the page asks for them, from its pydantic model: nobody writes a form for a plugin."""

from __future__ import annotations

from typing import Any

from core.registry.backend import Backend


def option_fields(backend: Backend) -> list[dict[str, Any]]:
    """What ``options.js`` makes a field of each option from, in order; none for those that are no plain values.

    Each has its ``name``, ``title``, ``about``, ``value`` and ``kind``: check; choice, of ``choices``; range, from
    ``low`` to ``high`` by ``step``; number; text.
    """
    model = getattr(backend, "Options", None)
    if model is None:
        return []
    found = []
    for name, described in model.model_json_schema().get("properties", {}).items():
        kind = _kind(described)
        if kind and "default" in described:
            words = {"title": described.get("title", name), "about": described.get("description", "")}
            found.append({"name": name, **words, "value": described["default"], **kind})
    return found


def _kind(described: dict[str, Any]) -> dict[str, Any] | None:
    """Which field an option's JSON schema asks for, and its bounds."""
    if "enum" in described:
        return {"kind": "choice", "choices": described["enum"]}
    kind = described.get("type")
    if kind == "boolean":
        return {"kind": "check"}
    if kind == "string":
        return {"kind": "text"}
    if kind not in ("number", "integer"):
        return None
    whole = kind == "integer"
    low, high = _bound(described, "minimum", 1 if whole else 0), _bound(described, "maximum", -1 if whole else 0)
    if low is None or high is None:
        return {"kind": "number", "step": 1 if whole else "any"}
    return {"kind": "range", "low": low, "high": high, "step": 1 if whole else (high - low) / 100}


def _bound(described: dict[str, Any], name: str, inward: int) -> Any:
    """A least or greatest number, or None; one that is itself excluded has the next whole number in its place."""
    excluded = described.get(f"exclusive{name.title()}")
    return described.get(name) if excluded is None else excluded + inward
