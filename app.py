#!/usr/bin/env python3
"""The command line: serve the page (what happens with no command), and the commands of ``core/cli``."""

from __future__ import annotations

import io
import sys

import typer

from core.cli.backends import backends
from core.cli.colorize import colorize
from core.cli.fetch import fetch
from core.cli.serve import serve
from core.cli.space import space

app = typer.Typer(
    help="Autochrome puts colour into black-and-white photographs.",
    no_args_is_help=False,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
)
app.callback(invoke_without_command=True)(serve)
for command in (colorize, backends, fetch):
    app.command()(command)
app.add_typer(space, name="space", hidden=True)

if __name__ == "__main__":
    sys.argv[0] = "app.py"
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")  # not every name of a file can be printed everywhere
    app()
