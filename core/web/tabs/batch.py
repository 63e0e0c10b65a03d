"""The tab for many photographs: a gallery that fills, and one zip in the end."""

from __future__ import annotations

import json
import time
import zipfile
from collections.abc import Callable, Iterator
from contextlib import nullcontext
from html import escape
from pathlib import Path, PurePosixPath
from typing import Any

import gradio as gr

from core.engine import Engine
from core.errors import PhotoError
from core.jobs.batch import colour_batch
from core.jobs.job import Job, Outcome
from core.look.look import make_look
from core.photo.archive import Source, sources
from core.photo.open import open_photo
from core.photo.resize import thumbnail
from core.photo.save import output_format
from core.web.alerts import as_problem
from core.web.choices import format_choice, model_choice
from core.web.colouring import deleted_in_time, folder_by_name, kept_folder, new_folder
from core.web.look_fields import look_component
from core.web.messages import notice, notice_place
from core.web.small_pictures import data_uri
from core.web.stops import Stops
from core.web.texts import in_english, label, say
from core.web.upload_fields import Upload, photos_upload

_ZIP, _ORIGINALS = "autochrome.zip", "originals.json"
"""In a batch's folder: what came of it, and where the photograph of each picture lies (its file, its name in a zip)."""

_SHOWN_PIXELS = 2_000_000


class BatchTab:
    """The tab's contents, added to the Blocks that is being built."""

    def __init__(self, engine: Engine):
        self._engine = engine
        self._stops = Stops()
        self._notice = notice_place()
        with gr.Row(elem_id="batch-studio"):
            with gr.Column(min_width=280):
                self._files = photos_upload(
                    label=label("batch.prompt"),
                    show_label=False,
                    elem_id="batch-upload",
                    elem_classes="takes",
                    height=190,
                )
            with gr.Column(min_width=280, elem_id="batch-panel"):
                self._backend = model_choice("batch-backend", engine)
                self._look = look_component("batch-look")
                self._format = format_choice("batch-format")
                self._start = gr.Button(label("batch.start"), variant="primary", elem_id="batch-start")
                self._cancel = gr.Button(label("batch.stop"), visible=False, elem_id="batch-cancel")
            with gr.Column(min_width=280, elem_id="batch-results"):
                self._progress = gr.HTML(elem_id="batch-progress", padding=False)
                self._zip = gr.DownloadButton(label("batch.zip"), variant="primary", visible=False, elem_id="batch-zip")
                self._gallery = gr.HTML(
                    html_template="${value}",
                    js_on_load="autochrome.batch(element, server);",
                    server_functions=[self._show_picture()],
                    visible=False,
                    elem_id="batch-gallery",
                    padding=False,
                )
        self._start.click(
            self._run,
            [self._files, self._backend, self._look, self._format],
            [self._notice, self._progress, self._gallery, self._zip, self._start, self._cancel],
            api_visibility="private",
            concurrency_id="batch",
            concurrency_limit=2,
            show_progress_on=[self._progress],
        )
        self._cancel.click(self._stops.stop, api_visibility="private", queue=False)

    def _run(
        self, files: list[Upload], backend: str, look: dict[str, Any], format_name: str, request: gr.Request
    ) -> Iterator[Any]:
        """Colour everything, telling after each photograph how far it is."""
        try:
            photographs = sources([(Path(file.path), file.name) for file in files], self._engine.settings)
            job = Job(backend, make_look(**look), output_format(format_name), colour_photos="keep-as-is")
            with kept_folder() as folder, self._stops.working(request) as stop:
                yield self._begun(len(photographs))
                target, originals = folder / _ZIP, {}
                started, outcomes, shown = time.monotonic(), [], []
                every = colour_batch(self._engine, photographs, job, target, stop)
                for done, source in zip(every, photographs, strict=False):  # it is to be asked once more than there are
                    originals[str(done.outcome.picture)] = (
                        str(source.path),
                        source.name,
                        source.entry.filename if source.entry else None,
                    )
                    outcomes.append(done.outcome)
                    if done.thumbnail is not None:
                        shown.append((data_uri(done.thumbnail, quality=75), str(done.outcome.picture)))
                    words = _words(outcomes, len(photographs), time.monotonic() - started, stop.is_set())
                    yield {
                        self._progress: _progress_html(words, outcomes, len(photographs)),
                        self._gallery: gr.update(value=_gallery_html(shown), visible=bool(shown)),
                    }
                deleted_in_time(folder / _ORIGINALS).write_text(json.dumps(originals))
            yield self._ended(outcomes, len(photographs), target) | {self._gallery: _gallery_html(shown, folder.name)}
        except Exception as error:  # a fault too: else the buttons would stay away
            yield {self._notice: notice(error), self._progress: "", **self._buttons(running=False)}

    def _show_picture(self) -> Callable[[dict[str, Any]], dict[str, Any]]:
        @as_problem
        def show_picture(given: dict[str, Any]) -> dict[str, Any]:
            """One of a batch's pictures, by its name in the zip: to look at, and as a file."""
            folder, name = folder_by_name(given.get("batch")), str(given.get("picture"))
            try:
                with zipfile.ZipFile(folder / _ZIP) as archive:
                    path = deleted_in_time(new_folder() / PurePosixPath(name).name)
                    path.write_bytes(archive.read(name))
            except (OSError, KeyError) as error:
                raise PhotoError(
                    "This picture has been deleted, as all are after an hour at most; colour it again."
                ) from error
            return {
                "path": str(path),
                "name": path.name,
                "preview": self._preview(Source(name, path)),
                "before": self._original(folder, name),
            }

        return show_picture

    def _original(self, folder: Path, picture: str) -> str | None:
        """The photograph of a batch's picture, to look at; None once it has been deleted."""
        try:
            file, name, inside = json.loads((folder / _ORIGINALS).read_text())[picture]
            with zipfile.ZipFile(file) if inside else nullcontext() as archive:
                return self._preview(Source(name, Path(file), archive.getinfo(inside) if archive else None))
        except (OSError, KeyError, ValueError, PhotoError):
            return None

    def _preview(self, source: Source) -> str:
        with source.file() as path:
            return data_uri(thumbnail(open_photo(path, self._engine.settings), _SHOWN_PIXELS).pixels)

    def _begun(self, count: int) -> Any:
        return {
            self._notice: None,
            self._progress: _progress_html(say("batch.done", done=0, count=count), [], count),
            self._gallery: gr.update(value="", visible=False),
            self._zip: gr.update(value=None, visible=False),
            **self._buttons(running=True),
        }

    def _ended(self, outcomes: list[Outcome], count: int, target: Path) -> Any:
        good = sum(outcome.status == "done" for outcome in outcomes)
        kept = sum(outcome.status == "kept" for outcome in outcomes)
        words = say("batch.stopped" if len(outcomes) < count else "batch.ended", done=good, count=count)
        if kept:
            words += " " + say("batch.kept", count=kept)
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
        return say("batch.stopping", done=done, count=count)
    left = round(seconds / done * (count - done))
    time_left = f"{max(left, 1)} s" if left < 90 else f"{round(left / 60)} min"
    return (
        say("batch.left", done=done, count=count, time=time_left)
        if done < count
        else say("batch.done", done=done, count=count)
    )


def _progress_html(words: str, outcomes: list[Outcome], count: int | None) -> str:
    """How far it is, as HTML, and what could not be coloured and why."""
    bar = (
        f'<progress value="{len(outcomes)}" max="{count}" data-say-aria-label="batch.bar"></progress>' if count else ""
    )
    failed = [outcome for outcome in outcomes if outcome.problem and outcome.status == "failed"]
    rows = "".join(f"<li>{escape(_named(outcome))}</li>" for outcome in failed)
    title = say("batch.failed", "h2", count=len(failed))
    problems = f'<section class="failed">{title}<ul>{rows}</ul></section>' if failed else ""
    return in_english(f'<p class="status" role="status">{words}</p>{bar}{problems}')


def _gallery_html(shown: list[tuple[str, str]], batch: str = "") -> str:
    """The pictures so far; once the batch is done, each is a button that opens it.

    Until then the browser has to close the last tag: of a text that only grew Gradio sends what is new.
    """
    cards = []
    for picture, name in shown:
        inside = f'<img src="{picture}" alt=""><span>{escape(name)}</span>'
        if batch:
            told = escape(json.dumps({"name": name}))
            cards.append(
                f'<button type="button" data-batch="{batch}" data-picture="{escape(name)}" data-values="{told}" '
                f'data-say-aria-label="batch.look" aria-label="{escape(name)}">{inside}</button>'
            )
        else:
            cards.append(f"<div>{inside}</div>")
    return f'<div class="pictures">{"".join(cards)}' + ("</div>" if batch else "")


def _named(outcome: Outcome) -> str:
    """A failed photograph's reason, which names it."""
    name = outcome.photograph.rpartition("/")[2]
    return outcome.problem if name in outcome.problem else f"{outcome.photograph}: {outcome.problem}"
