"""Manifests that say where weights come from, and the embedded network."""
