"""What the page says, in each of its languages, in one place: ``texts.json``.

HTML names a text (``data-say="key"``) and has it in English; ``say.js`` puts the visitor's language in its place.
Gradio's own components take ``label("key")``, which Gradio translates.
"""

from __future__ import annotations

import json
import re
from html import escape
from pathlib import Path
from typing import Any

import gradio as gr

ASSETS = Path(__file__).parent / "assets"
LANGUAGES = ("en", "de", "fr", "es", "zh", "ja")
TEXTS: dict[str, list[str]] = json.loads((ASSETS / "texts.json").read_text(encoding="utf-8"))
"""Key: the text in each of ``LANGUAGES``."""

_EMPTY = re.compile(r'(<(\w+)[^<>]*? data-say="([^"]+)"[^<>]*>)(</\2>)')
_NAMED = re.compile(r' data-say-([a-z-]+)="([^"]+)"')
_LOCALES = {"zh": ("zh", "zh-CN", "zh-TW")}
_translated = gr.I18n(
    **{
        locale: {f"autochrome.{key}": texts[index] for key, texts in TEXTS.items()}
        for index, language in enumerate(LANGUAGES)
        for locale in _LOCALES.get(language, (language,))
    }
)


def translations() -> gr.I18n:
    """For ``Blocks.launch``."""
    return _translated


def label(key: str) -> Any:
    """A text for a component of Gradio's."""
    assert key in TEXTS, key
    return _translated(f"autochrome.{key}")


def say(key: str, tag: str = "span", attributes: str = "", **values: Any) -> str:
    """An element that has a text in the visitor's language."""
    given = f' data-values="{escape(json.dumps(values))}"' if values else ""
    text = TEXTS[key][0].format(**values) if values else TEXTS[key][0]
    return f'<{tag}{attributes and " " + attributes} data-say="{key}"{given}>{escape(text)}</{tag}>'


def say_if_known(key: str, otherwise: str, tag: str) -> str:
    """The same where there is such a text; else an element with another one, which is nobody's HTML."""
    return say(key, tag) if key in TEXTS else f"<{tag}>{escape(otherwise)}</{tag}>"


def page_part(name: str, **parts: str) -> str:
    """An HTML file of the assets with its texts in English, and ``<!--name-->`` replaced by parts."""
    html = (ASSETS / name).read_text(encoding="utf-8")
    for mark, part in parts.items():
        html = html.replace(f"<!--{mark}-->", part)
    return in_english(html)


def in_english(html: str) -> str:
    """HTML with every text that it names."""
    html = _EMPTY.sub(lambda found: found[1] + escape(TEXTS[found[3]][0]) + found[4], html)
    return _NAMED.sub(lambda found: f'{found[0]} {found[1]}="{escape(TEXTS[found[2]][0])}"', html)


def script() -> str:
    """The texts for the page's scripts."""
    said = json.dumps({"languages": LANGUAGES, "say": TEXTS}, ensure_ascii=False).replace("</", "<\\/")
    return f"window.autochromeTexts = {said};"
