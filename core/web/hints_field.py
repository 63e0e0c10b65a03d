"""The tool that puts known colours on the picture. ``hints.js`` works it."""

from __future__ import annotations

from typing import Any

import gradio as gr

_TOOL = """<section aria-label="Colours you know">
<div class="bar">
  <button type="button" data-part="add">Add a colour</button>
  <label data-part="ink" hidden><input type="color" value="#2e6b3f"> Colour</label>
  <span data-part="edit" hidden><button type="button" data-part="undo">Undo</button>
    <button type="button" data-part="clear">Clear</button></span>
  <p data-part="why">Do you know one, such as that of the coat? Say where it belongs.</p>
  <p data-part="how" hidden>Choose the colour, then click on the picture where it belongs.</p>
</div>
<div class="bar" data-part="place" hidden>
  <span>Or give the place:</span>
  <label><input type="number" min="0" max="100" step="any" value="50" data-part="across">% across</label>
  <label><input type="number" min="0" max="100" step="any" value="50" data-part="down">% down</label>
  <button type="button" data-part="put">Add</button>
</div>
<ol data-part="list" hidden></ol>
<p role="status" data-part="told"></p>
</section>"""


def hints_field() -> Any:
    """The tool; its value is the list of hints, as ``Look.hints`` takes it, and ``input`` tells of a change.

    Another ``photo``, which may be any string, makes it forget what could be undone.
    """
    return gr.HTML(
        [],
        html_template=_TOOL,
        js_on_load="autochrome.hints(element, props, trigger, watch);",
        apply_default_css=False,
        elem_id="hints",
        padding=False,
        visible=False,
        photo="",
    )
