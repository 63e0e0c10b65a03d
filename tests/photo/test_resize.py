"""What a backend sees of a photograph."""

import cv2
import numpy as np
import pytest

from core.photo.resize import input_shape, resize_area


@pytest.mark.parametrize(
    ("source", "shape"), [((200, 300, 3), (300, 477)), ((31, 17), (56, 77)), ((1, 1), (224, 224)), ((1, 17), (1, 500))]
)
def test_where_it_grows_it_is_linear(source, shape):
    pixels = np.random.default_rng(10).integers(0, 256, source).astype(np.uint8)
    wanted = cv2.resize(pixels.astype(np.float32), shape[::-1])
    np.testing.assert_allclose(resize_area(pixels, shape), wanted, atol=0.01)


def test_area_is_the_mean_of_what_it_covers():
    pixels = np.random.default_rng(11).integers(0, 65536, (60, 90), dtype=np.uint16)
    wanted = pixels.reshape(20, 3, 30, 3).mean(axis=(1, 3))
    assert np.abs(resize_area(pixels, (20, 30)) - wanted).max() <= 0.5
    huge = np.random.default_rng(12).integers(0, 256, (997, 1203, 3), dtype=np.uint8)
    wanted = cv2.resize(huge.astype(np.float32), (100, 70), interpolation=cv2.INTER_AREA)
    np.testing.assert_allclose(resize_area(huge, (70, 100)), wanted, atol=0.01)
    assert resize_area(pixels, (20, 120)).shape == (20, 120)
    assert resize_area(pixels[:1, :1], (64, 64)) == pytest.approx(float(pixels[0, 0]))


@pytest.mark.parametrize(
    ("photo", "size", "multiple", "seen"),
    [
        ((3000, 4000), (224, 224), 1, (224, 224)),
        ((3000, 4000), None, 1, (3000, 4000)),
        ((3001, 4001), None, 8, (3000, 4000)),
        ((3000, 4000), 208, 32, (192, 256)),
        ((4000, 3000), 208, 32, (256, 192)),
        ((1, 1), 224, 32, (224, 224)),
        ((1, 20_000), 208, 32, (32, 832)),
        ((20_000, 1), 208, 32, (832, 32)),
    ],
)
def test_the_shape_that_is_seen(photo, size, multiple, seen):
    assert input_shape(*photo, size, multiple) == seen
