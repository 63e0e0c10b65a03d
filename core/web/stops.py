"""Long work of the page's visitors, which each of them may stop."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager

import gradio as gr


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
