"""The named endpoints. Their names, parameters and defaults are promises: programs call them (see docs/api.md)."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import gradio as gr
from PIL import Image

from core.colour.cielab import Pixels, eight_bits
from core.engine import Engine, Forecast
from core.errors import BackendError
from core.jobs.compare import compare, truth_colourfulness
from core.jobs.job import Job
from core.look.look import make_look
from core.photo.open import Photo, open_photo
from core.photo.resize import thumbnail
from core.render.confidence import confidence_picture
from core.restore.restore import AUTO as WHAT_IS_SURE
from core.restore.strokes import read_strokes
from core.web.alerts import one_sentence
from core.web.backend_list import list_all
from core.web.colouring import (
    colour_file,
    kept_folder,
    open_reference,
    open_upload,
    shown_on,
)
from core.web.endpoints.batch import add_batch
from core.web.endpoints.fields import (
    KEEP,
    alternative_field,
    backend_field,
    checked,
    file_fields,
    format_field,
    given_photo,
    look_fields,
    options_field,
    photo_field,
    pooling_field,
    reference_field,
    restore_fields,
    tint_fields,
    whole,
)
from core.web.endpoints.video import add_video
from core.web.places import as_answer
from core.web.upload_fields import Upload

SHOWN_PIXELS = 2_000_000
"""Pixels of the pictures that show something, rather than being the result."""


def build_endpoints(engine: Engine) -> None:
    """Add the endpoints to the Blocks that is being built."""
    _add_colorize(engine)
    _add_alternatives(engine)
    _add_confidence(engine)
    _add_backends(engine)
    _add_compare(engine)
    add_batch(engine)
    add_video(engine)


def _write_png(folder: Path, name: str, rgb: Pixels) -> str:
    """A picture to look at, (h, w, 3), as a file of 8 bits a channel."""
    path = folder / f"{name}.png"
    Image.fromarray(eight_bits(rgb)).save(path, compress_level=1)
    return str(path)


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
        pooling: bool = True,
        quality: float | None = None,
        sidecar: bool = False,
        colour_photos: str = KEEP,
        restore: str = WHAT_IS_SURE,
        restore_picture: bool = False,
        restore_strokes: list[dict[str, Any]] | None = None,
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
            pooling=pooling,
        )
        second = open_reference(reference, engine.settings)
        job = Job(
            backend,
            look,
            output_format,
            checked(options),
            second,
            whole(quality),
            sidecar,
            colour_photos=colour_photos,
            restore=restore,
            restore_picture=restore_picture,
            restore_strokes=read_strokes(restore_strokes),
        )
        coloured = colour_file(engine, given_photo(image), job, shown_on(progress))
        report = as_answer(coloured.report)
        if coloured.sidecar:
            report["sidecar"] = coloured.sidecar.model_dump(mode="json")
        return str(coloured.path), report

    gr.on(
        [],
        colorize,
        inputs=[
            photo_field(),
            backend_field(),
            *look_fields(),
            options_field(),
            format_field(),
            *tint_fields(),
            alternative_field(),
            gr.JSON([], label="Spots whose colour is known", visible=False),
            reference_field(),
            pooling_field(),
            *file_fields(),
            *restore_fields(),
            gr.JSON([], label="Brushed onto the mask of marks", visible=False),
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
    forecast = engine.forecast(photo, backend, checked(options), reference=open_reference(reference, engine.settings))
    return thumbnail(photo, SHOWN_PIXELS), forecast


def _add_alternatives(engine: Engine) -> None:
    @one_sentence
    def list_alternatives(
        image: Upload | None, backend: str, options: dict[str, Any], reference: Upload | None = None
    ) -> tuple[list[str], list[dict[str, Any]]]:
        """Colour a photograph in each way that one prediction holds; gives pictures, and what each of them is."""
        photo, forecast = _predicted(engine, image, backend, options, reference)
        found = forecast.colouring.alternatives()
        if not found:
            raise BackendError(
                f"Backend '{forecast.report.backend}' predicts one colour for every place and has no alternatives; "
                "choose another backend."
            )
        with kept_folder() as folder:
            files = [
                _write_png(folder, each.name, engine.render(photo, forecast, make_look(alternative=each.name))[0].rgb)
                for each in found
            ]
        rows = [{"name": each.name, "label": each.label, "plausibility": round(each.plausibility, 4)} for each in found]
        return files, rows

    gr.on(
        [],
        list_alternatives,
        inputs=[photo_field(), backend_field(), options_field(), reference_field()],
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
        sure = forecast.colouring.confidence()
        if sure is None:
            raise BackendError(
                f"Backend '{forecast.report.backend}' predicts one colour for every place and no confidence; "
                "choose another backend."
            )
        with kept_folder() as folder:
            path = _write_png(folder, "confidence", confidence_picture(photo, sure).rgb)
        low, high = float(sure.min()), float(sure.max())
        values = {"mean": float(sure.mean()), "lowest": low, "highest": high}
        return path, {"backend": forecast.report.backend} | {name: round(value, 4) for name, value in values.items()}

    gr.on(
        [],
        show_confidence,
        inputs=[photo_field(), backend_field(), options_field(), reference_field()],
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


def _add_compare(engine: Engine) -> None:
    @one_sentence
    def compare_backends(
        image: Upload | None,
        progress: gr.Progress = gr.Progress(),  # noqa: B008 - how Gradio is told to hand one in
    ) -> tuple[list[str], dict[str, Any]]:
        """Colour a photograph with every backend that is ready; gives pictures, times, and how far off each is."""
        upload = given_photo(image)
        photo = open_photo(upload.path, engine.settings, upload.name)
        files: list[str] = []
        rows: list[dict[str, Any]] = []
        with kept_folder() as folder:
            for measured, picture in compare(engine, photo, SHOWN_PIXELS):
                row = as_answer(measured) | {"file": None}
                if picture is not None:
                    row["file"] = len(files)
                    files.append(_write_png(folder, measured.backend, picture))
                rows.append(row)
                progress(0.5, desc=f"{measured.title} is done")
        colour = truth_colourfulness(photo)
        return files, {"in_colour": colour is not None, "colourfulness": colour, "backends": rows}

    gr.on(
        [],
        compare_backends,
        inputs=[photo_field()],
        outputs=[
            gr.File(label="Pictures", file_count="multiple", visible=False),
            gr.JSON(label="Comparison", visible=False),
        ],
        api_name="compare",
        concurrency_limit=2,
    )
