"""The named endpoints that run for longer: many backends on one photograph, or many photographs."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import gradio as gr

from core.engine import Engine
from core.jobs.batch import Outcome, colour_batch
from core.jobs.compare import compare, truth_colourfulness
from core.jobs.job import Job
from core.look.look import make_look
from core.photo.archive import sources
from core.photo.open import open_photo
from core.photo.save import output_format
from core.web.api import (
    SHOWN_PIXELS,
    backend_field,
    format_field,
    given_photo,
    look_fields,
    photo_field,
    tint_fields,
    write_png,
)
from core.web.edge import one_sentence, one_sentence_at_a_time
from core.web.upload import Upload, photos_upload
from core.web.work import kept_folder


def build_many_api(engine: Engine) -> None:
    """Add the endpoints to the Blocks that is being built."""
    _add_compare(engine)
    _add_batch(engine)


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
                row = measured.model_dump(mode="json") | {"file": None}
                if picture is not None:
                    row["file"] = len(files)
                    files.append(write_png(folder, measured.backend, picture))
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


def _add_batch(engine: Engine) -> None:
    @one_sentence_at_a_time
    def colorize_batch(
        images: list[Upload],
        backend: str,
        strength: float,
        temperature: float,
        vividness: float,
        refine: bool,
        output_format: str,
        tint_warm: float,
        tint_magenta: float,
    ) -> Iterator[tuple[str | None, list[dict[str, Any]]]]:
        """Colour many photographs, or zips of them; gives a zip in the end, and what became of each so far."""
        look = make_look(
            strength=strength,
            temperature=temperature,
            vividness=vividness,
            refine=refine,
            tint_warm=tint_warm,
            tint_magenta=tint_magenta,
        )
        yield from _colour_all(engine, images, Job(backend, look, output_format))

    gr.on(
        [],
        colorize_batch,
        inputs=[
            photos_upload(label="Photographs, or zips of them", visible=False),
            backend_field(),
            *look_fields(),
            format_field(),
            *tint_fields(),
        ],
        outputs=[gr.File(label="Zip", visible=False), gr.JSON(label="What became of each", visible=False)],
        api_name="colorize_batch",
        concurrency_limit=2,
    )


def _colour_all(engine: Engine, images: list[Upload], job: Job) -> Iterator[tuple[str | None, list[dict[str, Any]]]]:
    output_format(job.format_name)
    photographs = sources([(Path(image.path), image.name) for image in images], engine.settings)
    outcomes: list[Outcome] = []
    with kept_folder() as folder:
        target = folder / "autochrome.zip"
        for done in colour_batch(engine, photographs, job, target):
            outcomes.append(done.outcome)
            yield None, [outcome.model_dump(mode="json") for outcome in outcomes]
    yield str(target), [outcome.model_dump(mode="json") for outcome in outcomes]
