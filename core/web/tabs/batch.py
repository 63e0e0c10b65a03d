"""The tab for many photographs: a gallery that fills, and one zip in the end."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from html import escape
from pathlib import Path
from typing import Any

import gradio as gr

from core.engine import Engine
from core.errors import AutochromeError
from core.jobs.batch import colour_batch
from core.jobs.job import Job, Outcome
from core.look.look import Look, make_look
from core.photo.archive import sources
from core.photo.save import output_format
from core.web.backend_list import backend_titles
from core.web.choices import backend_choice, format_choice
from core.web.colouring import kept_folder
from core.web.messages import notice_html
from core.web.small_pictures import write_jpeg
from core.web.upload_fields import Upload, photos_upload


class BatchTab:
    """The tab's contents, added to the Blocks that is being built."""

    def __init__(self, engine: Engine):
        self._engine = engine
        self._stops: dict[str, threading.Event] = {}  # by visitor: set to end what is running
        with gr.Row(elem_id="batch-studio"):
            with gr.Column(scale=3, min_width=300):
                self._files = photos_upload(
                    label="Photographs, or a zip of them",
                    show_label=False,
                    elem_id="batch-upload",
                    elem_classes="takes",
                    height=190,
                )
            with gr.Column(scale=1, min_width=300, elem_id="batch-panel"):
                self._backend = backend_choice(backend_titles(engine), "batch-backend")
                self._strength = gr.Slider(0, 2, Look().strength, step=0.05, label="Strength", elem_id="batch-strength")
                self._format = format_choice("batch-format", labelled=True)
                self._start = gr.Button("Colour them", variant="primary", elem_id="batch-start")
                self._cancel = gr.Button("Stop, keep what is done", visible=False, elem_id="batch-cancel")
        self._notice = gr.HTML(padding=False)
        self._progress = gr.HTML(elem_id="batch-progress", padding=False)
        self._zip = gr.DownloadButton("Download the zip", variant="primary", visible=False, elem_id="batch-zip")
        self._gallery = gr.Gallery(
            label="Coloured so far",
            show_label=False,
            visible=False,
            columns=6,
            object_fit="cover",
            buttons=[],
            elem_id="batch-gallery",
        )
        self._start.click(
            self._run,
            [self._files, self._backend, self._strength, self._format],
            [self._notice, self._progress, self._gallery, self._zip, self._start, self._cancel],
            api_visibility="private",
            concurrency_id="batch",
            concurrency_limit=2,
            show_progress="hidden",
        )
        self._cancel.click(self._stop, api_visibility="private", queue=False)

    def _stop(self, request: gr.Request) -> None:
        stop = self._stops.get(str(request.session_hash))
        if stop:
            stop.set()

    def _run(
        self, files: list[Upload], backend: str, strength: float, format_name: str, request: gr.Request
    ) -> Iterator[Any]:
        """Colour everything, telling after each photograph how far it is."""
        stop = self._stops[str(request.session_hash)] = threading.Event()
        try:
            photographs = sources([(Path(file.path), file.name) for file in files], self._engine.settings)
            look = make_look(strength=strength)
            job = Job(backend, look, output_format(format_name), colour_photos="keep-as-is")
            yield self._begun(len(photographs))
            with kept_folder() as folder:
                target = folder / "autochrome.zip"
                started, outcomes, shown = time.monotonic(), [], []
                for done in colour_batch(self._engine, photographs, job, target, stop):
                    outcomes.append(done.outcome)
                    if done.thumbnail is not None:
                        picture = write_jpeg(folder / f"{len(outcomes)}.jpg", done.thumbnail)
                        shown.append((picture, done.outcome.picture))
                    words = _words(outcomes, len(photographs), time.monotonic() - started, stop.is_set())
                    yield {
                        self._progress: _progress_html(words, outcomes, len(photographs)),
                        self._gallery: gr.update(value=shown, visible=bool(shown)),
                    }
            yield self._ended(outcomes, len(photographs), target)
        except AutochromeError as error:
            yield {self._notice: notice_html(error), self._progress: "", **self._buttons(running=False)}
        finally:
            self._stops.pop(str(request.session_hash), None)

    def _begun(self, count: int) -> Any:
        return {
            self._notice: "",
            self._progress: _progress_html(f"0 of {count}", [], count),
            self._gallery: gr.update(value=[], visible=False),
            self._zip: gr.update(value=None, visible=False),
            **self._buttons(running=True),
        }

    def _ended(self, outcomes: list[Outcome], count: int, target: Path) -> Any:
        good = sum(outcome.status == "done" for outcome in outcomes)
        kept = sum(outcome.status == "kept" for outcome in outcomes)
        words = f"{good} of {count} coloured."
        if kept:
            words += f" {kept} in colour already and kept as {'it is' if kept == 1 else 'they are'}."
        if len(outcomes) < count:
            words = f"Stopped: {words}"
        return {
            self._progress: _progress_html(words, outcomes, None),
            self._zip: gr.update(value=str(target), visible=True),
            **self._buttons(running=False),
        }

    def _buttons(self, running: bool) -> Any:
        return {self._start: gr.update(visible=not running), self._cancel: gr.update(visible=running)}


def _words(outcomes: list[Outcome], count: int, seconds: float, stopping: bool) -> str:
    done = len(outcomes)
    if stopping:
        return f"{done} of {count}, stopping …"
    left = round(seconds / done * (count - done))
    time_left = f"{max(left, 1)} s" if left < 90 else f"{round(left / 60)} min"
    return f"{done} of {count}" + (f", about {time_left} left" if done < count else "")


def _progress_html(words: str, outcomes: list[Outcome], count: int | None) -> str:
    """How far it is, and what could not be coloured and why."""
    bar = f'<progress value="{len(outcomes)}" max="{count}" aria-label="Photographs done"></progress>' if count else ""
    failed = [outcome for outcome in outcomes if outcome.problem]
    rows = "".join(f"<li>{escape(_named(outcome))}</li>" for outcome in failed)
    problems = f'<section class="failed"><h2>{len(failed)} not coloured</h2><ul>{rows}</ul></section>' if failed else ""
    return f'<p class="status" role="status">{escape(words)}</p>{bar}{problems}'


def _named(outcome: Outcome) -> str:
    """A failed photograph's reason, which names it."""
    name = outcome.photograph.rpartition("/")[2]
    return outcome.problem if name in outcome.problem else f"{outcome.photograph}: {outcome.problem}"
