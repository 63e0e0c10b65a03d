"""Long work, which a visitor may stop, and which stops where nobody waits for it any more."""

from __future__ import annotations

import threading
from collections import OrderedDict
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
    page, call = LocalContext.blocks.get(None), LocalContext.event_id.get(None)

    def told(fraction: float, words: str) -> None:
        if call and not page.wants(call):  # a direct call is in no queue, and has no id
            raise RequestError("This call was given up, as nobody waits for its result any more; send it again.")
        progress(fraction, words)

    return told


_MOST_EXPECTED = 300
"""Visitors whose work is known to wait for its turn, the latest: some of it never comes."""


class Stops:
    """What tells a visitor's work to end; a visitor has one piece of work at a time in a tab."""

    def __init__(self) -> None:
        self._expected: OrderedDict[str, threading.Event] = OrderedDict()
        self._working: dict[str, threading.Event] = {}

    def expect(self, request: gr.Request) -> None:
        """The visitor's work waits for its turn: it can be stopped before it begins."""
        self._expected[str(request.session_hash)] = threading.Event()
        if len(self._expected) > _MOST_EXPECTED:
            self._expected.popitem(last=False)

    @contextmanager
    def working(self, request: gr.Request) -> Iterator[threading.Event]:
        """An event that is set when the visitor wants no more of the work within."""
        visitor = str(request.session_hash)
        event = self._working[visitor] = self._expected.pop(visitor, threading.Event())
        try:
            yield event
        finally:
            self._working.pop(visitor, None)

    def stop(self, request: gr.Request) -> None:
        """Tell the visitor's work to end; there need not be any."""
        visitor = str(request.session_hash)
        event = self._working.get(visitor) or self._expected.get(visitor)
        if event:
            event.set()
