"""The tab that colours one photograph with every backend that is ready, side by side."""

from __future__ import annotations

from collections.abc import Iterator
from html import escape
from typing import Any

import gradio as gr

from core.colour.cielab import Pixels
from core.engine import Engine
from core.jobs.compare import Measured, compare, ready_backends, truth_colourfulness
from core.photo.open import Photo, open_photo
from core.photo.resize import thumbnail
from core.web.messages import notice, notice_place
from core.web.session import find_session
from core.web.small_pictures import data_uri
from core.web.texts import label, page_part, say
from core.web.upload_fields import PhotoUpload, Upload

_PICTURE_PIXELS = 1_000_000

_FIGURES = ("likeness", "error", "colourfulness")


class CompareTab:
    """The tab's contents, added to the Blocks that is being built."""

    def __init__(self, engine: Engine):
        self._engine = engine
        self._field = PhotoUpload(
            label=label("photograph"),
            show_label=False,
            placeholder=label("compare.prompt"),
            elem_id="compare-upload",
            elem_classes="takes small",
            sources=["upload"],
            height=190,
            buttons=[],
        )
        self._notice = notice_place()
        gr.HTML(page_part("compare-tools.html"), elem_id="compare-tools", apply_default_css=False, padding=False)
        self._figures = gr.HTML(
            html_template="${value}",
            js_on_load="autochrome.compare(element);",
            apply_default_css=False,
            elem_id="comparison",
            padding=False,
        )
        self._again = gr.Button(label("compare.again"), visible=False, elem_id="compare-again")
        self._latest = gr.State(None)
        gr.HTML(
            html_template=page_part("absent.html"),
            js_on_load="autochrome.models.absent(element);",
            apply_default_css=False,
            elem_id="absent",
            padding=False,
        )
        self._field.change(self._take, self._field, **self._running())
        self._again.click(self._take, self._latest, **self._running())

    def follow(self, event: Any, tabs: Any) -> None:
        """Compare on what lies on the first tab, after an event that names its session."""
        chosen = gr.JSON(visible=False)
        event(self._turn, outputs=[tabs, chosen], api_visibility="private", queue=False).then(
            self._follow, chosen, **self._running()
        )

    def _turn(self, event: gr.EventData) -> Any:
        return gr.Tabs(selected="compare"), {"session": event._data["session"]}

    def _running(self) -> dict[str, Any]:
        return {
            "outputs": [self._field, self._notice, self._figures, self._again, self._latest],
            "api_visibility": "private",
            "concurrency_id": "compare",
            "concurrency_limit": 2,
            "show_progress_on": [self._figures],
        }

    def _take(self, upload: Upload | None) -> Iterator[Any]:
        if upload is None:  # the field was emptied
            yield gr.skip()
        else:
            yield from self._compare(upload)

    def _follow(self, chosen: dict[str, Any]) -> Iterator[Any]:
        try:
            upload = find_session(chosen["session"]).upload
        except Exception as error:
            yield {self._notice: notice(error)}
        else:
            yield from self._compare(upload)

    def _compare(self, upload: Upload) -> Iterator[Any]:
        """Empty the field, then show each picture as it comes."""
        yield {
            self._field: None,
            self._notice: None,
            self._figures: _waiting(upload.name),
            self._again: gr.update(visible=False),
            self._latest: upload,
        }
        try:
            photo = open_photo(upload.path, self._engine.settings, upload.name)
            found: list[tuple[Measured, Pixels | None]] = []
            left = len(ready_backends(self._engine))
            head = _original(photo, upload.name)
            yield {self._figures: _figures([head], left)}
            for one in compare(self._engine, photo, _PICTURE_PIXELS):
                found.append(one)
                cards = [head, *(_card(*each) for each in found)]
                yield {self._figures: _figures(cards, left - len(found))}
            yield {self._again: gr.update(visible=True)}
        except Exception as error:
            yield {self._notice: notice(error), self._figures: ""}


def _waiting(name: str) -> str:
    return say("compare.waiting", "p", 'class="quiet" role="status"', name=name)


def _figures(cards: list[str], left: int) -> str:
    going_on = say("compare.left", "p", 'class="quiet" role="status"', count=left) if left > 0 else _meaning()
    return f'<div class="figures">{"".join(cards)}</div>{going_on}'


def _meaning() -> str:
    rows = "".join(say(f"compare.{key}", "dt") + say(f"compare.{key}.what", "dd") for key in _FIGURES)
    return f'<details class="story">{say("compare.meaning", "summary")}<dl>{rows}</dl></details>'


def _original(photo: Photo, name: str) -> str:
    colour = truth_colourfulness(photo)
    facts = {"colourfulness": f"{colour:.1f}"} if colour is not None else {}
    title = say("compare.photograph" if colour is None else "compare.own")
    return _figure(data_uri(thumbnail(photo, _PICTURE_PIXELS).pixels), title, escape(name), facts)


def _card(measured: Measured, picture: Pixels | None) -> str:
    if picture is None:
        problem = f'<p class="failure">{escape(measured.problem)}</p>'
        return f"<figure><figcaption><header><h2>{escape(measured.title)}</h2></header>{problem}</figcaption></figure>"
    facts = {
        "likeness": f"{measured.psnr:.1f} dB" if measured.psnr is not None else "",
        "error": f"{measured.ciede2000:.1f}" if measured.ciede2000 is not None else "",
        "colourfulness": f"{measured.colourfulness:.1f}",
    }
    time = say("compare.memory") if measured.cached else f"{max(measured.seconds, 0.01):.2f} s"
    return _figure(data_uri(picture), escape(measured.title), time, facts)


def _figure(source: str, title: str, aside: str, facts: dict[str, str]) -> str:
    """A picture, with its title and what stands beside it as HTML."""
    rows = "".join(f"<div>{say(f'compare.{key}', 'dt')}<dd>{value}</dd></div>" for key, value in facts.items() if value)
    return (
        f'<figure><div class="window"><img src="{source}" alt="" draggable="false"></div><figcaption>'
        f"<header><h2>{title}</h2><span>{aside}</span></header><dl>{rows}</dl></figcaption></figure>"
    )
