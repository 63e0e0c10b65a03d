"""The named endpoints. Their names, parameters and defaults are promises: programs call them."""

from __future__ import annotations

from typing import Any

import gradio as gr

from core.engine import Engine
from core.errors import PhotoError, RequestError
from core.look import Look, make_look
from core.registry import AUTO
from core.web.edge import one_sentence
from core.web.upload import PhotoUpload, Upload
from core.web.work import colour_file


def build_api(engine: Engine) -> None:
    """Add the endpoints to the Blocks that is being built."""
    _add_colorize(engine)
    _add_backends(engine)


def list_backends(engine: Engine) -> list[dict[str, Any]]:
    """What there is to choose from, in order: who made it, under which licence, and whether it can be used now."""
    return [_describe(backend) for backend in engine.registry]


def _describe(backend: Any) -> dict[str, Any]:
    info, weights = backend.info, getattr(backend, "weights", None)
    described: dict[str, Any] = {
        "id": info.id,
        "title": info.title or info.id,
        "summary": info.summary,
        "licence": info.licence,
        "citation": info.citation,
    }
    if weights is None:
        return described | {"state": "ready", "message": "", "bytes_done": 0, "bytes_total": 0}
    status = weights.status()
    return described | {
        "state": status.state,
        "message": status.message,
        "bytes_done": status.bytes_done,
        "bytes_total": status.bytes_total,
    }


def _add_colorize(engine: Engine) -> None:
    defaults = Look()

    @one_sentence
    def colorize(
        image: Upload | None,
        backend: str,
        strength: float,
        temperature: float,
        vividness: float,
        refine: bool,
        options: dict[str, Any],
        output_format: str,
        progress: gr.Progress = gr.Progress(),  # noqa: B008 - how Gradio is told to hand one in
    ) -> tuple[str, dict[str, Any]]:
        """Colour a black-and-white photograph; gives the picture's file and a report."""
        if image is None:
            raise PhotoError("There is no picture; give one as 'image'.")
        if not isinstance(options, dict):
            raise RequestError(
                "The parameter 'options' is not usable: it must be an object; leave it out or correct it."
            )
        look = make_look(strength=strength, temperature=temperature, vividness=vividness, refine=refine)
        path, report = colour_file(engine, image, backend, look, options, output_format, progress)
        return str(path), report.model_dump(mode="json")

    gr.on(
        [],
        colorize,
        inputs=[
            PhotoUpload(label="Photograph", visible=False),
            gr.Textbox(AUTO, label="Backend's id, or auto", visible=False),
            gr.Number(defaults.strength, label="Strength, 0 to 2", visible=False),
            gr.Number(defaults.temperature, label="Temperature, 0 to 1", visible=False),
            gr.Number(defaults.vividness, label="Vividness, 0 to 1", visible=False),
            gr.Checkbox(defaults.refine, label="Let colour follow edges", visible=False),
            gr.JSON({}, label="The backend's own options", visible=False),
            gr.Textbox("png", label="png, jpeg or webp", visible=False),
        ],
        outputs=[gr.File(label="Picture", visible=False), gr.JSON(label="Report", visible=False)],
        api_name="colorize",
        concurrency_limit=4,
    )


def _add_backends(engine: Engine) -> None:
    def backends() -> list[dict[str, Any]]:
        """List the backends, in order, each with its licence, citation and state."""
        return list_backends(engine)

    # Outside the queue: it answers at once, however long a photograph takes.
    gr.on([], backends, outputs=[gr.JSON(label="Backends", visible=False)], api_name="backends", queue=False)
