"""Long work, which a visitor may stop, and which stops where nobody waits for it any more."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager

import gradio as gr
from gradio.context import LocalContext

from core.errors import RequestError
from core.progress import Progress


def while_wanted(progress: Progress) -> Progress:
    """A progress that ends a call's work once its caller has cancelled it, or has gone: the page was closed.

    What it ends the work with is a RequestError.
    """
    page, event = LocalContext.blocks.get(None), LocalContext.event_id.get(None)
    call = page and page._queue.event_ids_to_events.get(event)

    def told(fraction: float, words: str) -> None:
        if call and not (call.alive and event in page._queue.pending_event_ids_session.get(call.session_hash, ())):
            raise RequestError("This call was given up, as nobody waits for its result any more; send it again.")
        progress(fraction, words)

    return told


class Stops:
    """What tells a visitor's work to end; a visitor has one piece of work at a time in a tab."""

    def __init__(self) -> None:
        self._by_visitor: dict[str, threading.Event] = {}

    def expect(self, request: gr.Request) -> None:
        """The visitor's work waits for its turn: it can be stopped before it begins."""
        self._by_visitor[str(request.session_hash)] = threading.Event()

    @contextmanager
    def working(self, request: gr.Request) -> Iterator[threading.Event]:
        """An event that is set when the visitor wants no more of the work within."""
        visitor = str(request.session_hash)
        event = self._by_visitor.setdefault(visitor, threading.Event())
        try:
            yield event
        finally:
            self._by_visitor.pop(visitor, None)

    def stop(self, request: gr.Request) -> None:
        """Tell the visitor's work to end; there need not be any."""
        event = self._by_visitor.get(str(request.session_hash))
        if event:
            event.set()
