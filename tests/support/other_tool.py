"""What another tool makes of a photograph: its colours changed, and the photograph shifted, warped, cropped, redrawn.

The truth is a photograph in colour; what Autochrome gets is its grey and a version made here. Same seed, same version.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import cv2
import numpy as np

from core.colour.cielab import Float, Pixels, lightness_to_grey, pixel_lightness, rgb_to_lab


@dataclass(frozen=True)
class Tool:
    """What a tool does to a photograph; lengths are shares of the square root of its area.

    Attributes:
        corners: how far the four corners move at most.
        warp: how far the smooth warp moves a place at most.
        swirl: angle in radians by which the middle of a face is turned.
        shift: how far everything moves to the right and down.
        crop: share of either side that is cut off, in all.
        size: of the version, as a multiple of the photograph's.
        gamma: of the changed tone.
        saturation: gain of chroma.
        cast: a* and b* added.
        quality: of its JPEG.
        replaced: radius of what is replaced by something else; 0 for nothing.
    """

    corners: float = 0.02
    warp: float = 6 / 775
    swirl: float = 0.35
    shift: float = 0.0
    crop: float = 0.05
    size: float = 0.83
    gamma: float = 0.88
    saturation: float = 1.05
    cast: tuple[float, float] = (1.2, 1.6)
    quality: int = 90
    replaced: float = 0.0


STRONG = Tool()
MILD = replace(STRONG, corners=0.01, warp=2 / 775, swirl=0.12, crop=0.02, size=1.0)
REPLACED = replace(STRONG, replaced=0.14)
SHIFTED = replace(STRONG, shift=0.2, corners=0.0, warp=0.0, swirl=0.0, crop=0.0)


@dataclass(frozen=True)
class Version:
    """A tool's version.

    Attributes:
        rgb: (h, w, 3) uint8, as it comes out of the JPEG.
        own: (H, W, 3) uint8, the same colours where the photograph has them: all that can be had.
        object: (H, W) bool, the photograph's places that were replaced.
    """

    rgb: Pixels
    own: Pixels
    object: Pixels


def make_version(truth: Pixels, tool: Tool, seed: int, stranger: Pixels | None = None) -> Version:
    """The version that a tool makes of a photograph.

    Args:
        truth: (H, W, 3) uint8 sRGB.
        tool: what it does.
        seed: of all that is chosen by chance.
        stranger: (h, w, 3) uint8, a picture from which what is replaced is taken.
    """
    rng = np.random.default_rng(seed)
    height, width = truth.shape[:2]
    unit = float(np.sqrt(height * width))
    centre = np.array([rng.uniform(0.35, 0.65) * width, rng.uniform(0.3, 0.6) * height])
    painted, mask = truth, np.zeros((height, width), bool)
    if tool.replaced:
        assert stranger is not None
        painted, mask = _replaced(truth, stranger, centre, tool.replaced * unit)
    own = _toned(truth, tool)
    size = (round(width * tool.size), round(height * tool.size))
    across, down = _map(size, (width, height), tool, centre, rng)
    version = cv2.remap(_toned(painted, tool), across, down, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REFLECT)
    return Version(_through_jpeg(version, tool.quality), _through_jpeg(own, tool.quality), mask)


def aged(truth: Pixels, seed: int, grain: float = 9.0) -> Pixels:
    """The photograph (H, W, 3) as an old grey print (H, W) uint8: faded, with grain and scratches."""
    rng = np.random.default_rng(seed)
    height, width = truth.shape[:2]
    light = grey(truth).astype(np.float32) * np.float32(0.78) + 34
    noise = cv2.GaussianBlur(rng.normal(0, 1, (height, width)).astype(np.float32), (0, 0), 0.8)
    light += noise * np.float32(grain / noise.std())
    for _ in range(14):
        x, y, slant = rng.uniform(0, width), rng.uniform(0, height), rng.normal(0, 0.15)
        length = rng.uniform(0.1, 0.6) * height
        ends = (int(x), int(y)), (int(x + slant * length), int(y + length))
        cv2.line(light, *ends, float(rng.choice([25.0, 235.0])), int(rng.integers(1, 3)), cv2.LINE_AA)
    return np.clip(np.rint(light), 0, 255).astype(np.uint8)


def grey(truth: Pixels) -> Pixels:
    """The grey (H, W) uint8 of the same L*."""
    return np.rint(lightness_to_grey(pixel_lightness(truth)) * 255).astype(np.uint8)


def blended(version: Pixels, photo: Pixels) -> Float:
    """CIELAB (H, W, 3) of an editor's *Color* blend: the version laid over the photograph's grey, corner to corner."""
    laid = cv2.resize(version, photo.shape[1::-1], interpolation=cv2.INTER_AREA)
    lab = rgb_to_lab(laid / np.float32(255))
    lab[..., 0] = pixel_lightness(photo)
    return lab


def chroma_error(lab: Float, truth: Pixels, where: Pixels | None = None) -> float:
    """Root of the mean square distance in a*b*, over all places or some."""
    square = np.square(lab[..., 1:] - rgb_to_lab(truth / np.float32(255))[..., 1:]).sum(axis=-1)
    return float(np.sqrt((square if where is None else square[where]).mean()))


def _toned(rgb: Pixels, tool: Tool) -> Pixels:
    lab = rgb_to_lab(rgb / np.float32(255))
    light = np.float32(100) * (lab[..., 0] / 100) ** np.float32(tool.gamma)
    light += np.float32(4) * np.sin(light * np.float32(np.pi / 50))
    lab[..., 0] = np.clip(light, 0, 100)
    lab[..., 1:] = lab[..., 1:] * np.float32(tool.saturation) + np.array(tool.cast, np.float32)
    shown = np.clip(cv2.cvtColor(lab, cv2.COLOR_Lab2RGB), 0, 1)
    return np.rint(shown * 255).astype(np.uint8)


def _replaced(truth: Pixels, stranger: Pixels, centre: Float, radius: float) -> tuple[Pixels, Pixels]:
    """A round part of the stranger put in the truth's place, and where."""
    height, width = truth.shape[:2]
    y, x = np.mgrid[0:height, 0:width]
    distance = np.hypot((x - centre[0]) / 0.8, y - centre[1])
    share = np.clip((radius - distance) / 4 + 0.5, 0, 1).astype(np.float32)[..., None]
    laid = cv2.resize(stranger, (width, height), interpolation=cv2.INTER_AREA)
    mixed = truth * (1 - share) + laid * share
    return np.rint(mixed).astype(np.uint8), share[..., 0] > 0


def _map(
    size: tuple[int, int], photograph: tuple[int, int], tool: Tool, centre: Float, rng: np.random.Generator
) -> tuple[Float, Float]:
    """Where in the photograph each place of the version lies: x and y."""
    width, height = photograph
    unit = float(np.sqrt(height * width))
    y, x = np.mgrid[0 : size[1], 0 : size[0]].astype(np.float64)
    inner = 1 - tool.crop
    x = (x + 0.5) / size[0] * width * inner + tool.crop * width * rng.uniform(0.2, 0.8)
    y = (y + 0.5) / size[1] * height * inner + tool.crop * height * rng.uniform(0.2, 0.8)
    corners = np.array([[0, 0], [width, 0], [width, height], [0, height]], np.float32)
    moved = corners + rng.uniform(-1, 1, (4, 2)).astype(np.float32) * np.float32(tool.corners * unit)
    h = cv2.getPerspectiveTransform(corners, moved)
    depth = h[2, 0] * x + h[2, 1] * y + h[2, 2]
    x, y = (h[0, 0] * x + h[0, 1] * y + h[0, 2]) / depth, (h[1, 0] * x + h[1, 1] * y + h[1, 2]) / depth
    for waves, share in ((2, 0.7), (5, 0.3)):
        phase = rng.uniform(0, 2 * np.pi, 4)
        step = 2 * np.pi * waves / unit
        across = np.sin(step * y + phase[0]) * np.cos(step * x * 0.6 + phase[1])
        down = np.sin(step * x + phase[2]) * np.cos(step * y * 0.6 + phase[3])
        x, y = x + tool.warp * unit * share * across, y + tool.warp * unit * share * down
    radius = 0.16 * unit
    angle = tool.swirl * np.exp(-np.square(np.hypot(x - centre[0], y - centre[1]) / radius) * 2)
    dx, dy = x - centre[0], y - centre[1]
    x, y = centre[0] + np.cos(angle) * dx - np.sin(angle) * dy, centre[1] + np.sin(angle) * dx + np.cos(angle) * dy
    x, y = x - tool.shift * width, y - tool.shift * height * 0.5
    return (x - 0.5).astype(np.float32), (y - 0.5).astype(np.float32)


def _through_jpeg(rgb: Pixels, quality: int) -> Pixels:
    _, data = cv2.imencode(".jpg", rgb[..., ::-1], [cv2.IMWRITE_JPEG_QUALITY, quality])
    return np.ascontiguousarray(cv2.imdecode(data, cv2.IMREAD_COLOR)[..., ::-1])
