"""What endpoints have in common: fields for their parameters, which no page shows, and checks of what is given."""

from __future__ import annotations

from typing import Any

import gradio as gr

from core.errors import PhotoError, RequestError
from core.look.look import Look
from core.registry.registry import AUTO
from core.restore.restore import AUTO as WHAT_IS_SURE
from core.web.upload_fields import PhotoUpload, Upload

KEEP = "keep-as-is"
"""What becomes of a photograph in colour unless the caller says otherwise: it is given back."""


def given_photo(image: Upload | None) -> Upload:
    """The picture that a caller must give.

    Raises:
        PhotoError: there is none.
    """
    if image is None:
        raise PhotoError("There is no picture; give one as 'image'.")
    return image


def photo_field() -> Any:
    """The endpoint's field for a picture."""
    return PhotoUpload(label="Photograph", visible=False)


def reference_field() -> Any:
    """The endpoint's field for a second picture."""
    return PhotoUpload(label="A second photograph to take colours from", visible=False)


def look_fields() -> list[Any]:
    """The endpoint's fields for strength, temperature, vividness and refine."""
    defaults = Look()
    return [
        gr.Number(defaults.strength, label="Strength, 0 to 2", visible=False),
        gr.Number(defaults.temperature, label="Temperature, 0 to 1", visible=False),
        gr.Number(defaults.vividness, label="Vividness, 0 to 1", visible=False),
        gr.Checkbox(defaults.refine, label="Let colour follow edges", visible=False),
    ]


def tint_fields() -> list[Any]:
    """The endpoint's fields for tint_warm and tint_magenta."""
    defaults = Look()
    return [
        gr.Number(defaults.tint_warm, label="Cool to warm, -1 to 1", visible=False),
        gr.Number(defaults.tint_magenta, label="Green to magenta, -1 to 1", visible=False),
    ]


def backend_field() -> Any:
    """The endpoint's field for a backend's id."""
    return gr.Textbox(AUTO, label="Backend's id, or auto", visible=False)


def format_field() -> Any:
    """The endpoint's field for the output's format."""
    return gr.Textbox("png", label="png, jpeg, webp, tiff or avif", visible=False)


def file_fields() -> list[Any]:
    """The endpoint's fields for quality, sidecar and colour_photos."""
    return [
        gr.Number(None, label="Quality of jpeg, webp and avif, 1 to 100", visible=False),
        gr.Checkbox(False, label="Tell all of how the picture was made", visible=False),
        gr.Textbox(KEEP, label="Photographs in colour: skip, recolour or keep-as-is", visible=False),
    ]


def restore_fields() -> list[Any]:
    """The endpoint's fields for restore and restore_picture."""
    return [
        gr.Textbox(WHAT_IS_SURE, label="What of an old print is mended: auto, none or a list of steps", visible=False),
        gr.Checkbox(False, label="Mend the picture too", visible=False),
    ]


def whole(quality: float | None) -> int | None:
    """A quality, 1 to 100: JSON and Gradio know no whole numbers.

    Raises:
        RequestError: it is no number from 1 to 100.
    """
    if quality is None:
        return None
    if not isinstance(quality, int | float) or not 1 <= quality <= 100:
        raise RequestError("The parameter 'quality' must be a number from 1 to 100; correct it or leave it out.")
    return round(quality)


def checked(options: Any) -> dict[str, Any]:
    """A backend's own options.

    Raises:
        RequestError: they are no object.
    """
    if not isinstance(options, dict):
        raise RequestError("The parameter 'options' is not usable: it must be an object; leave it out or correct it.")
    return options


def options_field() -> Any:
    """The endpoint's field for a backend's own options."""
    return gr.JSON({}, label="The backend's own options", visible=False)


def alternative_field() -> Any:
    """The endpoint's field for alternative."""
    return gr.Textbox(Look().alternative, label="One of those that /alternatives names", visible=False)


def pooling_field() -> Any:
    """The endpoint's field for pooling."""
    return gr.Checkbox(Look().pooling, label="Let things that are alike take colour together", visible=False)
