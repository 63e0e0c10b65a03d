"""A picture made from a JPEG is no worse a JPEG, and no needlessly large one."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from core.photo.open import open_photo
from core.photo.save import save_picture
from tests.support.fakes import grey_picture


@pytest.mark.parametrize("quality", [1, 10, 49, 50, 75, 90, 97, 100])
def test_the_quality_of_a_jpeg_is_found(tmp_path: Path, quality: int) -> None:
    Image.fromarray(grey_picture()).save(tmp_path / "a.jpg", quality=quality)
    assert open_photo(tmp_path / "a.jpg").metadata.quality == quality


@pytest.mark.parametrize(("given", "expected"), [(50, 85), (90, 90), (98, 98)])
def test_a_picture_is_saved_at_its_photographs_quality(tmp_path: Path, given: int, expected: int) -> None:
    Image.fromarray(grey_picture()).save(tmp_path / "a.jpg", quality=given)
    photo = open_photo(tmp_path / "a.jpg")
    save_picture(tmp_path / "b.jpg", np.dstack([photo.pixels] * 3), photo, "pocket", "jpeg")
    assert open_photo(tmp_path / "b.jpg").metadata.quality == expected


def test_other_files_have_none(tmp_path: Path) -> None:
    Image.fromarray(grey_picture()).save(tmp_path / "a.png")
    assert open_photo(tmp_path / "a.png").metadata.quality is None
