"""The text that describes a Caffe network, read layer by layer."""

from __future__ import annotations

import re
from collections import defaultdict
from dataclasses import dataclass

_TOKEN = re.compile(r"""(?P<opened>\w+)\s*\{|(?P<key>\w+)\s*:\s*(?P<value>"[^"]*"|'[^']*'|[^\s{}]+)|\}""")


@dataclass(frozen=True)
class Layer:
    """One layer: its text, and the values of each of its fields, those of nested messages among them."""

    text: str
    fields: dict[str, list[str]]

    def __getitem__(self, field: str) -> str:
        """A field's first value; KeyError where the layer has none."""
        return self.fields[field][0]

    def number(self, field: str, default: int = 0) -> int:
        """A field's first value as a whole number, or ``default`` where the layer has none."""
        return int(self.fields.get(field, [str(default)])[0])


def read_layers(prototxt: str) -> list[Layer]:
    """The layers in order. The text is known: its hash has been checked."""
    text = re.sub(r"#.*", "", prototxt)
    layers: list[Layer] = []
    depth = start = 0
    fields: dict[str, list[str]] = {}
    for token in _TOKEN.finditer(text):
        if token["opened"]:
            if depth == 0:
                start, fields = token.start(), defaultdict(list)
            depth += 1
        elif token["key"]:
            if depth:
                fields[token["key"]].append(token["value"].strip("\"'"))
        else:
            depth -= 1
            if depth == 0:
                layers.append(Layer(text[start : token.end()], dict(fields)))
    return layers
