"""docs/deploying.md stays true: its quotas are on all addresses at which work is asked for."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

DOCS = (Path(__file__).resolve().parents[2] / "docs" / "deploying.md").read_text()


@pytest.mark.parametrize(
    "address",
    ["upload", "queue/join", "call/v2/colorize", "run/colorize", "api/colorize", "component_server", "mcp/"],
)
def test_all_that_asks_for_work_has_a_quota(address: str) -> None:
    quotas = re.search(r"location ~ (\S+) \{\s+limit_req", DOCS)
    assert quotas and re.match(quotas[1], f"/colour/gradio_api/{address}")
