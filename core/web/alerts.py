"""Where errors that a person can act on become Gradio's."""

from __future__ import annotations

import functools
import logging
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, ParamSpec, TypeVar

import gradio as gr

from core.errors import AutochromeError, GoneError, RequestError
from core.web.metrics import ERRORS
from core.web.places import without_places
from core.web.request_ids import current_id

logger = logging.getLogger("autochrome")

Given = ParamSpec("Given")
Result = TypeVar("Result")


def one_sentence(function: Callable[Given, Result]) -> Callable[Given, Result]:
    """Let a caller see exactly an ``AutochromeError``'s sentence, and one about any other, which goes to the log."""

    @functools.wraps(function)
    def alerting(*args: Given.args, **kwargs: Given.kwargs) -> Result:
        with _alerting():
            return function(*args, **kwargs)

    return alerting


def one_sentence_at_a_time(function: Callable[Given, Iterator[Result]]) -> Callable[Given, Iterator[Result]]:
    """The same for a generator."""

    @functools.wraps(function)
    def alerting(*args: Given.args, **kwargs: Given.kwargs) -> Iterator[Result]:
        with _alerting():
            yield from function(*args, **kwargs)

    return alerting


def as_problem(function: Callable[[dict[str, Any]], dict[str, Any]]) -> Callable[[dict[str, Any]], dict[str, Any]]:
    """The same for what the page's own scripts ask: the sentence comes as ``problem``, and whether the file is gone."""

    @functools.wraps(function)
    def telling(given: dict[str, Any]) -> dict[str, Any]:
        try:
            with _alerting():
                if not isinstance(given, dict):
                    raise RequestError("The page's functions take an object; reload the page.")
                return function(given)
        except gr.Error as error:
            return {"problem": error.message, "gone": isinstance(error.__cause__, GoneError)}

    return telling


@contextmanager
def _alerting() -> Iterator[None]:
    try:
        yield
    except AutochromeError as error:
        raise alert(error) from error
    except gr.Error:
        raise
    except Exception as error:
        logger.exception("A call failed")
        raise _fault(error) from error


def alert(error: AutochromeError) -> gr.Error:
    """Gradio's form of an error that a person can act on."""
    return _Refusal(told(error), title="", print_exception=False)


def told(error: Exception) -> str:
    """What a person is told of an error, counted: its sentence, or one about a fault of our own, which is logged."""
    if isinstance(error, AutochromeError):
        ERRORS.labels(type(error).__name__).inc()
        return without_places(str(error))
    logger.error("A call failed", exc_info=error)
    return str(_fault(error).message)


def is_refusal(error: gr.Error) -> bool:
    """Whether it is the caller's to put right, and no fault of our own."""
    return isinstance(error, _Refusal)


class _Refusal(gr.Error):  # type: ignore[misc]
    """Gradio's form of an error that a person can act on."""


def _fault(error: Exception) -> gr.Error:
    kind = type(error).__name__
    ERRORS.labels(kind).inc()
    reason = f"This call met a fault of Autochrome's own ({kind})"
    return gr.Error(f"{reason}; report what its log says of {current_id()}.", title="", print_exception=False)
