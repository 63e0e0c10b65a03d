"""Values taken from places that are alike."""

from __future__ import annotations

import numpy as np

from backends.likeness import from_likes


def test_a_place_has_what_its_like_has_and_not_what_is_nearest() -> None:
    """Two things of one lightness; of the right one, what is known lies farther away than the left one does."""
    features = np.zeros((2, 16, 24), np.float32)
    features[0, :, 8:] = 6
    red, blue = np.array([50, 30], np.float32), np.array([5, -45], np.float32)
    values = np.where(np.arange(240)[None, :, None] < 80, red, blue) * np.ones((160, 1, 1), np.float32)
    known = np.ones((160, 240), np.float32)
    known[:, 80:130] = 0
    found = from_likes(values, known, np.full((160, 240), 50, np.float32), features, np.zeros((16, 24, 2), np.float32))
    assert found.shape == (160, 240, 2)
    assert np.abs(found[:, 90:125] - blue).max() < 15
    assert np.abs(found[:, :70] - red).max() < 1


def test_a_place_without_its_like_has_the_default_with_the_cast_of_the_rest() -> None:
    features = np.zeros((2, 16, 24), np.float32)
    features[1, :, 16:] = 20
    default = np.zeros((16, 24, 2), np.float32)
    default[:, 16:] = 30
    known = np.ones((160, 240), np.float32)
    known[:, 160:] = 0
    values = np.full((160, 240, 2), 4, np.float32)
    found = from_likes(values, known, np.full((160, 240), 50, np.float32), features, default)
    np.testing.assert_allclose(found[:, 180:], 34, atol=0.5)
    nothing = from_likes(values, 0 * known, np.full((160, 240), 50, np.float32), features, default)
    np.testing.assert_allclose(nothing[:, 180:], 30, atol=0.5)
