"""Fields to choose in that several tabs have: a backend, a format, one of some buttons."""

from __future__ import annotations

from collections.abc import Mapping
from html import escape
from typing import Any

import gradio as gr

from core.engine import Engine
from core.registry.registry import AUTO
from core.web.backend_list import backend_titles
from core.web.texts import TEXTS, say

FORMATS = [("PNG", "png"), ("JPEG", "jpeg"), ("WebP", "webp"), ("TIFF", "tiff"), ("AVIF", "avif")]

_PICK = """element.addEventListener("click", (event) => {
  const button = event.target.closest("button[data-pick]");
  if (!button) return;
  for (const each of element.querySelectorAll("button[aria-pressed]"))
    each.setAttribute("aria-pressed", String(each === button));
  trigger("click", { pick: button.dataset.pick });
});"""
"""Makes buttons inside a gr.HTML tell which of them was used."""


_CHANGE = """const field = element.querySelector("select");
field.addEventListener("change", () => { props.value = field.value; trigger("input"); });"""


def format_choice(elem_id: str) -> Any:
    """A field to choose the format of the coloured files in."""
    return choice(elem_id, "format", [(escape(title), value) for title, value in FORMATS], "png")


def model_choice(elem_id: str, engine: Engine) -> Any:
    """A field to choose a model in."""
    titles = [(escape(title), name) for title, name in backend_titles(engine)]
    return choice(elem_id, "model", [(TEXTS["automatic"][0], AUTO), *titles], AUTO, {AUTO: "automatic"})


def choice(
    elem_id: str, name: str, options: list[tuple[str, str]], value: str, said: Mapping[str, str] | None = None
) -> Any:
    """A field to choose one of some in: the browser's own, which closes when it is left. Its value is a string.

    Args:
        elem_id: of the component.
        name: key of the text that names it.
        options: HTML and value of each.
        value: what is chosen at first.
        said: by value, the key of the text that stands for an option.
    """
    rows = "".join(
        f'<option value="{escape(each)}"{" selected" if each == value else ""}{_named(said, each)}>{title}</option>'
        for title, each in options
    )
    field = f'<label class="choice">{say(name)}<select>{rows}</select></label>'
    return gr.HTML(
        value, html_template=field, js_on_load=_CHANGE, apply_default_css=False, elem_id=elem_id, padding=False
    )


def _named(said: Mapping[str, str] | None, value: str) -> str:
    return f' data-say="{said[value]}"' if said and value in said else ""


def pick_list(elem_id: str, visible: bool = False) -> Any:
    """A gr.HTML whose buttons with ``data-pick`` raise ``click`` with ``pick``."""
    return gr.HTML(elem_id=elem_id, padding=False, visible=visible, js_on_load=_PICK)
