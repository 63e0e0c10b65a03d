"""``python app.py fetch``."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from core.cli.common import BAD_USAGE, FAILED, make_engine, plain_errors, settings_of
from core.errors import RequestError

if TYPE_CHECKING:
    from core.registry.backend import BackendWeights, NamedWeights
    from core.weights.weights import Weights


def fetch(
    context: typer.Context,
    backend: Annotated[str, typer.Argument(metavar="ID", help="Backend whose weights are wanted.")],
    check: Annotated[bool, typer.Option("--check", help="Only verify what is on this machine.")] = False,
    source: Annotated[
        Path | None, typer.Option("--from", metavar="DIR", help="Take the files from this folder instead of the Hub.")
    ] = None,
) -> None:
    """Fetch a backend's weights, verify them, or import files that you downloaded by hand."""
    from core.registry.backend import own_weights
    from core.weights.weights import Weights

    with plain_errors(BAD_USAGE):
        weights = own_weights(make_engine(settings_of(context)).registry.get(backend))
        if not isinstance(weights, Weights):
            raise RequestError(f"Backend '{backend}' needs no weights; there is nothing to fetch.")
    with plain_errors():
        if check:
            _check_weights(weights)
        elif source is not None:
            for path in weights.import_from(source):
                typer.echo(f"Imported {path}")
        else:
            for path in fetch_with_bar(backend, weights):
                typer.echo(str(path))


def _check_weights(weights: Weights) -> None:
    """Verify each file anew and say what was found; exit with a failure when one is missing or wrong."""
    checks = weights.check()
    for found in checks:
        typer.echo(f"{found.name}: {found.problem or 'good'} ({found.path or 'nowhere on this machine'})")
    if any(found.problem for found in checks):
        raise typer.Exit(FAILED)


def fetch_with_bar(backend: str, weights: BackendWeights | NamedWeights, only_on_terminal: bool = False) -> list[Path]:
    """Fetch what is missing, with a progress bar.

    Raises:
        WeightsError: it could not be had.
    """
    from tqdm import tqdm

    total, hidden = weights.status().bytes_total, None if only_on_terminal else False
    with tqdm(desc=backend, total=total, unit="B", unit_scale=True, disable=hidden) as bar:

        def progress(fraction: float, words: str) -> None:
            bar.update(round(fraction * bar.total) - bar.n)

        paths = weights.fetch(progress)
        progress(1.0, "")
    return list(paths.values())
