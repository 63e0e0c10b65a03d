"""Any ONNX colouriser becomes a backend by its manifest; graphs with the contracts of the real ones stand for them."""

from __future__ import annotations

import hashlib
import sys
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper, numpy_helper

from backends.onnx_graph import GraphInput
from backends.onnx_model import graph_input
from core.colour.cielab import lightness_to_grey, pixel_lightness, rgb_to_lab
from core.engine import Engine
from core.errors import BackendError, WeightsError
from core.look.colouring import DistributionColouring
from core.look.look import Look
from core.photo.open import Photo
from core.registry.registry import load_registry
from core.settings import Settings, load_settings
from core.weights.manifest import BUILT_IN, load_manifests
from core.weights.weights import Weights
from tests.support.fakes import BINS, grey_picture
from tests.support.hub import HTML, Fault, Hub, pointer

PHOTO = Photo(grey_picture(60, 90))
FLAT = Photo(np.full((40, 40), 128, np.uint8))
COMMIT = "0" * 40


def graph(
    path: Path,
    weights: Any,
    bias: Any,
    *,
    names: tuple[str, str] = ("input", "output"),
    size: tuple[Any, Any] = ("h", "w"),
    nhwc: bool = False,
    half: bool = False,
) -> None:
    """Write a 1x1 convolution as a network: (outputs, inputs) weights and (outputs,) bias."""
    dtype, kind = (np.float16, TensorProto.FLOAT16) if half else (np.float32, TensorProto.FLOAT)
    matrix = np.asarray(weights, dtype)[:, :, None, None]
    ends = {True: [1, *size, "c"], False: [1, "c", *size]}[nhwc]
    shapes = [[*(channels if dim == "c" else dim for dim in ends)] for channels in matrix.shape[1::-1]]
    nodes = [helper.make_node("Conv", ["planes" if nhwc else names[0], "weights", "bias"], ["mixed"])]
    if nhwc:
        nodes.insert(0, helper.make_node("Transpose", [names[0]], ["planes"], perm=[0, 3, 1, 2]))
        nodes.append(helper.make_node("Transpose", ["mixed"], [names[1]], perm=[0, 2, 3, 1]))
    else:
        nodes.append(helper.make_node("Identity", ["mixed"], [names[1]]))
    made = helper.make_graph(
        nodes,
        "colouriser",
        [helper.make_tensor_value_info(names[0], kind, shapes[0])],
        [helper.make_tensor_value_info(names[1], kind, shapes[1])],
        [numpy_helper.from_array(matrix, "weights"), numpy_helper.from_array(np.asarray(bias, dtype), "bias")],
    )
    path.parent.mkdir(parents=True, exist_ok=True)
    onnx.save(helper.make_model(made, opset_imports=[helper.make_opsetid("", 13)], ir_version=8), path)


@pytest.fixture
def models(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A person's folder of manifests; nothing comes from the network."""
    monkeypatch.setenv("AUTOCHROME_MODELS_DIR", str(tmp_path / "models"))
    monkeypatch.setenv("HF_HOME", str(tmp_path / "hf"))
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")
    (tmp_path / "models" / "mine").mkdir(parents=True)
    return tmp_path / "models"


@pytest.fixture(params=["onnxruntime", "opencv"])
def runtime(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> str:
    """With and without onnxruntime."""
    if request.param == "opencv":
        monkeypatch.setitem(sys.modules, "onnxruntime", None)
    return str(request.param)


def describe(models: Path, takes: str, kind: str, extra_input: str = "", extra_output: str = "") -> None:
    """Write the manifest of the graph at models/mine/tiny.onnx."""
    files = {path.stem.replace("tiny", "model"): path for path in sorted((models / "mine").iterdir())}
    tables = [
        f'[[files]]\nrole = "{role}"\nname = "{path.name}"\nbytes = {path.stat().st_size}\n'
        f'sha256 = "{hashlib.sha256(path.read_bytes()).hexdigest()}"'
        for role, path in files.items()
    ]
    (models / "mine.toml").write_text(
        f'id = "mine"\ntitle = "Mine"\nlicence = "MIT"\ncitation = "Me, 2026"\n'
        f'[input]\ntakes = "{takes}"\n{extra_input}\n[output]\nkind = "{kind}"\n{extra_output}\n' + "\n".join(tables)
    )


def engine() -> Engine:
    settings = load_settings()
    return Engine(load_registry(plugins=False, settings=settings), settings)


def field(photo: Photo = FLAT) -> Any:
    """The a*b* that the graph predicts, as its mean over the picture."""
    return engine().forecast(photo, "mine").colouring.chroma(Look()).mean(axis=(0, 1), dtype=np.float64)


def test_a_graph_with_the_contract_of_ddcolor(models: Path, runtime: str) -> None:
    graph(models / "mine" / "tiny.onnx", [[60, 0, 0], [0, 0, -40]], [0, 5], size=(512, 512))
    describe(models, "grey-rgb", "ab", 'name = "input"\nsize = [512, 512]', 'name = "output"')
    np.testing.assert_allclose(field(), [60 * 128 / 255, 5 - 40 * 128 / 255], atol=0.01)
    picture, report = engine().colorize(PHOTO, "mine")
    assert picture.rgb.shape == (60, 90, 3)
    assert list(report.weights) == ["tiny.onnx"]


def test_a_graph_with_the_contract_of_deoldify_loses_its_lightness_and_keeps_its_chroma(
    models: Path, runtime: str
) -> None:
    brighter = np.eye(3)
    graph(models / "mine" / "tiny.onnx", brighter, [90, 60, 20], names=("input", "out"))
    describe(models, "grey-rgb-255", "rgb-255", 'name = "input"\nsize = [64, 64]')
    expected = rgb_to_lab(np.array([[218, 188, 148]], np.float32) / 255)[0, 1:]
    np.testing.assert_allclose(field(), expected, atol=0.1)
    picture, _ = engine().colorize(PHOTO, "mine", Look(strength=0.5))
    assert np.abs(pixel_lightness(picture.rgb) - PHOTO.lightness()).max() < 0.8


def test_a_graph_with_the_contract_of_zhang(models: Path, runtime: str) -> None:
    graph(models / "mine" / "tiny.onnx", [[0.4], [-0.2]], [0, 0], names=("l_channel", "ab_channels"), size=(256, 256))
    describe(models, "lightness", "ab", "size = [256, 256]")
    light = pixel_lightness(FLAT.pixels)[0, 0]
    np.testing.assert_allclose(field(), [0.4 * light, -0.2 * light], atol=0.01)


def test_logits_over_bins(models: Path, runtime: str) -> None:
    graph(models / "mine" / "tiny.onnx", np.zeros((4, 1)), [0, 9, 0, 0])
    np.save(models / "mine" / "bins.npy", BINS)
    describe(models, "lightness-50", "logits", "size = 64", 'bins = "bins"')
    colouring = engine().forecast(FLAT, "mine").colouring
    assert isinstance(colouring, DistributionColouring)
    likeliest = colouring.chroma(Look(temperature=0, pooling=False))
    np.testing.assert_array_equal(likeliest, np.broadcast_to(BINS[1], likeliest.shape))


def test_channels_last_and_a_scale(models: Path, runtime: str) -> None:
    graph(models / "mine" / "tiny.onnx", [[0.5], [0.25]], [0, 0], nhwc=True, size=(32, 48))
    describe(models, "lightness-unit", "ab", 'layout = "nhwc"\nsize = [32, 48]', 'layout = "nhwc"\nscale = 110')
    light = pixel_lightness(FLAT.pixels)[0, 0] / 100
    np.testing.assert_allclose(field(), [55 * light, 27.5 * light], atol=0.01)


def test_a_graph_in_half_precision(models: Path) -> None:
    graph(models / "mine" / "tiny.onnx", [[0.5], [0]], [0, 0], half=True)
    describe(models, "lightness", "ab", "size = 64")
    np.testing.assert_allclose(field()[0], pixel_lightness(FLAT.pixels)[0, 0] / 2, atol=0.1)


@pytest.mark.parametrize(
    ("there", "used"),
    [
        (["CPUExecutionProvider"], ["CPUExecutionProvider"]),
        (
            ["TensorrtExecutionProvider", "CUDAExecutionProvider", "CPUExecutionProvider"],
            ["CUDAExecutionProvider", "CPUExecutionProvider"],
        ),
        (["CoreMLExecutionProvider", "CPUExecutionProvider"], ["CoreMLExecutionProvider", "CPUExecutionProvider"]),
    ],
)
def test_it_runs_on_the_best_processor_there_is(
    models: Path, monkeypatch: pytest.MonkeyPatch, there: list[str], used: list[str]
) -> None:
    onnxruntime = pytest.importorskip("onnxruntime")
    asked: list[list[str]] = []

    def session(path: str, options: Any, providers: list[str]) -> Any:
        asked.append(providers)
        return inference_session(path, options, providers=["CPUExecutionProvider"])

    inference_session = onnxruntime.InferenceSession
    monkeypatch.setattr(onnxruntime, "get_available_providers", lambda: there)
    monkeypatch.setattr(onnxruntime, "InferenceSession", session)
    graph(models / "mine" / "tiny.onnx", [[0.5], [0]], [0, 0])
    describe(models, "lightness", "ab", "size = 32")
    field()
    assert asked == [used]


@pytest.mark.parametrize(("size", "shape"), [("size = 64\nmultiple = 16", (48, 80)), ("multiple = 32", (64, 96))])
def test_any_size_becomes_a_multiple_of_the_stride_and_keeps_its_aspect(
    models: Path, runtime: str, size: str, shape: tuple[int, int]
) -> None:
    graph(models / "mine" / "tiny.onnx", [[0.5], [0]], [0, 0])
    describe(models, "lightness", "ab", size)
    assert engine().forecast(PHOTO, "mine").colouring.shape == shape


@pytest.mark.parametrize(
    ("takes", "expected"),
    [
        ("lightness", [50.0]),
        ("lightness-50", [0.0]),
        ("lightness-unit", [0.5]),
        ("grey-rgb", [118.9 / 255] * 3),
        ("grey-rgb-255", [118.9] * 3),
        ("imagenet-rgb", [(118.9 / 255 - 0.485) / 0.229, (118.9 / 255 - 0.456) / 0.224, (118.9 / 255 - 0.406) / 0.225]),
    ],
)
def test_what_a_graph_is_given(takes: Any, expected: list[float]) -> None:
    lightness = np.full((4, 6), 50, np.float32)
    planes = graph_input(lightness, GraphInput(takes=takes))
    assert planes.shape == (1, len(expected), 4, 6)
    assert planes.dtype == np.float32
    np.testing.assert_allclose(planes[0, :, 0, 0], expected, rtol=1e-3, atol=1e-3)
    assert graph_input(lightness, GraphInput(takes=takes, layout="nhwc")).shape == (1, 4, 6, len(expected))


def test_grey_has_the_lightness_that_it_was_made_from() -> None:
    lightness = np.linspace(0, 100, 256, dtype=np.float32)
    lab = rgb_to_lab(np.repeat(lightness_to_grey(lightness)[:, None], 3, axis=1))
    np.testing.assert_allclose(lab[:, 0], lightness, atol=0.01)
    np.testing.assert_allclose(lab[:, 1:], 0, atol=0.01)


def test_another_name_is_answered_with_the_names_there_are(models: Path) -> None:
    pytest.importorskip("onnxruntime")
    graph(models / "mine" / "tiny.onnx", [[0.5], [0]], [0, 0])
    describe(models, "lightness", "ab", 'name = "data"')
    with pytest.raises(BackendError, match=r"tiny\.onnx has no input 'data' but: input; correct its manifest"):
        engine().forecast(PHOTO, "mine")


def test_another_name_is_said_to_be_wrong_by_opencv_too(models: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "onnxruntime", None)
    graph(models / "mine" / "tiny.onnx", [[0.5], [0]], [0, 0])
    describe(models, "lightness", "ab", "size = 32", 'name = "colours"')
    with pytest.raises(BackendError, match=r"OpenCV cannot run the graph of mine \(.*\); correct the names in its"):
        engine().forecast(PHOTO, "mine")


def test_the_wrong_number_of_channels_is_named(models: Path) -> None:
    graph(models / "mine" / "tiny.onnx", [[0.5], [0]], [0, 0])
    describe(models, "lightness", "rgb", "size = 32")
    with pytest.raises(BackendError, match="gives 2 channels where RGB was due"):
        engine().forecast(PHOTO, "mine")


def test_a_graph_that_opencv_cannot_run_asks_for_onnxruntime(models: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "onnxruntime", None)
    path = models / "mine" / "tiny.onnx"
    graph(path, [[0.5], [0]], [0, 0])
    model = onnx.load(path)
    model.graph.node[0].op_type, model.graph.node[0].domain = "Marvel", "somewhere.else"
    onnx.save(model, path)
    describe(models, "lightness", "ab", "size = 32")
    with pytest.raises(BackendError, match=r"OpenCV cannot run the graph of mine; install onnxruntime: pip install"):
        engine().forecast(PHOTO, "mine")


@pytest.mark.parametrize(
    ("old", "new", "problem"),
    [
        ('[output]\nkind = "ab"', "", r"needs both an \[input\] and an \[output\]"),
        ('role = "model"', 'role = "network"', "needs a file with the role model"),
        ('kind = "ab"', 'kind = "logits"', r"output\.bins must be the role of the file"),
        ('takes = "lightness"', 'takes = "cmyk"', r"input\.takes"),
    ],
)
def test_a_contract_that_does_not_hold_together_is_named(models: Path, old: str, new: str, problem: str) -> None:
    graph(models / "mine" / "tiny.onnx", [[0.5], [0]], [0, 0])
    describe(models, "lightness", "ab")
    manifest = models / "mine.toml"
    manifest.write_text(manifest.read_text().replace(old, new))
    with pytest.raises(WeightsError, match=rf"mine\.toml cannot be used \(.*{problem}"):
        engine()


def test_every_manifest_that_ships_is_listed_with_its_licence_and_citation() -> None:
    listed = {backend.info.id: backend.info for backend in load_registry(plugins=False)}
    shipped = load_manifests(Settings())
    assert {path.stem for path in BUILT_IN.glob("*.toml")} == set(shipped)
    for name, manifest in shipped.items():
        assert listed[name].licence in ("Apache-2.0", "MIT", "BSD-2-Clause")
        assert listed[name].citation
        assert manifest.sources


def test_what_needs_a_package_that_is_not_here_is_not_fetched(hub: Hub, monkeypatch: pytest.MonkeyPatch) -> None:
    """980 MB, and then "you lack onnxruntime", would be a bad deal."""
    monkeypatch.setitem(sys.modules, "onnxruntime", None)
    shipped = [name for name, manifest in load_manifests(Settings()).items() if manifest.input]
    registry = load_registry(plugins=False)
    assert len(shipped) == 6
    for name in shipped:
        weights = registry.get(name).weights  # type: ignore[attr-defined]
        sentence = f"{name} runs on onnxruntime, not installed here; run: pip install onnxruntime."
        assert (weights.status().state, weights.status().message) == ("unusable", sentence)
        with pytest.raises(WeightsError) as raised:
            weights.fetch()
        assert str(raised.value) == sentence
    assert hub.seen == []
    monkeypatch.delitem(sys.modules, "onnxruntime")
    assert {registry.get(name).weights.status().state for name in shipped} == {"missing"}  # type: ignore[attr-defined]


# --- trust on first use ---

MANIFEST = """id = "mine"
title = "Mine"
licence = "MIT"
[[files]]
role = "model"
name = "tiny.onnx"
bytes = 1000
sha256 = ""
[[sources]]
repo = "someone/tiny"
revision = "0000000000000000000000000000000000000000"
"""


@pytest.fixture
def published(tmp_path: Path, hub: Hub) -> Path:
    """A file on the Hub whose hash the manifest does not know."""
    (tmp_path / "files").mkdir()
    path = tmp_path / "files" / "tiny.onnx"
    path.write_bytes(bytes(range(256)) * 80)
    hub.add("someone/tiny", path.parent, repo_type="model", commit=COMMIT)
    (tmp_path / "models").mkdir()
    (tmp_path / "models" / "mine.toml").write_text(MANIFEST)
    return path


def weights(tmp_path: Path) -> Weights:
    settings = Settings(models_dir=tmp_path / "models")
    return Weights(load_manifests(settings)["mine"], settings)


def test_a_file_without_a_published_hash_is_trusted_at_first_and_shown(tmp_path: Path, published: Path) -> None:
    digest = hashlib.sha256(published.read_bytes()).hexdigest()
    first = weights(tmp_path)
    assert first.fetch()["model"].read_bytes() == published.read_bytes()
    assert first.digests() == {"tiny.onnx": digest[:12]}
    assert any(f"the first that came is trusted: SHA-256 {digest}" in note for note in first.status().notes)
    assert digest in (tmp_path / "hf" / "autochrome" / "trusted.json").read_text()
    assert first.check()[0].problem == ""


def test_another_file_is_refused_from_then_on(tmp_path: Path, hub: Hub, published: Path) -> None:
    cached = weights(tmp_path).fetch()["model"]
    cached.resolve().unlink()
    cached.unlink()
    published.write_bytes(b"something else" * 2000)
    hub._digests.clear()
    again = weights(tmp_path)
    with pytest.raises(WeightsError, match=r"it is not the one that was trusted at first \(see .*trusted\.json\)"):
        again.fetch()
    assert again.status().state == "unavailable"


def test_a_file_that_changes_on_the_disk_is_refused(tmp_path: Path, published: Path) -> None:
    weights(tmp_path).fetch()["model"].resolve().write_bytes(b"x" * 20_480)
    assert "not the one that was trusted at first" in weights(tmp_path).check()[0].problem
    assert weights(tmp_path).fetch()["model"].read_bytes() == published.read_bytes()


@pytest.mark.parametrize("body", [HTML, pointer(b"weights"), b""])
def test_what_is_no_file_at_all_is_not_trusted(tmp_path: Path, hub: Hub, published: Path, body: bytes) -> None:
    hub.fail("tiny.onnx", Fault(body=body, methods=("GET",)))
    with pytest.raises(WeightsError):
        weights(tmp_path).fetch()
    hub.mend()
    assert weights(tmp_path).fetch()["model"].read_bytes() == published.read_bytes()
