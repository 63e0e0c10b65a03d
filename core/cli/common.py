"""What the commands have in common: exit codes, errors in one line, and the engine."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

import typer

from core.errors import AutochromeError, RequestError, SettingsError

if TYPE_CHECKING:
    from core.engine import Engine
    from core.jobs.job import Outcome
    from core.settings import Settings

FAILED, BAD_USAGE, INTERRUPTED = 1, 2, 130


@contextmanager
def plain_errors(code: int = FAILED) -> Iterator[None]:
    """Turn errors that a person can act on into one line and an exit code; anything else is a bug and shows."""
    try:
        yield
    except AutochromeError as error:
        print_aside(f"autochrome: {error}")
        raise typer.Exit(BAD_USAGE if isinstance(error, RequestError | SettingsError) else code) from None


def print_aside(words: str) -> None:
    """A line for the person, beside the command's output."""
    typer.echo(words, err=True)


def already_there(name: str, picture: str) -> Outcome:
    """The outcome where the picture of a photograph or film was made before."""
    from core.jobs.job import Outcome

    reason = f"{picture} is there already; --overwrite makes it anew."
    return Outcome(status="skipped", photograph=name, picture=picture, problem=reason)


def settings_of(context: typer.Context) -> Settings:
    """The environment's settings, but for those that options before the command give.

    Raises:
        SettingsError: a variable's value cannot be used.
    """
    from core.settings import load_settings

    return load_settings({**os.environ, **context.obj})


def make_engine(settings: Settings) -> Engine:
    """An engine over every backend that is installed."""
    from core.engine import Engine
    from core.registry.registry import load_registry

    return Engine(load_registry(settings=settings), settings)
