"""The look's fields as the page shows them: sliders with a number beside them, and boxes to tick."""

from __future__ import annotations

from typing import Any

import gradio as gr

from core.look.look import Look
from core.web.texts import in_english, say

FIRST = ("strength", "tint_warm")
"""What is in view."""

FINE = ("vividness", "temperature", "tint_magenta", "refine", "pooling")
"""What is under *Fine-tune*."""


def fields_html(*names: str, prefix: str = "") -> str:
    """Fields of the look by their names, which ``fields.js`` works; ids begin with the prefix."""
    return in_english(
        "".join(
            _check(name, prefix) if isinstance(Look.model_fields[name].default, bool) else _slider(name, prefix)
            for name in names
        )
    )


def look_component(elem_id: str) -> Any:
    """All of them as a component, whose value is an object of what differs from the defaults."""
    prefix = f"{elem_id}-"
    fine = f'<details><summary data-say="fine"></summary><div class="fields">{fields_html(*FINE, prefix=prefix)}</div>'
    return gr.HTML(
        {},
        html_template=in_english(f"{fields_html(*FIRST, prefix=prefix)}{fine}</details>"),
        js_on_load="autochrome.fields(element, props);",
        apply_default_css=False,
        elem_id=elem_id,
        elem_classes="controls",
        padding=False,
    )


def _slider(name: str, prefix: str) -> str:
    """Its number is in percent."""
    field = Look.model_fields[name]
    low, high = (getattr(next(each for each in field.metadata if hasattr(each, end)), end) for end in ("ge", "le"))
    start, one = field.default, f"{prefix}{name}"
    return (
        f'<div class="slider" id="{one}" data-field="{name}"><label for="{one}-range" data-say="{name}"></label>'
        f'<span class="amount"><input type="number" min="{low * 100:g}" max="{high * 100:g}" value="{start * 100:g}" '
        f'step="1" inputmode="numeric" data-say-aria-label="{name}"> %</span>'
        f'<input type="range" id="{one}-range" min="{low:g}" max="{high:g}" step="0.01" value="{start:g}">'
        f"<small>{say(f'{name}.low')}{say(f'{name}.high')}</small></div>"
    )


def _check(name: str, prefix: str) -> str:
    checked = " checked" if Look.model_fields[name].default else ""
    return (
        f'<label class="check" id="{prefix}{name}" data-field="{name}"><input type="checkbox"{checked}> '
        f"{say(name)}</label>"
    )
