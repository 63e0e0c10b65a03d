"""What callers elsewhere are told of a path on this machine."""

from __future__ import annotations

from pathlib import Path

import pytest

from core.web.places import without_places


def test_a_path_is_named_by_its_end_and_the_rest_of_a_sentence_stays(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("AUTOCHROME_MODELS_DIR", str(tmp_path / "Anna's models"))
    told = f"Put it into {tmp_path}/Anna's models/zhang-v2; see /gradio_api/info or https://example.org/a/b."
    assert without_places(told) == "Put it into zhang-v2; see /gradio_api/info or https://example.org/a/b."
