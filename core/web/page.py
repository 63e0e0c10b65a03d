"""The page: its frame, its tabs, and how it is to be served."""

from __future__ import annotations

import base64
import math
import os
import threading
from collections.abc import Callable, Iterator
from contextlib import suppress
from types import SimpleNamespace
from typing import Any

import gradio as gr
from gradio.blocks_events import BlocksMeta
from gradio_client.utils import async_traverse, is_file_obj_with_meta, is_http_url_like, traverse
from starlette.middleware import Middleware

from core.engine import Engine
from core.errors import AutochromeError, RequestError
from core.settings import Settings
from core.web.alerts import alert
from core.web.calls import Calls
from core.web.colouring import sweep_cache
from core.web.drain import Drain
from core.web.endpoints.named import build_endpoints
from core.web.fetched import fetched
from core.web.link_preview import LinkPreview
from core.web.own_cache import KEPT_SECONDS
from core.web.tabs.backends import build_backends_tab
from core.web.tabs.batch import BatchTab
from core.web.tabs.compare import CompareTab
from core.web.tabs.film import FilmTab
from core.web.tabs.photo import build_photo_tab
from core.web.texts import ASSETS, label, say, script, translations
from core.web.theme import make_theme

_MOST_SESSIONS = 300
"""Visitors whose state is kept, and those whose results, the latest; Gradio counts each call of the API as one."""

_MARK = (ASSETS / "mark.svg").read_text().replace("<svg ", '<svg aria-hidden="true" ')
_STYLES = ("page.css", "viewer.css", "panel.css", "hints.css", "prints.css", "film.css", "phone.css")
_SCRIPTS = (
    "say",
    "page",
    "fields",
    "options",
    "look",
    "viewer",
    "hints",
    "prints",
    "models",
    "visit",
    "photo",
    "batch",
    "film",
    "compare",
)


def build_page(engine: Engine, settings: Settings) -> Page:
    """The whole app: page and endpoints. ``launch(**launch_options(settings))`` serves it."""
    page = Page(title="Autochrome", analytics_enabled=False, delete_cache=(600, KEPT_SECONDS))
    with page:
        gr.HTML(f'<header class="masthead">{_MARK}<h1>Autochrome</h1>{say("tagline", "p")}</header>', padding=False)
        with gr.Tabs(elem_id="tabs") as tabs:
            with gr.Tab(label("tab.photo"), id="photo"):
                photo = build_photo_tab(engine)
            with gr.Tab(label("tab.compare"), id="compare"):
                compare = CompareTab(engine)
            with gr.Tab(label("tab.batch"), id="batch"):
                BatchTab(engine)
            with gr.Tab(label("tab.film"), id="film", elem_id="films"):
                FilmTab(engine)
            with gr.Tab(label("tab.models"), id="backends") as backends:
                build_backends_tab(engine, backends)
        gr.HTML(f'<footer class="colophon">{say("footer", "p")}</footer>', padding=False)
        compare.follow(photo.desk.compare, tabs)
        build_endpoints(engine)
    return page


class _NoStub(BlocksMeta):
    """Gradio's metaclass writes a ``.pyi`` file of its own package; this one does not."""

    def __new__(cls, name: str, bases: tuple[type, ...], attributes: dict[str, Any]) -> Any:
        return type.__new__(cls, name, bases, attributes)


class Page(gr.Blocks, metaclass=_NoStub):  # type: ignore[misc]
    """Gradio's ``Blocks``; what does not reach an endpoint's function for its form is refused in a sentence."""

    is_template = True

    def __init__(self, *given: Any, **named: Any):
        super().__init__(*given, **named)
        self.calls, self.drain = Calls(), Drain()

    @property
    def waiting(self) -> int:
        """Calls that wait for their turn."""
        return len(self._queue)

    @property
    def work(self) -> int:
        """Calls that are worked on or wait."""
        return self.calls.in_work + self.waiting

    def launch(self, *given: Any, **named: Any) -> Any:
        """Serve it; see ``launch_options``.

        For each new session, and each call of the API is one, Gradio would copy all components' properties, for deep
        links, which there are none of here: 20 ms and 0.2 MB. And after each call it would make statistics of the last
        10,000, for a dashboard, which there is none of either.

        ``_frontend`` is asked for one thing: whether the page must answer itself within three seconds of its start,
        or end. A machine that is busy or small takes longer, and is waited for a few lines before that.
        """
        first, *others = self.temp_file_sets
        self.temp_file_sets[:] = [_Files(first, self._tidy), *map(_Files, others)]
        self._queue.ANAYLTICS_CACHE_FREQUENCY = math.inf
        told = super().launch(*given, **{"_frontend": False, **named})
        self.state_holder.blocks = SimpleNamespace(default_config=self.default_config, blocks=())
        return told

    def finish(self, patience: float, at_once: threading.Event) -> None:
        """End the work in hand and take no more; see ``Drain.finish``."""
        self.drain.finish(lambda: self.work, patience, at_once)

    async def process_api(self, block_fn: Any, *given: Any, **named: Any) -> Any:
        """A call, watched."""
        function = self.fns[block_fn] if isinstance(block_fn, int) else block_fn
        endpoint = str(function.api_name) if function.api_visibility == "public" else "page"
        self._forget()
        try:
            with self.calls.one(endpoint, named.get("request")) as call:
                output = await super().process_api(block_fn, *given, **named)
                call.goes_on = bool(output["is_generating"])
                return output
        finally:
            if state := named.get("state"):
                state.config_values.clear()  # the pictures that it shows, for deep links, which there are none of here

    def knows(self, call: str) -> bool:
        """Whether a call, by its event's id, is under way, or its result is still to be fetched."""
        pending = self._queue.pending_event_ids_session
        return call in self._queue.event_ids_to_events or any(call in calls for calls in pending.values())

    def wants(self, call: str) -> bool:
        """Whether somebody waits for a call, by its event's id: not once it is cancelled, or its page was closed."""
        event = self._queue.event_ids_to_events.get(call)
        if event is None or not event.alive:
            return False
        return call in self._queue.pending_event_ids_session.get(event.session_hash, ())

    def renew(self) -> None:
        """Make what was sent for calls that wait or are worked on as new as if it came now: their hour begins when
        they end."""
        for call in tuple(self._queue.event_ids_to_events.values()):
            traverse(call.data and call.data.data, self._renewed, is_file_obj_with_meta)

    def _renewed(self, file: dict[str, Any]) -> None:
        if file["path"] in self.upload_file_set:  # a call may name anything
            with suppress(OSError):
                os.utime(file["path"])

    def _tidy(self) -> None:
        """What is done before Gradio deletes, every ten minutes."""
        self.renew()
        sweep_cache()

    def _forget(self) -> None:
        """Gradio keeps what 2000 callers have not fetched, and never forgets that they had something to fetch."""
        pending, results = self._queue.pending_event_ids_session, self._queue.pending_messages_per_session
        working = {event.session_hash for event in self._queue.event_ids_to_events.values()}
        left = [caller for caller, told in results.items() if not told.empty() and caller not in working]
        for caller in left[:-_MOST_SESSIONS]:
            del results[caller]
        for caller in pending.keys() - results.keys():
            del pending[caller]

    async def preprocess_data(self, block_fn: Any, inputs: list[Any], *more: Any, **named: Any) -> Any:
        """Each input as its field makes it ready."""
        try:
            for field, value in zip(block_fn.inputs, inputs, strict=False):
                if isinstance(field, gr.Textbox) and isinstance(value, dict | list):
                    raise TypeError("no text")  # Gradio would take what Python prints of it
            inputs = await async_traverse(inputs, self._at_hand, is_file_obj_with_meta)
            return await super().preprocess_data(block_fn, inputs, *more, **named)
        except gr.Error:
            raise
        except AutochromeError as error:
            raise alert(error) from error
        except Exception as error:
            what = "A file or value of this call has a form that cannot be used"
            if len(inputs) < len(block_fn.inputs):
                what = f"This endpoint takes {len(block_fn.inputs)} values and got {len(inputs)}"
            remedy = "send files with gradio_client's handle_file, and see /gradio_api/info for the rest"
            raise alert(RequestError(f"{what}; {remedy}.")) from error

    async def _at_hand(self, file: dict[str, Any]) -> dict[str, Any]:
        """A file that a call has named, fetched if it is named by an address."""
        if not is_http_url_like(file["path"]):
            return file
        path = await fetched(file["path"], self.max_file_size)
        self.upload_file_set.add(str(path))  # so that it is deleted in time
        file.update(path=str(path), orig_name=path.name)  # in the call itself, where ``renew`` finds it
        return file


class _Files:
    """A set of files that are deleted after an hour, as it is at a moment.

    Gradio goes through the set itself, and where a file comes meanwhile, its deleting ends for good; so it does at a
    path that is no file, which a call may name.
    """

    def __init__(self, files: set[str], tidy: Callable[[], None] = lambda: None):
        self._files, self._tidy = files, tidy

    def __iter__(self) -> Iterator[str]:
        self._tidy()
        return filter(os.path.isfile, tuple(self._files))

    def __isub__(self, gone: set[str]) -> _Files:
        self._files -= gone
        return self


def launch_options(settings: Settings) -> dict[str, Any]:
    """What ``Blocks.launch`` needs beside host and port: the look, the limits, and no clutter."""
    return {
        "theme": make_theme(),
        "css_paths": [ASSETS / name for name in _STYLES],
        "head": _hero()
        + f"<script>{script()}</script>"
        + "".join(f"<script>{(ASSETS / f'{name}.js').read_text(encoding='utf-8')}</script>" for name in _SCRIPTS),
        "i18n": translations(),
        "favicon_path": ASSETS / "icon.png",
        "app_kwargs": {"middleware": [Middleware(LinkPreview)]},
        "max_file_size": settings.max_upload_mb * 1_000_000,
        "footer_links": [],
        "run_history": False,
        "state_session_capacity": _MOST_SESSIONS,
        "enable_monitoring": False,
        "show_error": False,
        "ssr_mode": False,
        "pwa": False,
        "share": False,
    }


def _hero() -> str:
    """The example on the empty page, before and after, in the page itself."""
    pictures = (base64.b64encode((ASSETS / f"hero-{name}.webp").read_bytes()).decode() for name in ("was", "now"))
    was, now = (f"url(data:image/webp;base64,{picture})" for picture in pictures)
    return f"<style>:root {{ --hero-was: {was}; --hero-now: {now}; }}</style>"
