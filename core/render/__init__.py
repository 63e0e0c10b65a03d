"""Chroma painted onto the photograph at full size."""
