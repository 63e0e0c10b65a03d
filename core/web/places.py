"""Where things lie on this machine is nobody's business but that of who sits at it."""

from __future__ import annotations

import os
import sys
import tempfile
from pathlib import Path
from typing import Any

from pydantic import BaseModel

_OWN = Path(__file__).resolve().parents[2]
_VARIABLES = ("AUTOCHROME_MODELS_DIR", "AUTOCHROME_PLUGINS", "GRADIO_TEMP_DIR", "HF_HOME", "HF_HUB_CACHE")


def without_places(sentence: str) -> str:
    """A sentence for callers elsewhere: of a path on this machine it names no more than the end.

    Known are Autochrome's own folder, the person's, Python's, the temporary one, and those that variables name.
    """
    named = [Path(value) for name in _VARIABLES if (value := os.environ.get(name))]
    places = [_OWN, Path.home(), Path(sys.prefix), Path(tempfile.gettempdir()), *named]
    for place in sorted({str(each) for each in places if each.is_absolute() and each.name}, key=len, reverse=True):
        sentence = sentence.replace(place + os.sep, "")
    return sentence


def as_answer(report: BaseModel) -> dict[str, Any]:
    """What is told of a photograph, as JSON for callers elsewhere."""
    told = report.model_dump(mode="json")
    return {name: without_places(value) if isinstance(value, str) else value for name, value in told.items()}
