"""The endpoint that colours many photographs."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import gradio as gr

from core.engine import Engine
from core.jobs.batch import colour_batch
from core.jobs.job import Job, Outcome
from core.look.look import Look, make_look
from core.photo.archive import sources
from core.restore.restore import AUTO as WHAT_IS_SURE
from core.web.alerts import one_sentence_at_a_time
from core.web.colouring import (
    kept_folder,
)
from core.web.endpoints.fields import (
    KEEP,
    alternative_field,
    backend_field,
    checked,
    file_fields,
    format_field,
    look_fields,
    options_field,
    pooling_field,
    restore_fields,
    tint_fields,
    whole,
)
from core.web.places import as_answer
from core.web.upload_fields import Upload, photos_upload


def add_batch(engine: Engine) -> None:
    """Add /colorize_batch to the Blocks that is being built."""

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
        quality: float | None = None,
        sidecar: bool = False,
        colour_photos: str = KEEP,
        restore: str = WHAT_IS_SURE,
        restore_picture: bool = False,
        options: dict[str, Any] | None = None,
        alternative: str = Look().alternative,
        pooling: bool = Look().pooling,
    ) -> Iterator[tuple[str | None, list[dict[str, Any]]]]:
        """Colour many photographs, or zips of them; gives a zip in the end, and what became of each so far."""
        look = make_look(
            strength=strength,
            temperature=temperature,
            vividness=vividness,
            refine=refine,
            tint_warm=tint_warm,
            tint_magenta=tint_magenta,
            alternative=alternative,
            pooling=pooling,
        )
        job = Job(
            backend,
            look,
            output_format,
            checked(options or {}),
            quality=whole(quality),
            with_sidecar=sidecar,
            colour_photos=colour_photos,
            restore=restore,
            restore_picture=restore_picture,
        )
        yield from _colour_all(engine, images, job)

    gr.on(
        [],
        colorize_batch,
        inputs=[
            photos_upload(label="Photographs, or zips of them", visible=False),
            backend_field(),
            *look_fields(),
            format_field(),
            *tint_fields(),
            *file_fields(),
            *restore_fields(),
            options_field(),
            alternative_field(),
            pooling_field(),
        ],
        outputs=[gr.File(label="Zip", visible=False), gr.JSON(label="What became of each", visible=False)],
        api_name="colorize_batch",
        concurrency_limit=2,
    )


def _colour_all(engine: Engine, images: list[Upload], job: Job) -> Iterator[tuple[str | None, list[dict[str, Any]]]]:
    job.check(engine)  # refused before anything is opened
    photographs = sources([(Path(image.path), image.name) for image in images], engine.settings)
    outcomes: list[Outcome] = []
    with kept_folder() as folder:
        target = folder / "autochrome.zip"
        for done in colour_batch(engine, photographs, job, target):
            outcomes.append(done.outcome)
            yield None, [as_answer(outcome) for outcome in outcomes]
    yield str(target), [as_answer(outcome) for outcome in outcomes]
