"""Colour maths: sRGB and CIELAB, what sRGB can show, and how far two colours are apart."""
