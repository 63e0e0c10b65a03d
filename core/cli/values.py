"""Options whose values are more than a word or a number."""

from __future__ import annotations

import json
from typing import Any

from core.errors import RequestError, shortened


def read_hint(text: str) -> dict[str, Any]:
    """A hint as ``Look.hints`` takes it, from ``X,Y,#RRGGBB``, or as a film does, with its ``t``, from
    ``X,Y,#RRGGBB@SECONDS``; what is out of range is for those to say.

    Raises:
        RequestError: it is no such thing.
    """
    place, at, seconds = text.partition("@")
    parts = [part.strip() for part in place.split(",")]
    try:
        x, y, colour = float(parts[0]), float(parts[1]), parts[2]
        if len(parts) > 3:
            raise ValueError("more than three parts")
        time = {"t": float(seconds)} if at else {}
    except (ValueError, IndexError) as error:
        raise RequestError(
            f"The hint '{text}' is no place and colour; write it as X,Y,#RRGGBB, for example 0.3,0.8,#2e6b3f, "
            "with @SECONDS for a film."
        ) from error
    return {"x": x, "y": y, "color": colour} | time


def read_option(text: str) -> tuple[str, Any]:
    """A backend's option from ``NAME=VALUE``: a number, true, false or other JSON, else the words as they are.

    Raises:
        RequestError: it has no name.
    """
    name, sign, value = text.partition("=")
    if not (name and sign):
        raise RequestError(f"The option '{text}' has no name and value; write it as NAME=VALUE.")
    try:
        return name, json.loads(value)
    except ValueError:
        return name, value


def read_jobs(text: str) -> int | None:
    """How many processes, from a number of at least 1; None for ``auto``.

    Raises:
        RequestError: it is neither.
    """
    if text.strip().lower() == "auto":
        return None
    if not text.strip().isdecimal() or int(text) < 1:
        raise RequestError(f"--jobs is '{shortened(text)}' and must be auto or a number from 1 up; correct it.")
    return int(text)
