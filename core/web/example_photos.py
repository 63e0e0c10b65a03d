"""The photographs that the page offers to those who have none at hand; see examples/LICENCES.md."""

from __future__ import annotations

from html import escape
from pathlib import Path
from typing import NamedTuple


class Example(NamedTuple):
    """A photograph, what it is called, and whose it is."""

    path: Path
    title: str
    credit: str
    licence: str


_FOLDER = Path(__file__).parent / "examples"

EXAMPLES = [
    Example(_FOLDER / "astronaut.jpg", "Astronaut", "NASA, Great Images", "public domain"),
    Example(_FOLDER / "cat.jpg", "Cat", "Stefan van der Walt", "CC0"),
    Example(_FOLDER / "coffee.jpg", "Coffee", "Rachel Michetti, Pikolo Espresso Bar", "CC0"),
    Example(_FOLDER / "cameraman.jpg", "Cameraman", "Lav Varshney", "CC0"),
    Example(_FOLDER / "rocket.jpg", "Rocket", "SpaceX", "public domain"),
]


def credits_html() -> str:
    """Sources and licences in one quiet line."""
    named = "; ".join(f"{example.title}: {example.credit}, {example.licence}" for example in EXAMPLES)
    return f'<p class="credits">{escape(named)}. All from scikit-image.</p>'
