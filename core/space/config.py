"""``space.yaml`` is the Space's configuration; ``README.md``'s front matter, which the Hub reads, is made of it.

Its keys: https://huggingface.co/docs/hub/spaces-config-reference
"""

from __future__ import annotations

import re
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent.parent
"""Autochrome's own folder, which is what becomes the Space."""

_FRONT_MATTER = re.compile(r"\A---\n.*?^---\n+", re.DOTALL | re.MULTILINE)


def front_matter(root: Path = ROOT) -> str:
    """What ``README.md`` must begin with: the lines of ``space.yaml`` but for its remarks."""
    lines = (root / "space.yaml").read_text("utf-8").splitlines()
    return "\n".join(["---", *(line for line in lines if line and not line.lstrip().startswith("#")), "---", "", ""])


def is_synced(root: Path = ROOT) -> bool:
    """Whether ``README.md`` says what ``space.yaml`` says."""
    return (root / "README.md").read_text("utf-8").startswith(front_matter(root))


def sync(root: Path = ROOT) -> bool:
    """Write the front matter of ``README.md``; whether that changed it. The text below it stays as it is."""
    if is_synced(root):
        return False
    readme = root / "README.md"
    text = front_matter(root) + _FRONT_MATTER.sub("", readme.read_text("utf-8"))
    part = readme.with_name(".README.md.part")
    part.write_text(text, "utf-8")
    part.replace(readme)
    return True


def value(key: str, root: Path = ROOT) -> str:
    """A plain value of ``space.yaml``.

    Raises:
        KeyError: it has none of this name.
    """
    found = re.search(rf"^{key}: *(.+?) *$", (root / "space.yaml").read_text("utf-8"), re.MULTILINE)
    if found is None:
        raise KeyError(key)
    return found[1].strip("\"'")
