"""The server's log: faults, and as JSON each call too. Nothing personal gets in: no photograph's name, no address.

What an error says may hold a file's name, and so may what libraries log. So an error is told by its kind and by where
it came from, and a library's line by where that is in its code.
"""

from __future__ import annotations

import json
import logging
import re
import sys
import traceback
from datetime import datetime, timezone
from pathlib import Path
from typing import Any, Literal

from core.web.request_ids import current_id

LogKind = Literal["text", "json"]

_OWN = "autochrome"
_ROOT = Path(__file__).resolve().parent.parent.parent


def use_log(kind: LogKind) -> None:
    """Log to stderr from now on: faults as text; or, as JSON, a line for each call too."""
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(_AsJson() if kind == "json" else _AsText())
    logging.basicConfig(handlers=[handler], level=logging.WARNING, force=True)
    logging.getLogger(_OWN).setLevel(logging.INFO if kind == "json" else logging.WARNING)
    for name in ("uvicorn", "uvicorn.error", "uvicorn.access"):  # they have handlers of their own
        logger = logging.getLogger(name)
        logger.handlers, logger.propagate = [], True
    logging.captureWarnings(True)


def _facts(record: logging.LogRecord) -> dict[str, Any]:
    """A record without anything that a caller may have sent."""
    own = record.name == _OWN
    facts: dict[str, Any] = {
        "time": datetime.fromtimestamp(record.created, timezone.utc).isoformat(timespec="milliseconds"),
        "level": record.levelname.lower(),
        "request": getattr(record, "request", None) or current_id(),
        "message": re.sub(r"%\w", "…", str(record.msg)) if own else f"{_short(record.pathname)}:{record.lineno}",
    }
    facts |= getattr(record, "facts", {})
    error = record.exc_info and record.exc_info[1]
    if error:
        frames = traceback.extract_tb(error.__traceback__)
        facts["error"] = type(error).__name__
        facts["at"] = [f"{_short(frame.filename)}:{frame.lineno} {frame.name}" for frame in frames]
    return facts


def _short(path: str) -> str:
    """A source file's path without the folders that say whose machine it is."""
    if Path(path).is_relative_to(_ROOT) and "site-packages" not in path:
        return Path(path).relative_to(_ROOT).as_posix()
    return "/".join(Path(path).parts[-2:])


class _AsJson(logging.Formatter):
    def format(self, record: logging.LogRecord) -> str:
        return json.dumps(_facts(record), ensure_ascii=False)


class _AsText(logging.Formatter):
    def format(self, record: logging.LogRecord) -> str:
        facts = _facts(record)
        lines = facts.pop("at", [])
        return "\n    ".join([" ".join(str(fact) for fact in facts.values()), *lines])
