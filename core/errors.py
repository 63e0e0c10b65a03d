"""The one family of errors that a person can act on.

Every message is one sentence that says what failed and what to do next. Only the edges (page, API, command
line) turn these into alerts or exit codes; any other exception is a bug and shows as one.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pydantic import ValidationError


class AutochromeError(Exception):
    """Base of everything that Autochrome tells a person."""


class PhotoError(AutochromeError):
    """A file is no picture, is broken, or is larger than the settings allow."""


class GoneError(PhotoError):
    """An uploaded file has been deleted, as all are in time."""


class DiskFullError(PhotoError):
    """A picture cannot be written, and no other could: there is no room left."""


class InColourError(PhotoError):
    """A photograph is in colour already, and such are to be left alone."""


class FilmError(PhotoError):
    """A file is no film, is broken, or is longer or larger than the settings allow."""


class RequestError(AutochromeError):
    """A parameter is unknown or out of range."""


class BackendError(AutochromeError):
    """A backend is unknown, is registered twice, failed to load, or gave no usable prediction."""


class WeightsError(AutochromeError):
    """A backend's weights are not on this machine and could not be had."""


class SettingsError(AutochromeError):
    """An ``AUTOCHROME_*`` environment variable holds a value that cannot be used."""


class SpaceError(AutochromeError):
    """The Hugging Face Space is not configured well, cannot be deployed, or did not pass its check."""


def shortened(words: object) -> str:
    """A person's own words as a message repeats them: 80 characters are enough."""
    text = str(words)
    return text if len(text) <= 80 else f"{text[:79]}…"


def first_problem(error: ValidationError) -> str:
    """One sentence from a pydantic error: which parameter, what is wrong with it."""
    first = error.errors()[0]
    name = shortened(".".join(str(part) for part in first["loc"]) or "the value")
    reason = first["msg"][:1].lower() + first["msg"][1:]
    given = first.get("input")
    shown = f" (given: {shortened(repr(given))})" if isinstance(given, str | int | float | bool) else ""
    return f"The parameter '{name}' is not usable: {reason}{shown}; correct it or leave it out."
