"""The named endpoints. Their names, parameters and defaults are promises: programs call them (see docs/api.md)."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import gradio as gr
from PIL import Image

from core.colour.cielab import Pixels, eight_bits
from core.engine import Engine, Forecast
from core.errors import BackendError, PhotoError, RequestError
from core.jobs.job import Job
from core.look.alternatives import alternatives
from core.look.look import Look, make_look
from core.photo.open import Photo
from core.photo.resize import thumbnail
from core.registry.registry import AUTO
from core.render.confidence import confidence, confidence_picture
from core.web.edge import one_sentence
from core.web.status import list_all
from core.web.upload import PhotoUpload, Upload
from core.web.work import colour_file, kept_folder, open_reference, open_upload, teller

SHOWN_PIXELS = 2_000_000
"""Pixels of the pictures that show something, rather than being the result."""


def build_api(engine: Engine) -> None:
    """Add the endpoints for one photograph to the Blocks that is being built."""
    _add_colorize(engine)
    _add_alternatives(engine)
    _add_confidence(engine)
    _add_backends(engine)


def given_photo(image: Upload | None) -> Upload:
    """The picture that a caller must give.

    Raises:
        PhotoError: there is none.
    """
    if image is None:
        raise PhotoError("There is no picture; give one as 'image'.")
    return image


def photo_field() -> Any:
    """The endpoint's field for a picture."""
    return PhotoUpload(label="Photograph", visible=False)


def _reference_field() -> Any:
    return PhotoUpload(label="A second photograph to take colours from", visible=False)


def look_fields() -> list[Any]:
    """The endpoint's fields for strength, temperature, vividness and refine."""
    defaults = Look()
    return [
        gr.Number(defaults.strength, label="Strength, 0 to 2", visible=False),
        gr.Number(defaults.temperature, label="Temperature, 0 to 1", visible=False),
        gr.Number(defaults.vividness, label="Vividness, 0 to 1", visible=False),
        gr.Checkbox(defaults.refine, label="Let colour follow edges", visible=False),
    ]


def tint_fields() -> list[Any]:
    """The endpoint's fields for tint_warm and tint_magenta."""
    return [
        gr.Number(0.0, label="Cool to warm, -1 to 1", visible=False),
        gr.Number(0.0, label="Green to magenta, -1 to 1", visible=False),
    ]


def backend_field() -> Any:
    """The endpoint's field for a backend's id."""
    return gr.Textbox(AUTO, label="Backend's id, or auto", visible=False)


def format_field() -> Any:
    """The endpoint's field for the output's format."""
    return gr.Textbox("png", label="png, jpeg or webp", visible=False)


def write_png(folder: Path, name: str, rgb: Pixels) -> str:
    """A picture to look at, (h, w, 3), as a file of 8 bits a channel."""
    path = folder / f"{name}.png"
    Image.fromarray(eight_bits(rgb)).save(path, compress_level=1)
    return str(path)


def _checked(options: Any) -> dict[str, Any]:
    if not isinstance(options, dict):
        raise RequestError("The parameter 'options' is not usable: it must be an object; leave it out or correct it.")
    return options


def _options_field() -> Any:
    return gr.JSON({}, label="The backend's own options", visible=False)


def _add_colorize(engine: Engine) -> None:
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
        tint_warm: float,
        tint_magenta: float,
        alternative: str,
        hints: list[dict[str, Any]],
        reference: Upload | None = None,
        progress: gr.Progress = gr.Progress(),  # noqa: B008 - how Gradio is told to hand one in
    ) -> tuple[str, dict[str, Any]]:
        """Colour a black-and-white photograph; gives the picture's file and a report."""
        look = make_look(
            strength=strength,
            temperature=temperature,
            vividness=vividness,
            refine=refine,
            tint_warm=tint_warm,
            tint_magenta=tint_magenta,
            alternative=alternative,
            hints=hints,
        )
        job = Job(backend, look, output_format, _checked(options), open_reference(reference, engine.settings))
        path, report = colour_file(engine, given_photo(image), job, teller(progress))
        return str(path), report.model_dump(mode="json")

    gr.on(
        [],
        colorize,
        inputs=[
            photo_field(),
            backend_field(),
            *look_fields(),
            _options_field(),
            format_field(),
            *tint_fields(),
            gr.Textbox("default", label="One of those that /alternatives names", visible=False),
            gr.JSON([], label="Spots whose colour is known", visible=False),
            _reference_field(),
        ],
        outputs=[gr.File(label="Picture", visible=False), gr.JSON(label="Report", visible=False)],
        api_name="colorize",
        concurrency_limit=4,
    )


def _predicted(
    engine: Engine, image: Upload | None, backend: str, options: Any, reference: Upload | None
) -> tuple[Photo, Forecast]:
    """The photograph, made small enough to look at, and its prediction."""
    photo = open_upload(given_photo(image), engine.settings)
    forecast = engine.predict(photo, backend, _checked(options), reference=open_reference(reference, engine.settings))
    return thumbnail(photo, SHOWN_PIXELS), forecast


def _add_alternatives(engine: Engine) -> None:
    @one_sentence
    def list_alternatives(
        image: Upload | None, backend: str, options: dict[str, Any], reference: Upload | None = None
    ) -> tuple[list[str], list[dict[str, Any]]]:
        """Colour a photograph in each way that one prediction holds; gives pictures, and what each of them is."""
        photo, forecast = _predicted(engine, image, backend, options, reference)
        found = alternatives(forecast.prediction)
        if not found:
            raise BackendError(
                f"Backend '{forecast.report.backend}' predicts one colour for every place and has no alternatives; "
                "choose another backend."
            )
        with kept_folder() as folder:
            files = [
                write_png(folder, each.name, engine.render(photo, forecast, make_look(alternative=each.name))[0].rgb)
                for each in found
            ]
        rows = [{"name": each.name, "label": each.label, "plausibility": round(each.plausibility, 4)} for each in found]
        return files, rows

    gr.on(
        [],
        list_alternatives,
        inputs=[photo_field(), backend_field(), _options_field(), _reference_field()],
        outputs=[
            gr.File(label="Pictures", file_count="multiple", visible=False),
            gr.JSON(label="What they are", visible=False),
        ],
        api_name="alternatives",
        concurrency_limit=2,
    )


def _add_confidence(engine: Engine) -> None:
    @one_sentence
    def show_confidence(
        image: Upload | None, backend: str, options: dict[str, Any], reference: Upload | None = None
    ) -> tuple[str, dict[str, Any]]:
        """Show where a photograph's colours are sure and where they are guesses."""
        photo, forecast = _predicted(engine, image, backend, options, reference)
        sure = confidence(forecast.prediction)
        if sure is None:
            raise BackendError(
                f"Backend '{forecast.report.backend}' predicts one colour for every place and no confidence; "
                "choose another backend."
            )
        with kept_folder() as folder:
            path = write_png(folder, "confidence", confidence_picture(photo, sure).rgb)
        low, high = float(sure.min()), float(sure.max())
        values = {"mean": float(sure.mean()), "lowest": low, "highest": high}
        return path, {"backend": forecast.report.backend} | {name: round(value, 4) for name, value in values.items()}

    gr.on(
        [],
        show_confidence,
        inputs=[photo_field(), backend_field(), _options_field(), _reference_field()],
        outputs=[gr.File(label="Picture", visible=False), gr.JSON(label="Values", visible=False)],
        api_name="confidence",
        concurrency_limit=2,
    )


def _add_backends(engine: Engine) -> None:
    def backends() -> list[dict[str, Any]]:
        """List the backends, in order, each with its licence, citation and state, and the plugins that failed."""
        return list_all(engine)

    # Outside the queue: it answers at once, however long a photograph takes.
    gr.on([], backends, outputs=[gr.JSON(label="Backends", visible=False)], api_name="backends", queue=False)
