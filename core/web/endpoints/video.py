"""The endpoint that colours films."""

from __future__ import annotations

from typing import Any

import gradio as gr

from core.engine import Engine
from core.errors import FilmError, RequestError
from core.look.look import make_look
from core.video.colour_film import FilmJob
from core.video.hints import film_hints
from core.web.alerts import one_sentence
from core.web.colouring import (
    colour_film_upload,
    open_reference,
    shown_on,
)
from core.web.endpoints.fields import (
    backend_field,
    look_fields,
    reference_field,
    tint_fields,
    whole,
)
from core.web.upload_fields import FilmUpload, Upload


def add_video(engine: Engine) -> None:
    """Add /colorize_video to the Blocks that is being built."""

    @one_sentence
    def colorize_video(
        film: Upload | None,
        backend: str,
        strength: float,
        temperature: float,
        vividness: float,
        refine: bool,
        tint_warm: float,
        tint_magenta: float,
        start: float = 0.0,
        seconds: float | None = None,
        quality: float | None = None,
        recolour: bool = False,
        reference: Upload | None = None,
        hints: list[dict[str, Any]] | None = None,
        progress: gr.Progress = gr.Progress(),  # noqa: B008 - how Gradio is told to hand one in
    ) -> tuple[str, dict[str, Any]]:
        """Colour a black-and-white film, or a part of one; gives the film's file and a report."""
        if film is None:
            raise FilmError("There is no film; give one as 'film'.")
        look = make_look(
            strength=strength,
            temperature=temperature,
            vividness=vividness,
            refine=refine,
            tint_warm=tint_warm,
            tint_magenta=tint_magenta,
        )
        engine.check(backend, has_reference=reference is not None)
        begin, length = stretch(start, seconds)
        job = FilmJob(
            backend,
            look,
            reference=open_reference(reference, engine.settings),
            recolour=recolour,
            hints=film_hints(hints),
            start=begin,
            seconds=length,
        )
        done = colour_film_upload(engine, film, job, whole(quality), shown_on(progress))
        report = {"backend": done.backend, "frames": done.frames, "width": done.width, "height": done.height}
        return str(done.path), report | {"warnings": list(done.warnings)}

    gr.on(
        [],
        colorize_video,
        inputs=[
            FilmUpload(label="Film", visible=False),
            backend_field(),
            *look_fields(),
            *tint_fields(),
            gr.Number(0.0, label="Where to begin, in seconds", visible=False),
            gr.Number(None, label="How many seconds; all unless given", visible=False),
            gr.Number(None, label="Quality, 1 to 100", visible=False),
            gr.Checkbox(False, label="Colour a film that is in colour already", visible=False),
            reference_field(),
            gr.JSON([], label="Colours that are known, each with its time t in seconds", visible=False),
        ],
        outputs=[gr.File(label="Film", visible=False), gr.JSON(label="Report", visible=False)],
        api_name="colorize_video",
        concurrency_limit=1,
    )


_LONGEST = 1_000_000
"""Seconds, eleven days: no film of which a part is wanted begins or lasts longer."""


def stretch(start: float | None, seconds: float | None) -> tuple[float, float | None]:
    """The part of a film that is wanted, as ``FilmJob`` takes it.

    Raises:
        RequestError: there is no such part.
    """
    for name, value, least in (("start", start, 0), ("seconds", seconds, 0.04)):
        is_number = isinstance(value, int | float) and not isinstance(value, bool)
        if value is not None and not (is_number and least <= value <= _LONGEST):
            raise RequestError(f"The parameter '{name}' must be a number from {least} to {_LONGEST}; correct it.")
    return float(start or 0), None if seconds is None else float(seconds)
