"""Where errors that a person can act on become Gradio's."""

from __future__ import annotations

import functools
from collections.abc import Callable, Iterator
from typing import ParamSpec, TypeVar

import gradio as gr

from core.errors import AutochromeError

Given = ParamSpec("Given")
Result = TypeVar("Result")


def one_sentence(function: Callable[Given, Result]) -> Callable[Given, Result]:
    """Let a caller see exactly an ``AutochromeError``'s sentence; any other exception stays a bug."""

    @functools.wraps(function)
    def alerting(*args: Given.args, **kwargs: Given.kwargs) -> Result:
        try:
            return function(*args, **kwargs)
        except AutochromeError as error:
            raise alert(error) from error

    return alerting


def one_sentence_at_a_time(function: Callable[Given, Iterator[Result]]) -> Callable[Given, Iterator[Result]]:
    """The same for a generator."""

    @functools.wraps(function)
    def alerting(*args: Given.args, **kwargs: Given.kwargs) -> Iterator[Result]:
        try:
            yield from function(*args, **kwargs)
        except AutochromeError as error:
            raise alert(error) from error

    return alerting


def alert(error: AutochromeError) -> gr.Error:
    """Gradio's form of an error that a person can act on."""
    return gr.Error(str(error), title="", print_exception=False)
