"""Prints aged by hand, each damage with a known truth: after what is published of how photographs age.

Silver prints yellow and fade (their maximum density falls, their paper's white turns yellow, blue first); scans have
grain; negatives and prints are scratched and dusty; printed pictures have a screen of 45 to 150 lines an inch, at the
angles 15, 45, 75 and 0 degrees, one for each ink (ISO 12647); and prints are mounted on card.
"""

from __future__ import annotations

from itertools import pairwise
from typing import Any

import cv2
import numpy as np

from core.colour.cielab import linear_to_srgb, srgb_to_linear

SCREENS = [(lines, angle) for lines in (45, 65, 85, 110, 133, 150) for angle in (0, 15, 45, 75)]
SCAN_DPI = 300


def yellowed(grey: Any, rng: np.random.Generator, noise: float = 0.02) -> Any:
    """(h, w) grey 0..1 as (h, w, 3): faded, on paper that has turned yellow, with each channel's own grain."""
    light = srgb_to_linear(np.asarray(grey, np.float32))[..., None]
    black = rng.uniform(0.04, 0.1) * np.array((1.2, 1.0, 0.6))
    white = rng.uniform(0.5, 0.75) * np.array((1.0, rng.uniform(0.78, 0.9), rng.uniform(0.35, 0.6)))
    faded = linear_to_srgb((black + light * (white - black)).astype(np.float32))
    return (faded + noise * rng.standard_normal(faded.shape) * (0.8, 1, 1.6)).clip(0, 1).astype(np.float32)


def faded(grey: Any, rng: np.random.Generator, noise: float = 0.02) -> Any:
    """The same without a colour: what a scan in grey makes of it."""
    light = srgb_to_linear(np.asarray(grey, np.float32))
    black, white = rng.uniform(0.05, 0.12), rng.uniform(0.35, 0.6)
    plane = linear_to_srgb(black + light * np.float32(white - black))
    return (plane + noise * rng.standard_normal(plane.shape)).clip(0, 1).astype(np.float32)


def scratched(grey: Any, rng: np.random.Generator, scratches: int = 6, specks: int = 30) -> tuple[Any, Any]:
    """Grey with scratches and dust, light or dark, and the mask (h, w) bool of what they touch."""
    height, width = grey.shape
    marks = np.zeros((height, width), np.float32)
    for _ in range(scratches):
        start, angle = rng.uniform(0, 1, 2) * (width, height), rng.uniform(0, np.pi)
        reach = rng.uniform(0.2, 0.9) * max(height, width)
        bend = rng.normal(0, 0.03 * reach)
        at = np.linspace(0, 1, 24)[:, None]
        along, across = np.array((np.cos(angle), np.sin(angle))), np.array((-np.sin(angle), np.cos(angle)))
        points = start + at * reach * along + 4 * at * (1 - at) * bend * across
        line = np.rint(points * 16).astype(np.int32)
        cv2.polylines(marks, [line], False, float(rng.uniform(0.6, 1)), int(rng.integers(1, 3)), cv2.LINE_AA, 4)
    for _ in range(specks):
        centre, radii = rng.uniform(0, 1, 2) * (width, height), rng.uniform(0.7, 2.5, 2)
        cv2.ellipse(
            marks,
            tuple(np.rint(centre * 16).astype(int).tolist()),
            tuple(np.rint(radii * 16).astype(int).tolist()),
            float(rng.uniform(0, 180)),
            0,
            360,
            float(rng.uniform(0.6, 1)),
            -1,
            cv2.LINE_AA,
            4,
        )
    level = 0.97 if rng.random() < 0.6 else 0.04
    return (grey + marks * (level - grey)).astype(np.float32), marks > 0.25


def creased(grey: Any, rng: np.random.Generator) -> tuple[Any, Any]:
    """Grey of a print that was folded once and has hairs on it, and the mask (h, w) bool of what they touch."""
    height, width = grey.shape
    marks = np.zeros((height, width), np.float32)
    if rng.random() < 0.5:
        x = np.linspace(-5, width + 5, 60)
        y = rng.uniform(0.15, 0.85) * height + np.cumsum(rng.normal(0, 0.5, 60)) + rng.normal(0, 0.05) * x
        fold = np.stack([x, y], axis=1)
    else:
        y = np.linspace(-5, height + 5, 60)
        x = rng.uniform(0.15, 0.85) * width + np.cumsum(rng.normal(0, 0.5, 60)) + rng.normal(0, 0.05) * y
        fold = np.stack([x, y], axis=1)
    for start, end in pairwise(fold):  # here and there the emulsion holds
        if rng.random() < 0.9:
            ends = np.rint(np.stack([start, end]) * 16).astype(np.int32)
            cv2.polylines(marks, [ends], False, float(rng.uniform(0.6, 1)), int(rng.integers(1, 4)), cv2.LINE_AA, 4)
    for _ in range(3):
        turn = np.cumsum(rng.normal(0, 0.25, 30)) + rng.uniform(0, 2 * np.pi)
        steps = np.stack([np.cos(turn), np.sin(turn)], axis=1) * rng.uniform(0.6, 1.6)
        hair = rng.uniform(0, 1, 2) * (width, height) + np.cumsum(steps, axis=0)
        cv2.polylines(marks, [np.rint(hair * 16).astype(np.int32)], False, 0.8, 1, cv2.LINE_AA, 4)
    return (grey + marks * (0.93 - grey)).astype(np.float32), marks > 0.25


def torn(grey: Any, rng: np.random.Generator) -> tuple[Any, Any]:
    """Grey of a print whose rim is torn in two places, down to bare paper, and the mask (h, w) bool of what is gone."""
    height, width = grey.shape
    marks = np.zeros((height, width), np.float32)
    for _ in range(2):
        depth = rng.uniform(0.06, 0.15) * min(height, width)
        at, reach = rng.uniform(0.1, 0.9) * width, rng.uniform(3, 8)
        t = np.linspace(0, 1, 16)
        middle = at + np.cumsum(rng.normal(0, 1, 16))
        wide = reach * (1 - t) + rng.uniform(0, 1.5, 16)
        left, right = np.stack([middle - wide, t * depth], 1), np.stack([middle + wide, t * depth], 1)
        shape = np.concatenate([left, right[::-1]])
        shape[:, 1] = shape[:, 1] if rng.random() < 0.5 else height - 1 - shape[:, 1]
        cv2.fillPoly(marks, [np.rint(shape * 16).astype(np.int32)], 1.0, cv2.LINE_AA, 4)
    return (grey + marks * (0.95 - grey)).astype(np.float32), marks > 0.25


def cracked(grey: Any, rng: np.random.Generator) -> tuple[Any, Any]:
    """Grey of a print that was bent: cracks part its emulsion into plates, and dirty paper shows in them. With the mask
    (h, w) bool of what they touch."""
    height, width = grey.shape
    y, x = np.indices(grey.shape, np.float32)
    y, x = (side + 9 * _smooth(grey.shape, (12, 12), rng) + 1.5 * _smooth(grey.shape, (2, 2), rng) for side in (y, x))
    plates = rng.uniform(-0.1, 1.1, (14, 2)) * (height, width)
    far = np.sort([np.hypot(y - down, x - across) for down, across in plates], axis=0)
    wide = 0.7 + 0.5 * _smooth(grey.shape, (25, 25), rng)  # below 0 the emulsion holds
    marks = np.clip(wide + 0.5 - (far[1] - far[0]) / 2, 0, 1) * (wide > 0)
    level, covers = rng.uniform(0.55, 0.9), rng.uniform(0.6, 1)
    return (grey + covers * marks * (level - grey)).astype(np.float32), (marks > 0.25) & (abs(grey - level) > 0.1)


def rubbed(grey: Any, rng: np.random.Generator) -> tuple[Any, Any]:
    """Grey of a print that something scraped along: its emulsion has come off in ragged pieces, down to dirty paper.
    With the mask (h, w) bool of what they touch."""
    height, width = grey.shape
    pieces = _smooth(grey.shape, (1.5, 5), rng)
    scraped = np.zeros(grey.shape, np.float32)
    y, x = np.indices(grey.shape, np.float32)
    for down, across in rng.uniform(0.1, 0.9, (4, 2)) * (height, width):
        far = np.hypot((y - down) / rng.uniform(8, 20), (x - across) / rng.uniform(20, 60))
        scraped = np.maximum(scraped, np.exp(-(far**2)))
    turn = cv2.getRotationMatrix2D((width / 2, height / 2), rng.uniform(0, 180), 1)
    marks = cv2.warpAffine((3 * (pieces + 2 * scraped - 2.3)).clip(0, 1), turn, (width, height))
    level = rng.uniform(0.55, 0.9) + 0.02 * _smooth(grey.shape, (0.7, 0.7), rng)
    return (grey + marks * (level - grey)).clip(0, 1).astype(np.float32), (marks > 0.25) & (abs(grey - level) > 0.1)


def _smooth(shape: tuple[int, ...], sigma: tuple[float, float], rng: np.random.Generator) -> Any:
    """Noise (h, w) of deviation 1, smooth over so many pixels down and across."""
    noise = cv2.GaussianBlur(rng.standard_normal(shape).astype(np.float32), (0, 0), sigmaX=sigma[1], sigmaY=sigma[0])
    return noise / noise.std()


def screened(grey: Any, lines: int, angle: float, dpi: int = SCAN_DPI) -> Any:
    """Grey printed as round dots of so many lines an inch at an angle in degrees, and scanned at ``dpi``."""
    finer = 3
    height, width = grey.shape
    y, x = np.indices((height * finer, width * finer), np.float32) * np.float32(2 * np.pi * lines / dpi / finer)
    turn = np.radians(angle)
    across, down = x * np.cos(turn) + y * np.sin(turn), y * np.cos(turn) - x * np.sin(turn)
    threshold = 0.5 + 0.25 * (np.cos(across) + np.cos(down))
    light = cv2.resize(srgb_to_linear(np.asarray(grey, np.float32)), (width * finer, height * finer))
    dots = 1 / (1 + np.exp(-(light - threshold) * 12))
    printed = cv2.resize(dots.astype(np.float32), (width, height), interpolation=cv2.INTER_AREA)
    return linear_to_srgb(0.03 + 0.9 * cv2.GaussianBlur(printed, (0, 0), 0.5))


def mounted(grey: Any, rng: np.random.Generator) -> tuple[Any, tuple[slice, slice]]:
    """Grey on card, within black film's edges or on an album's page, and where in it the print is."""
    height, width = grey.shape
    top, bottom = (rng.uniform(0.06, 0.2, 2) * height).astype(int).tolist()
    left, right = (rng.uniform(0.06, 0.2, 2) * width).astype(int).tolist()
    level = float(rng.choice((0.02, 0.93, rng.uniform(0.25, 0.8))))
    sheet = np.full((height + top + bottom, width + left + right), level, np.float32)
    sheet += rng.normal(0, 0.008, sheet.shape).astype(np.float32)
    inside = slice(top, top + height), slice(left, left + width)
    sheet[inside] = grey
    return sheet.clip(0, 1), inside
