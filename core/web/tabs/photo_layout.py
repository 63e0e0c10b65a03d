"""What the first tab is made of."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import gradio as gr

from core.look.look import Look
from core.web.choices import backend_choice, format_choice, pick_list
from core.web.example_photos import EXAMPLES, credits_html
from core.web.hints_field import hints_field
from core.web.upload_fields import PhotoUpload

_PROMPT = "Choose a photograph\nor drop or paste one anywhere"


@dataclass(frozen=True)
class Parts:
    """The tab's components.

    ``session`` holds what the visitor works on, ``look`` its look by the names of ``Look``'s fields, ``reference``
    the photograph to take colours from, ``saved`` the file to download.
    """

    session: Any
    upload: Any
    slider: Any
    notice: Any
    story: Any
    coloured: Any
    compare: Any
    strip: Any
    sureness: Any
    examples: Any
    example_buttons: list[Any]
    panel: Any
    backend: Any
    second: Any
    second_upload: Any
    second_note: Any
    reference: Any
    look: dict[str, Any]
    format_name: Any
    download: Any
    another: Any
    saved: Any


def lay_out(backends: list[tuple[str, str]], defaults: Look) -> Parts:
    """Place the components: the photograph on the left, its controls on the right once there is one.

    Args:
        backends: title and id of each backend.
        defaults: where the controls start.
    """
    with gr.Row(elem_id="studio"):
        with gr.Column(scale=3, elem_id="stage"):
            stage = _stage()
        with gr.Column(scale=1, min_width=300, visible=False, elem_id="panel") as panel:
            controls = _controls(backends, defaults, stage.pop("hints"))
    return Parts(session=gr.State(None), panel=panel, **stage, **controls)


def _stage() -> dict[str, Any]:
    parts: dict[str, Any] = {
        "upload": PhotoUpload(
            label="Photograph",
            show_label=False,
            placeholder=_PROMPT,
            elem_id="upload",
            elem_classes="takes",
            height="58vh",
            buttons=[],
        ),
        "slider": gr.ImageSlider(
            label="Before and after",
            show_label=False,
            visible=False,
            elem_id="slider",
            buttons=["fullscreen"],
            interactive=False,
        ),
        "hints": hints_field(),
        "notice": gr.HTML(elem_id="notice", padding=False),
    }
    with gr.Row(visible=False, elem_id="coloured", elem_classes="aside") as parts["coloured"]:
        gr.HTML("<p>This photograph is in colour already. It was coloured anew, from its lightness alone.</p>")
        parts["compare"] = gr.Button("Compare with the original", size="sm", min_width=200)
    parts["story"] = gr.HTML(elem_id="story", padding=False, visible=False)
    parts["strip"] = pick_list("strip")
    parts["sureness"] = gr.HTML(elem_id="sureness", padding=False, visible=False)
    with gr.Column(elem_id="examples") as parts["examples"]:
        gr.HTML("<h2>Or try one of these</h2>", padding=False)
        with gr.Row(elem_id="example-row"):
            parts["example_buttons"] = [
                gr.Button(example.title, icon=str(example.path), elem_classes="example") for example in EXAMPLES
            ]
        gr.HTML(credits_html(), padding=False)
    return parts


def _controls(backends: list[tuple[str, str]], defaults: Look, hints: Any) -> dict[str, Any]:
    def slider(name: str, low: float, high: float, step: float, label: str, info: str | None = None) -> Any:
        return gr.Slider(low, high, getattr(defaults, name), step=step, label=label, info=info, elem_id=name)

    return {
        "backend": backend_choice(backends, "backend"),
        **_reference(),
        "look": {
            "strength": slider("strength", 0, 2, 0.05, "Strength"),
            "vividness": slider("vividness", 0, 1, 0.05, "Vividness", "From calm to as colourful as the model expects"),
            "temperature": slider("temperature", 0, 1, 0.02, "Temperature", "Low is bold, high is cautious"),
            "tint_warm": slider("tint_warm", -1, 1, 0.05, "Cool to warm"),
            "tint_magenta": slider("tint_magenta", -1, 1, 0.05, "Green to magenta"),
            "refine": gr.Checkbox(defaults.refine, label="Colour follows edges", elem_id="refine"),
            "alternative": gr.State(defaults.alternative),
            "hints": hints,
        },
        **_saving(),
    }


def _reference() -> dict[str, Any]:
    with gr.Column(visible=False, elem_id="second") as second:
        upload = PhotoUpload(
            label="Take colours from",
            placeholder="Choose a photograph in colour",
            sources=["upload"],
            elem_id="second-upload",
            buttons=[],
        )
        note = gr.HTML(elem_id="second-note", padding=False)
    return {"second": second, "second_upload": upload, "second_note": note, "reference": gr.State(None)}


def _saving() -> dict[str, Any]:
    with gr.Row(elem_id="save"):
        format_name = format_choice("format")
        download = gr.Button("Download", variant="primary", elem_id="download", min_width=120, scale=2)
    return {
        "format_name": format_name,
        "download": download,
        "another": gr.Button("Another photograph", elem_id="another"),
        "saved": gr.File(visible=False, label="Coloured picture"),
    }
