"""The first tab at work: a photograph in, colour out."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import gradio as gr

from core.engine import Engine
from core.errors import AutochromeError, RequestError
from core.jobs.job import Job
from core.look.look import Look, make_look
from core.registry.registry import AUTO
from core.web.backend_list import backend_titles
from core.web.colouring import colour_file, open_reference, shown_on
from core.web.example_photos import EXAMPLES
from core.web.messages import notice_html, story_html
from core.web.session import Previews, Session
from core.web.strip_and_map import strip_html, sureness_html
from core.web.tabs.photo_layout import Parts, lay_out
from core.web.upload_fields import Upload

_SECOND = "This backend takes its colours from a second photograph; choose one under 'Take colours from'."

Given = dict[Any, Any]
"""What an event brings: a value for each component that it takes in."""


def build_photo_tab(engine: Engine) -> Parts:
    """Add the tab to the Blocks that is being built."""
    parts = lay_out(backend_titles(engine), Look())
    _wire(parts, _Actions(engine, parts))
    return parts


class _Actions:
    """What happens when something on the tab is used."""

    def __init__(self, engine: Engine, parts: Parts):
        self._engine = engine
        self._previews = Previews(engine)
        self._parts = parts

    def colour_upload(self, given: Given, progress: gr.Progress = gr.Progress()) -> Any:  # noqa: B008 - Gradio's way to hand one in
        """Colour an upload; the field is emptied at once, which calls this again with nothing."""
        photo = given[self._parts.upload]
        return self._begin(photo, given, progress) if photo else gr.skip()

    def colour_example(self, upload: Upload) -> Callable[..., Any]:
        """An action that colours one of the examples."""

        def colour(given: Given, progress: gr.Progress = gr.Progress()) -> Any:  # noqa: B008
            return self._begin(upload, given, progress)

        return colour

    def colour_again(self, given: Given, progress: gr.Progress = gr.Progress()) -> Any:  # noqa: B008
        """Colour the same photograph with another backend."""
        session: Session | None = given[self._parts.session]
        if session is None or self._lacks_reference(given):
            return self._second(given)
        return self._begin(session.upload, given, progress) | self._second(given)

    def use_reference(self, given: Given, progress: gr.Progress = gr.Progress()) -> Any:  # noqa: B008
        """Take the colours from an upload; a small copy stands for it, as browsers cannot show every format."""
        parts, upload = self._parts, given[self._parts.second_upload]
        if upload is None:
            return {parts.reference: None} | self._second(given | {parts.reference: None})
        try:
            shown = self._previews.shown_reference(upload)
        except AutochromeError as error:
            return {parts.second_upload: None, parts.reference: None, parts.notice: notice_html(error)}
        given = given | {parts.reference: upload}
        return {parts.reference: upload, parts.second_upload: shown} | self.colour_again(given, progress)

    def repaint(self, given: Given) -> Any:
        """Show another look at the same prediction."""
        session = given[self._parts.session]
        if session is None:
            return gr.skip()
        try:
            pictures = self._previews.preview(session, self._look(given))
        except AutochromeError as error:
            return {self._parts.notice: notice_html(error)}
        return {self._parts.slider: pictures}

    def choose(self, event: gr.EventData) -> str:
        """Take one of the alternatives."""
        return str(event.pick)

    def explore(self, given: Given) -> Any:
        """Show what else the prediction holds."""
        session = given[self._parts.session]
        if session is None:
            return gr.skip()
        try:
            findings = self._previews.explore(session)
        except AutochromeError as error:
            return {self._parts.notice: notice_html(error)}
        chosen = given[self._parts.look["alternative"]]
        return {
            self._parts.strip: gr.update(value=strip_html(findings, chosen), visible=True),
            self._parts.sureness: gr.update(value=sureness_html(findings), visible=True),
        }

    def save(self, given: Given, progress: gr.Progress = gr.Progress()) -> Any:  # noqa: B008
        """Make the full-size file."""
        session: Session = given[self._parts.session]
        try:
            reference = open_reference(session.reference, self._engine.settings)
            look, format_name = self._look(given), given[self._parts.format_name]
            job = Job(session.report.backend, look, format_name, reference=reference)
            path = colour_file(self._engine, session.upload, job, shown_on(progress)).path
        except AutochromeError as error:
            return {self._parts.saved: None, self._parts.notice: notice_html(error)}
        return {self._parts.saved: str(path), self._parts.notice: ""}

    def clear(self, given: Given) -> Any:
        """Make room for another photograph; a backend that still has no reference is not kept waiting for it."""
        lacking = self._lacks_reference(given)
        hidden = (self._parts.coloured, self._parts.story, self._parts.strip, self._parts.sureness, self._parts.panel)
        return {
            self._parts.session: None,
            self._parts.upload: gr.update(value=None, visible=True),
            self._parts.slider: gr.update(value=None, visible=False),
            self._parts.notice: "",
            self._parts.examples: gr.update(visible=True),
            self._parts.look["hints"]: gr.update(value=[], visible=False),
            self._parts.backend: AUTO if lacking else gr.skip(),
            self._parts.second: gr.update(visible=False) if lacking else gr.skip(),
            **{part: gr.update(visible=False) for part in hidden},
        }

    def _begin(self, upload: Upload, given: Given, progress: gr.Progress) -> Any:
        """Colour a photograph as predicted and show it; where that fails, say why and leave what there was."""
        parts = self._parts
        former: Session | None = given[parts.session]
        same = former is not None and former.upload == upload
        look = self._look(given).model_copy(update={"alternative": "default"} | ({} if same else {"hints": ()}))
        try:
            if self._lacks_reference(given):
                raise RequestError(_SECOND)
            reference = given[parts.reference] if self._wants_reference(given) else None
            session = self._previews.begin(upload, given[parts.backend], shown_on(progress), reference)
            pictures = self._previews.preview(session, look)
        except AutochromeError as error:
            return {parts.upload: None, parts.notice: notice_html(error)}
        return {
            parts.session: session,
            parts.upload: gr.update(value=None, visible="hidden"),
            parts.slider: gr.update(value=pictures, visible=True),
            parts.notice: "",
            parts.coloured: gr.update(visible=session.in_colour),
            parts.story: gr.update(value=story_html(session, self._engine), visible=True),
            parts.strip: gr.skip(),
            parts.sureness: gr.skip(),
            parts.examples: gr.update(visible=False),
            parts.panel: gr.update(visible=True),
            parts.look["alternative"]: "default",
            parts.look["hints"]: gr.skip() if same else gr.update(value=[], visible=True, photo=str(hash(upload))),
        }

    def _wants_reference(self, given: Given) -> bool:
        chosen = given[self._parts.backend]
        return chosen != AUTO and self._engine.registry.get(chosen).info.wants_reference

    def _lacks_reference(self, given: Given) -> bool:
        return self._wants_reference(given) and given[self._parts.reference] is None

    def _second(self, given: Given) -> Any:
        """The field for a second photograph, for a backend that wants one."""
        note = f'<p class="quiet" role="status">{_SECOND}</p>' if self._lacks_reference(given) else ""
        return {
            self._parts.second: gr.update(visible=self._wants_reference(given)),
            self._parts.second_note: note,
        }

    def _look(self, given: Given) -> Look:
        return make_look(**{name: given[part] for name, part in self._parts.look.items()})


def _wire(parts: Parts, actions: _Actions) -> None:
    scene = [parts.session, parts.upload, parts.slider, parts.notice, parts.coloured, parts.story, parts.strip]
    scene += [parts.sureness, parts.examples, parts.panel, parts.look["alternative"], parts.look["hints"]]
    second = [parts.second, parts.second_note, parts.second_upload, parts.reference]
    settings = {parts.session, parts.upload, parts.backend, parts.reference, *parts.look.values()}
    shown = {parts.session, *parts.look.values()}
    forward: dict[str, Any] = {
        "inputs": settings,
        "outputs": scene + second,
        "api_visibility": "private",
        "concurrency_id": "forward",
        "concurrency_limit": 4,
        "show_progress_on": [parts.upload, parts.slider],
    }
    live: dict[str, Any] = {
        "fn": actions.repaint,
        "inputs": shown,
        "outputs": [parts.slider, parts.notice],
        "api_visibility": "private",
        "concurrency_id": "live",
        "concurrency_limit": 4,
        "show_progress": "hidden",
        "trigger_mode": "always_last",
    }
    explore = live | {"fn": actions.explore, "outputs": [parts.strip, parts.sureness, parts.notice]}
    forwards = [
        parts.upload.change(actions.colour_upload, **forward),
        parts.backend.input(actions.colour_again, trigger_mode="always_last", **forward),
        parts.second_upload.input(actions.use_reference, **forward | {"inputs": settings | {parts.second_upload}}),
    ]
    for button, example in zip(parts.example_buttons, EXAMPLES, strict=True):
        upload = Upload(str(example.path), example.path.name)
        forwards.append(button.click(actions.colour_example(upload), **forward))
    for event in forwards:
        event.then(**live).then(**explore)  # a slider may have been moved while the network ran
    sliders = [part for name, part in parts.look.items() if name != "alternative"]
    gr.on([part.input for part in sliders], **live)
    chosen = parts.look["alternative"]
    parts.strip.click(actions.choose, outputs=chosen, api_visibility="private", queue=False).then(**live)
    parts.another.click(
        actions.clear, settings, [*scene, parts.second, parts.backend], api_visibility="private", queue=False
    )
    parts.download.click(
        actions.save,
        {parts.format_name, *shown},
        [parts.saved, parts.notice],
        api_visibility="private",
        concurrency_limit=2,
        show_progress_on=[parts.download],
    ).then(None, parts.saved, js="(file) => autochrome.download(file)", api_visibility="private")
