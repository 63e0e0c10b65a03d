"""The photographs that the page offers to those who have none at hand; see examples/LICENCES.md."""

from __future__ import annotations

from html import escape
from pathlib import Path
from typing import NamedTuple

from core.photo.open import open_photo
from core.photo.resize import thumbnail
from core.web.small_pictures import data_uri
from core.web.texts import in_english, say


class Example(NamedTuple):
    """A photograph, what it is called, and whose it is."""

    path: Path
    title: str
    credit: str
    licence: str


_PIXELS = 40_000
_FOLDER = Path(__file__).parent / "examples"

EXAMPLES = [
    Example(_FOLDER / "astronaut.jpg", "Astronaut", "NASA, Great Images", "public domain"),
    Example(_FOLDER / "cat.jpg", "Cat", "Stefan van der Walt", "CC0"),
    Example(_FOLDER / "coffee.jpg", "Coffee", "Rachel Michetti, Pikolo Espresso Bar", "CC0"),
    Example(_FOLDER / "cameraman.jpg", "Cameraman", "Lav Varshney", "CC0"),
    Example(_FOLDER / "rocket.jpg", "Rocket", "SpaceX", "public domain"),
]


def examples_html() -> str:
    """Each as a button, and under them sources and licences. The pictures are in the page: no file can vanish."""
    buttons = "".join(
        f'<button type="button" class="example" data-example="{escape(example.path.stem)}">'
        f'<img src="{_small(example.path)}" alt="">{say(f"example.{example.path.stem}")}</button>'
        for example in EXAMPLES
    )
    named = "; ".join(f"{example.title}: {example.credit}, {example.licence}" for example in EXAMPLES)
    return in_english(
        f'<h2 data-say="examples"></h2><div id="example-row">{buttons}</div>'
        f'<p class="credits">{escape(named)}. scikit-image.</p>'
    )


def _small(path: Path) -> str:
    return data_uri(thumbnail(open_photo(path), _PIXELS).pixels, quality=75)
