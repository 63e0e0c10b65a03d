"""The tab that colours one photograph with every backend that is ready, side by side."""

from __future__ import annotations

from collections.abc import Iterator
from html import escape
from typing import Any

import gradio as gr

from core.colour.cielab import Pixels
from core.engine import Engine
from core.errors import AutochromeError
from core.jobs.compare import Measured, compare, ready_backends, truth_colourfulness
from core.photo.open import Photo, open_photo
from core.photo.resize import thumbnail
from core.web.messages import notice_html
from core.web.session import Session
from core.web.small_pictures import data_uri
from core.web.upload_fields import PhotoUpload, Upload

_PROMPT = "Choose a photograph\nOne in colour shows how far off each backend is"
_PICTURE_PIXELS = 500_000

_MEANING = """<details class="story"><summary>What the figures mean</summary><dl>
<dt>PSNR</dt><dd>peak signal-to-noise ratio of RGB against the photograph's own colours; more is better</dd>
<dt>CIEDE2000</dt><dd>mean colour difference from the photograph's own colours; less is better</dd>
<dt>Colourfulness</dt><dd>Hasler and Süsstrunk's measure: 0 is grey, 80 and more is lurid</dd></dl></details>"""


class CompareTab:
    """The tab's contents, added to the Blocks that is being built."""

    def __init__(self, engine: Engine):
        self._engine = engine
        self._field = PhotoUpload(
            label="Photograph to compare on",
            show_label=False,
            placeholder=_PROMPT,
            elem_id="compare-upload",
            elem_classes="takes small",
            height=190,
            buttons=[],
        )
        self._notice = gr.HTML(padding=False)
        self._figures = gr.HTML(elem_id="comparison", padding=False)
        self._field.change(self._take, self._field, **self._running())

    def follow(self, event: Any, session: Any) -> None:
        """Compare on what lies on the first tab, after an event."""
        event.then(self._follow, session, **self._running())

    def _running(self) -> dict[str, Any]:
        return {
            "outputs": [self._field, self._notice, self._figures],
            "api_visibility": "private",
            "concurrency_id": "compare",
            "concurrency_limit": 2,
            "show_progress": "hidden",
        }

    def _take(self, upload: Upload | None) -> Iterator[Any]:
        if upload is None:  # the field was emptied
            yield gr.skip()
        else:
            yield from self._compare(upload)

    def _follow(self, session: Session | None) -> Iterator[Any]:
        if session is None:
            yield gr.skip()
        else:
            yield from self._compare(session.upload)

    def _compare(self, upload: Upload) -> Iterator[Any]:
        """Empty the field, then show each picture as it comes."""
        yield {self._field: None, self._notice: "", self._figures: _waiting(upload.name)}
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
        except AutochromeError as error:
            yield {self._notice: notice_html(error), self._figures: ""}


def _waiting(name: str) -> str:
    return f'<p class="quiet" role="status">Comparing on {escape(name)} …</p>'


def _figures(cards: list[str], left: int) -> str:
    going_on = f'<p class="quiet" role="status">{left} still to come …</p>' if left > 0 else _MEANING
    return f'<div class="figures">{"".join(cards)}</div>{going_on}'


def _original(photo: Photo, name: str) -> str:
    colour = truth_colourfulness(photo)
    facts = {"Colourfulness": f"{colour:.1f}"} if colour is not None else {}
    title = "The photograph" if colour is None else "The photograph's own colours"
    return _figure(data_uri(thumbnail(photo, _PICTURE_PIXELS).pixels), title, name, facts)


def _card(measured: Measured, picture: Pixels | None) -> str:
    if picture is None:
        problem = f'<p class="notice">{escape(measured.problem)}</p>'
        return f"<figure><figcaption><header><h2>{escape(measured.title)}</h2></header>{problem}</figcaption></figure>"
    facts = {
        "PSNR": f"{measured.psnr:.1f} dB" if measured.psnr is not None else "",
        "CIEDE2000": f"{measured.ciede2000:.1f}" if measured.ciede2000 is not None else "",
        "Colourfulness": f"{measured.colourfulness:.1f}",
    }
    time = "from memory" if measured.cached else f"{max(measured.seconds, 0.01):.2f} s"
    return _figure(data_uri(picture), measured.title, time, facts)


def _figure(source: str, title: str, aside: str, facts: dict[str, str]) -> str:
    rows = "".join(f"<div><dt>{name}</dt><dd>{value}</dd></div>" for name, value in facts.items() if value)
    return (
        f'<figure><img src="{source}" alt="{escape(title)}"><figcaption>'
        f"<header><h2>{escape(title)}</h2><span>{escape(aside)}</span></header><dl>{rows}</dl></figcaption></figure>"
    )
