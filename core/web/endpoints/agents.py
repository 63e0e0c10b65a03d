"""The named endpoints as MCP tools, for agents. Gradio serves them; here they get names, words and answers of use.

Of its own, Gradio 6.31 names a tool after a function, describes no parameter, gives JSON fields a schema that clients
refuse, answers with Python's ``repr``, and keeps pictures that came as ``data:`` addresses for ever.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from typing import Any, get_args
from urllib.parse import unquote

import gradio as gr
import gradio.mcp
from gradio.mcp import GradioMCPServer
from gradio.processing_utils import add_root_url, save_base64_to_cache
from gradio.utils import get_upload_folder
from gradio_client import handle_file
from gradio_client.utils import is_file_obj_with_meta

from core.errors import AutochromeError
from core.jobs.job import ColourPhotos
from core.look.look import Hint, Look
from core.photo.open import open_photo
from core.photo.resize import thumbnail
from core.photo.save import SUFFIXES
from core.restore.strokes import Stroke
from core.settings import Settings
from core.video.hints import FilmHint
from core.web.small_pictures import data_uri

SHOWN_PIXELS = 400_000
"""Pixels of a picture in an answer; its address leads to the whole of it."""

_FILE = (
    "an http(s) address, a data: address, or http(s)://THIS-SERVER/gradio_api/file=PATH for a file that was sent to "
    "this server's /gradio_api/upload, which answers with the PATH"
)

_TOOLS = {
    "colorize": (
        "Put colour into a black-and-white photograph, at its full size. The colours are likely ones, not the true "
        "ones. Answers with a small copy of the picture, the address of the whole picture (kept for an hour), and a "
        "report in JSON: which backend did it and why that one, seconds, and warnings."
    ),
    "alternatives": (
        "Other plausible colourings of a photograph (warmer, cooler, vivid, calm, ...). Answers with small pictures, "
        "their addresses, and in JSON each one's name and how plausible it is; give a name to colorize as "
        "'alternative' to have it at full size."
    ),
    "confidence": "Show where a photograph's colours are sure and where they are guesses, as a picture and as numbers.",
    "compare": (
        "Colour a photograph with every backend that is ready, to choose one. Answers with small pictures, their "
        "addresses and, in JSON, each backend's time and, for a photograph in colour, how far it is from the truth."
    ),
    "colorize_batch": (
        "Colour many photographs, or zips of them. Answers with the address of a zip of the pictures (kept for an "
        "hour) and in JSON what became of each photograph."
    ),
    "colorize_video": (
        "Put colour into a black-and-white film, or, with start and seconds, into a part of one. Answers with the "
        "address of a film that browsers play (kept for an hour) and a report in JSON."
    ),
    "backends": "List the backends that can be given as 'backend': id, summary, licence, and whether each is ready.",
}

_PARAMETERS: dict[str, dict[str, Any]] = {
    "image": {"type": "string", "format": "uri", "description": f"the photograph: {_FILE}"},
    "images": {
        "type": "array",
        "items": {"type": "string", "format": "uri"},
        "description": f"photographs, or zips of them; each is {_FILE}",
    },
    "film": {"type": "string", "format": "uri", "description": f"the film: {_FILE}"},
    "start": {"type": "number", "minimum": 0, "default": 0, "description": "where to begin, in seconds"},
    "seconds": {
        "type": ["number", "null"],
        "default": None,
        "description": "how many seconds; null is all that follow",
    },
    "recolour": {"description": "colour a film that is in colour already"},
    "backend": {
        "type": "string",
        "default": "auto",
        "description": "an id that the tool 'backends' lists; auto takes the best that can be used now",
    },
    "hints": {
        "type": "array",
        "default": [],
        "items": Hint.model_json_schema(),
        "description": "spots whose colour is known; what belongs to them takes it",
    },
    "reference": {
        "type": ["string", "null"],
        "format": "uri",
        "default": None,
        "description": f"a second photograph, in colour, for a backend that takes its colours from one: {_FILE}",
    },
    "options": {"type": "object", "default": {}, "description": "the backend's own options; most have none"},
    "output_format": {
        "type": "string",
        "enum": [*SUFFIXES],
        "default": "png",
        "description": "png and tiff keep 16 bits and transparency",
    },
    "quality": {
        "type": ["integer", "null"],
        "minimum": 1,
        "maximum": 100,
        "default": None,
        "description": "of jpeg, webp and avif; null is the photograph's own, or a good one",
    },
    "colour_photos": {
        "type": "string",
        "enum": [*get_args(ColourPhotos)],
        "default": "keep-as-is",
        "description": "what becomes of a photograph that is in colour already: given back as it is, unless recolour",
    },
    "restore": {"description": "of an old print, for the network's eyes: auto what is surely wrong, none, or a list"},
    "restore_picture": {"description": "mend the picture too, and not only what the network sees"},
    "restore_strokes": {
        "type": "array",
        "default": [],
        "items": Stroke.model_json_schema(),
        "description": "strokes of a brush over scratches to fill, or with erase over what is to stay",
    },
    "sidecar": {"description": "tell all that is needed to make the same pixels again"},
    "alternative": {"description": "another colouring that the prediction holds: a name that 'alternatives' gave"},
}

_OF_FILMS: dict[str, dict[str, Any]] = {
    "hints": _PARAMETERS["hints"]
    | {
        "items": FilmHint.model_json_schema(),
        "description": "spots whose colour is known on the frame of a time; they go along with the motion",
    }
}
"""Parameters that say something else of films."""


@contextmanager
def serving_agents(settings: Settings) -> Iterator[None]:
    """Let what is launched meanwhile have ``AgentServer``, from its first request on."""
    theirs = gradio.mcp.GradioMCPServer
    gradio.mcp.GradioMCPServer = partial(AgentServer, settings)  # Gradio makes it inside launch() and takes no other
    try:
        yield
    finally:
        gradio.mcp.GradioMCPServer = theirs


class AgentServer(GradioMCPServer):  # type: ignore[misc]
    """Gradio's server with tools of use; its public methods keep Gradio's names, and a test that they are Gradio's."""

    def __init__(self, settings: Settings, blocks: gr.Blocks):
        self._settings = settings.model_copy(
            update={"max_upload_mb": 1_000_000}
        )  # pictures are larger than photographs
        super().__init__(blocks)

    def get_tool_to_endpoint(self) -> dict[str, str]:
        """Tools are called what their endpoints are called."""
        return {self.tool_prefix + name[1:]: name for name in self.api_info["named_endpoints"]}

    def get_fn_description(self, block_fn: Any, tool_name: str) -> tuple[str, dict[str, str]]:
        """What a tool does; its parameters are described by ``get_input_schema``."""
        return _TOOLS.get(block_fn.api_name, block_fn.fn.__doc__ or ""), {}

    def get_input_schema(self, tool_name: str, parameters: Any = None) -> tuple[dict[str, Any], list[Any]]:
        """A tool's parameters as a JSON schema; what belongs to ``Look`` is described there."""
        look = Look.model_json_schema()["properties"]
        endpoint = self.api_info["named_endpoints"][self.tool_to_endpoint[tool_name]]
        described = _PARAMETERS | (_OF_FILMS if tool_name.endswith("colorize_video") else {})
        properties, required = {}, []
        for parameter in endpoint["parameters"]:
            name = parameter["parameter_name"]
            properties[name] = look.get(name, {}) | described.get(name, {}) or parameter["type"]
            if not parameter["parameter_has_default"]:
                required.append(name)
        return {"type": "object", "properties": properties, "required": required, "additionalProperties": False}, []

    def convert_strings_to_filedata(self, value: dict[str, Any], filedata_positions: Any) -> dict[str, Any]:
        """Arguments with their files in Gradio's form.

        Gradio's own client, on this machine, makes the call, and would send any local file that an argument names in
        that form; hence nobody else may use it.
        """
        if '"gradio.FileData"' in json.dumps(value):
            raise ValueError("A file must be given as an address; see the description of the parameter.")
        arguments = dict(value)
        for name in ("image", "reference", "film"):
            if arguments.get(name):
                arguments[name] = self._file(arguments[name])
        if "images" in arguments:
            arguments["images"] = [self._file(address) for address in arguments["images"]]
        return arguments

    def _file(self, address: str) -> Any:
        if address.startswith("data:"):
            try:
                path = save_base64_to_cache(address, get_upload_folder())
            except Exception as error:  # of many kinds, by what is wrong with it
                raise ValueError("The data: address cannot be decoded; it must be base64 of the whole file.") from error
            self.blocks.upload_file_set.add(path)  # so that it is deleted in time
            return handle_file(path)
        _, mark, path = address.partition("/gradio_api/file=")
        if mark and unquote(path) in self.blocks.upload_file_set:
            return handle_file(unquote(path))
        if address.startswith(("http://", "https://")):
            return handle_file(address)
        raise ValueError("The picture has no address that can be used; give one that begins with https: or data:.")

    def postprocess_output_data(self, data: Any, root_url: str) -> list[Any]:
        """What the endpoint returned: pictures small with their addresses, other files by address, the rest as JSON."""
        return [part for output in add_root_url(data, root_url, None) for part in self._parts(output)]

    def _parts(self, value: Any) -> list[Any]:
        if hasattr(value, "model_dump"):
            value = value.model_dump()
        if is_file_obj_with_meta(value):
            return self._shown(value)
        if isinstance(value, list | tuple) and any(map(_holds_file, value)):
            return [part for each in value for part in self._parts(each)]
        return [self._text(json.dumps(value, ensure_ascii=False))]

    def _shown(self, file: dict[str, Any]) -> list[Any]:
        text = self._text(f"{file['orig_name']}: {file['url']}")
        try:
            picture = thumbnail(open_photo(file["path"], self._settings), SHOWN_PIXELS)
        except AutochromeError:  # a zip
            return [text]
        encoded = data_uri(picture.pixels).partition(",")[2]
        return [self.types.ImageContent(type="image", data=encoded, mimeType="image/jpeg"), text]

    def _text(self, words: str) -> Any:
        return self.types.TextContent(type="text", text=words)

    @staticmethod
    def _format_progress_message(update: Any) -> str | None:
        """What goes on, in the words of the page."""
        return next((unit.desc for unit in update.progress_data or [] if unit.desc), None)


def _holds_file(value: Any) -> bool:
    return is_file_obj_with_meta(value) or (isinstance(value, list | tuple) and any(map(_holds_file, value)))
