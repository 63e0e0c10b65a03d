"""What a person may set through ``AUTOCHROME_*`` environment variables."""

from __future__ import annotations

import os
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from core.errors import SettingsError


class Settings(BaseModel):
    """Limits and places, each read from ``AUTOCHROME_<NAME IN CAPITALS>``, and ``repos`` from ``AUTOCHROME_*_REPO``.

    An empty variable counts as one that is not set, but for ``AUTOCHROME_PLUGINS``, which then forbids plugins.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    models_dir: Path | None = Field(None, description="folder whose manifests come before the built-in ones")
    plugins: Path | Literal[""] | None = Field(
        None, description="folder whose files are plugins; empty: no plugins at all, installed ones included"
    )
    repos: dict[str, str] = Field(
        {}, description="model, or the beginning of its name -> Hub repository of one's own that is asked first for it"
    )
    max_pixels: int = Field(250_000_000, gt=0, description="largest photograph that is opened, in pixels")
    pixels_at_once: int | None = Field(
        None, gt=0, description="pixels of all photographs that a server has in work at once; others wait"
    )
    disk_mb: int = Field(4000, gt=0, description="megabytes that photographs and pictures on a server may take")
    max_upload_mb: int = Field(200, gt=0, description="largest file that is opened, in megabytes")
    max_film_seconds: float = Field(600.0, gt=0, description="longest film that a server colours, in seconds")
    max_film_pixels: int = Field(
        2_100_000, gt=0, description="largest frame of a film that a server colours, in pixels"
    )
    allow_host: str | None = Field(
        None, description="names that the page answers to beside its own, with commas between them; * is any"
    )
    cache_mb: int = Field(
        256, ge=0, description="memory for predictions, and what was found in photographs, in megabytes"
    )
    auto_wait: float = Field(
        2.0, ge=0, description="seconds that 'auto' waits for the default backend's weights before it uses pocket"
    )
    backend_timeout: float = Field(
        60.0, gt=0, description="seconds without a sign of life after which a backend or a plugin is given up"
    )

    drain_seconds: float = Field(
        60.0, ge=0, description="seconds that a server that is to end (SIGTERM) gives to what it has in work"
    )

    def repo_of(self, model: str) -> tuple[str, str] | None:
        """A person's own repository for a model, and the variable that names it: the one with the longest name.

        ``AUTOCHROME_ZHANG_REPO`` is for ``zhang-v2`` too.
        """
        words = re.split("[-_.]", model)
        for count in range(len(words), 0, -1):
            name = "-".join(words[:count])
            if name in self.repos:
                return self.repos[name], f"AUTOCHROME_{name.upper().replace('-', '_')}_REPO"
        return None


def load_settings(environ: Mapping[str, str] = os.environ) -> Settings:
    """Read the settings from the environment.

    Raises:
        SettingsError: a variable's value cannot be used; the message names the variable.
    """
    given = {name: environ.get(f"AUTOCHROME_{name.upper()}") for name in Settings.model_fields}
    values: dict[str, Any] = {
        name: value for name, value in given.items() if value or (name == "plugins" and value is not None)
    }
    values["repos"] = {
        match[1].lower().replace("_", "-"): value
        for name, value in environ.items()
        if value and (match := re.fullmatch("AUTOCHROME_(.+)_REPO", name))
    }
    try:
        return Settings.model_validate(values)
    except ValidationError as error:
        first = error.errors()[0]
        name = f"AUTOCHROME_{str(first['loc'][0]).upper()}"
        raise SettingsError(f"{name} cannot be used ({first['msg'].lower()}); correct or unset it.") from error
