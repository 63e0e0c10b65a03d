"""What the page says, in six languages."""

import re

from core.web.texts import ASSETS, LANGUAGES, TEXTS, in_english, say

SOURCES = [
    path for path in (ASSETS, ASSETS.parent, ASSETS.parent / "tabs") for path in path.iterdir() if path.is_file()
]


def test_every_text_is_there_in_every_language_with_the_same_values():
    for key, texts in TEXTS.items():
        assert len(texts) == len(LANGUAGES) and all(text.strip() for text in texts), key
        named = [sorted(re.findall(r"{(\w+)}", text)) for text in texts]
        assert named == [named[0]] * len(LANGUAGES), key


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
