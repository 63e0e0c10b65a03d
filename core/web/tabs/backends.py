"""The tab that lists the backends: what each is, whose it is, and whether it can be used now."""

from __future__ import annotations

import json
from html import escape
from typing import Any

import gradio as gr

from core.engine import Engine
from core.registry.plugins import PluginFailure
from core.web.backend_list import list_backends
from core.web.choices import pick_list
from core.web.texts import say, say_if_known
from core.weights.hub import is_offline


def build_backends_tab(engine: Engine, tab: gr.Tab) -> None:
    """Add the tab's contents to the Blocks that is being built."""
    listing = pick_list("backends", visible=True)
    gr.HTML(
        f'<details class="add-one">{say("models.add", "summary")}{say("models.add.what", "p")}</details>', padding=False
    )
    timer = gr.Timer(1.0, active=False)

    def refresh() -> tuple[str, Any]:
        backends = list_backends(engine)
        arriving = any(backend["state"] == "downloading" for backend in backends)
        return backends_html(backends) + failures_html(engine.registry.failures), gr.Timer(active=arriving)

    def fetch(event: gr.EventData) -> tuple[str, Any]:
        engine.registry.start_fetching(event.pick)
        cards, _ = refresh()
        return cards, gr.Timer(active=True)  # it may take a moment to begin

    shown: dict[str, Any] = {"outputs": [listing, timer], "queue": False, "api_visibility": "private"}
    for event in (tab.select, timer.tick):
        event(refresh, show_progress="hidden", **shown)
    listing.click(fetch, show_progress="hidden", **shown)


def backends_html(backends: list[dict[str, Any]]) -> str:
    """A card for each."""
    return f'<div class="cards">{"".join(_card(backend) for backend in backends)}</div>'


def failures_html(failures: list[PluginFailure]) -> str:
    """What did not come in or failed when it was last called, and why."""
    if not failures:
        return ""
    rows = "".join(f"<li><strong>{escape(each.name)}</strong>: {escape(each.reason)}</li>" for each in failures)
    return f'<section class="failed">{say("models.wrong", "h2")}<ul>{rows}</ul></section>'


def _card(backend: dict[str, Any]) -> str:
    state = backend["state"]
    parts = [
        "<header>"
        + say_if_known(f"title.{backend['id']}", backend["title"], "h2")
        + say(f"models.{state}", "span", f'class="state {state}"')
        + "</header>",
        say_if_known(f"summary.{backend['id']}", backend["summary"], "p"),
        f'<p class="message">{escape(backend["message"])}</p>' if backend["message"] and state != "ready" else "",
        _bar(backend) if state == "downloading" else "",
        _button(backend) if state in ("missing", "unavailable") and not is_offline() else "",
        f"<dl>{say('models.name', 'dt')}<dd><code>{escape(backend['id'])}</code></dd>",
        f"{say('models.licence', 'dt')}<dd>{escape(backend['licence']) or say('models.unstated')}</dd>",
        f"{say('models.cite', 'dt')}<dd>{escape(backend['citation'])}</dd>" if backend["citation"] else "",
        "</dl>",
    ]
    return f'<article class="card">{"".join(parts)}</article>'


def _button(backend: dict[str, Any]) -> str:
    pick = f'type="button" data-pick="{escape(backend["id"])}"'
    if backend["state"] != "missing":
        return say("model.again", "button", pick)
    if not backend["bytes_total"]:
        return say("model.fetch.unknown", "button", pick)
    return say("model.fetch", "button", pick, size=round(backend["bytes_total"] / 1e6))


def _bar(backend: dict[str, Any]) -> str:
    done, total = backend["bytes_done"], backend["bytes_total"]
    value = f'value="{done}" max="{total}"' if total else ""
    given = {"done": round(done / 1e6), "total": round(total / 1e6)}
    amount = say("model.arriving", "small", **given) if total else say("model.starting", "small")
    title = escape(json.dumps({"title": backend["title"]}))
    named = f'data-say-aria-label="model.bar" data-values="{title}" aria-label="{escape(backend["title"])}"'
    return f"<progress {value} {named}></progress>{amount}"
