"""``python app.py space``: sync, deploy, check."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from core.cli.common import plain_errors

space = typer.Typer(help="Autochrome as a Hugging Face Space.", rich_markup_mode=None, no_args_is_help=True)


@space.command()
def sync() -> None:
    """Write README.md's front matter from space.yaml."""
    from core.space.config import sync as write

    typer.echo("README.md has been written anew." if write() else "README.md says what space.yaml says.")


@space.command()
def deploy(
    name: Annotated[str, typer.Argument(metavar="OWNER/NAME", help="The Space; it is made where there is none.")],
    private: Annotated[bool, typer.Option("--private", help="Show a new Space to its owner only.")] = False,
    hardware: Annotated[
        str | None, typer.Option(help="What a new Space runs on: cpu-basic, zero-a10g (ZeroGPU), ...")
    ] = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only list what would be sent.")] = False,
) -> None:
    """Create a Space, or bring it up to date, and print its address."""
    from core.space.config import ROOT
    from core.space.deploy import deploy as send
    from core.space.deploy import prepare

    with plain_errors():
        if not dry_run:
            typer.echo(f"The Space is at {send(name, private, hardware)}")
            return
        files = prepare(name)
        sizes = [(ROOT / file).stat().st_size for file in files]
        for file, size in zip(files, sizes, strict=True):
            typer.echo(f"{size:>10,}  {file.as_posix()}")
        typer.echo(f"{len(files)} files, {sum(sizes) / 1e6:.1f} MB would be sent to {name}; nothing was.")


@space.command()
def check(
    python: Annotated[
        Path | None, typer.Option(help="Use this interpreter's packages instead of installing the Space's own.")
    ] = None,
) -> None:
    """Try the Space out on this machine: an empty environment, its own files, one photograph."""
    from core.space.check import check as try_out

    with plain_errors():
        try_out(typer.echo, python)
        typer.echo("The Space works.")
