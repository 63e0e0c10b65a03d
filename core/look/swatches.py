"""Colours that people often know, for hints: only hue and chroma count, for the photograph keeps its lightness.

Values are sRGB, chosen by hand for how such things look in daylight photographs.
"""

from __future__ import annotations

SWATCHES: dict[str, dict[str, str]] = {
    "Skin": {
        "Fair": "#e8c4ae",
        "Light": "#d9a98c",
        "Olive": "#b98c66",
        "Brown": "#8d5f43",
        "Deep": "#5c3b2b",
    },
    "Hair": {
        "Blonde": "#c9a66b",
        "Red": "#9a4f2b",
        "Light brown": "#8a6444",
        "Dark brown": "#4a3325",
        "Black": "#1f1b19",
        "Grey": "#a3a09b",
    },
    "Outdoors": {
        "Grass": "#6f8a3c",
        "Leaves": "#4b6b36",
        "Conifers": "#3b5440",
        "Autumn leaves": "#b5702f",
        "Blue sky": "#7fa8d1",
        "Evening sky": "#d9a27e",
        "Water": "#5f8290",
        "Earth": "#7c6047",
        "Sand": "#cdb58c",
        "Snow": "#f1f3f6",
    },
    "Buildings": {
        "Oak": "#a77c4f",
        "Mahogany": "#6e3b2a",
        "Weathered wood": "#8b8175",
        "Red brick": "#9c5240",
        "Yellow brick": "#c7a56c",
        "Sandstone": "#cbb38c",
        "Roof tiles": "#a8583c",
        "Slate": "#5f666d",
        "Cream paint": "#e9dfc3",
    },
    "Cloth": {
        "White linen": "#f2efe8",
        "Navy": "#26324f",
        "Denim": "#4d6688",
        "Bottle green": "#24493a",
        "Burgundy": "#6b2334",
        "Scarlet": "#b3282d",
        "Rose": "#d8919b",
        "Mustard": "#c1963a",
        "Tweed": "#85765c",
        "Brown leather": "#6f4a30",
        "Charcoal": "#3b3c3f",
    },
    "Uniforms": {
        "Khaki": "#8f8157",
        "Olive drab": "#5b5838",
        "Field grey": "#5d665c",
        "Horizon blue": "#8697a8",
        "Air force blue": "#53637c",
        "Naval blue": "#1f2a44",
        "Confederate grey": "#8c8d88",
        "Union blue": "#2f4468",
        "Red tunic": "#a42a2e",
        "Nurse's blue": "#8fa9c4",
    },
}
"""Groups of named colours, each name to "#rrggbb", in the order in which to show them."""
