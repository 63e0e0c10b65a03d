"""Frames painted in luma and chroma: the lightness of the grey, the colours that were asked for."""

from pathlib import Path
from typing import Any

import av
import numpy as np
import pytest

from core.colour.cielab import rgb_to_lab
from core.video.colour_film import FilmJob, colour_film
from core.video.encoding import encoding_for
from core.video.frame import Frame
from core.video.paint import painted
from tests.support.fakes import make_engine
from tests.support.films import read_film, scene, write_film


def shown(luma: Any, chroma: Any, full: bool, matrix: str, bits: int) -> Any:
    """(h, w, 3) CIELAB of planes as a player shows them."""
    kind = "yuv444p" if bits == 8 else "yuv444p10le"
    planes = np.stack([luma, chroma[..., 0], chroma[..., 1]])
    frame = av.VideoFrame(luma.shape[1], luma.shape[0], kind)
    for plane, pixels in zip(frame.planes, planes, strict=True):
        lines = np.frombuffer(plane, pixels.dtype).reshape(-1, plane.line_size // pixels.itemsize)
        lines[:, : pixels.shape[1]] = pixels
    frame = frame.reformat(
        format="rgb48le", src_colorspace=matrix, src_color_range="JPEG" if full else "MPEG", dst_color_range="JPEG"
    )
    return rgb_to_lab(frame.to_ndarray(format="rgb48le").astype(np.float32) / 65_535)


@pytest.mark.parametrize(("number", "name"), [(1, "ITU709"), (6, "ITU601")])
@pytest.mark.parametrize("full", [True, False])
@pytest.mark.parametrize("bits", [8, 10])
def test_lightness_stays_and_colours_are_those_asked_for(number: int, name: str, full: bool, bits: int) -> None:
    ramp = np.linspace(60, 180, 64)[None].repeat(48, axis=0).astype(np.uint16 if bits > 8 else np.uint8)
    frame = Frame(0, ramp << (bits - 8), bits, full)
    ab = np.zeros((12, 16, 2), np.float32)
    ab[:, :8], ab[:, 8:] = (25, 15), (-20, 5)
    grey = shown(*painted(frame, ab * 0, (48, 64), bits, number), full, name, bits)
    lab = shown(*painted(frame, ab, (48, 64), bits, number), full, name, bits)
    assert np.abs(grey[..., 1:]).max() < 1.5
    assert np.abs(lab[..., 0] - grey[..., 0]).mean() < 0.5
    assert np.abs(lab[:, 4:24, 1:] - (25, 15)).mean() < 1
    assert np.abs(lab[:, 40:60, 1:] - (-20, 5)).mean() < 1


def test_black_and_white_films_stay_as_they_are_where_they_are_grey() -> None:
    frame = Frame(0, scene(3), 8, False)
    luma, chroma = painted(frame, np.zeros((4, 4, 2), np.float32), (24, 32), 8, 6)
    np.testing.assert_array_equal(luma, frame.luma)
    assert set(np.unique(chroma)) <= {127, 128, 129}


@pytest.mark.parametrize("rotation", [90, 180, 270])
def test_a_turned_film_is_seen_upright(tmp_path: Path, rotation: int) -> None:
    class Sky:
        def __init__(self) -> None:
            self.info: Any = {"id": "pocket", "title": "Sky", "input_size": None, "embedded": True}

        def predict(self, request: Any, options: Any) -> Any:
            ab = np.zeros((*request.lightness.shape, 2), np.float32)
            ab[: len(ab) // 2] = 0, -40
            return ab

    film = write_film(tmp_path / "a.mp4", map(scene, range(4)), rotation=rotation)
    target = tmp_path / "b.mp4"
    colour_film(make_engine(Sky()), FilmJob("pocket"), film, target, encoding_for(film))
    with av.open(str(target)) as container:
        turns = round(next(container.decode(video=0)).rotation / 90)
    seen = np.rot90(read_film(target)[1][1], turns)
    blue = rgb_to_lab(seen.astype(np.float32) / 255)[..., 2]
    assert blue[: len(blue) // 3].mean() < -15 < -5 < blue[-(len(blue) // 3) :].mean()
