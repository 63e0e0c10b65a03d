"""What the commands have in common: exit codes, errors in one line, and the engine."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

import typer

from core.errors import AutochromeError, RequestError, SettingsError

if TYPE_CHECKING:
    from core.engine import Engine
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


def make_engine(settings: Settings | None = None) -> Engine:
    """An engine over every backend that is installed."""
    from core.engine import Engine
    from core.registry.registry import load_registry
    from core.settings import load_settings

    return Engine(load_registry(), settings or load_settings())
