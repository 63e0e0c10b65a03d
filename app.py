"""The command line: serve the page (what happens with no command), colour files, list backends, fetch weights."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from core.errors import AutochromeError, RequestError, SettingsError

if TYPE_CHECKING:
    from core.engine import Engine
    from core.look import Look
    from core.weights import Weights

app = typer.Typer(
    help="Autochrome puts colour into black-and-white photographs.",
    add_completion=False,
    no_args_is_help=False,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
)

FAILED, BAD_USAGE = 1, 2


@contextmanager
def plain_errors(code: int = FAILED) -> Iterator[None]:
    """Turn errors that a person can act on into one line and an exit code; anything else is a bug and shows."""
    try:
        yield
    except AutochromeError as error:
        typer.echo(f"autochrome: {error}", err=True)
        raise typer.Exit(BAD_USAGE if isinstance(error, RequestError | SettingsError) else code) from None


def make_engine() -> Engine:
    """An engine over every backend that is installed."""
    from core.engine import Engine
    from core.registry import load_registry
    from core.settings import load_settings

    return Engine(load_registry(), load_settings())


@app.callback(invoke_without_command=True)
def serve(
    context: typer.Context,
    host: Annotated[str | None, typer.Option(help="Address to listen on; GRADIO_SERVER_NAME also sets it.")] = None,
    port: Annotated[int | None, typer.Option(help="Port to listen on; GRADIO_SERVER_PORT also sets it.")] = None,
) -> None:
    """Serve the page and the API, unless a command is given."""
    if context.invoked_subcommand is not None:
        return
    from core.web.page import build_page, launch_options

    with plain_errors():
        engine = make_engine()
        engine.registry.start_fetching()
        page = build_page(engine, engine.settings)
        try:
            page.launch(server_name=host, server_port=port, **launch_options(engine.settings))
        except OSError as error:
            raise SettingsError(f"The page cannot be served ({error}); choose another --port or --host.") from error


@app.command()
def colorize(
    photographs: Annotated[list[Path], typer.Argument(metavar="IN...", help="Photographs to colour.")],
    output: Annotated[Path, typer.Option(help="Folder for the coloured pictures; it is made where missing.")] = Path(
        "coloured"
    ),
    backend: Annotated[str, typer.Option(help="Which backend; see the backends command.")] = "auto",
    strength: Annotated[float, typer.Option(help="Chroma as a multiple of the predicted, 0 to 2.")] = 1.0,
    temperature: Annotated[float, typer.Option(help="0 takes the likeliest colours, 1 the calmest mean.")] = 0.38,
    vividness: Annotated[float, typer.Option(help="0 to 1: how far rare colours are favoured.")] = 0.5,
    refine: Annotated[bool, typer.Option(help="Let colour follow the photograph's edges.")] = True,
    format_: Annotated[str, typer.Option("--format", help="png, jpeg or webp.")] = "png",
) -> None:
    """Colour photographs; exits 0 when all were done, 1 when some failed, 2 on bad usage."""
    from core.look import make_look
    from core.save import output_format

    with plain_errors(BAD_USAGE):
        look = make_look(strength=strength, temperature=temperature, vividness=vividness, refine=refine)
        format_name = output_format(format_)
        engine = make_engine()
        if backend != "auto":
            engine.registry.get(backend)
        try:
            output.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise RequestError(f"The folder {output} cannot be made ({error.strerror}); choose another.") from error
    taken: set[Path] = set()
    failed = 0
    for photograph in photographs:
        try:
            typer.echo(_colorize_one(engine, photograph, output, backend, look, format_name, taken))
        except AutochromeError as error:
            failed += 1
            typer.echo(f"{photograph}: {error}", err=True)
    if failed:
        typer.echo(f"{failed} of {len(photographs)} failed.", err=True)
        raise typer.Exit(FAILED)


def _colorize_one(
    engine: Engine, photograph: Path, output: Path, backend: str, look: Look, format_name: str, taken: set[Path]
) -> str:
    """Colour one file and say so in a line."""
    from core.photo import open_photo
    from core.save import coloured_name, save_picture

    photo = open_photo(photograph, engine.settings)
    picture, report = engine.colorize(photo, backend, look)
    target = output / coloured_name(photo.name, format_name)
    number = 2
    while target in taken:
        target = target.with_name(f"{Path(photo.name).stem}-{number}.colour{target.suffix}")
        number += 1
    notes = report.warnings + save_picture(target, picture.rgb, photo, report.backend, format_name)
    taken.add(target)
    if report.fallback_reason:
        notes.insert(0, report.fallback_reason)
    seconds = report.seconds.predict + report.seconds.render
    line = f"{photograph} -> {target} ({report.backend}, {seconds:.1f} s)"
    return "\n  ".join([line, *notes])


@app.command()
def backends() -> None:
    """List the backends and whether each can be used now."""
    with plain_errors():
        for backend in make_engine().registry:
            weights: Weights | None = getattr(backend, "weights", None)
            status = weights.status() if weights else None
            state = status.state if status else "ready"
            typer.echo(f"{backend.info.id:12} {state:12} {backend.info.title}: {backend.info.summary}")
            if status and status.message:
                typer.echo(f"{'':25} {status.message}")


@app.command()
def fetch(
    backend: Annotated[str, typer.Argument(metavar="ID", help="Backend whose weights are wanted.")],
    check: Annotated[bool, typer.Option("--check", help="Only verify what is on this machine.")] = False,
    source: Annotated[
        Path | None, typer.Option("--from", metavar="DIR", help="Take the files from this folder instead of the Hub.")
    ] = None,
) -> None:
    """Fetch a backend's weights, verify them, or import files that you downloaded by hand."""
    with plain_errors(BAD_USAGE):
        weights: Weights | None = getattr(make_engine().registry.get(backend), "weights", None)
        if weights is None:
            raise RequestError(f"Backend '{backend}' needs no weights; there is nothing to fetch.")
    with plain_errors():
        if check:
            _check_weights(weights)
        elif source is not None:
            for path in weights.import_from(source):
                typer.echo(f"Imported {path}")
        else:
            _fetch_weights(weights)


def _check_weights(weights: Weights) -> None:
    """Verify each file anew and say what was found; exit with a failure when one is missing or wrong."""
    checks = weights.check()
    for found in checks:
        typer.echo(f"{found.name}: {found.problem or 'good'} ({found.path or 'nowhere on this machine'})")
    if any(found.problem for found in checks):
        raise typer.Exit(FAILED)


def _fetch_weights(weights: Weights) -> None:
    """Fetch with a progress bar and say where the files lie."""
    from tqdm import tqdm

    with tqdm(desc=weights.manifest.id, total=weights.manifest.bytes, unit="B", unit_scale=True) as bar:

        def progress(fraction: float, words: str) -> None:
            bar.update(round(fraction * bar.total) - bar.n)

        paths = weights.fetch(progress)
        progress(1.0, "")
    for path in paths.values():
        typer.echo(str(path))


if __name__ == "__main__":
    sys.argv[0] = "app.py"
    app()
