"""Functions of the page that wait for their turn, and take none of the server's threads meanwhile."""

from __future__ import annotations

import functools
from collections.abc import Awaitable, Callable
from typing import Any

from anyio import CapacityLimiter, to_thread

Asked = Callable[[dict[str, Any]], dict[str, Any]]


def in_turn(limiter: CapacityLimiter) -> Callable[[Asked], Callable[[dict[str, Any]], Awaitable[dict[str, Any]]]]:
    """Let no more calls than the limiter has places for be worked on at once; it may be shared by several functions."""

    def wrapped(function: Asked) -> Callable[[dict[str, Any]], Awaitable[dict[str, Any]]]:
        @functools.wraps(function)
        async def waiting(given: dict[str, Any]) -> dict[str, Any]:
            return await to_thread.run_sync(function, given, limiter=limiter)

        return waiting

    return wrapped
