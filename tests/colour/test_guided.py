"""The guided filter that core and backends share."""

from __future__ import annotations

import numpy as np

from core.colour.guided import local_lines


def test_values_that_follow_lightness_are_found_and_flat_places_keep_theirs() -> None:
    rng = np.random.default_rng(3)
    lightness = rng.uniform(0, 100, (20, 30)).astype(np.float32)
    values = np.dstack([lightness * 0.5 + 3, *[np.full_like(lightness, level) for level in range(5)]])
    slope, intercept = local_lines(values, lightness, 2, 1e-3)
    assert slope.shape == intercept.shape == values.shape
    assert np.allclose(slope * lightness[..., None] + intercept, values, atol=0.02)
    flat = np.full_like(lightness, 50)
    slope, intercept = local_lines(values, flat, 2, 1.0)
    assert np.abs(slope).max() < 1e-2
    assert np.allclose((slope * 50 + intercept)[..., 1:], values[..., 1:], atol=1e-3)


def test_edges_are_those_of_lightness() -> None:
    lightness = np.repeat(np.where(np.arange(32) < 16, 20, 80)[None].astype(np.float32), 16, axis=0)
    noisy = (lightness + np.random.default_rng(1).normal(0, 2, lightness.shape)).astype(np.float32)
    slope, intercept = local_lines(noisy[..., None], lightness, 3, 4.0)
    smooth = (slope * lightness[..., None] + intercept)[..., 0]
    assert smooth[:, 16].mean() - smooth[:, 15].mean() > 50
    assert smooth[:, :13].std() < noisy[:, :13].std() / 3
