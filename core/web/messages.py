"""What the page says: what happened to a photograph, and what went wrong."""

from __future__ import annotations

from html import escape

from core.engine import Engine
from core.errors import AutochromeError
from core.web.session import Session


def notice_html(error: AutochromeError) -> str:
    """An error's sentence, read out by screen readers."""
    return f'<p class="notice" role="alert">{escape(str(error))}</p>'


def story_html(session: Session, engine: Engine) -> str:
    """One quiet line that says which backend did it and why, and opens to the details."""
    report = session.report
    title = engine.registry.get(report.backend).info.title or report.backend
    line = f"Coloured by <strong>{escape(title)}</strong> {_time(report.cached, report.seconds.predict)}."
    if report.fallback_reason:
        line += f" <span>{escape(_sentence(report.fallback_reason, engine.registry.preferred.info.id))}</span>"
    rows = {
        "Photograph": f"{session.upload.name}, {report.width:,} by {report.height:,} pixels",
        "Backend": f"{report.backend}; asked for: {report.requested}",
        "Weights": ", ".join(f"{name} {digest}" for name, digest in report.weights.items()),
        "Warnings": " ".join(report.warnings),
    }
    details = "".join(f"<dt>{name}</dt><dd>{escape(value)}</dd>" for name, value in rows.items() if value)
    return f'<details class="story"><summary>{line}</summary><dl>{details}</dl></details>'


def _time(cached: bool, seconds: float) -> str:
    return "from memory" if cached else f"in {max(seconds, 0.1):.1f} s"


def _sentence(reason: str, preferred: str) -> str:
    """A fallback's reason as a sentence of its own: what the preferred backend says already names it."""
    return reason.removeprefix(f"{preferred}: ").rstrip(".") + "."
