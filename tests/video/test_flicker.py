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
    frames = {"cuts": 34, "behind a tree": 60}.get(clip, 26)  # before the 36th nobody is behind the tree
    found = measure(engine, backend, write_clip(tmp_path / "clip.mp4", clip, frames), tmp_path, frames)
    assert found.warp < 0.35
    assert found.warp_over_true < 1.5
    assert found.cdc_ours < min(1.3, found.cdc_alone)
    assert found.colourfulness > 0.95
    assert found.decibels > (-0.5 if backend == "field" else -0.05)  # whose colours have nothing to do with the truth
    assert (found.cuts, found.after_cut) == (int(clip == "cuts"), 0)
