"""Weights: manifests that name them, their download and check, and how it stands with them."""
