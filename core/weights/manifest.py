"""Models as data: what a model's files are, and where on the Hugging Face Hub they can be had."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Annotated, Any

import tomlkit
from pydantic import BaseModel, ConfigDict, Field, PrivateAttr, ValidationError, model_validator
from tomlkit.exceptions import TOMLKitError

from core.errors import SettingsError, WeightsError
from core.settings import Settings

BUILT_IN = Path(__file__).resolve().parent.parent.parent / "models"

_FileName = Annotated[str, Field(pattern=r"^[A-Za-z0-9_][A-Za-z0-9_.-]*$")]


class WeightFile(BaseModel):
    """One file of a model, known by its size and SHA-256, whatever it is called where it lies.

    Where nobody has published its hash, ``sha256`` is empty and ``bytes`` a guess: the first file that comes is
    trusted, and enforced from then on.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    role: str = Field(pattern=r"^[a-z][a-z0-9_]*$", description="what the backend calls it")
    name: _FileName
    aliases: tuple[_FileName, ...] = Field((), description="other names under which people have it")
    bytes: int = Field(gt=0)
    sha256: str = Field(pattern=r"^([0-9a-f]{64})?$")

    @property
    def names(self) -> tuple[str, ...]:
        """The name and the aliases."""
        return (self.name, *self.aliases)


class Repository(BaseModel):
    """A repository on the Hub that holds a model's files."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    repo: str = Field(pattern=r"^[A-Za-z0-9_.-]+/[A-Za-z0-9_.-]+$")
    repo_type: str = Field("model", pattern=r"^(model|dataset|space)$")
    revision: str
    path: str = Field("{name}", description="where in the repository a file is; {name} stands for its name")

    def path_of(self, file: WeightFile) -> str:
        """The file's path in the repository."""
        return self.path.replace("{name}", file.name)

    def address_of(self, file: WeightFile) -> dict[str, Any]:
        """The same as the arguments that huggingface_hub's functions take."""
        path = self.path_of(file)
        return {"repo_id": self.repo, "repo_type": self.repo_type, "revision": self.revision, "filename": path}


def own_source(repo: str, variable: str) -> Repository:
    """A person's own repository, at its newest commit: OWNER/NAME, or spaces/OWNER/NAME, or datasets/OWNER/NAME.

    Args:
        repo: what the person named.
        variable: where they did, for the message.

    Raises:
        SettingsError: it is none of these.
    """
    kinds = {"spaces": "space", "datasets": "dataset"}
    kind, _, rest = repo.partition("/")
    repo_type, name = (kinds[kind], rest) if kind in kinds and "/" in rest else ("model", repo)
    try:
        return Repository(repo=name, repo_type=repo_type, revision="main")
    except ValidationError as error:
        raise SettingsError(
            f"{variable} is '{repo}', which is no repository; give OWNER/NAME or spaces/OWNER/NAME."
        ) from error


class Manifest(BaseModel):
    """A model's files and their sources, in the order in which they are asked; for an ONNX graph, its ends too."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    id: str = Field(pattern=r"^[a-z0-9][a-z0-9_.-]*$", max_length=64)
    title: str
    licence: str
    citation: str = ""
    summary: str = ""
    order: int = Field(50, description="as BackendInfo.order")
    needs: tuple[str, ...] = Field((), description="Python packages without which nothing runs it")
    input: dict[str, Any] | None = Field(None, description="what an ONNX graph takes")
    output: dict[str, Any] | None = Field(None, description="what it gives")
    files: tuple[WeightFile, ...] = Field(min_length=1)
    sources: tuple[Repository, ...] = ()

    _path: Path = PrivateAttr(BUILT_IN / "?.toml")

    @property
    def folder(self) -> Path:
        """Where a person may put the files: a folder named as the id, beside the manifest."""
        return self._path.parent / self.id

    @property
    def bytes(self) -> int:
        """Size of all files together."""
        return sum(file.bytes for file in self.files)

    def unusable(self, error: ValidationError) -> WeightsError:
        """The sentence for what does not fit in it; the message names file and field."""
        return _unusable(self._path, error)

    @model_validator(mode="after")
    def _holds_together(self) -> Manifest:
        roles = [file.role for file in self.files]
        names = [name for file in self.files for name in file.names]
        for what, values in (("role", roles), ("name", names)):
            twice = sorted({value for value in values if values.count(value) > 1})
            if twice:
                raise ValueError(f"two files have the {what} {twice[0]}")
        for source in self.sources:
            if not re.fullmatch("[0-9a-f]{40}", source.revision):
                raise ValueError(f"the revision of {source.repo} must be a commit of 40 hex digits")
            if len(self.files) > 1 and "{name}" not in source.path:
                raise ValueError("a source's path must hold {name} where there are several files")
        return self


def read_manifest(path: Path) -> Manifest:
    """Read one manifest.

    Raises:
        WeightsError: it cannot be read, is no TOML, or does not fit the schema; the message names file and field.
    """
    try:
        manifest = Manifest.model_validate(tomlkit.parse(path.read_text("utf-8")).unwrap())
    except ValidationError as error:
        raise _unusable(path, error) from error
    except (OSError, UnicodeDecodeError, TOMLKitError) as error:
        raise WeightsError(f"The manifest {path} cannot be read ({error}); correct or remove it.") from error
    manifest._path = path
    return manifest


def _unusable(path: Path, error: ValidationError) -> WeightsError:
    first = error.errors()[0]
    problem = ": ".join(filter(None, (".".join(map(str, first["loc"])), first["msg"])))
    return WeightsError(f"The manifest {path} cannot be used ({problem}); correct or remove it.")


def load_manifests(settings: Settings) -> dict[str, Manifest]:
    """Every known manifest by its id: those of ``settings.models_dir`` come first and replace built-in ones.

    Raises:
        SettingsError: ``settings.models_dir`` is no folder.
        WeightsError: a manifest cannot be used, or two in one folder have the same id.
    """
    folders = [BUILT_IN]
    if settings.models_dir is not None:
        if not settings.models_dir.is_dir():
            raise SettingsError(
                f"AUTOCHROME_MODELS_DIR names {settings.models_dir}, which is no folder; correct or unset it."
            )
        folders.insert(0, settings.models_dir)
    manifests: dict[str, Manifest] = {}
    for folder in folders:
        for manifest in map(read_manifest, sorted(folder.glob("*.toml"))):
            known = manifests.setdefault(manifest.id, manifest)
            if known._path != manifest._path and known._path.parent == folder:
                raise WeightsError(
                    f"The manifests {known._path} and {manifest._path} have the same id {manifest.id}; change one."
                )
    return manifests
