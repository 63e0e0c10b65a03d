"""The upload fields: they hand over the files themselves, untouched."""

from __future__ import annotations

from abc import ABCMeta
from typing import Any, NamedTuple

import gradio as gr
from gradio.component_meta import ComponentMeta
from gradio.data_classes import ImageData, ListFiles
from gradio_client.utils import is_file_obj_with_meta, strip_invalid_filename_characters
from pydantic import model_validator

from core.errors import PhotoError
from core.web.alerts import alert


class Upload(NamedTuple):
    """An uploaded file.

    Attributes:
        path: where it lies, inside Gradio's upload folder.
        name: what the person called it, with no folder.
    """

    path: str
    name: str


class _Sent(ImageData):  # type: ignore[misc]
    """What a client sends for a file; anything that Gradio does not check as an uploaded file counts as none.

    Gradio checks only payloads that carry its ``meta`` mark, and ``ImageData`` does not ask for it.
    """

    @model_validator(mode="before")
    @classmethod
    def _only_checked_files(cls, value: Any) -> Any:
        return value if is_file_obj_with_meta(value) else {}


class _SentFiles(ListFiles):  # type: ignore[misc]
    """The same for many files."""

    @model_validator(mode="before")
    @classmethod
    def _only_checked_files(cls, value: Any) -> Any:
        files = value if isinstance(value, list) else [value]
        return [file if is_file_obj_with_meta(file) else {"path": ""} for file in files]


class _NoStub(ComponentMeta):  # type: ignore[misc]
    """Gradio's metaclass writes a ``.pyi`` file beside the source of each component class; this one does not."""

    def __new__(cls, name: str, bases: tuple[type, ...], attributes: dict[str, Any]) -> Any:
        return ABCMeta.__new__(cls, name, bases, attributes)


class PhotoUpload(gr.Image, metaclass=_NoStub):  # type: ignore[misc]
    """An image field whose value is an ``Upload``, or None.

    ``gr.Image`` would decode the file with Pillow, which loses 16 bits, alpha and metadata, and would report a
    broken one in its own words. Gradio checks that a path lies in its upload folder before ``preprocess``.
    """

    is_template = True  # the browser shows it as a gr.Image
    data_model = _Sent

    def preprocess(self, payload: Any) -> Upload | None:
        """Take the uploaded file as it is."""
        return None if payload is None else _received(payload)


class FilmUpload(gr.Video, metaclass=_NoStub):  # type: ignore[misc]
    """A field for a film, whose value is an ``Upload``, or None; the browser plays it where it can."""

    is_template = True
    data_model = _Sent

    def preprocess(self, payload: Any) -> Upload | None:
        """Take the uploaded file as it is."""
        return None if payload is None else _received(payload)


class PhotosUpload(gr.File, metaclass=_NoStub):  # type: ignore[misc]
    """A field for many files, whose value is a list of ``Upload``; made by ``photos_upload``."""

    is_template = True

    def preprocess(self, payload: Any) -> list[Upload]:
        """Take the uploaded files as they are."""
        return [] if payload is None else [_received(file) for file in payload]


def photos_upload(**properties: Any) -> PhotosUpload:
    """A ``PhotosUpload`` with a component's usual properties (``gr.File`` would set its own data model)."""
    field = PhotosUpload(file_count="multiple", **properties)
    field.data_model = _SentFiles
    return field


def _received(file: Any) -> Upload:
    if not file.path:
        raise alert(PhotoError("The picture is no uploaded file; send it with gradio_client's handle_file."))
    name = (file.orig_name or file.path).replace("\\", "/").rpartition("/")[2]
    return Upload(file.path, strip_invalid_filename_characters(name) or "photo")
