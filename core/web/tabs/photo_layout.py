"""What the first tab is made of. Its HTML is in the assets; ``photo.js`` and its neighbours work it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from html import escape
from typing import Any

import gradio as gr

from core.look.swatches import SWATCHES
from core.web.choices import FORMATS
from core.web.example_photos import examples_html
from core.web.look_fields import FINE, FIRST, fields_html
from core.web.messages import notice_place
from core.web.texts import label, page_part, say
from core.web.upload_fields import PhotoUpload

_BEGIN = 'autochrome.photo.begin(element, { trigger, props, server, watch }); // "again" "compare" "taken"'


@dataclass(frozen=True)
class Parts:
    """The tab's components.

    ``desk`` holds what the server says of the photograph, ``asked`` what is asked of it, ``reference`` the photograph
    to take colours from.
    """

    upload: Any
    desk: Any
    asked: Any
    second_upload: Any
    reference: Any


def lay_out(functions: list[Callable[..., Any]]) -> Parts:
    """Place the components: the photograph on the left, its controls on the right once there is one.

    Args:
        functions: what the page's scripts may ask of the server.
    """
    with gr.Row(elem_id="studio"):
        with gr.Column(scale=3, elem_id="stage"):
            notice_place()
            with gr.Row(elem_id="start"):
                gr.HTML(page_part("hero.html"), elem_id="hero", padding=False)
                with gr.Column(min_width=280):
                    gr.HTML(say("hero.title", "h2") + say("hero.text", "p"), elem_id="words", padding=False)
                    upload = PhotoUpload(
                        label=label("photograph"),
                        show_label=False,
                        placeholder=label("upload.prompt"),
                        elem_id="upload",
                        elem_classes="takes",
                        sources=["upload"],
                        height=200,
                        buttons=[],
                    )
            desk = gr.HTML(
                html_template=page_part("stage.html", swatches=_swatches(), place=page_part("place.html")),
                js_on_load=_BEGIN,
                apply_default_css=False,
                server_functions=functions,
                elem_id="desk",
                padding=False,
            )
            gr.HTML(examples_html(), elem_id="examples", padding=False)
        with gr.Column(scale=1, min_width=300, elem_id="panel"):
            controls = page_part("panel.html", sliders=fields_html(*FIRST), fine=fields_html(*FINE))
            gr.HTML(controls.replace("</select>", f"{_formats()}</select>"), padding=False, apply_default_css=False)
            second_upload, reference = _reference()
            gr.HTML(page_part("after-panel.html"), padding=False, apply_default_css=False)
    return Parts(upload, desk, gr.JSON(visible=False), second_upload, reference)


def _reference() -> tuple[Any, Any]:
    with gr.Column(elem_id="second"):
        gr.HTML(page_part("second.html"), padding=False, apply_default_css=False)
        upload = PhotoUpload(
            label=label("second"),
            placeholder=label("second.prompt"),
            sources=["upload"],
            elem_id="second-upload",
            buttons=[],
        )
    return upload, gr.State(None)


def _swatches() -> str:
    named = 'data-say-title="swatch.{0}" data-say-aria-label="swatch.{0}"'
    return "".join(
        f'<button type="button" data-color="{color}" style="background: {color}" {named.format(name)}></button>'
        for name, color in SWATCHES.items()
    )


def _formats() -> str:
    return "".join(f'<option value="{escape(value)}">{escape(title)}</option>' for title, value in FORMATS)
