"""``python app.py``: the page, the API and, where it is asked for, MCP tools."""

from __future__ import annotations

import contextlib
import io
import ipaddress
import os
import signal
import threading
import webbrowser
from collections.abc import Iterator
from importlib.util import find_spec
from typing import TYPE_CHECKING, Annotated, Any, Literal
from urllib.parse import urlsplit

import typer

from core import __version__
from core.cli.common import make_engine, plain_errors, print_aside, settings_of
from core.errors import SettingsError

if TYPE_CHECKING:
    from core.settings import Settings
    from core.web.page import Page


def _tell_version(asked: bool) -> None:
    if asked:
        typer.echo(f"Autochrome {__version__}")
        raise typer.Exit


def serve(
    context: typer.Context,
    host: Annotated[
        str | None, typer.Option(help="Address to listen on, 127.0.0.1 unless given; GRADIO_SERVER_NAME also sets it.")
    ] = None,
    port: Annotated[
        int | None,
        typer.Option(
            help="Port to listen on, the first free one from 7860 unless given; GRADIO_SERVER_PORT also sets it."
        ),
    ] = None,
    share: Annotated[bool, typer.Option("--share", help="Make a public link through Gradio's servers.")] = False,
    auth: Annotated[
        str | None,
        typer.Option(metavar="USER:PASSWORD", help="Let in only who knows these; AUTOCHROME_AUTH also sets them."),
    ] = None,
    root_path: Annotated[
        str | None, typer.Option(help="Path or address behind a proxy; GRADIO_ROOT_PATH also sets it.")
    ] = None,
    max_pixels: Annotated[
        int | None, typer.Option(min=1, help="Largest photograph, in pixels; 250 million unless given.")
    ] = None,
    max_upload_mb: Annotated[
        int | None, typer.Option(min=1, help="Largest file, in megabytes; 200 unless given.")
    ] = None,
    queue: Annotated[
        int | None, typer.Option(min=1, help="How many may wait, any number unless given; more are turned away.")
    ] = None,
    mcp: Annotated[bool, typer.Option("--mcp", help="Offer the endpoints to agents as MCP tools.")] = False,
    allow_host: Annotated[
        list[str] | None,
        typer.Option(
            metavar="NAME", help="Answer to this name too, and let pages there call; * is any. May be repeated."
        ),
    ] = None,
    log: Annotated[
        Literal["text", "json"], typer.Option(help="Faults as text; or, as JSON, a line for each call too.")
    ] = "text",
    no_plugins: Annotated[bool, typer.Option("--no-plugins", help="Load no plugins, whatever the command.")] = False,
    open_: Annotated[bool, typer.Option("--open", help="Open the page in a browser.")] = False,
    version: Annotated[
        bool, typer.Option("--version", is_eager=True, callback=_tell_version, help="Say the version and exit.")
    ] = False,
) -> None:
    """Serve the page and the API, unless a command is given."""
    given = {"AUTOCHROME_MAX_PIXELS": max_pixels, "AUTOCHROME_MAX_UPLOAD_MB": max_upload_mb}
    context.obj = {name: str(value) for name, value in given.items() if value is not None}
    if allow_host:
        context.obj["AUTOCHROME_ALLOW_HOST"] = ",".join(allow_host)
    if no_plugins:
        context.obj["AUTOCHROME_PLUGINS"] = ""
    if context.invoked_subcommand is not None:
        return
    from core.web.memory import memory_given_back
    from core.web.own_cache import own_cache
    from core.web.server_log import use_log

    with plain_errors():
        login = read_login(auth or os.environ.get("AUTOCHROME_AUTH", ""))
        if mcp and find_spec("mcp") is None:
            raise SettingsError("--mcp needs a package that is not installed; run: pip install -r requirements-mcp.txt")
        if mcp and login:
            raise SettingsError("Agents cannot log in; leave out --auth, or --mcp.")
        settings = settings_of(context)
        options = {"server_name": host, "server_port": port, "share": share, "auth": login}
        with _ended_by_signal() as end, memory_given_back(), own_cache():
            page = launch(settings, queue, options | {"root_path": root_path, "mcp_server": mcp})
            use_log(log)
            if not login and (share or is_public(page.server_name)) and "SPACE_ID" not in os.environ:
                print_aside(
                    "Whoever can reach this address can use the page; --auth USER:PASSWORD asks for a password."
                )
            address = page.share_url or page.local_url
            typer.echo(f"Autochrome is at {address}")
            if mcp:
                typer.echo(f"Its MCP tools are at {address.rstrip('/')}/gradio_api/mcp/")
            if open_:
                webbrowser.open(address)
            wait_for(end.asked)
            if page.work and not end.at_once.is_set():
                print_aside("Ending when what is in work is done; no new work is taken.")
            page.finish(settings.drain_seconds, end.at_once)
            page.close(verbose=False)


def read_login(text: str) -> tuple[str, str] | None:
    """Name and password from ``user:password``; None from nothing.

    Raises:
        SettingsError: it is no such pair; the message does not repeat it.
    """
    if not text:
        return None
    user, colon, password = text.partition(":")
    if not (user and colon and password):
        raise SettingsError("--auth (or AUTOCHROME_AUTH) is no name and password; write it as USER:PASSWORD.")
    return user, password


def is_public(host: str) -> bool:
    """Whether others than this machine may reach a server that listens on this address."""
    if host == "localhost":
        return False
    try:
        return not ipaddress.ip_address(host.strip("[]")).is_loopback
    except ValueError:
        return True


def launch(settings: Settings, queue: int | None, options: dict[str, Any]) -> Page:
    """Start the server beside this thread.

    Args:
        settings: limits.
        queue: how many calls may wait, or None for any number.
        options: for ``Blocks.launch``, beside those that the page always has.

    Raises:
        SettingsError: the server cannot be started there, or the shared link cannot be made.
    """
    from starlette.middleware import Middleware

    from core.space.zero_gpu import predict_on_gpu
    from core.web.answers import HANDLERS, NoServerError, NoSuchCall
    from core.web.body_limit import BodyLimit
    from core.web.colouring import limit_cache
    from core.web.disk_budget import UploadGuard
    from core.web.drain import DrainGuard
    from core.web.metrics import watch
    from core.web.origins import OriginGuard, own_names
    from core.web.page import build_page, launch_options
    from core.web.request_ids import RequestIds
    from core.web.status_pages import StatusPages

    settings = settings.model_copy(update={"pixels_at_once": settings.pixels_at_once or settings.max_pixels})
    engine = make_engine(settings)
    predict_on_gpu(engine.registry)
    engine.registry.start_fetching()
    page = build_page(engine, settings)
    disk = limit_cache(settings.disk_mb, page.renew)
    if queue is not None:
        page.queue(max_size=queue)
    names = own_names(options["server_name"], options.get("root_path"), settings.allow_host)
    own = launch_options(settings)
    watch(engine, disk, page)
    guards = [
        Middleware(RequestIds),
        Middleware(OriginGuard, names),
        Middleware(StatusPages, page.drain),
        Middleware(NoServerError),
        Middleware(NoSuchCall, page.knows),
        Middleware(DrainGuard, page.drain),
        Middleware(UploadGuard, disk),
        Middleware(BodyLimit, settings),
    ]
    edges = {"middleware": [*guards, *own["app_kwargs"]["middleware"]], "exception_handlers": HANDLERS}
    said = io.StringIO()  # Gradio's own lines about the address: ours take their place
    try:
        with contextlib.redirect_stdout(said), _agents(settings) if options["mcp_server"] else contextlib.nullcontext():
            page.launch(prevent_thread_lock=True, quiet=True, **{**own, "app_kwargs": edges, **options})
    except OSError as error:
        raise SettingsError(f"The page cannot be served ({error}); choose another --port or --host.") from error
    if options["share"] and not page.share_url:
        print_aside(said.getvalue().strip())
        page.close(verbose=False)
        raise SettingsError("The shared link could not be made; check the network, or leave --share out.")
    if page.mcp_error:
        raise RuntimeError(page.mcp_error)
    if page.share_url:
        names.add(urlsplit(page.share_url).hostname or "")
    return page


def _agents(settings: Settings) -> contextlib.AbstractContextManager[None]:
    from core.web.endpoints.agents import serving_agents

    return serving_agents(settings)


class _End:
    """Set by signals: whether the server is to end, and whether without waiting for what it has in work."""

    def __init__(self) -> None:
        self.asked, self.at_once = threading.Event(), threading.Event()

    def hear(self, number: int, frame: object) -> None:
        """A container is stopped by SIGTERM, a person presses Ctrl-C; a second signal is of one who will not wait."""
        if number == signal.SIGINT or self.asked.is_set():
            self.at_once.set()
        self.asked.set()


@contextlib.contextmanager
def _ended_by_signal() -> Iterator[_End]:
    end = _End()
    numbers = (signal.SIGINT, signal.SIGTERM)
    before = [signal.signal(number, end.hear) for number in numbers]
    try:
        yield end
    finally:
        for number, handler in zip(numbers, before, strict=True):
            signal.signal(number, handler)


def wait_for(ended: threading.Event) -> None:
    """Serve until then."""
    while not ended.wait(1):  # without a time, Windows would not hear of Ctrl-C
        pass
