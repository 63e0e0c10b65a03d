"""What the first tab is made of."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import gradio as gr

from core.look import Look
from core.registry import AUTO
from core.web.upload import PhotoUpload

_FOLDER = Path(__file__).parent / "examples"
EXAMPLES = [_FOLDER / f"{name}.jpg" for name in ("astronaut", "cat", "coffee", "cameraman", "rocket")]

_PROMPT = "Choose a photograph\nor drop or paste one anywhere"


@dataclass(frozen=True)
class Parts:
    """The tab's components. ``sitting`` holds what the visitor works on; ``saved`` the file to download."""

    sitting: Any
    upload: Any
    slider: Any
    notice: Any
    story: Any
    examples: Any
    example_buttons: list[Any]
    panel: Any
    backend: Any
    look: list[Any]
    format_name: Any
    download: Any
    another: Any
    saved: Any


def lay_out(backends: list[tuple[str, str]], defaults: Look) -> Parts:
    """Place the components: the photograph on the left, its controls on the right once there is one.

    Args:
        backends: title and id of each backend.
        defaults: where the controls start. ``Parts.look`` are in the order strength, temperature, vividness, refine.
    """
    with gr.Row(elem_id="studio"):
        with gr.Column(scale=3, elem_id="stage"):
            stage = _stage()
        with gr.Column(scale=1, min_width=300, visible=False, elem_id="panel") as panel:
            controls = _controls(backends, defaults)
    return Parts(sitting=gr.State(None), panel=panel, **stage, **controls)


def _stage() -> dict[str, Any]:
    upload = PhotoUpload(
        label="Photograph", show_label=False, placeholder=_PROMPT, elem_id="upload", height="58vh", buttons=[]
    )
    slider = gr.ImageSlider(
        label="Before and after",
        show_label=False,
        visible=False,
        elem_id="slider",
        buttons=["fullscreen"],
        interactive=False,
    )
    notice = gr.HTML(elem_id="notice", padding=False)
    story = gr.HTML(elem_id="story", padding=False, visible=False)
    with gr.Column(elem_id="examples") as examples:
        gr.HTML("<h2>Or try one of these</h2>", padding=False)
        with gr.Row(elem_id="example-row"):
            buttons = [gr.Button(path.stem.title(), icon=str(path), elem_classes="example") for path in EXAMPLES]
    return {
        "upload": upload,
        "slider": slider,
        "notice": notice,
        "story": story,
        "examples": examples,
        "example_buttons": buttons,
    }


def _controls(backends: list[tuple[str, str]], defaults: Look) -> dict[str, Any]:
    backend = gr.Dropdown(
        [("Automatic", AUTO), *backends], value=AUTO, label="Backend", elem_id="backend", filterable=False
    )
    strength = gr.Slider(0, 2, defaults.strength, step=0.05, label="Strength", elem_id="strength")
    vividness = gr.Slider(
        0, 1, defaults.vividness, step=0.05, label="Vividness", info="Favour rarer colours", elem_id="vividness"
    )
    temperature = gr.Slider(
        0,
        1,
        defaults.temperature,
        step=0.02,
        label="Temperature",
        info="Low is bold, high is cautious",
        elem_id="temperature",
    )
    refine = gr.Checkbox(defaults.refine, label="Colour follows edges", elem_id="refine")
    with gr.Row(elem_id="save"):
        format_name = gr.Dropdown(
            [("PNG", "png"), ("JPEG", "jpeg"), ("WebP", "webp")],
            value="png",
            label="Format",
            show_label=False,
            container=False,
            filterable=False,
            min_width=90,
            elem_id="format",
        )
        download = gr.Button("Download", variant="primary", elem_id="download", min_width=120, scale=2)
    return {
        "backend": backend,
        "look": [strength, temperature, vividness, refine],
        "format_name": format_name,
        "download": download,
        "another": gr.Button("Another photograph", elem_id="another"),
        "saved": gr.File(visible=False, label="Coloured picture"),
    }
