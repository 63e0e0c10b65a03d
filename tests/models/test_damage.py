"""Marks are drawn for training where it says that they are, of every kind."""

from __future__ import annotations

from typing import Any
from unittest import mock

import numpy as np
import pytest

from models.marks import damage

KINDS = {kind.__name__: kind for kind in damage._MARKS}


@pytest.mark.parametrize("kind", KINDS.values(), ids=KINDS)
def test_each_kind_of_mark_is_asked_for_where_it_shows(kind: Any) -> None:
    wall = np.full((200, 260), 110, np.uint8)
    rng = np.random.default_rng(4)
    with mock.patch.object(damage, "_MARKS", [kind]):
        prints = [damage.sample(wall, 160, rng) for _ in range(40)]
    marked = [(grey, marks > 0, asked > 0) for grey, marks, asked in prints if marks.any()]
    assert 8 < len(marked) < 40  # some prints have none
    off = [np.abs(grey - np.median(grey)) for grey, _, _ in marked]
    within = np.mean([far[marks].mean() for far, (_, marks, _) in zip(off, marked, strict=True)])
    beside = np.mean([far[~marks & asked].mean() for far, (_, marks, asked) in zip(off, marked, strict=True)])
    assert within > 3 * beside
    assert 0.0002 < np.mean([marks.mean() for _, marks, _ in marked]) < 0.2
