"""The named endpoints. Their names, parameters and defaults are promises: programs call them (see docs/api.md)."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import gradio as gr
from PIL import Image

from core.colour.cielab import Pixels, eight_bits
from core.engine import Engine, Forecast
from core.errors import BackendError, FilmError, PhotoError, RequestError
from core.jobs.batch import colour_batch
from core.jobs.compare import compare, truth_colourfulness
from core.jobs.job import Job, Outcome
from core.look.look import Look, make_look
from core.photo.archive import sources
from core.photo.open import Photo, open_photo
from core.photo.resize import thumbnail
from core.registry.registry import AUTO
from core.render.confidence import confidence_picture
from core.restore.restore import AUTO as WHAT_IS_SURE
from core.restore.strokes import read_strokes
from core.video.colour_film import FilmJob
from core.video.hints import film_hints
from core.web.alerts import one_sentence, one_sentence_at_a_time
from core.web.backend_list import list_all
from core.web.colouring import (
    colour_file,
    colour_film_upload,
    kept_folder,
    open_reference,
    open_upload,
    shown_on,
)
from core.web.upload_fields import FilmUpload, PhotoUpload, Upload, photos_upload

SHOWN_PIXELS = 2_000_000
"""Pixels of the pictures that show something, rather than being the result."""


_KEEP = "keep-as-is"
"""What becomes of a photograph in colour unless the caller says otherwise: it is given back."""


def build_endpoints(engine: Engine) -> None:
    """Add the endpoints to the Blocks that is being built."""
    _add_colorize(engine)
    _add_alternatives(engine)
    _add_confidence(engine)
    _add_backends(engine)
    _add_compare(engine)
    _add_batch(engine)
    _add_video(engine)


def _given_photo(image: Upload | None) -> Upload:
    """The picture that a caller must give.

    Raises:
        PhotoError: there is none.
    """
    if image is None:
        raise PhotoError("There is no picture; give one as 'image'.")
    return image


def _photo_field() -> Any:
    """The endpoint's field for a picture."""
    return PhotoUpload(label="Photograph", visible=False)


def _reference_field() -> Any:
    return PhotoUpload(label="A second photograph to take colours from", visible=False)


def _look_fields() -> list[Any]:
    """The endpoint's fields for strength, temperature, vividness and refine."""
    defaults = Look()
    return [
        gr.Number(defaults.strength, label="Strength, 0 to 2", visible=False),
        gr.Number(defaults.temperature, label="Temperature, 0 to 1", visible=False),
        gr.Number(defaults.vividness, label="Vividness, 0 to 1", visible=False),
        gr.Checkbox(defaults.refine, label="Let colour follow edges", visible=False),
    ]


def _tint_fields() -> list[Any]:
    """The endpoint's fields for tint_warm and tint_magenta."""
    defaults = Look()
    return [
        gr.Number(defaults.tint_warm, label="Cool to warm, -1 to 1", visible=False),
        gr.Number(defaults.tint_magenta, label="Green to magenta, -1 to 1", visible=False),
    ]


def _backend_field() -> Any:
    """The endpoint's field for a backend's id."""
    return gr.Textbox(AUTO, label="Backend's id, or auto", visible=False)


def _format_field() -> Any:
    """The endpoint's field for the output's format."""
    return gr.Textbox("png", label="png, jpeg, webp, tiff or avif", visible=False)


def _file_fields() -> list[Any]:
    """The endpoint's fields for quality, sidecar and colour_photos."""
    return [
        gr.Number(None, label="Quality of jpeg, webp and avif, 1 to 100", visible=False),
        gr.Checkbox(False, label="Tell all of how the picture was made", visible=False),
        gr.Textbox(_KEEP, label="Photographs in colour: skip, recolour or keep-as-is", visible=False),
    ]


def _restore_fields() -> list[Any]:
    """The endpoint's fields for restore and restore_picture."""
    return [
        gr.Textbox(WHAT_IS_SURE, label="What of an old print is mended: auto, none or a list of steps", visible=False),
        gr.Checkbox(False, label="Mend the picture too", visible=False),
    ]


def _whole(quality: float | None) -> int | None:
    """JSON and Gradio know no whole numbers.

    Raises:
        RequestError: it is no number from 1 to 100.
    """
    if quality is None:
        return None
    if not isinstance(quality, int | float) or not 1 <= quality <= 100:
        raise RequestError("The parameter 'quality' must be a number from 1 to 100; correct it or leave it out.")
    return round(quality)


def _write_png(folder: Path, name: str, rgb: Pixels) -> str:
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


def _alternative_field() -> Any:
    return gr.Textbox(Look().alternative, label="One of those that /alternatives names", visible=False)


def _pooling_field() -> Any:
    return gr.Checkbox(Look().pooling, label="Let things that are alike take colour together", visible=False)


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
        colour_photos: str = _KEEP,
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
            _checked(options),
            second,
            _whole(quality),
            sidecar,
            colour_photos=colour_photos,
            restore=restore,
            restore_picture=restore_picture,
            restore_strokes=read_strokes(restore_strokes),
        )
        coloured = colour_file(engine, _given_photo(image), job, shown_on(progress))
        report = coloured.report.model_dump(mode="json")
        if coloured.sidecar:
            report["sidecar"] = coloured.sidecar.model_dump(mode="json")
        return str(coloured.path), report

    gr.on(
        [],
        colorize,
        inputs=[
            _photo_field(),
            _backend_field(),
            *_look_fields(),
            _options_field(),
            _format_field(),
            *_tint_fields(),
            _alternative_field(),
            gr.JSON([], label="Spots whose colour is known", visible=False),
            _reference_field(),
            _pooling_field(),
            *_file_fields(),
            *_restore_fields(),
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
    photo = open_upload(_given_photo(image), engine.settings)
    forecast = engine.forecast(photo, backend, _checked(options), reference=open_reference(reference, engine.settings))
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
        inputs=[_photo_field(), _backend_field(), _options_field(), _reference_field()],
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
        inputs=[_photo_field(), _backend_field(), _options_field(), _reference_field()],
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
        upload = _given_photo(image)
        photo = open_photo(upload.path, engine.settings, upload.name)
        files: list[str] = []
        rows: list[dict[str, Any]] = []
        with kept_folder() as folder:
            for measured, picture in compare(engine, photo, SHOWN_PIXELS):
                row = measured.model_dump(mode="json") | {"file": None}
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
        inputs=[_photo_field()],
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
        quality: float | None = None,
        sidecar: bool = False,
        colour_photos: str = _KEEP,
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
            _checked(options or {}),
            quality=_whole(quality),
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
            _backend_field(),
            *_look_fields(),
            _format_field(),
            *_tint_fields(),
            *_file_fields(),
            *_restore_fields(),
            _options_field(),
            _alternative_field(),
            _pooling_field(),
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
            yield None, [outcome.model_dump(mode="json") for outcome in outcomes]
    yield str(target), [outcome.model_dump(mode="json") for outcome in outcomes]


def _add_video(engine: Engine) -> None:
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
        begin, length = _stretch(start, seconds)
        job = FilmJob(
            backend,
            look,
            reference=open_reference(reference, engine.settings),
            recolour=recolour,
            hints=film_hints(hints),
            start=begin,
            seconds=length,
        )
        done = colour_film_upload(engine, film, job, _whole(quality), shown_on(progress))
        report = {"backend": done.backend, "frames": done.frames, "width": done.width, "height": done.height}
        return str(done.path), report | {"warnings": list(done.warnings)}

    gr.on(
        [],
        colorize_video,
        inputs=[
            FilmUpload(label="Film", visible=False),
            _backend_field(),
            *_look_fields(),
            *_tint_fields(),
            gr.Number(0.0, label="Where to begin, in seconds", visible=False),
            gr.Number(None, label="How many seconds; all unless given", visible=False),
            gr.Number(None, label="Quality, 1 to 100", visible=False),
            gr.Checkbox(False, label="Colour a film that is in colour already", visible=False),
            _reference_field(),
            gr.JSON([], label="Colours that are known, each with its time t in seconds", visible=False),
        ],
        outputs=[gr.File(label="Film", visible=False), gr.JSON(label="Report", visible=False)],
        api_name="colorize_video",
        concurrency_limit=1,
    )


def _stretch(start: float | None, seconds: float | None) -> tuple[float, float | None]:
    """The part of a film that is wanted, as ``FilmJob`` takes it.

    Raises:
        RequestError: there is no such part.
    """
    for name, value, least in (("start", start, 0), ("seconds", seconds, 0.04)):
        if value is not None and (isinstance(value, bool) or not isinstance(value, int | float) or not value >= least):
            raise RequestError(f"The parameter '{name}' must be a number from {least} on; correct it or leave it out.")
    return float(start or 0), None if seconds is None else float(seconds)
