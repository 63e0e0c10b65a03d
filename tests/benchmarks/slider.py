"""A slider moved on the page, from the cached prediction to the preview's file; the plain recipe does all again."""

from __future__ import annotations

import itertools
import os
from pathlib import Path

import cv2
import numpy as np

from tests.benchmarks.forward import stock
from tests.benchmarks.plain import paint
from tests.benchmarks.scans import write_scan
from tests.benchmarks.timing import in_turn


def rows(weights: Path, folder: Path) -> list[tuple[str, ...]]:
    """Seconds for 2 megapixels, and their ratio."""
    os.environ["GRADIO_TEMP_DIR"] = str(folder / "gradio")
    from core.engine import Engine
    from core.look.look import Look
    from core.progress import no_progress
    from core.registry.registry import load_registry
    from core.settings import Settings
    from core.web.previews import Previews
    from core.web.session import PREVIEW_PIXELS
    from core.web.upload_fields import Upload

    path = write_scan(folder, 2)
    previews = Previews(Engine(load_registry(plugins=False), Settings()))
    session = previews.begin(Upload(str(path), path.name), "pocket", no_progress)
    strengths = itertools.count(1)
    net = stock(weights)

    def plain() -> None:
        rgb = cv2.cvtColor(cv2.imread(str(path)), cv2.COLOR_BGR2RGB)
        small = cv2.cvtColor(cv2.resize(rgb.astype(np.float32) / 255, (224, 224)), cv2.COLOR_RGB2Lab)[..., 0]
        net.setInput(small[None, None] - 50)
        picture = paint(rgb, net.forward("class8_ab")[0].transpose(1, 2, 0))
        cv2.imwrite(str(folder / "plain.png"), cv2.cvtColor(picture, cv2.COLOR_RGB2BGR))

    seconds = in_turn(
        9, ours=lambda: previews.after(session, Look(strength=next(strengths) / 100), PREVIEW_PIXELS), plain=plain
    )
    ratio = seconds["ours"] / seconds["plain"]
    return [("slider moved, 2 MP", f"{seconds['ours']:.3f}", f"{seconds['plain']:.3f}", f"{ratio:.2f}")]
