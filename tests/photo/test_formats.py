"""Every kind of file in the matrix is opened right, or refused in one sentence."""

import sys

import numpy as np
import pytest

from core.colour.cielab import pixel_lightness
from core.errors import PhotoError
from core.photo.formats import FORMATS
from core.photo.open import open_photo
from tests.photo.matrix import CELLS, PAGE, page


@pytest.mark.parametrize("cell", CELLS, ids=[cell.name for cell in CELLS])
def test_each_kind_is_opened_right_or_refused(tmp_path, cell):
    path = tmp_path / f"a{cell.ending}"
    path.write_bytes(cell.write())
    if cell.refusal:
        with pytest.raises(PhotoError, match=cell.refusal) as caught:
            open_photo(path)
        assert str(caught.value).endswith(".")
        return
    if "CCITT" in cell.compression and sys.version_info < (3, 11):
        with pytest.raises(PhotoError, match="is a TIFF of a compression"):
            open_photo(path)
        return
    photo = open_photo(path)
    truth = np.asarray(np.rint(cell.truth), np.uint8)
    assert photo.pixels.shape[:2] == truth.shape[:2]
    assert np.abs(photo.lightness() - pixel_lightness(truth)).mean() < 0.5
    if truth.ndim == 3:
        shown = photo.pixels / np.float64(np.iinfo(photo.pixels.dtype).max / 255)
        assert np.abs(shown - truth).mean() < 4
    else:
        assert photo.pixels.ndim == 2 or np.ptp(photo.pixels.astype(int), axis=2).max() < 0.1 * photo.pixels.max()
    deep = cell.depth.split()[-1] not in ("1", "4", "8")
    assert photo.pixels.dtype == (np.uint16 if deep else np.uint8)


def test_each_format_is_in_the_matrix_and_the_page_is_written_from_it():
    assert {each.name for each in FORMATS} <= {cell.format for cell in CELLS if not cell.refusal}
    assert PAGE.read_text() == page()
