"""Calls of endpoints and of the page's functions: how many are in work, and how each has ended."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import gradio as gr

from core.web.alerts import is_refusal
from core.web.metrics import CALLS
from core.web.request_ids import id_of, seconds_since

logger = logging.getLogger("autochrome")


@dataclass
class Call:
    """One call; ``goes_on`` where it has given a part of its result and will be asked for more."""

    goes_on: bool = False


class Calls:
    """A page's calls. Used by the server's event loop alone; any thread may read ``in_work``."""

    def __init__(self) -> None:
        self.in_work = 0

    @contextmanager
    def one(self, endpoint: str, request: Any) -> Iterator[Call]:
        """Count a call, or a step of one that gives its result in parts, and log its end."""
        call, outcome = Call(), "done"
        self.in_work += 1
        try:
            yield call
        except gr.Error as error:
            outcome = "refused" if is_refusal(error) else "fault"
            raise
        except BaseException:
            outcome = "fault"
            raise
        finally:
            self.in_work -= 1
            if not call.goes_on:
                CALLS.labels(endpoint, outcome).inc()
                facts = {"endpoint": endpoint, "outcome": outcome, "seconds": round(seconds_since(request), 3)}
                logger.info("call", extra={"request": id_of(request), "facts": facts})
