"""Weights: manifests that name them, their download and check, and how it stands with them."""

from core.weights.copies import FileCheck
from core.weights.manifest import Manifest, load_manifests
from core.weights.weights import Weights, WeightStatus, retry_delay

__all__ = ["FileCheck", "Manifest", "WeightStatus", "Weights", "load_manifests", "retry_delay"]
