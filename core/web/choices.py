"""Fields to choose in that several tabs have: a backend, a format, one of some buttons."""

from __future__ import annotations

from typing import Any

import gradio as gr

from core.registry.registry import AUTO

FORMATS = [("PNG", "png"), ("JPEG", "jpeg"), ("WebP", "webp"), ("TIFF", "tiff"), ("AVIF", "avif")]

_PICK = """element.addEventListener("click", (event) => {
  const button = event.target.closest("button[data-pick]");
  if (!button) return;
  for (const each of element.querySelectorAll("button[aria-pressed]"))
    each.setAttribute("aria-pressed", String(each === button));
  trigger("click", { pick: button.dataset.pick });
});"""
"""Makes buttons inside a gr.HTML tell which of them was used."""


def backend_choice(backends: list[tuple[str, str]], elem_id: str) -> Any:
    """A field to choose a backend in."""
    choices = [("Automatic", AUTO), *backends]
    return gr.Dropdown(choices, value=AUTO, label="Backend", elem_id=elem_id, filterable=False)


def format_choice(elem_id: str, labelled: bool = False) -> Any:
    """A field to choose the format of the coloured files in."""
    return gr.Dropdown(
        FORMATS,
        value="png",
        label="Format",
        show_label=labelled,
        container=labelled,
        filterable=False,
        min_width=90,
        elem_id=elem_id,
    )


def pick_list(elem_id: str, visible: bool = False) -> Any:
    """A gr.HTML whose buttons with ``data-pick`` raise ``click`` with ``pick``."""
    return gr.HTML(elem_id=elem_id, padding=False, visible=visible, js_on_load=_PICK)
