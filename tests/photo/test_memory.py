"""What a large photograph takes of memory, and that its pixels are the same however they are read and written."""

from __future__ import annotations

import io
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from core.photo import read_with_pillow as reader
from core.photo.open import open_photo
from core.photo.save import save_picture
from tests.support.fakes import grey_picture

ROOT = Path(__file__).resolve().parents[2]
PIXELS = 24_000_000
SCRIPT = """
import resource, sys
import numpy as np
from pathlib import Path
from core.photo.open import open_photo
from core.photo.save import save_picture
import core.photo.read_with_pillow, core.photo.write_png, imagecodecs
open_photo(sys.argv[2])
before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
photo = open_photo(sys.argv[1])
save_picture(Path(sys.argv[3]), np.array(photo.pixels), photo, "pocket", sys.argv[4])
print((resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) * 1024)
"""


@pytest.mark.skipif(sys.platform != "linux", reason="other systems count memory otherwise")
@pytest.mark.parametrize("kind", ["jpeg", "png"])
def test_a_photograph_and_its_picture_are_all_that_is_in_memory(tmp_path: Path, kind: str) -> None:
    tone = np.linspace(20, 220, 6000, dtype=np.uint8)
    pixels = np.broadcast_to(np.dstack([tone, tone // 2 + 40, tone // 3])[0], (4000, 6000, 3))
    for name, part in (("large", pixels), ("small", pixels[:8, :8])):
        Image.fromarray(np.ascontiguousarray(part)).save(tmp_path / f"{name}.{kind}")
    paths = [str(tmp_path / name) for name in (f"large.{kind}", f"small.{kind}", f"out.{kind}")]
    done = subprocess.run([sys.executable, "-c", SCRIPT, *paths, kind], cwd=ROOT, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    assert int(done.stdout) < 8 * PIXELS  # 3 each, and what goes with it; Pillow's copies would make it 14


@pytest.mark.parametrize("mode", ["L", "RGB", "RGBA", "LA", "P", "1", "CMYK"])
@pytest.mark.parametrize("kind", ["PNG", "JPEG"])
def test_pixels_are_pillows(tmp_path: Path, mode: str, kind: str, monkeypatch: pytest.MonkeyPatch) -> None:
    if (kind, mode) in {("PNG", "CMYK"), ("JPEG", "RGBA"), ("JPEG", "LA"), ("JPEG", "P"), ("JPEG", "1")}:
        pytest.skip("no such files")
    grey = grey_picture(600, 90)  # several bands
    colours = Image.fromarray(np.dstack([grey, grey[::-1], 255 - grey]))
    colours.convert(mode).save(tmp_path / "a", kind)
    photo = open_photo(tmp_path / "a")
    monkeypatch.setattr(reader, "_straight", lambda image, data: None)
    again = open_photo(tmp_path / "a")
    np.testing.assert_array_equal(photo.pixels, again.pixels)
    if mode in ("L", "RGB", "1"):
        with Image.open(tmp_path / "a") as opened:
            np.testing.assert_array_equal(photo.pixels, np.asarray(opened.convert("L" if mode == "1" else mode)))


@pytest.mark.parametrize("quality", [75, 92, 100])
def test_a_jpeg_is_byte_for_byte_the_picture_that_pillow_writes(tmp_path: Path, quality: int) -> None:
    grey = grey_picture()
    rgb = np.ascontiguousarray(np.dstack([grey, grey, 255 - grey]))
    Image.fromarray(grey).save(tmp_path / "a.png")
    save_picture(tmp_path / "b.jpg", rgb, open_photo(tmp_path / "a.png"), "pocket", "jpeg", quality)
    pillows = io.BytesIO()
    Image.fromarray(rgb).save(pillows, "JPEG", quality=quality, subsampling="4:4:4")
    tables = pillows.getvalue().index(b"\xff\xdb")
    assert (tmp_path / "b.jpg").read_bytes().endswith(pillows.getvalue()[tables:])
