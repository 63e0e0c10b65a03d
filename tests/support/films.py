"""Small films for tests: a lit ball that moves over a textured ground, by PyAV."""

from __future__ import annotations

from collections.abc import Iterable
from fractions import Fraction
from pathlib import Path
from typing import Any

import av
import numpy as np

RATE = 25


def scene(number: int, height: int = 48, width: int = 64, seed: int = 0) -> Any:
    """Frame (h, w) uint8: a ground with a grain of its own, and a ball that goes across, a pixel a frame."""
    y, x = np.mgrid[0:height, 0:width]
    ground = 70 + 60 * np.sin(x / 7 + seed) * np.cos(y / 5 + seed) + 15 * seed
    ball = (x - 8 - number % max(1, width - 16)) ** 2 + (y - height / 2) ** 2 < 64
    return np.where(ball, 210, ground).clip(16, 240).astype(np.uint8)


def write_film(
    path: Path,
    greys: Iterable[Any],
    times: list[int] | None = None,
    sound: bool = False,
    codec: str = "libx264",
    pix_fmt: str = "yuv420p",
    shape_of_pixels: Fraction | None = None,
    rotation: int = 0,
    options: dict[str, str] | None = None,
) -> Path:
    """A film of frames (h, w) uint8, shown 1/25 s each, or at ``times`` in 1/1000 s."""
    greys = list(greys)
    with av.open(str(path), "w") as container:
        stream = container.add_stream(codec, RATE, options={"crf": "10", **(options or {})} if codec != "gif" else {})
        height, width = greys[0].shape
        stream.width, stream.height, stream.pix_fmt = width, height, pix_fmt
        base = Fraction(1, 1000) if times else Fraction(1, RATE)
        stream.time_base = stream.codec_context.time_base = base
        if shape_of_pixels:
            stream.codec_context.sample_aspect_ratio = shape_of_pixels
        if rotation:
            stream.set_display_rotation(rotation)
        voice = container.add_stream("aac", 48000, layout="mono") if sound else None
        for number, grey in enumerate(greys):
            frame = av.VideoFrame.from_ndarray(np.dstack([grey] * 3), format="rgb24").reformat(format=pix_fmt)
            frame.pts, frame.time_base = times[number] if times else number, base
            container.mux(stream.encode(frame))
        container.mux(stream.encode(None))
        if voice is not None:
            for number in range(len(greys) * 48000 // RATE // 1024):
                wave = np.sin(np.arange(1024) * (0.02 + number * 1e-4)).astype(np.float32)[None]
                heard = av.AudioFrame.from_ndarray(wave, format="fltp", layout="mono")
                heard.sample_rate, heard.pts = 48000, number * 1024
                container.mux(voice.encode(heard))
            container.mux(voice.encode(None))
    return path


def read_film(path: Path) -> list[tuple[float, Any]]:
    """Seconds and (h, w, 3) uint8 of each frame."""
    with av.open(str(path)) as container:
        return [(float(frame.time), frame.to_ndarray(format="rgb24")) for frame in container.decode(video=0)]


def sound_of(path: Path) -> list[bytes]:
    """The packets of a film's sound."""
    with av.open(str(path)) as container:
        return [bytes(packet) for packet in container.demux(audio=0) if packet.size]
