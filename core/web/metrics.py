"""What the server counts and measures, for Prometheus: calls, seconds, bytes, and nobody's name or address."""

from __future__ import annotations

from typing import Any

from prometheus_client import (
    CollectorRegistry,
    Counter,
    Gauge,
    Histogram,
    ProcessCollector,
    disable_created_metrics,
    generate_latest,
)

from core.engine import Engine, Report
from core.photo.open import pixels_in_work
from core.web.disk_budget import DiskBudget

disable_created_metrics()  # type: ignore[no-untyped-call]  # when each counter began is of no use to anyone
_ALL = CollectorRegistry()
ProcessCollector(namespace="autochrome", registry=_ALL)  # memory, descriptors, processor time; on Linux

CALLS = Counter("autochrome_calls", "Calls that have ended.", ["endpoint", "outcome"], registry=_ALL)
"""``endpoint``: its name, or ``page`` for what the page asks; ``outcome``: done, refused, or fault (of our own)."""

ERRORS = Counter("autochrome_errors", "Sentences that callers got instead of a result.", ["kind"], registry=_ALL)
"""``kind``: the class of the error."""

ANSWERS = Counter("autochrome_http_answers", "Answers to HTTP requests.", ["status"], registry=_ALL)

_STAGES = Histogram(
    "autochrome_stage_seconds",
    "Time of a photograph in each stage; predictions that were kept take none.",
    ["stage", "backend"],
    buckets=(0.03, 0.1, 0.3, 1, 3, 10, 30, 100),
    registry=_ALL,
)
_PREDICTIONS = Counter("autochrome_predictions", "Predictions asked for.", ["backend", "kept"], registry=_ALL)


def _gauge(name: str, what: str) -> Gauge:
    return Gauge(f"autochrome_{name}", what, registry=_ALL)


_IN_WORK = _gauge("calls_in_work", "Calls that are being worked on.")
_WAITING = _gauge("calls_waiting", "Calls that wait for their turn.")
_CACHE = _gauge("cache_bytes", "Memory taken by predictions, and what was found in photographs, that are kept.")
_CACHE_LIMIT = _gauge("cache_limit_bytes", "Memory that they may take.")
_PIXELS = _gauge("pixels_in_work", "Pixels of photographs that are decoded.")
_PIXELS_LIMIT = _gauge("pixels_limit", "Pixels that may be decoded at once.")
_DISK = _gauge("disk_bytes", "Disk taken by photographs and pictures.")
_DISK_LIMIT = _gauge("disk_limit_bytes", "Disk that they may take.")


def measured(stage: str, report: Report) -> None:
    """Count a stage that an engine has ended; see ``Engine.measured``."""
    if stage == "predict":
        _PREDICTIONS.labels(report.backend, "yes" if report.cached else "no").inc()
        if report.cached:
            return
    _STAGES.labels(stage, report.backend).observe(getattr(report.seconds, stage))


def watch(engine: Engine, disk: DiskBudget, page: Any) -> None:
    """Measure this server from now on. ``page`` is a ``core.web.page.Page``."""
    engine.measured = measured
    _IN_WORK.set_function(lambda: page.calls.in_work)
    _WAITING.set_function(lambda: page.waiting)
    _CACHE.set_function(lambda: engine.kept_bytes)
    _CACHE_LIMIT.set(engine.settings.cache_mb * 1_000_000)
    _PIXELS.set_function(pixels_in_work)
    _PIXELS_LIMIT.set(engine.settings.pixels_at_once or engine.settings.max_pixels)
    _DISK.set_function(disk.used)
    _DISK_LIMIT.set(engine.settings.disk_mb * 1_000_000)


def as_text() -> Any:
    """All of it as bytes in Prometheus' text format."""
    return generate_latest(_ALL)
