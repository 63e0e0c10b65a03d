"""What the page says, in six languages."""

import re

from core.registry.registry import load_registry
from core.web.texts import ASSETS, LANGUAGES, TEXTS, in_english, say

SOURCES = [
    path for path in (ASSETS, ASSETS.parent, ASSETS.parent / "tabs") for path in path.iterdir() if path.is_file()
]


def test_every_text_is_there_in_every_language_with_the_same_values():
    for key, texts in TEXTS.items():
        assert len(texts) == len(LANGUAGES) and all(text.strip() for text in texts), key
        named = [sorted(re.findall(r"{(\w+)}", text)) for text in texts]
        assert named == [named[0]] * len(LANGUAGES), key


def test_what_the_built_in_models_say_of_themselves_is_what_the_page_says() -> None:
    for backend in load_registry(plugins=False):
        info = backend.info
        assert TEXTS[f"summary.{info.id}"][0] == info.summary
        assert TEXTS.get(f"title.{info.id}", [info.title])[0] == info.title


def test_every_text_that_is_named_is_there():
    named = set()
    for path in SOURCES:
        if path.suffix in (".html", ".js", ".py"):
            source = path.read_text(encoding="utf-8")
            named |= set(re.findall(r'data-say(?:-[a-z-]+)?="([\w.-]+)"', source))
            named |= set(re.findall(r'(?:\bsay|label|tell|notice\.show)\((?:\w+, )?"([a-z][\w.-]+)"', source))
    assert len(named) > 60
    assert named - {"key"} <= set(TEXTS)  # which stands for any, where it is explained


def test_an_element_has_its_english_text_and_what_fills_it():
    assert in_english('<p class="a" data-say="undo"></p>') == '<p class="a" data-say="undo">Undo</p>'
    assert 'aria-label="Close"' in in_english('<button data-say-aria-label="close">x</button>')
    assert say("visit.open", name="<a>") == (
        '<span data-say="visit.open" data-values="{&quot;name&quot;: &quot;&lt;a&gt;&quot;}">Open &lt;a&gt;</span>'
    )
