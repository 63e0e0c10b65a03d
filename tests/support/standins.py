"""Stand-ins for files that tests cannot have: zhang-v2's weights, with seeded random numbers in the real layout.

The architecture is that of Zhang et al. 2016, release v2: layer names, tops, shapes and strides are the real ones, so a
stand-in loads wherever the real files load, and its caffemodel is within a kilobyte of the real one's size.

A caffemodel is a protobuf message. Only these fields are written (caffe.proto):
NetParameter 1 name, 100 layer; LayerParameter 1 name, 2 type, 3 bottom, 4 top, 6 param, 7 blobs, 10 phase,
106 convolution_param; ParamSpec 3 lr_mult, 4 decay_mult; BlobProto 7 shape, 5 data (packed float); BlobShape 1 dim
(packed int64); ConvolutionParameter 1 num_output, 3 pad, 4 kernel_size, 6 stride, 18 dilation.
"""

from __future__ import annotations

import hashlib
import os
import struct
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from core.settings import Settings
from core.weights.manifest import load_manifests
from core.weights.weights import Weights

Array = NDArray[np.float32]

PROTOTXT = "colorization_deploy_v2.prototxt"
CAFFEMODEL = "colorization_release_v2.caffemodel"
BINS = "pts_in_hull.npy"
ROLES = {"prototxt": PROTOTXT, "bins": BINS, "caffemodel": CAFFEMODEL}


@dataclass(frozen=True)
class Conv:
    """A convolution (or, with ``up``, a transposed one)."""

    name: str
    bottom: str
    top: str
    inputs: int
    outputs: int
    kernel: int = 3
    stride: int = 1
    pad: int = 1
    dilation: int = 1
    relu: bool = True
    norm: bool = False

    @property
    def up(self) -> bool:
        return self.kernel == 4


def layers(narrow: int = 1) -> list[Conv]:
    """The convolutions of release v2 in order, every width but the 313 bins divided by ``narrow``."""
    blocks = [  # block, width, convolutions, stride of the last, dilation
        (1, 64, 2, 2, 1),
        (2, 128, 2, 2, 1),
        (3, 256, 3, 2, 1),
        (4, 512, 3, 1, 1),
        (5, 512, 3, 1, 2),
        (6, 512, 3, 1, 2),
        (7, 512, 3, 1, 1),
    ]
    table: list[Conv] = []
    bottom, inputs = "data_l", 1
    for block, full, count, stride, dilation in blocks:
        width = full // narrow
        for i in range(1, count + 1):
            top, last = f"conv{block}_{i}", i == count
            name = f"bw_{top}" if top == "conv1_1" else top
            table.append(
                Conv(name, bottom, top, inputs, width, 3, stride if last else 1, dilation, dilation, norm=last)
            )
            bottom, inputs = top, width
        bottom = f"{bottom}norm"
    width = 256 // narrow
    table.append(Conv("conv8_1", bottom, "conv8_1", inputs, width, 4, 2))
    table.append(Conv("conv8_2", "conv8_1", "conv8_2", width, width))
    table.append(Conv("conv8_3", "conv8_2", "conv8_3", width, width))
    table.append(Conv("conv8_313", "conv8_3", "conv8_313", width, 313, 1, 1, 0, relu=False))
    return table


def prototxt(narrow: int = 1) -> str:
    """The network's description in protobuf's text format."""
    parts = [
        'name: "LtoAB"',
        _layer("data_l", "Input", [], "data_l", "input_param { shape { dim: 1 dim: 1 dim: 224 dim: 224 } }"),
    ]
    for conv in layers(narrow):
        settings = (
            f"convolution_param {{ num_output: {conv.outputs} kernel_size: {conv.kernel} stride: {conv.stride} "
            f"pad: {conv.pad} dilation: {conv.dilation} }}"
        )
        parts.append(
            _layer(conv.name, "Deconvolution" if conv.up else "Convolution", [conv.bottom], conv.top, settings)
        )
        if conv.relu:
            parts.append(_layer(f"relu{conv.top.removeprefix('conv')}", "ReLU", [conv.top], conv.top))
        if conv.norm:
            parts.append(_layer(f"{conv.top}norm", "BatchNorm", [conv.top], f"{conv.top}norm", "batch_norm_param { }"))
    parts += [
        _layer("conv8_313_rh", "Scale", ["conv8_313"], "conv8_313_rh", "scale_param { bias_term: false }"),
        _layer("class8_313_rh", "Softmax", ["conv8_313_rh"], "class8_313_rh"),
        _layer(
            "class8_ab",
            "Convolution",
            ["class8_313_rh"],
            "class8_ab",
            "convolution_param { num_output: 2 kernel_size: 1 }",
        ),
        _layer("Silence", "Silence", ["class8_ab"], None),
    ]
    return "\n".join(parts) + "\n"


def _layer(name: str, kind: str, bottoms: list[str], top: str | None, settings: str = "") -> str:
    lines = [f'  name: "{name}"', f'  type: "{kind}"', *(f'  bottom: "{bottom}"' for bottom in bottoms)]
    if top:
        lines.append(f'  top: "{top}"')
    if settings:
        lines.append(f"  {settings}")
    return "layer {\n" + "\n".join(lines) + "\n}"


def bins() -> NDArray[np.int64]:
    """(313, 2) int64: a*b* bin centres on a grid of spacing 10, ordered by a* and then b*, as the real ones are.

    The real ones cover the sRGB gamut; these are the 313 grid points closest to a tilted ellipse of about its shape.
    """
    a, b = np.meshgrid(np.arange(-110, 111, 10), np.arange(-110, 111, 10), indexing="ij")
    grid = np.stack([a.ravel(), b.ravel()], axis=1)
    across, along = (grid[:, 0] + grid[:, 1] - 10) / 115, (grid[:, 0] - grid[:, 1]) / 135
    nearest = np.argsort(np.hypot(across, along), kind="stable")[:313]
    return np.ascontiguousarray(grid[np.sort(nearest)], dtype=np.int64)


def npy(array: NDArray[np.int64]) -> bytes:
    """The array as NumPy before 1.14 saved it, with its shorter header: 5,088 bytes, as the real file has."""
    header = f"{{'descr': '{array.dtype.str}', 'fortran_order': False, 'shape': {array.shape}, }}".ljust(69) + "\n"
    return b"\x93NUMPY\x01\x00" + struct.pack("<H", len(header)) + header.encode() + array.tobytes()


def blobs(seed: int = 0, narrow: int = 1) -> dict[str, list[Array]]:
    """Layer name -> blobs, seeded: variance-preserving convolutions, plausible batch statistics, moderate chroma."""
    rng = np.random.default_rng(seed)
    values: dict[str, list[Array]] = {}
    for conv in layers(narrow):
        shape = (conv.outputs, conv.inputs, conv.kernel, conv.kernel)
        fan_in = conv.inputs * conv.kernel**2
        if conv.up:  # Caffe stores (inputs, outputs, h, w); each output sees a quarter of the kernel
            shape, fan_in = (conv.inputs, conv.outputs, 4, 4), conv.inputs * 4
        weights = rng.standard_normal(shape, dtype=np.float32)
        if conv.inputs > 1:
            # Filters that sum to zero pass on what varies over the picture, not its mean, through many ReLUs.
            weights -= weights.mean(axis=(0,) if conv.up else (1, 2, 3), keepdims=True)
        gain = 2 / 25**2 if conv.inputs == 1 else 2.0  # the input is L* - 50
        weights *= np.float32(np.sqrt(gain / fan_in))
        bias = rng.normal(0, 0.1, conv.outputs).astype(np.float32)
        if conv.top == "conv8_313":
            weights, bias = _classifier(rng, conv.inputs)
        values[conv.name] = [weights, bias]
        if conv.norm:
            mean = rng.uniform(0.2, 0.4, conv.outputs).astype(np.float32)
            variance = rng.uniform(0.25, 0.45, conv.outputs).astype(np.float32)
            values[f"{conv.top}norm"] = [mean, variance, np.ones(1, np.float32)]
    return values


def _classifier(rng: np.random.Generator, inputs: int) -> tuple[Array, Array]:
    """Weights and bias of the last layer: grey is likeliest, and features tilt the distribution over a*b*."""
    centres = bins().astype(np.float32)
    tilt = rng.normal(0, 22 / np.sqrt(inputs), (2, inputs)).astype(np.float32)
    weights = centres @ tilt / np.float32(20**2) + rng.normal(0, 0.8 / np.sqrt(inputs), (313, inputs))
    bias = -(centres**2).sum(1) / np.float32(2 * 20**2) + rng.normal(0, 0.3, 313)
    return weights.astype(np.float32).reshape(313, inputs, 1, 1), bias.astype(np.float32)


def caffemodel(values: dict[str, list[Array]], narrow: int = 1) -> list[bytes]:
    """The weights as a Caffe ``NetParameter``, in pieces to be written one after the other."""
    pieces = [_text(1, "LtoAB")]
    for conv in layers(narrow):
        kind = "Deconvolution" if conv.up else "Convolution"
        pieces += _caffe_layer(conv.name, kind, conv.bottom, conv.top, values[conv.name], _geometry(conv))
        if conv.relu:
            pieces += _caffe_layer(f"relu{conv.top.removeprefix('conv')}", "ReLU", conv.top, conv.top)
        if conv.norm:
            name = f"{conv.top}norm"
            pieces += _caffe_layer(name, "BatchNorm", conv.top, name, values[name])
    return pieces


def _caffe_layer(
    name: str, kind: str, bottom: str, top: str, arrays: Sequence[Array] = (), settings: bytes = b""
) -> list[bytes]:
    pieces = [_text(1, name), _text(2, kind), _text(3, bottom), _text(4, top)]
    frozen = _tag(3, 5) + struct.pack("<f", 0) + _tag(4, 5) + struct.pack("<f", 0)
    pieces += [piece for _ in arrays for piece in _message(6, [frozen])]
    for array in arrays:
        dims = b"".join(_varint(n) for n in array.shape)
        shape = b"".join(_message(7, _message(1, [dims])))
        pieces += _message(7, [shape, *_message(5, [np.ascontiguousarray(array, "<f4").tobytes()])])
    pieces.append(_tag(10, 0) + _varint(1))  # phase: TEST
    return _message(100, [*pieces, settings])


def _geometry(conv: Conv) -> bytes:
    fields = {1: conv.outputs, 3: conv.pad, 4: conv.kernel, 6: conv.stride, 18: conv.dilation}
    return b"".join(_message(106, [_tag(field, 0) + _varint(value) for field, value in fields.items()]))


def _tag(field: int, wire: int) -> bytes:
    return _varint(field << 3 | wire)


def _varint(n: int) -> bytes:
    out = bytearray()
    while n > 0x7F:
        out.append(n & 0x7F | 0x80)
        n >>= 7
    return bytes([*out, n])


def _message(field: int, pieces: list[bytes]) -> list[bytes]:
    return [_tag(field, 2) + _varint(sum(map(len, pieces))), *pieces]


def _text(field: int, text: str) -> bytes:
    return b"".join(_message(field, [text.encode()]))


def write_zhang(folder: Path, *, seed: int = 0, narrow: int = 1) -> Path:
    """Write the three files of zhang-v2 into a folder and give it back.

    Args:
        folder: is made where it is missing.
        seed: of the random weights.
        narrow: divides every width but the 313 bins; 1 is the full architecture (129 MB), 16 a fast one (0.7 MB).
    """
    folder.mkdir(parents=True, exist_ok=True)
    (folder / PROTOTXT).write_text(prototxt(narrow), "utf-8")
    (folder / BINS).write_bytes(npy(bins()))
    with open(folder / CAFFEMODEL, "wb") as file:
        file.writelines(caffemodel(blobs(seed, narrow), narrow))
    return folder


SPACES = [
    {"repo": repo, "repo_type": "space", "revision": revision}
    for repo, revision in (
        ("viveknarayan/Image_Colorization", "9dbe5920126313283306b59d2a9e509be0afbfaa"),
        ("BilalSardar/Black-N-White-To-Color", "811bec92ef8a237ae5d726eb8340e1c7a7d8c24d"),
    )
]
"""The sources of the built-in manifest."""


def zhang_manifest(folder: Path, sources: Sequence[dict[str, str]] = SPACES) -> str:
    """A manifest in TOML for the stand-in in ``folder``, with its own sizes and hashes.

    Args:
        folder: holds the three files.
        sources: tables with ``repo``, ``repo_type``, ``revision`` and perhaps ``path``.
    """
    lines = ['id = "zhang-v2"', 'title = "Stand-in"', 'licence = "none"']
    for role, name in ROLES.items():
        data = (folder / name).read_bytes()
        lines += ["[[files]]", f'role = "{role}"', f'name = "{name}"', f"bytes = {len(data)}"]
        lines.append(f'sha256 = "{hashlib.sha256(data).hexdigest()}"')
        if role == "prototxt":
            lines.append(f'aliases = ["models_{name}"]')
    for source in sources:
        lines += ["[[sources]]", *(f'{key} = "{value}"' for key, value in source.items())]
    return "\n".join(lines) + "\n"


def zhang_weights(files: Path, folder: Path, *, sources: int = 1, repo: str | None = None, **options: Any) -> Weights:
    """Weights that know the stand-in in ``files``, by a manifest written to ``folder``.

    Args:
        files: the three files.
        folder: is made, and is what ``AUTOCHROME_MODELS_DIR`` would name.
        sources: how many of the built-in Spaces the manifest names.
        repo: what ``AUTOCHROME_ZHANG_REPO`` would name.
        options: of ``Weights``.
    """
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "zhang-v2.toml").write_text(zhang_manifest(files, SPACES[:sources]), "utf-8")
    settings = Settings(models_dir=folder, repos={"zhang": repo} if repo else {})
    return Weights(load_manifests(settings)["zhang-v2"], settings, **options)


def flip_a_bit(path: Path, keep_time: bool = False) -> None:
    """Damage one byte of a file in place, as a bad disk would."""
    stat = path.stat()
    with open(path, "r+b") as file:
        file.seek(-100, 2)
        byte = file.read(1)[0]
        file.seek(-100, 2)
        file.write(bytes([byte ^ 1]))
    if keep_time:
        os.utime(path, ns=(stat.st_atime_ns, stat.st_mtime_ns))


def stock_ab(folder: Path, lightness: Array) -> Array:
    """What the usual OpenCV recipe gives for a (224, 224) L*: (56, 56, 2) a*b*. Needs OpenCV 4.

    The two layers without weights get theirs as OpenCV's colorization sample sets them: the bins as a 1x1 convolution,
    and 2.606, the inverse of the annealed mean's temperature, as the scale of the logits.
    """
    import cv2

    net = cv2.dnn.readNetFromCaffe(str(folder / PROTOTXT), str(folder / CAFFEMODEL))
    centres = np.load(folder / BINS).transpose().reshape(2, 313, 1, 1)
    net.getLayer(net.getLayerId("class8_ab")).blobs = [centres.astype(np.float32)]
    net.getLayer(net.getLayerId("conv8_313_rh")).blobs = [np.full([1, 313], 2.606, np.float32)]
    net.setInput(cv2.dnn.blobFromImage(lightness.astype(np.float32) - 50))
    return np.ascontiguousarray(net.forward("class8_ab")[0].transpose(1, 2, 0))
