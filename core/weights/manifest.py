"""Models as data: what a model's files are, where on the Hugging Face Hub they can be had, what goes in and out."""

from __future__ import annotations

from pathlib import Path
from typing import Literal

import tomlkit
from pydantic import BaseModel, ConfigDict, Field, PrivateAttr, ValidationError, field_validator, model_validator
from tomlkit.exceptions import TOMLKitError

from core.errors import SettingsError, WeightsError
from core.settings import Settings

BUILT_IN = Path(__file__).resolve().parent.parent.parent / "models"

_FILE_NAME = r"^[A-Za-z0-9_][A-Za-z0-9_.-]*$"


class WeightFile(BaseModel):
    """One file of a model, known by its size and SHA-256, whatever it is called where it lies.

    Where nobody has published its hash, ``sha256`` is empty and ``bytes`` a guess: the first file that comes is
    trusted, see ``core.weights.trust``.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    role: str = Field(pattern=r"^[a-z][a-z0-9_]*$", description="what the backend calls it")
    name: str = Field(pattern=_FILE_NAME)
    aliases: tuple[str, ...] = Field((), description="other names under which people have it")
    bytes: int = Field(gt=0)
    sha256: str = Field(pattern=r"^([0-9a-f]{64})?$")

    @property
    def names(self) -> tuple[str, ...]:
        """The name and the aliases."""
        return (self.name, *self.aliases)


class Source(BaseModel):
    """A repository on the Hub that holds a model's files."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    repo: str = Field(pattern=r"^[A-Za-z0-9_.-]+/[A-Za-z0-9_.-]+$")
    repo_type: str = Field("model", pattern=r"^(model|dataset|space)$")
    revision: str
    path: str = Field("{name}", description="where in the repository a file is; {name} stands for its name")

    def path_of(self, file: WeightFile) -> str:
        """The file's path in the repository."""
        return self.path.replace("{name}", file.name)


class GraphInput(BaseModel):
    """What an ONNX graph takes. Batches are of one.

    ``takes`` is what is made of L*: "lightness" is L* itself (0..100), "lightness-50" is L* - 50, "lightness-unit" is
    L* / 100, all with one channel; "grey-rgb" is the neutral grey of that L* as sRGB 0..1 in three channels,
    "grey-rgb-255" the same from 0 to 255, "imagenet-rgb" the same normalised by ImageNet's mean and deviation.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    name: str = Field("", description="of the graph's input; empty: the first")
    size: tuple[int, int] | int | None = Field(None, description="as BackendInfo.input_size")
    multiple: int = Field(1, ge=1, description="as BackendInfo.multiple")
    layout: Literal["nchw", "nhwc"] = "nchw"
    takes: Literal["lightness", "lightness-50", "lightness-unit", "grey-rgb", "grey-rgb-255", "imagenet-rgb"]


class GraphOutput(BaseModel):
    """What an ONNX graph gives.

    ``kind`` is "ab" for a*b* once multiplied by ``scale``; "rgb" for sRGB 0..1 and "rgb-255" for sRGB 0..255, of which
    the chroma is kept; "logits" for one plane for each a*b* bin of the file with the role ``bins`` (.npy, (q, 2)).
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    name: str = Field("", description="of the graph's output; empty: the first")
    layout: Literal["nchw", "nhwc"] = "nchw"
    kind: Literal["ab", "rgb", "rgb-255", "logits"]
    scale: float = 1.0
    bins: str = ""


GRAPH = "model"
"""Role of the file that is an ONNX graph."""


def own_source(repo: str, variable: str) -> Source:
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
        return Source(repo=name, repo_type=repo_type, revision="main")
    except ValidationError as error:
        raise SettingsError(
            f"{variable} is '{repo}', which is no repository; give OWNER/NAME or spaces/OWNER/NAME."
        ) from error


class Manifest(BaseModel):
    """A model's files and their sources, in the order in which they are asked; for an ONNX graph, its contract too."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    id: str = Field(pattern=r"^[a-z0-9][a-z0-9_.-]*$", max_length=64)
    title: str
    licence: str
    citation: str = ""
    summary: str = ""
    order: int = Field(50, description="as BackendInfo.order")
    input: GraphInput | None = None
    output: GraphOutput | None = None
    files: tuple[WeightFile, ...] = Field(min_length=1)
    sources: tuple[Source, ...] = ()

    _folder: Path = PrivateAttr(BUILT_IN)

    @property
    def folder(self) -> Path:
        """Where a person may put the files: a folder named as the id, beside the manifest."""
        return self._folder / self.id

    @property
    def bytes(self) -> int:
        """Size of all files together."""
        return sum(file.bytes for file in self.files)

    @field_validator("sources")
    @classmethod
    def _pinned(cls, sources: tuple[Source, ...]) -> tuple[Source, ...]:
        for source in sources:
            if len(source.revision) != 40 or set(source.revision) - set("0123456789abcdef"):
                raise ValueError(f"the revision of {source.repo} must be a commit of 40 hex digits")
        return sources

    @model_validator(mode="after")
    def _whole_contract(self) -> Manifest:
        if (self.input is None) != (self.output is None):
            raise ValueError("an ONNX model needs both an [input] and an [output]")
        roles = [file.role for file in self.files]
        if self.output is not None and GRAPH not in roles:
            raise ValueError(f"an ONNX model needs a file with the role {GRAPH}")
        if self.output is not None and self.output.kind == "logits" and self.output.bins not in roles:
            raise ValueError("output.bins must be the role of the file that holds the bins of the logits")
        return self

    @model_validator(mode="after")
    def _distinct(self) -> Manifest:
        roles = [file.role for file in self.files]
        names = [name for file in self.files for name in file.names]
        for what, values in (("role", roles), ("name", names)):
            twice = sorted({value for value in values if values.count(value) > 1})
            if twice:
                raise ValueError(f"two files have the {what} {twice[0]}")
        if len(self.files) > 1 and any("{name}" not in source.path for source in self.sources):
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
        first = error.errors()[0]
        field = ".".join(str(part) for part in first["loc"])
        problem = f"{field}: {first['msg']}" if field else first["msg"]
        raise WeightsError(f"The manifest {path} cannot be used ({problem}); correct or remove it.") from error
    except (OSError, UnicodeDecodeError, TOMLKitError) as error:
        raise WeightsError(f"The manifest {path} cannot be read ({error}); correct or remove it.") from error
    manifest._folder = path.parent
    return manifest


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
        here: dict[str, Path] = {}
        for path in sorted(folder.glob("*.toml")):
            manifest = read_manifest(path)
            if manifest.id in here:
                raise WeightsError(
                    f"The manifests {here[manifest.id]} and {path} have the same id {manifest.id}; change one."
                )
            here[manifest.id] = path
            manifests.setdefault(manifest.id, manifest)
    return manifests
