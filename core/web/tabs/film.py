"""The tab for films: a few seconds to see how it will look, then the whole film."""

from __future__ import annotations

from html import escape
from typing import Any

import gradio as gr

from core.engine import Engine
from core.errors import AutochromeError, FilmError
from core.look.look import make_look
from core.progress import StoppedError
from core.video.colour_film import FilmJob
from core.web.choices import model_choice
from core.web.colouring import colour_film_upload, shown_on
from core.web.look_fields import look_component
from core.web.messages import notice, notice_place
from core.web.stops import Stops
from core.web.texts import label, say
from core.web.upload_fields import FilmUpload, Upload

_PREVIEW_SECONDS = 5.0


class FilmTab:
    """The tab's contents, added to the Blocks that is being built."""

    def __init__(self, engine: Engine):
        self._engine = engine
        self._stops = Stops()
        self._notice = notice_place()
        with gr.Row(elem_id="film-studio"):
            with gr.Column(min_width=280):
                gr.HTML(say("film.prompt", "p"), padding=False)
                self._film = FilmUpload(
                    label=label("film.prompt"), show_label=False, sources=["upload"], elem_id="film-upload", height=280
                )
                self._backend = model_choice("film-backend", engine)
                self._look = look_component("film-look")
                self._start = gr.Number(0, label=label("film.from"), minimum=0, elem_id="film-from")
                self._recolour = gr.Checkbox(False, label=label("film.recolour"), elem_id="film-recolour")
            with gr.Column(min_width=280):
                self._try = gr.Button(label("film.try"), variant="primary", elem_id="film-try")
                self._whole = gr.Button(label("film.whole"), elem_id="film-whole")
                self._stop_button = gr.Button(label("film.stop"), visible=False, elem_id="film-stop")
                self._result = gr.Video(
                    label=label("film.result"),
                    show_label=False,
                    interactive=False,
                    elem_id="film-result",
                    height=280,
                    autoplay=True,
                )
                self._story = gr.HTML(elem_id="film-story", padding=False)
        given = [self._film, self._backend, self._look, self._start, self._recolour]
        shown = [self._notice, self._result, self._story, self._try, self._whole, self._stop_button]
        for button, whole in ((self._try, False), (self._whole, True)):
            button.click(
                self._buttons(running=True), None, [self._try, self._whole, self._stop_button], queue=False,
                api_visibility="private", show_progress="hidden",
            ).then(
                self._colour(whole), given, shown, api_visibility="private", concurrency_id="film",
                concurrency_limit=1, show_progress_on=[self._result],
            )  # fmt: skip
        self._stop_button.click(self._stops.stop, api_visibility="private", queue=False)

    def _buttons(self, running: bool) -> Any:
        def show() -> Any:
            return [gr.update(visible=not running), gr.update(visible=not running), gr.update(visible=running)]

        return show

    def _colour(self, whole: bool) -> Any:
        def colour(
            film: Upload | None,
            backend: str,
            look: dict[str, Any],
            start: float | None,
            recolour: bool,
            request: gr.Request,
            progress: gr.Progress = gr.Progress(),  # noqa: B008 - how Gradio is told to hand one in
        ) -> Any:
            """Colour the film, or some seconds of it."""
            show, buttons = shown_on(progress), self._buttons(running=False)()
            try:
                if film is None:
                    raise FilmError("There is no film; choose one.")
                stretch = (0.0, None) if whole else (max(0.0, start or 0.0), _PREVIEW_SECONDS)
                job = FilmJob(backend, make_look(**look), recolour=recolour, start=stretch[0], seconds=stretch[1])
                with self._stops.working(request) as stop:

                    def told(share: float, words: str) -> None:
                        if stop.is_set():
                            raise StoppedError
                        show(share, words)

                    done = colour_film_upload(self._engine, film, job, None, told)
            except StoppedError:
                return [None, None, say("film.stopped", "p"), *buttons]
            except AutochromeError as error:
                return [notice(error), None, "", *buttons]
            told_of = ("film.done" if whole else "film.tried") if done.whole else "film.part"
            story = say(told_of, "p", count=done.frames)
            return [None, str(done.path), story + "".join(f"<p>{escape(each)}</p>" for each in done.warnings), *buttons]

        return colour
