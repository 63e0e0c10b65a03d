"""A node for ComfyUI that has its images coloured by an Autochrome server: put this folder into ``custom_nodes``."""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import Any

import numpy as np
from comfy_api.latest import ComfyExtension, io
from gradio_client import Client, handle_file
from PIL import Image


class AutochromeColorize(io.ComfyNode):
    """Colours each image of a batch."""

    @classmethod
    def define_schema(cls) -> io.Schema:
        return io.Schema(
            node_id="AutochromeColorize",
            display_name="Autochrome",
            category="image/color",
            description="Colours black-and-white photographs by an Autochrome server; their lightness stays.",
            inputs=[
                io.Image.Input("image"),
                io.String.Input("server", default="http://127.0.0.1:7860"),
                io.String.Input("backend", default="auto"),
                io.Float.Input("strength", default=1.0, min=0.0, max=2.0, step=0.05),
                io.Float.Input("vividness", default=0.5, min=0.0, max=1.0, step=0.05),
                io.Float.Input("tint_warm", default=0.0, min=-1.0, max=1.0, step=0.05),
                io.Float.Input("tint_magenta", default=0.0, min=-1.0, max=1.0, step=0.05),
            ],
            outputs=[io.Image.Output()],
        )

    @classmethod
    def execute(cls, image: Any, server: str, **look: Any) -> io.NodeOutput:
        """Colour a tensor (images, h, w, 3) float32 0..1 into one like it."""
        with tempfile.TemporaryDirectory() as folder:
            client = Client(server, verbose=False, download_files=folder)
            pictures = []
            for number, pixels in enumerate(image.cpu().numpy()):
                photograph = Path(folder, f"{number}.png")
                Image.fromarray(np.rint(pixels[..., :3].clip(0, 1) * 255).astype(np.uint8)).save(photograph)
                picture, _ = client.predict(image=handle_file(photograph), **look, api_name="/colorize")
                pictures.append(np.asarray(Image.open(picture).convert("RGB"), np.float32) / 255)
        return io.NodeOutput(image.new_tensor(np.stack(pictures)))


class Autochrome(ComfyExtension):
    """What ComfyUI asks for its nodes."""

    async def get_node_list(self) -> list[type[io.ComfyNode]]:
        return [AutochromeColorize]


async def comfy_entrypoint() -> Autochrome:
    """Where ComfyUI begins."""
    return Autochrome()
