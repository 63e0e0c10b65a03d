"""Colours that people often know, for hints: only hue and chroma count, for the photograph keeps its lightness.

Values are sRGB, chosen by hand for how such things look in daylight photographs.
"""

from __future__ import annotations

SWATCHES: dict[str, str] = {
    "skin.fair": "#d9a98c",
    "skin.olive": "#b98c66",
    "skin.brown": "#8d5f43",
    "skin.deep": "#5c3b2b",
    "hair.blond": "#c9a66b",
    "hair.brown": "#5a3d2b",
    "leaves": "#46632f",
    "grass": "#6f8a3c",
    "sky": "#7fa8d1",
    "wood": "#8a6340",
    "brick": "#9c5240",
    "khaki": "#8f8157",
    "olive": "#5b5838",
    "grey": "#5d665c",
    "horizon": "#8697a8",
    "navy": "#26324f",
    "red": "#a42a2e",
    "pink": "#d8919b",
}
"""Name, a text of the page after ``swatch.``, to "#rrggbb", in the order in which to show them."""
