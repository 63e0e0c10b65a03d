"""``python app.py backends``."""

from __future__ import annotations

import textwrap

import typer

from core.cli.common import make_engine, plain_errors, settings_of


def backends(context: typer.Context) -> None:
    """List the backends and whether each can be used now."""
    from core.registry.backend import weights_of

    with plain_errors():
        registry = make_engine(settings_of(context)).registry
        for backend in registry:
            weights = weights_of(backend)
            status = weights.status() if weights else None
            state = status.state if status else "ready"
            _tell(backend.info.id, state, backend.info.title, backend.info.summary, status.message if status else "")
        for failure in registry.failures:
            _tell(failure.name, "left out", "", failure.reason)


def _tell(name: str, state: str, title: str, *sentences: str) -> None:
    """A line, and below it what there is to say, in 80 columns."""
    typer.echo(f"{name:20} {state:14} {title}".rstrip())
    for sentence in filter(None, sentences):
        typer.echo(textwrap.indent(textwrap.fill(sentence, 76, break_long_words=False, break_on_hyphens=False), "    "))
