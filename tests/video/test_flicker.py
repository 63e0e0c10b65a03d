"""Films whose colours are known, made grey and coloured: steadier than each frame alone, and no paler."""

from __future__ import annotations

from pathlib import Path

import pytest

from core.engine import Engine
from tests.benchmarks.films import engine_with_stand_ins, measure
from tests.support.clips import CLIPS, write_clip


@pytest.fixture(scope="module")
def engine(tmp_path_factory: pytest.TempPathFactory) -> Engine:
    return engine_with_stand_ins(tmp_path_factory.mktemp("models"))


@pytest.mark.parametrize(
    ("clip", "backend"), [*((clip, "field") for clip in CLIPS), ("pan", "zhang-v2"), ("behind a tree", "pocket")]
)
def test_colours_are_steadier_than_those_of_each_frame_alone(
    tmp_path: Path, engine: Engine, clip: str, backend: str
) -> None:
    frames = 34 if clip == "cuts" else 18
    found = measure(engine, backend, write_clip(tmp_path / "clip.mp4", clip, frames), tmp_path, frames)
    assert found.warp < 0.35
    assert found.cdc_ours < found.cdc_alone
    assert found.colourfulness > 0.85
    assert (found.cuts, found.after_cut < 1) == (int(clip == "cuts"), True)
