"""What the page says: what happened to a photograph, and what went wrong."""

from __future__ import annotations

from html import escape
from time import time
from typing import Any

import gradio as gr

from core.engine import Engine
from core.web.alerts import told
from core.web.places import without_places
from core.web.session import Session
from core.web.texts import say


def notice_place() -> Any:
    """Where a tab's notices stand. Its value is one, from ``notice``, or None for none."""
    return gr.HTML(
        None,
        html_template='<div class="said"></div>',
        js_on_load="autochrome.notice.follow(props, watch);",
        apply_default_css=False,
        elem_classes="notices",
        padding=False,
    )


def notice(error: Exception) -> dict[str, Any]:
    """What is told of an error, for ``notice_place``; each is another value, so that the same one is shown twice."""
    return {"problem": told(error), "at": time()}


def story_html(session: Session, engine: Engine) -> str:
    """A small chip that says which model did it; what else there is to know is behind it, but warnings are seen."""
    report = session.report
    title = engine.registry.get(report.backend).info.title or report.backend
    chip = say("story.quick") if report.fallback_reason else say("story.by", title=title)
    rows = {
        "story.photograph": f"{session.upload.name}, {report.width:,} x {report.height:,}",
        "story.model": f"{title} ({report.backend})",
        "story.time": "" if report.cached else f"{max(report.seconds.predict, 0.1):.1f} s",
        "story.why": _sentence(without_places(report.fallback_reason or ""), engine.registry.preferred.info.id),
        "story.weights": ", ".join(f"{name} {digest}" for name, digest in report.weights.items()),
    }
    details = "".join(f"{say(key, 'dt')}<dd>{escape(value)}</dd>" for key, value in rows.items() if value)
    story = f'<details class="story chip"><summary>{chip}</summary><dl>{details}</dl></details>'
    if report.warnings:
        note = escape(" ".join(report.warnings))
        story += f'<p class="quiet" role="status">{say("story.warnings", "strong")}: {note}</p>'
    return story


def _sentence(reason: str, preferred: str) -> str:
    """A fallback's reason as a sentence of its own: what the preferred backend says already names it."""
    return reason.removeprefix(f"{preferred}: ").rstrip(".") + "." if reason else ""
