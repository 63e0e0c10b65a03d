"""The first tab at work: a photograph in, colour out."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import gradio as gr

from core.engine import Engine
from core.errors import AutochromeError
from core.look import Look, make_look
from core.prediction import Progress
from core.web.api import list_backends
from core.web.desk import Desk, Sitting
from core.web.photo_layout import EXAMPLES, Parts, lay_out
from core.web.story import notice_html, story_html
from core.web.upload import Upload
from core.web.work import colour_file


def build_photo_tab(engine: Engine) -> None:
    """Add the tab to the Blocks that is being built."""
    parts = lay_out([(backend["title"], backend["id"]) for backend in list_backends(engine)], Look())
    _wire(parts, _Actions(engine, parts))


class _Actions:
    """What happens when something on the tab is used. Values of the look come in the order of ``Parts.look``."""

    def __init__(self, engine: Engine, parts: Parts):
        self._engine = engine
        self._desk = Desk(engine)
        self._parts = parts

    def take(
        self,
        photo: Upload | None,
        backend: str,
        strength: float,
        temperature: float,
        vividness: float,
        refine: bool,
        progress: gr.Progress = gr.Progress(),  # noqa: B008 - how Gradio is told to hand one in
    ) -> Any:
        """Colour an upload; the field is emptied at once, which calls this again with nothing."""
        if photo is None:
            return gr.skip()
        return self._begin(photo, backend, _look(strength, temperature, vividness, refine), progress)

    def take_example(self, path: Path) -> Callable[..., Any]:
        """An action that colours one of the examples."""

        def take(
            backend: str,
            strength: float,
            temperature: float,
            vividness: float,
            refine: bool,
            progress: gr.Progress = gr.Progress(),  # noqa: B008
        ) -> Any:
            upload = Upload(str(path), path.name)
            return self._begin(upload, backend, _look(strength, temperature, vividness, refine), progress)

        return take

    def take_again(
        self,
        sitting: Sitting | None,
        backend: str,
        strength: float,
        temperature: float,
        vividness: float,
        refine: bool,
        progress: gr.Progress = gr.Progress(),  # noqa: B008
    ) -> Any:
        """Colour the same photograph with another backend."""
        if sitting is None:
            return gr.skip()
        return self._begin(sitting.upload, backend, _look(strength, temperature, vividness, refine), progress)

    def repaint(
        self, sitting: Sitting | None, strength: float, temperature: float, vividness: float, refine: bool
    ) -> Any:
        """Show another look at the same prediction."""
        if sitting is None:
            return gr.skip()
        try:
            pictures = self._desk.preview(sitting, _look(strength, temperature, vividness, refine))
        except AutochromeError as error:
            return {self._parts.notice: notice_html(error)}
        return {self._parts.slider: pictures}

    def save(
        self,
        sitting: Sitting,
        format_name: str,
        strength: float,
        temperature: float,
        vividness: float,
        refine: bool,
        progress: gr.Progress = gr.Progress(),  # noqa: B008
    ) -> Any:
        """Make the full-size file."""
        look, backend = _look(strength, temperature, vividness, refine), sitting.report.backend
        try:
            path, _ = colour_file(self._engine, sitting.upload, backend, look, {}, format_name, _teller(progress))
        except AutochromeError as error:
            return {self._parts.saved: None, self._parts.notice: notice_html(error)}
        return {self._parts.saved: str(path), self._parts.notice: ""}

    def clear(self) -> Any:
        """Make room for another photograph."""
        return {
            self._parts.sitting: None,
            self._parts.upload: gr.update(value=None, visible=True),
            self._parts.slider: gr.update(value=None, visible=False),
            self._parts.notice: "",
            self._parts.story: gr.update(visible=False),
            self._parts.examples: gr.update(visible=True),
            self._parts.panel: gr.update(visible=False),
        }

    def _begin(self, upload: Upload, backend: str, look: Look, progress: gr.Progress) -> Any:
        """Colour a photograph and show it; where that fails, say why and leave what there was."""
        try:
            sitting = self._desk.sit(upload, backend, _teller(progress))
            pictures = self._desk.preview(sitting, look)
        except AutochromeError as error:
            return {self._parts.upload: None, self._parts.notice: notice_html(error)}
        return {
            self._parts.sitting: sitting,
            self._parts.upload: gr.update(value=None, visible="hidden"),
            self._parts.slider: gr.update(value=pictures, visible=True),
            self._parts.notice: "",
            self._parts.story: gr.update(value=story_html(sitting, self._engine), visible=True),
            self._parts.examples: gr.update(visible=False),
            self._parts.panel: gr.update(visible=True),
        }


def _look(strength: float, temperature: float, vividness: float, refine: bool) -> Look:
    return make_look(strength=strength, temperature=temperature, vividness=vividness, refine=refine)


def _teller(progress: gr.Progress) -> Progress:
    def tell(fraction: float, words: str) -> None:
        progress(fraction, desc=words)

    return tell


def _wire(parts: Parts, actions: _Actions) -> None:
    scene = [parts.sitting, parts.upload, parts.slider, parts.notice, parts.story, parts.examples, parts.panel]
    forward: dict[str, Any] = {
        "outputs": scene,
        "api_visibility": "private",
        "concurrency_id": "forward",
        "concurrency_limit": 4,
        "show_progress_on": [parts.upload, parts.slider],
    }
    live: dict[str, Any] = {
        "fn": actions.repaint,
        "inputs": [parts.sitting, *parts.look],
        "outputs": [parts.slider, parts.notice],
        "api_visibility": "private",
        "concurrency_id": "live",
        "concurrency_limit": 4,
        "show_progress": "hidden",
        "trigger_mode": "always_last",
    }
    settings = [parts.backend, *parts.look]
    forwards = [
        parts.upload.change(actions.take, [parts.upload, *settings], **forward),
        parts.backend.input(actions.take_again, [parts.sitting, *settings], trigger_mode="always_last", **forward),
    ]
    for button, path in zip(parts.example_buttons, EXAMPLES, strict=True):
        forwards.append(button.click(actions.take_example(path), settings, **forward))
    for event in forwards:
        event.then(**live)  # a slider may have been moved while the network ran
    gr.on([control.input for control in parts.look], **live)
    parts.another.click(actions.clear, outputs=scene, api_visibility="private", queue=False)
    parts.download.click(
        actions.save,
        [parts.sitting, parts.format_name, *parts.look],
        [parts.saved, parts.notice],
        api_visibility="private",
        concurrency_limit=2,
        show_progress_on=[parts.download],
    ).then(None, parts.saved, js="(file) => autochrome.download(file)", api_visibility="private")
