"""The tab for films: a frame to choose a look on, a few seconds to see how it will be, then the whole film."""

from __future__ import annotations

from html import escape
from typing import Any

import gradio as gr

from core.engine import Engine
from core.errors import AutochromeError, FilmError, RequestError
from core.look.look import make_look
from core.progress import StoppedError
from core.video.colour_film import FilmJob
from core.video.hints import film_hints
from core.video.still import Still, still
from core.web.choices import model_choice
from core.web.colouring import colour_film_upload, film_job, shown_on, uploaded
from core.web.look_fields import look_component
from core.web.messages import notice, notice_place
from core.web.small_pictures import data_uri
from core.web.stops import Stops
from core.web.texts import in_english, label, page_part, say
from core.web.upload_fields import FilmUpload, Upload

_PREVIEW_SECONDS = 5.0
_STILL_HEIGHT = 320


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
                self._frame = gr.HTML(
                    {"at": 0, "hints": []},
                    html_template=page_part("film-frame.html"),
                    js_on_load="autochrome.film(element, { props, trigger });",
                    apply_default_css=False,
                    elem_id="film-frame",
                    elem_classes="controls",
                    padding=False,
                )
                self._still = gr.HTML(say("film.stand", "p"), elem_id="film-still", padding=False)
            with gr.Column(min_width=280):
                self._backend = model_choice("film-backend", engine)
                self._look = look_component("film-look")
                self._recolour = gr.Checkbox(False, label=label("film.recolour"), elem_id="film-recolour")
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
        given = [self._film, self._backend, self._look, self._frame, self._recolour]
        gr.on(
            [self._film.change, self._frame.input, self._backend.input, self._look.change, self._recolour.input],
            self._show, given, [self._notice, self._still], api_visibility="private", show_progress="hidden",
            trigger_mode="always_last", concurrency_id="frame", concurrency_limit=2,
        )  # fmt: skip
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

    def _show(
        self, film: Upload | None, backend: str, look: dict[str, Any], frame: dict[str, Any], recolour: bool
    ) -> Any:
        """The frame at which the player stands, in colour."""
        if film is None:
            return None, say("film.stand", "p")
        try:
            job = FilmJob(backend, make_look(**look), recolour=recolour, hints=film_hints(frame.get("hints")))
            shown = still(self._engine, film_job(self._engine, job), uploaded(film), _second(frame))
            return None, _picture(shown)
        except AutochromeError as error:
            return notice(error), say("film.stand", "p")

    def _buttons(self, running: bool) -> Any:
        def show() -> Any:
            return [gr.update(visible=not running), gr.update(visible=not running), gr.update(visible=running)]

        return show

    def _colour(self, whole: bool) -> Any:
        def colour(
            film: Upload | None,
            backend: str,
            look: dict[str, Any],
            frame: dict[str, Any],
            recolour: bool,
            request: gr.Request,
            progress: gr.Progress = gr.Progress(),  # noqa: B008 - how Gradio is told to hand one in
        ) -> Any:
            """Colour the film, or some seconds of it."""
            show, buttons = shown_on(progress), self._buttons(running=False)()
            try:
                if film is None:
                    raise FilmError("There is no film; choose one.")
                start, seconds = (0.0, None) if whole else (_second(frame), _PREVIEW_SECONDS)
                hints = film_hints(frame.get("hints"))
                job = FilmJob(backend, make_look(**look), recolour=recolour, hints=hints, start=start, seconds=seconds)
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
            story = say(told_of, "p", f'data-start="{start}"', count=done.frames)
            return [None, str(done.path), story + "".join(f"<p>{escape(each)}</p>" for each in done.warnings), *buttons]

        return colour


def _second(frame: dict[str, Any]) -> float:
    """Where the player stands.

    Raises:
        RequestError: it is nowhere.
    """
    at = frame.get("at")
    if not isinstance(at, int | float) or not 0 <= at < 1e6:
        raise RequestError("A film's frame must be at a number of seconds; reload the page.")
    return float(at)


def _picture(shown: Still) -> str:
    pictures = (("now", shown.rgb), ("was", shown.grey))
    layers = "".join(
        f'<img class="{name}" src="{data_uri(pixels)}" data-say-alt="film.{name}">' for name, pixels in pictures
    )
    spots = "".join(
        f'<span class="spot" style="left: {hint.x:.2%}; top: {hint.y:.2%}; background: {hint.color}"></span>'
        for hint in shown.hints
    )
    width = f"min(100%, {_STILL_HEIGHT * shown.shape:.0f}px)"
    return in_english(f'<figure style="width: {width}; aspect-ratio: {shown.shape:.4f}">{layers}{spots}</figure>')
