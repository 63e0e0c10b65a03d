"""Whole files: one, many into a zip, or one with every backend."""
