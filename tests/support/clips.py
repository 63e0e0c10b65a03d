"""Small films in colour, made by code from free pictures: what colours of films must cope with."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import av
import cv2
import numpy as np
from PIL import Image

PICTURES = Path(__file__).parent / "colour_photos"
RATE, HEIGHT, WIDTH = 25, 192, 256
COAT, TREE, _STEP = (222, 128, 112), slice(120, 138), 1.7


def picture(name: str, height: int = HEIGHT, width: int = WIDTH) -> Any:
    """(h, w, 3) uint8."""
    with Image.open(PICTURES / f"{name}.jpg") as image:
        return np.asarray(image.convert("RGB").resize((width, height), Image.Resampling.LANCZOS))


def _grained(rgb: Any, number: int) -> Any:
    """What a camera adds: the same frame twice is not the same."""
    noise = np.random.default_rng(number).normal(0, 1.5, rgb.shape[:2])[..., None]
    return np.clip(rgb + noise, 0, 255).astype(np.uint8)


def _seen(wide: Any, left: float) -> Any:
    """A window of a wider picture."""
    shift = np.array([[1, 0, -left], [0, 1, 0]], np.float32)
    return cv2.warpAffine(wide, shift, (WIDTH, HEIGHT), flags=cv2.INTER_LINEAR, borderMode=cv2.BORDER_REFLECT)


def pan(count: int = 100) -> Iterator[Any]:
    """The camera goes across, 1.6 pixels a frame."""
    wide = picture("coffee", HEIGHT, 2 * WIDTH)
    return (_grained(_seen(wide, 1.6 * number), number) for number in range(count))


def cuts(count: int = 100) -> Iterator[Any]:
    """Another shot every second, each of them with a slow camera."""
    shots = [picture(name, HEIGHT, WIDTH + 40) for name in ("coffee", "astronaut")]
    shots += [np.ascontiguousarray(shot[:, ::-1]) for shot in shots]
    for number in range(count):
        shot, at = divmod(number, RATE)
        yield _grained(_seen(shots[shot % len(shots)], 0.8 * at), number)


def dissolve(count: int = 100) -> Iterator[Any]:
    """One shot becomes another in a second."""
    one, other = picture("coffee", HEIGHT, WIDTH + 60), picture("astronaut", HEIGHT, WIDTH + 60)
    for number in range(count):
        share = np.clip((number - count / 2) / RATE + 0.5, 0, 1)
        mixed = _seen(one, 0.5 * number) * (1 - share) + _seen(other, 0.5 * number) * share
        yield _grained(mixed, number)


def walker(number: int) -> Any:
    """(h, w) bool: where the coat of the one who walks is to be seen."""
    coat = _coat(number)
    coat[:, TREE] = False
    return coat


def behind_a_tree(count: int = 100) -> Iterator[Any]:
    """One in a red coat walks behind a tree and comes out again."""
    grass = cv2.GaussianBlur(np.random.default_rng(5).normal(0, 60, (HEIGHT, WIDTH)), (0, 0), 2)
    ground = np.array([82, 112, 68]) + grass[..., None]
    weave = cv2.GaussianBlur(np.random.default_rng(6).normal(0, 60, (HEIGHT, 3 * WIDTH)), (0, 0), 2)
    bark = cv2.GaussianBlur(np.random.default_rng(7).normal(0, 60, (HEIGHT, WIDTH)), (0, 0), 1.5)
    for number in range(count):
        x = 40 + _STEP * number
        frame = ground.copy()
        cv2.circle(frame, (round(x * 16), 60 * 16), 13 * 16, (214, 168, 140), -1, cv2.LINE_AA, 4)
        for side in (-8, 8):
            foot = x + side * np.cos(number / 4)
            cv2.line(frame, (round(x * 16), 140 * 16), (round(foot * 16), 182 * 16), (60, 62, 80), 10, cv2.LINE_AA, 4)
        coat = _coat(number)
        cloth = weave[:, WIDTH - round(x) : 2 * WIDTH - round(x)]
        frame[coat] = (np.array(COAT) + cloth[..., None])[coat]
        frame[:, TREE] = (np.array([96, 72, 50]) + bark[..., None])[:, TREE]
        yield _grained(frame, number)


def _coat(number: int) -> Any:
    """The same, as if there were no tree."""
    coat = np.zeros((HEIGHT, WIDTH), np.uint8)
    centre = (round((40 + _STEP * number) * 16), 110 * 16)
    cv2.ellipse(coat, centre, (20 * 16, 38 * 16), 0, 0, 360, 1, -1, cv2.LINE_8, 4)
    return coat.astype(bool)


def still(count: int = 100) -> Iterator[Any]:
    """Nothing moves but the grain."""
    whole = picture("astronaut")
    return (_grained(whole, number) for number in range(count))


CLIPS: dict[str, Callable[[int], Iterator[Any]]] = {
    "pan": pan, "cuts": cuts, "dissolve": dissolve, "behind a tree": behind_a_tree, "still": still,
}  # fmt: skip


def write_clip(path: Path, name: str, count: int = 100) -> Path:
    """One of them as a film."""
    with av.open(str(path), "w") as container:
        stream = container.add_stream("libx264", RATE, options={"crf": "12", "preset": "veryfast"})
        stream.width, stream.height, stream.pix_fmt = WIDTH, HEIGHT, "yuv444p"
        for number, rgb in enumerate(CLIPS[name](count)):
            frame = av.VideoFrame.from_ndarray(np.ascontiguousarray(rgb), format="rgb24")
            frame.pts = number
            container.mux(stream.encode(frame))
        container.mux(stream.encode(None))
    return path
