"""The first tab at work: a photograph in, colour out."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import fields
from pathlib import Path
from time import time
from typing import Any

import gradio as gr
import numpy as np
from anyio import CapacityLimiter
from pydantic import ValidationError

from core.engine import Engine
from core.errors import RequestError, first_problem
from core.jobs.job import Job
from core.look.look import Look, make_look
from core.registry.backend import weights_of
from core.registry.registry import AUTO
from core.web.alerts import as_problem, told
from core.web.backend_list import list_for_page
from core.web.colouring import deleted_in_time, open_reference, shown_on
from core.web.example_photos import EXAMPLES
from core.web.messages import story_html
from core.web.own_cache import KEPT_SECONDS
from core.web.previews import Previews, Region
from core.web.session import Prints, Session, find_session
from core.web.small_pictures import data_uri, mask_uri
from core.web.sureness import sureness_html
from core.web.tabs.photo_layout import Parts, lay_out
from core.web.turns import in_turn
from core.web.upload_fields import Upload

_PAINTED, _ZOOMED = 4, 2
"""Pictures, and parts of them in full size, that are painted for the page at once."""


def build_photo_tab(engine: Engine) -> Parts:
    """Add the tab to the Blocks that is being built."""
    actions = _Actions(engine)
    parts = lay_out(actions.functions())
    common: dict[str, Any] = {
        "api_visibility": "private",
        "concurrency_id": "forward",
        "concurrency_limit": 4,
    }
    begin: dict[str, Any] = common | {
        "fn": actions.begin,
        "inputs": [parts.upload, parts.asked, parts.reference],
        "outputs": parts.desk,
        "show_progress_on": [parts.upload, parts.desk],
    }
    parts.upload.change(
        js="(file, asked, reference) => [file, file ? autochrome.photo.ask(file) : null, reference]",
        trigger_mode="multiple",  # the next photograph need not wait for the answer
        **begin,
    )
    parts.desk.taken(
        None, parts.upload, parts.upload, js="(file) => autochrome.photo.left(file)", api_visibility="private"
    )
    parts.desk.again(actions.begin_again, [parts.reference], parts.desk, **_without(begin))
    parts.second_upload.input(
        actions.use_reference, parts.second_upload, [parts.second_upload, parts.reference, parts.desk], **common
    ).success(
        None, parts.second_upload, js="(file) => { if (file) autochrome.photo.take(); }", api_visibility="private"
    )
    return parts


def _without(event: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in event.items() if name not in ("fn", "inputs", "outputs")}


class _Actions:
    """What the page may ask for."""

    def __init__(self, engine: Engine):
        self._engine = engine
        self._previews = Previews(engine)

    def begin(
        self,
        photo: Upload | None,
        asked: dict[str, Any] | None,
        reference: Upload | None,
        progress: gr.Progress = gr.Progress(),  # noqa: B008 - Gradio's way to hand one in
    ) -> Any:
        """Colour an upload; the field is emptied in the end, which calls this again with nothing."""
        if photo is None or asked is None:
            return gr.skip()
        return self._answer(asked, lambda: photo, reference, progress)

    def begin_again(
        self,
        reference: Upload | None,
        event: gr.EventData,
        progress: gr.Progress = gr.Progress(),  # noqa: B008
    ) -> Any:
        """Colour an example, or the same photograph with another backend."""
        asked = event._data

        def photo() -> Upload:
            example = next((each for each in EXAMPLES if each.path.stem == asked.get("example")), None)
            if example:
                return Upload(str(example.path), example.path.name)
            return find_session(asked.get("session")).upload

        return self._answer(asked, photo, reference, progress)

    def use_reference(self, upload: Upload | None) -> Any:
        """Take the colours from an upload; a small copy stands for it, as browsers cannot show every format."""
        if upload is None:
            return gr.skip(), None, gr.skip()
        try:
            return self._previews.shown_reference(upload), upload, gr.skip()
        except Exception as error:
            return None, None, {"notice": told(error), "at": time()}

    def functions(self) -> list[Callable[..., Any]]:
        """What ``photo.js`` calls as ``server.name(given)``: each takes and gives an object."""
        painted, zoomed = CapacityLimiter(_PAINTED), CapacityLimiter(_ZOOMED)

        @in_turn(painted)
        @as_problem
        def show_look(given: dict[str, Any]) -> dict[str, Any]:
            session, look, pixels = self._found(given), _look(given), _whole(given.get("pixels") or 0)
            pictures = {"after": self._previews.after(session, look, pixels)}
            if given.get("before"):
                pictures["before"] = self._previews.before(session, pixels)
                if session.is_version:
                    pictures["theirs"] = self._previews.theirs(session, pixels)
            return {name: data_uri(photo.pixels, photo.alpha) for name, photo in pictures.items()}

        @in_turn(painted)
        @as_problem
        def show_others(given: dict[str, Any]) -> dict[str, Any]:
            session, look = self._found(given), _look(given)
            found = self._previews.alternatives(session, look)
            others = [{"name": each.name, "picture": data_uri(picture)} for each, picture in found]
            sureness = sureness_html(self._previews.confidence(session)) if given.get("sureness") else ""
            return {"others": others, "sureness": sureness}

        @in_turn(zoomed)
        @as_problem
        def show_part(given: dict[str, Any]) -> dict[str, Any]:
            region = _region(given)
            before, after = self._previews.tile(self._found(given), _look(given), region)
            return {"before": data_uri(before.pixels), "after": data_uri(after.pixels)}

        @in_turn(painted)
        @as_problem
        def show_reach(given: dict[str, Any]) -> dict[str, Any]:
            session, look = self._found(given), _look(given)
            if not look.hints:
                raise RequestError("There is no colour to show the reach of; choose a place.")
            return {"mask": mask_uri(self._previews.reach(session, look))}

        @as_problem
        def show_mask(given: dict[str, Any]) -> dict[str, Any]:
            mask = self._previews.mask(self._found(given))
            if mask is None:
                return {"mask": ""}
            return {"mask": mask_uri(np.where(mask, 255, 0).astype(np.uint8))}

        @in_turn(painted)
        @as_problem
        def save_picture(given: dict[str, Any]) -> dict[str, Any]:
            session = self._found(given)
            reference = open_reference(session.reference, self._engine.settings)
            job = Job(
                session.report.backend,
                _look(given),
                str(given.get("format")),
                session.options,
                reference,
                restore=session.prints.restore,
                restore_picture=session.prints.picture,
                restore_strokes=session.prints.strokes,
            )
            path = self._previews.save(session, job)
            return {"path": str(deleted_in_time(path)), "name": path.name}

        @as_problem
        def reopen(given: dict[str, Any]) -> dict[str, Any]:
            session = self._found(given)
            self._previews.before(session, 0)  # whether it is all still there
            return self._facts(session)

        @as_problem
        def list_models(given: dict[str, Any]) -> dict[str, Any]:
            return {"models": list_for_page(self._engine), "preferred": self._engine.registry.preferred.info.id}

        @as_problem
        def fetch_model(given: dict[str, Any]) -> dict[str, Any]:
            weights = weights_of(self._engine.registry.get(str(given.get("id"))))
            if weights is not None:
                weights.start(at_once=True)
            return list_models({})

        return [
            show_look,
            show_others,
            show_part,
            show_reach,
            show_mask,
            save_picture,
            reopen,
            list_models,
            fetch_model,
        ]

    def _answer(
        self, asked: dict[str, Any], photo: Callable[[], Upload], reference: Upload | None, progress: gr.Progress
    ) -> dict[str, Any]:
        """Colour a photograph and say what became of it, or why it failed."""
        backend = str(asked.get("backend") or AUTO)
        try:
            upload = photo()
            if reference and asked.get("suited"):
                backend = self._previews.suited(upload, reference)
            wanted = backend != AUTO and self._engine.registry.get(backend).info.wants_reference
            if wanted and reference is None:
                return asked | {"problem": "", "needs_second": True, "asked_for": backend}
            options = _options(asked) if backend == asked.get("backend") != AUTO else {}
            second, prints = reference if wanted else None, _prints(asked)
            session = self._previews.begin(upload, backend, shown_on(progress), second, options, prints)
        except Exception as error:  # of a fault the page would else show nothing but "Error", and no way out of it
            return asked | {"problem": told(error), "asked_for": backend}
        return {"turn": asked.get("turn")} | self._facts(session)

    def _facts(self, session: Session) -> dict[str, Any]:
        """What the page is to know of a photograph."""
        report, second = session.report, session.reference is not None
        age = time() - session.folder.joinpath("session.json").stat().st_mtime
        return {
            "session": session.token,
            "photo": Path(session.upload.path).parent.name + session.upload.name,
            "name": session.upload.name,
            "width": report.width,
            "height": report.height,
            "parts": not session.see_through,
            "backend": report.backend,
            "options": session.options,
            "requested": report.requested,
            "fallback": report.fallback_reason is not None,
            "in_colour": session.in_colour,
            "version": session.is_version,
            "instead": self._other_taker(report.backend) if second else None,
            "prints": _prints_facts(session),
            "seconds_left": max(0, round(KEPT_SECONDS - age)),
            "story": story_html(session, self._engine),
        }

    def _other_taker(self, backend: str) -> str | None:
        """The id of the backend that takes a second photograph's colours in another way."""
        takers = (each.info.id for each in self._engine.registry if each.info.wants_reference)
        return next((name for name in takers if name != backend), None)

    def _found(self, given: dict[str, Any]) -> Session:
        return find_session(given.get("session"))


def _region(given: dict[str, Any]) -> Region:
    asked = given.get("region")
    sides = [each.name for each in fields(Region)]
    if not isinstance(asked, dict) or sorted(asked) != sorted(sides):
        raise RequestError("There is no such part of a photograph; reload the page.")
    return Region(**{name: _whole(asked[name]) for name in sides})


def _whole(number: Any) -> int:
    if not isinstance(number, int | float) or not abs(number) < 1e9:  # NaN is not less either
        raise RequestError("A size or a place in a photograph must be a number; reload the page.")
    return int(number)


def _options(asked: dict[str, Any]) -> dict[str, Any]:
    options = asked.get("options") or {}
    if not isinstance(options, dict):
        raise RequestError("The options are no object of names and values; leave them out.")
    return options


def _prints(asked: dict[str, Any]) -> Prints:
    try:
        return Prints.model_validate(asked.get("prints") or {})
    except ValidationError as error:
        raise RequestError(first_problem(error)) from error


def _prints_facts(session: Session) -> dict[str, Any]:
    """What is wrong with a print, what is mended of that, and what was asked for."""
    done = [each.model_dump() | {"done": True} for each in session.report.restored]
    others = [each.model_dump() | {"done": False} for each in session.suggested]
    return {
        "found": done + others,
        "marks": session.marks,
        "asked": session.prints.model_dump(mode="json"),
    }


def _look(given: dict[str, Any]) -> Look:
    look = given.get("look")
    if not isinstance(look, dict):
        raise RequestError("There is no look; choose one.")
    return make_look(**look)
