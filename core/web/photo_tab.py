"""The first tab: a photograph in, colour out."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import gradio as gr

from core.engine import Engine
from core.errors import AutochromeError
from core.look import Look, make_look
from core.registry import AUTO
from core.web.api import list_backends
from core.web.desk import Desk, Sitting
from core.web.story import notice_html, story_html
from core.web.upload import PhotoUpload, Upload
from core.web.work import colour_file

_EXAMPLES = Path(__file__).parent / "examples"
EXAMPLES = [_EXAMPLES / f"{name}.jpg" for name in ("astronaut", "cat", "coffee", "cameraman", "rocket")]

_PROMPT = "Choose a photograph\nor drop or paste one anywhere"


def build_photo_tab(engine: Engine) -> None:
    """Add the tab's contents to the Blocks that is being built."""
    desk, defaults = Desk(engine), Look()
    sitting = gr.State(None)
    with gr.Row(elem_id="studio"):
        with gr.Column(scale=3, elem_id="stage"):
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
                max_height=2000,
            )
            notice = gr.HTML(elem_id="notice", padding=False)
            story = gr.HTML(elem_id="story", padding=False, visible=False)
            with gr.Column(elem_id="examples") as examples:
                gr.HTML("<h2>Or try one of these</h2>", padding=False)
                with gr.Row(elem_id="example-row"):
                    choices = [
                        gr.Button(path.stem.title(), icon=str(path), elem_classes="example") for path in EXAMPLES
                    ]
        with gr.Column(scale=1, min_width=300, visible=False, elem_id="panel") as panel:
            backend = gr.Dropdown(_choices(engine), value=AUTO, label="Backend", elem_id="backend", filterable=False)
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
                    show_label=False,
                    label="Format",
                    container=False,
                    filterable=False,
                    min_width=90,
                    elem_id="format",
                )
                download = gr.Button("Download", variant="primary", elem_id="download", min_width=120, scale=2)
            another = gr.Button("Another photograph", elem_id="another")
            saved = gr.File(visible=False, label="Coloured picture")

    look = [strength, temperature, vividness, refine]
    scene = [sitting, upload, slider, notice, story, examples, panel]

    def begin(photo: Upload, chosen: str, progress: Callable[..., Any], *values: Any) -> dict[Any, Any]:
        """Colour a photograph and show it; where that fails, say why and leave what there was."""
        try:
            begun = desk.sit(photo, chosen, lambda fraction, words: progress(fraction, desc=words))
            pictures = desk.preview(begun, _look(*values))
        except AutochromeError as error:
            return {upload: None, notice: notice_html(error)}
        return {
            sitting: begun,
            upload: gr.update(value=None, visible="hidden"),
            slider: gr.update(value=pictures, visible=True),
            notice: "",
            story: gr.update(value=story_html(begun, engine), visible=True),
            examples: gr.update(visible=False),
            panel: gr.update(visible=True),
        }

    def take(photo: Upload | None, chosen: str, *values: Any, progress: Any = gr.Progress()) -> Any:  # noqa: B008
        return begin(photo, chosen, progress, *values) if photo else gr.skip()

    def take_example(path: Path) -> Callable[..., Any]:
        def taken(chosen: str, *values: Any, progress: Any = gr.Progress()) -> Any:  # noqa: B008
            return begin(Upload(str(path), path.name), chosen, progress, *values)

        return taken

    def take_again(begun: Sitting | None, chosen: str, *values: Any, progress: Any = gr.Progress()) -> Any:  # noqa: B008
        return begin(begun.upload, chosen, progress, *values) if begun else gr.skip()

    def repaint(begun: Sitting | None, *values: Any) -> Any:
        """Show another look at the same prediction."""
        if begun is None:
            return gr.skip()
        try:
            return {slider: desk.preview(begun, _look(*values))}
        except AutochromeError as error:
            return {notice: notice_html(error)}

    def save(begun: Sitting, chosen: str, *values: Any, progress: Any = gr.Progress()) -> Any:  # noqa: B008
        try:
            path, _ = colour_file(
                engine,
                begun.upload,
                begun.report.backend,
                _look(*values),
                {},
                chosen,
                lambda fraction, words: progress(fraction, desc=words),
            )
        except AutochromeError as error:
            return {saved: None, notice: notice_html(error)}
        return {saved: str(path), notice: ""}

    forward: dict[str, Any] = {
        "api_visibility": "private",
        "concurrency_id": "forward",
        "concurrency_limit": 4,
        "show_progress_on": [upload, slider],
    }
    live: dict[str, Any] = {
        "fn": repaint,
        "inputs": [sitting, *look],
        "outputs": [slider, notice],
        "api_visibility": "private",
        "concurrency_id": "live",
        "concurrency_limit": 4,
        "show_progress": "hidden",
        "trigger_mode": "always_last",
    }
    begun = [
        upload.change(take, [upload, backend, *look], scene, **forward),
        *(
            choice.click(take_example(path), [backend, *look], scene, **forward)
            for choice, path in zip(choices, EXAMPLES, strict=True)
        ),
        backend.input(take_again, [sitting, backend, *look], scene, trigger_mode="always_last", **forward),
    ]
    for event in begun:
        event.then(**live)  # a slider may have been moved while the network ran
    gr.on([control.input for control in look], **live)
    another.click(
        lambda: {
            sitting: None,
            upload: gr.update(value=None, visible=True),
            slider: gr.update(value=None, visible=False),
            notice: "",
            story: gr.update(visible=False),
            examples: gr.update(visible=True),
            panel: gr.update(visible=False),
        },
        outputs=scene,
        api_visibility="private",
        queue=False,
    )
    download.click(
        save,
        [sitting, format_name, *look],
        [saved, notice],
        api_visibility="private",
        concurrency_limit=2,
        show_progress_on=[download],
    ).then(None, saved, js="(file) => autochrome.download(file)", api_visibility="private")


def _look(strength: float, temperature: float, vividness: float, refine: bool) -> Look:
    return make_look(strength=strength, temperature=temperature, vividness=vividness, refine=refine)


def _choices(engine: Engine) -> list[tuple[str, str]]:
    return [("Automatic", AUTO), *((backend["title"], backend["id"]) for backend in list_backends(engine))]
