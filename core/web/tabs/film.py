"""The tab for films: a frame to choose a look on, a few seconds to see how it will be, then the whole film."""

from __future__ import annotations

import shutil
from dataclasses import replace
from html import escape
from pathlib import Path
from typing import Any, NamedTuple

import gradio as gr

from core.engine import Engine
from core.errors import FilmError, RequestError
from core.look.look import make_look
from core.progress import StoppedError, stopped_by
from core.registry.registry import AUTO
from core.video.colour_film import FilmJob
from core.video.hints import film_hints
from core.video.still import Still, still
from core.web.choices import model_choice
from core.web.colouring import colour_film_upload, film_job, open_reference, shown_on, uploaded
from core.web.look_fields import look_component
from core.web.messages import notice, notice_place
from core.web.own_cache import KEPT_SECONDS
from core.web.small_pictures import data_uri
from core.web.stops import Stops
from core.web.texts import in_english, label, page_part, say
from core.web.upload_fields import FilmUpload, PhotoUpload, Upload

_PREVIEW_SECONDS = 5.0
_STILL_HEIGHT = 320


class _Asked(NamedTuple):
    """What a visitor asks for: the values of the tab's fields."""

    film: Upload | None
    backend: str
    look: dict[str, Any]
    frame: dict[str, Any]
    recolour: bool
    reference: Upload | None

    def job(self, engine: Engine) -> FilmJob:
        """How the whole film is to be coloured.

        Raises:
            AutochromeError: a value is out of range, or the second photograph is no picture.
        """
        second = self.reference if _takes_reference(engine, self.backend) else None
        engine.check(self.backend, has_reference=second is not None)
        return FilmJob(
            self.backend,
            make_look(**self.look),
            recolour=self.recolour,
            reference=open_reference(second, engine.settings),
            hints=film_hints(self.frame.get("hints")),
        )


class _Begun(NamedTuple):
    """A film that was stopped, what was asked for, and the folder in which it is gone on with."""

    asked: _Asked
    folder: Path


class FilmTab:
    """The tab's contents, added to the Blocks that is being built."""

    def __init__(self, engine: Engine):
        self._engine = engine
        self._stops = Stops()
        self._notice = notice_place()
        self._begun = gr.State(None, time_to_live=KEPT_SECONDS, delete_callback=_forget)
        with gr.Row(elem_id="film-studio"):
            with gr.Column(min_width=280):
                gr.HTML(say("film.prompt", "p"), padding=False)
                self._film = FilmUpload(
                    label=label("film.prompt"), show_label=False, sources=["upload"], elem_id="film-upload", height=280
                )
                self._frame = gr.HTML(
                    {"at": 0, "hints": []},
                    html_template=page_part("film-frame.html", place=page_part("place.html")),
                    js_on_load="autochrome.film(element, { props, trigger });",
                    apply_default_css=False,
                    elem_id="film-frame",
                    elem_classes="controls",
                    padding=False,
                )
                self._still = gr.HTML(say("film.stand", "p"), elem_id="film-still", padding=False)
            with gr.Column(min_width=280):
                self._backend = model_choice("film-backend", engine)
                self._reference = PhotoUpload(
                    label=label("second"),
                    placeholder=label("second.prompt"),
                    sources=["upload"],
                    elem_id="film-second",
                    elem_classes="second",
                    buttons=[],
                    visible=False,
                )
                self._look = look_component("film-look")
                self._recolour = gr.Checkbox(False, label=label("film.recolour"), elem_id="film-recolour")
                self._try = gr.Button(label("film.try"), variant="primary", elem_id="film-try")
                self._go_on = gr.Button(label("film.go_on"), visible=False, elem_id="film-go-on")
                self._whole = gr.Button(label("film.whole"), elem_id="film-whole")
                self._stop = gr.Button(label("film.stop"), visible=False, elem_id="film-stop")
                self._result = gr.Video(
                    label=label("film.result"),
                    show_label=False,
                    interactive=False,
                    elem_id="film-result",
                    height=280,
                    autoplay=True,
                )
                self._story = gr.HTML(elem_id="film-story", padding=False)
        self._listen()

    def _listen(self) -> None:
        quiet: dict[str, Any] = {"api_visibility": "private", "show_progress": "hidden"}
        self._backend.input(
            lambda backend: gr.update(visible=_takes_reference(self._engine, backend)),
            self._backend, self._reference, queue=False, **quiet,
        )  # fmt: skip
        given = [self._film, self._backend, self._look, self._frame, self._recolour, self._reference]
        fields = (self._backend.input, self._look.change, self._recolour.input, self._reference.change)
        gr.on(
            [self._film.change, self._frame.input, *fields],
            lambda *values: self._show(_Asked(*values)), given, [self._notice, self._still],
            trigger_mode="always_last", concurrency_id="frame", concurrency_limit=2, **quiet,
        )  # fmt: skip
        buttons = [self._try, self._whole, self._go_on, self._stop]
        shown = [self._notice, self._result, self._story, self._begun, *buttons]
        for button, colour in (
            (self._try, self._colour(some=True)),
            (self._whole, self._colour()),
            (self._go_on, self._colour(on=True)),
        ):
            button.click(self._begin, None, buttons, queue=False, **quiet).then(
                colour, [self._begun, *given], shown, api_visibility="private", concurrency_id="film",
                concurrency_limit=1, show_progress_on=[self._result],
            )  # fmt: skip
        self._stop.click(self._stops.stop, api_visibility="private", queue=False)
        self._film.change(_another, self._begun, [self._begun, self._go_on], **quiet)

    def _show(self, asked: _Asked) -> Any:
        """The frame at which the player stands, in colour."""
        if asked.film is None:
            return None, say("film.stand", "p")
        if asked.reference is None and _takes_reference(self._engine, asked.backend):
            return None, say("second.ask", "p")
        try:
            job = film_job(self._engine, asked.job(self._engine))
            return None, _picture(still(self._engine, job, uploaded(asked.film), _second(asked.frame)), job)
        except Exception as error:
            return notice(error), say("film.stand", "p")

    def _begin(self, request: gr.Request) -> Any:
        self._stops.expect(request)
        return _seen(running=True)

    def _colour(self, some: bool = False, on: bool = False) -> Any:
        """What colours some seconds from where the player stands, or the whole film: anew, or on from where a film was
        stopped, as it was asked for then.
        """

        def colour(
            begun: _Begun | None,
            film: Upload | None,
            backend: str,
            look: dict[str, Any],
            frame: dict[str, Any],
            recolour: bool,
            reference: Upload | None,
            request: gr.Request,
            progress: gr.Progress = gr.Progress(),  # noqa: B008 - how Gradio is told to hand one in
        ) -> Any:
            asked = _Asked(film, backend, look, frame, recolour, reference)
            if on and begun:
                asked = begun.asked
            elif not some:
                _forget(begun)
                begun = None
            try:
                if asked.film is None:
                    raise FilmError("There is no film; choose one.")
                start, job = _second(asked.frame) if some else 0.0, asked.job(self._engine)
                if some:
                    job = replace(job, start=start, seconds=_PREVIEW_SECONDS)
                folder = begun.folder if begun and on else None
                with self._stops.working(request) as stop:
                    told = stopped_by(stop, shown_on(progress))
                    done = colour_film_upload(self._engine, asked.film, job, None, told, folder)
            except StoppedError:
                return [None, None, say("film.stopped", "p"), begun, *_seen(begun)]
            except Exception as error:  # a fault too: else the buttons would stay away
                return [notice(error), None, "", begun, *_seen(begun)]
            if not some:
                begun = None if done.whole else _Begun(asked, done.path.parent)
            told_of = ("film.tried" if some else "film.done") if done.whole else "film.part"
            story = say(told_of, "p", f'data-start="{start}"', count=done.frames)
            story += "".join(f"<p>{escape(each)}</p>" for each in done.warnings)
            return [None, str(done.path), story, begun, *_seen(begun)]

        return colour


def _takes_reference(engine: Engine, backend: str) -> bool:
    return backend != AUTO and engine.registry.get(backend).info.wants_reference


def _seen(begun: _Begun | None = None, running: bool = False) -> list[Any]:
    """Which buttons there are: to try, for the whole film, to go on, to stop."""
    return [gr.update(visible=each) for each in (not running, not running, begun is not None and not running, running)]


def _another(begun: _Begun | None) -> Any:
    """Another film: the one that was stopped is not gone on with."""
    _forget(begun)
    return None, gr.update(visible=False)


def _forget(begun: _Begun | None) -> None:
    """Take the parts away of a film that was stopped; what can be seen of it stays for its hour."""
    if begun is not None:
        for parts in begun.folder.glob(".*.parts"):
            shutil.rmtree(parts, ignore_errors=True)


def _second(frame: dict[str, Any]) -> float:
    """Where the player stands.

    Raises:
        RequestError: it is nowhere.
    """
    at = frame.get("at")
    if not isinstance(at, int | float) or not 0 <= at < 1e6:
        raise RequestError("A film's frame must be at a number of seconds; reload the page.")
    return float(at)


def _picture(shown: Still, job: FilmJob) -> str:
    """A frame in colour over it as it was, and the hints that are on it."""
    pictures = (("now", shown.rgb), ("was", shown.grey))
    layers = "".join(
        f'<img class="{name}" src="{data_uri(pixels)}" data-say-alt="film.{name}">' for name, pixels in pictures
    )
    spots = "".join(
        f'<button type="button" class="spot" data-hint="{number}" style="left: {hint.x:.2%}; top: {hint.y:.2%}; '
        f'background: {hint.color}" data-say-aria-label="hints.remove" data-say-title="hints.remove" '
        f"data-values='{{\"number\": {number + 1}}}'></button>"
        for number, hint in enumerate(job.hints)
        if hint in shown.hints
    )
    width = f"min(100%, {_STILL_HEIGHT * shown.shape:.0f}px)"
    return in_english(f'<figure style="width: {width}; aspect-ratio: {shown.shape:.4f}">{layers}{spots}</figure>')
