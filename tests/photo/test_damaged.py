"""What memory held before never shows in a picture, however its file is damaged."""

import os
import subprocess
import sys
import zlib

import imagecodecs
import numpy as np
import pytest

from core.errors import PhotoError
from core.photo.mend_tiff import DAMAGED
from core.photo.open import open_photo
from tests.photo import by_hand
from tests.support.fakes import grey_picture

GREY = grey_picture(40, 60)
DEFLATE, PACKBITS = 8, 32773


def test_damaged_files_are_refused_or_the_same_whatever_memory_held():
    command = [sys.executable, "-m", "tests.photo.damaged"]
    running = [
        subprocess.Popen(
            command,
            env={**os.environ, "MALLOC_PERTURB_": value},
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        for value in ("17", "202")
    ]
    (one, problems), (other, _) = (process.communicate(timeout=300) for process in running)
    assert [process.returncode for process in running] == [0, 0], problems[-2000:]
    lines = one.splitlines()
    assert lines == other.splitlines()
    refused = sum(line.endswith(".") for line in lines)
    assert len(lines) > 300
    assert 0.3 < refused / len(lines) < 0.95


def packed(code, numbers):
    return zlib.compress(numbers) if code == DEFLATE else bytes(imagecodecs.packbits_encode(numbers))


@pytest.mark.parametrize("code", [DEFLATE, PACKBITS])
def test_a_strip_that_holds_too_much_is_read_as_far_as_the_picture_goes_and_told_of(tmp_path, code):
    body = packed(code, GREY.tobytes() + bytes(range(50)))
    (tmp_path / "a.tif").write_bytes(by_hand.tiff(GREY, 1, {259: ("H", code)}, body=body))
    photo = open_photo(tmp_path / "a.tif")
    np.testing.assert_array_equal(photo.pixels, GREY)
    assert photo.warnings == (DAMAGED,)


@pytest.mark.parametrize("code", [DEFLATE, PACKBITS])
def test_a_strip_that_holds_too_little_is_refused(tmp_path, code):
    body = packed(code, GREY.tobytes()[:-1])
    (tmp_path / "a.tif").write_bytes(by_hand.tiff(GREY, 1, {259: ("H", code)}, body=body))
    with pytest.raises(PhotoError, match="damaged or cut short"):
        open_photo(tmp_path / "a.tif")
    cut = packed(code, np.random.default_rng(2).bytes(GREY.size))[:-30]
    (tmp_path / "a.tif").write_bytes(by_hand.tiff(GREY, 1, {259: ("H", code)}, body=cut))
    with pytest.raises(PhotoError, match="damaged or cut short"):
        open_photo(tmp_path / "a.tif")


@pytest.mark.parametrize("code", [DEFLATE, PACKBITS])
def test_strips_whose_lengths_are_not_told_end_where_the_picture_is_full(tmp_path, code):
    body = packed(code, GREY.tobytes())
    (tmp_path / "a.tif").write_bytes(by_hand.tiff(GREY, 1, {259: ("H", code), 279: None}, body=body))
    np.testing.assert_array_equal(open_photo(tmp_path / "a.tif").pixels, GREY)
