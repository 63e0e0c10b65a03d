"""``python app.py backends``."""

from __future__ import annotations

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
            typer.echo(f"{backend.info.id:12} {state:12} {backend.info.title}: {backend.info.summary}")
            if status and status.message:
                typer.echo(f"{'':25} {status.message}")
        for failure in registry.failures:
            typer.echo(f"{failure.name:12} {'left out':12} {failure.reason}")
