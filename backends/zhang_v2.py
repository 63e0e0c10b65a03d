"""The default backend: Zhang, Isola and Efros, "Colorful Image Colorization" (ECCV 2016), release v2."""

from __future__ import annotations

from typing import Any

import numpy as np

from backends.zhang_caffe import CaffeNetwork
from backends.zhang_onnx import OnnxNetwork, lacking
from core.colour.cielab import Float, Pixels, three_channels
from core.prediction import AbDistribution, Request
from core.progress import Progress
from core.registry.backend import BackendInfo
from core.registry.hookspecs import hookimpl
from core.weights.manifest import load_manifests
from core.weights.weights import Weights

_MEAN_LIGHTNESS = 50.0


class ZhangV2:
    """The authors' Caffe network in ``cv2.dnn``.

    It is asked for its logits (``conv8_313``; OpenCV names a layer by its top), so that temperature is applied by
    core: the annealed mean at T = 1/2.606 is what the release's own last layers compute.
    """

    info = BackendInfo(
        id="zhang-v2",
        title="Zhang 2016",
        summary="Colorful Image Colorization, release v2: the classic, 129 MB fetched once",
        licence="BSD-2-Clause",
        citation="Zhang, Isola and Efros, Colorful Image Colorization, ECCV 2016, arXiv:1603.08511",
        input_size=(224, 224),
        order=10,
    )

    def __init__(self, weights: Weights):
        self.weights = weights

    def load(self, progress: Progress) -> None:
        """Fetch what is missing, then read the network.

        Raises:
            WeightsError: the files could not be had.
        """
        paths = self.weights.fetch(progress)
        network = CaffeNetwork if _reads_caffe() else OnnxNetwork
        self._network = network(paths["prototxt"], paths["caffemodel"])
        self._bins = np.load(paths["bins"]).astype(np.float32)

    def lightness(self, pixels: Pixels, shape: tuple[int, int]) -> Float:
        """L* as the well-known recipe has it, ``cv2.resize`` and ``cv2.cvtColor`` on floats: aliased, and 0.2 off."""
        import cv2

        rgb = resize_linear(pixels, shape) / np.float32(np.iinfo(pixels.dtype).max)
        lab = cv2.cvtColor(three_channels(rgb), cv2.COLOR_RGB2Lab)
        return np.ascontiguousarray(lab[..., 0])

    def predict(self, request: Request, options: None) -> AbDistribution:
        """Logits over the 313 bins of the paper's a*b* gamut, (313, 56, 56)."""
        logits = self._network.logits(request.lightness - np.float32(_MEAN_LIGHTNESS))
        return AbDistribution(logits, self._bins)


def resize_linear(pixels: Pixels, shape: tuple[int, int]) -> Float:
    """What ``cv2.resize`` with INTER_LINEAR gives on floats, from only the rows that count in a scan of many.

    Args:
        pixels: (h, w) or (h, w, c), any real dtype.
        shape: height and width of the result.

    Returns:
        float32 in the units of ``pixels``.
    """
    import cv2

    last = len(pixels) - 1
    centres = np.clip((np.arange(shape[0]) + 0.5) * len(pixels) / shape[0] - 0.5, 0, last)
    above = centres.astype(np.intp)
    top, bottom = (pixels[rows].astype(np.float32) for rows in (above, np.minimum(above + 1, last)))
    down = (centres - above).astype(np.float32).reshape(-1, *[1] * (pixels.ndim - 1))
    return np.asarray(cv2.resize(top + (bottom - top) * down, shape[::-1], interpolation=cv2.INTER_LINEAR))


def _reads_caffe() -> bool:
    """Whether this is OpenCV 4: OpenCV 5 has no Caffe importer."""
    import cv2

    return hasattr(cv2.dnn, "readNetFromCaffe")


def _lacking() -> str:
    return "" if _reads_caffe() else lacking()


@hookimpl
def autochrome_register_backends(register: Any, settings: Any) -> None:
    """Register zhang-v2."""
    register(ZhangV2(Weights(load_manifests(settings)["zhang-v2"], settings, lacks=_lacking)))
