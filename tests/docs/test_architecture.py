"""The rooms that the docs name are those there are, and what a newcomer is told to look for is there."""

import re
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]


def test_every_room_is_described():
    page = (ROOT / "docs" / "architecture.md").read_text()
    described = set(re.findall(r"^\| `core/(\w+)/` \|", page, re.MULTILINE))
    assert described == {path.parent.name for path in (ROOT / "core").glob("*/__init__.py")}


def test_where_things_are():
    page = (ROOT / "docs" / "contributing.md").read_text()
    answers = re.findall(r"^\| Where .*\? \| (.*) \|$", page, re.MULTILINE)
    assert len(answers) >= 10
    for answer in answers:
        paths = re.findall(r"`(core/[\w/.]+)`", answer)
        assert paths
        for path in paths:
            assert (ROOT / path).exists(), path
