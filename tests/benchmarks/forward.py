"""zhang-v2's forward: ours, stock cv2.dnn and onnxruntime, on the same weights and the same input; and pocket's."""

from __future__ import annotations

import importlib.util
import subprocess
import sys
import time
from pathlib import Path

import cv2
import numpy as np

from backends.pocket import Pocket
from core.look.distribution import annealed_mean
from core.photo.resize import input_shape
from core.prediction import AbDistribution, Request
from core.progress import no_progress
from tests.benchmarks.timing import in_turn

TEMPERATURE = 1 / 2.606
PROTOTXT, CAFFEMODEL = "colorization_deploy_v2.prototxt", "colorization_release_v2.caffemodel"


def stock(folder: Path) -> cv2.dnn.Net:
    """The network as every tutorial loads it."""
    net = cv2.dnn.readNetFromCaffe(str(folder / PROTOTXT), str(folder / CAFFEMODEL))
    bins = np.load(folder / "pts_in_hull.npy").astype(np.float32)
    net.getLayer(net.getLayerId("class8_ab")).blobs = [bins.T.reshape(2, 313, 1, 1)]
    net.getLayer(net.getLayerId("conv8_313_rh")).blobs = [np.full((1, 313), 2.606, np.float32)]
    return net


def rows(folder: Path) -> list[tuple[str, ...]]:
    """Median seconds, ratios and agreement."""
    from backends.zhang_caffe import CaffeNetwork

    light = cv2.GaussianBlur(np.random.default_rng(2).normal(0, 400, (224, 224)), (0, 0), 6).clip(-50, 50)
    centred = light.astype(np.float32)
    network, net = CaffeNetwork(folder / PROTOTXT, folder / CAFFEMODEL), stock(folder)
    net.setInput(centred[None, None])

    def plain() -> np.ndarray:
        net.setInput(centred[None, None])
        return net.forward("class8_ab")[0].transpose(1, 2, 0)

    pocket = Pocket()
    pocket.load(no_progress)
    height, width = input_shape(768, 1024, pocket.info.input_size, pocket.info.multiple)
    large = Request(cv2.resize(centred + 50, (width, height)))
    # Not beside onnxruntime, whose threads keep the processor busy for a while after each run.
    beside = in_turn(15, ours=lambda: network.logits(centred), pocket=lambda: pocket.predict(large, None))
    functions = {"ours": lambda: network.logits(centred), "stock": plain}
    if importlib.util.find_spec("onnxruntime") and importlib.util.find_spec("onnx"):
        import onnxruntime

        from backends.zhang_onnx import convert

        model = convert((folder / PROTOTXT).read_text(), (folder / CAFFEMODEL).read_bytes())
        session = onnxruntime.InferenceSession(model, providers=["CPUExecutionProvider"])
        name = session.get_inputs()[0].name
        functions["onnxruntime"] = lambda: session.run(None, {name: centred[None, None]})
    seconds = in_turn(9, **functions)
    bins = np.load(folder / "pts_in_hull.npy").astype(np.float32)
    difference = np.abs(annealed_mean(AbDistribution(network.logits(centred), bins), TEMPERATURE) - plain()).max()
    table = [(name, f"{taken:.3f}", f"{seconds['ours'] / taken:.2f}") for name, taken in seconds.items()]
    times = beside["ours"] / beside["pocket"]
    table.append(("pocket (1024 x 768), in turn with ours alone", f"{beside['pocket']:.4f}", f"{times:.2f}"))
    return [*table, ("largest difference from stock, a\\*b\\*", f"{difference:.5f}", "")]


def start(folder: Path) -> list[tuple[str, ...]]:
    """Seconds to load the network from files that are there."""
    from backends.zhang_caffe import CaffeNetwork

    seconds = in_turn(5, ours=lambda: CaffeNetwork(folder / PROTOTXT, folder / CAFFEMODEL), stock=lambda: stock(folder))
    helped = in_turn(
        5, help=lambda: subprocess.run([sys.executable, "app.py", "--help"], capture_output=True, check=True)
    )
    return [
        ("zhang-v2 loaded from cached files", f"{seconds['ours']:.2f}", f"{seconds['stock']:.2f}"),
        ("python app.py --help", f"{helped['help']:.2f}", ""),
    ]


def callers(folder: Path) -> list[tuple[str, ...]]:
    """Seconds until 1, 4 and 16 callers have their pictures: all with one photograph, and each with their own."""
    from concurrent.futures import ThreadPoolExecutor

    from core.engine import Engine
    from core.photo.open import Photo
    from core.registry.registry import load_registry
    from core.settings import Settings
    from tests.benchmarks.scans import scan

    registry = load_registry(plugins=False)
    grey = scan(0.5)
    table = []
    for count in (1, 4, 16):
        taken = []
        for photos in ([Photo(grey)] * count, [Photo(np.roll(grey, 7 * (n + 1), axis=1)) for n in range(count)]):
            engine = Engine(registry, Settings())
            engine.colorize(Photo(grey[:64, :64].copy()), "pocket")
            started = time.perf_counter()
            with ThreadPoolExecutor(count) as pool:
                list(pool.map(lambda photo, engine=engine: engine.colorize(photo, "pocket"), photos))  # type: ignore[misc]
            taken.append(time.perf_counter() - started)
        table.append((f"{count}", *(f"{seconds:.2f}" for seconds in taken)))
    return table
