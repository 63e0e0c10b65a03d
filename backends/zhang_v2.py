"""The default backend: Zhang, Isola and Efros, "Colorful Image Colorization" (ECCV 2016), release v2."""

from __future__ import annotations

from typing import Any

import numpy as np

from backends.zhang_caffe import CaffeNetwork
from backends.zhang_onnx import OnnxNetwork
from core.prediction import AbDistribution, Request
from core.progress import Progress
from core.registry.backend import BackendInfo
from core.registry.hookspecs import hookimpl
from core.settings import load_settings
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
        seen="opencv",
        order=10,
    )

    def __init__(self, weights: Weights):
        self.weights = weights

    def load(self, progress: Progress) -> None:
        """Fetch what is missing, then read the network.

        Raises:
            WeightsError: the files could not be had.
        """
        import cv2

        paths = self.weights.fetch(progress)
        network = CaffeNetwork if hasattr(cv2.dnn, "readNetFromCaffe") else OnnxNetwork  # OpenCV 4, OpenCV 5
        self._network = network(paths["prototxt"], paths["caffemodel"])
        self._bins = np.load(paths["bins"]).astype(np.float32)

    def predict(self, request: Request, options: None) -> AbDistribution:
        """Logits over the 313 bins of the paper's a*b* gamut, (313, 56, 56)."""
        logits = self._network.logits(request.lightness - np.float32(_MEAN_LIGHTNESS))
        return AbDistribution(logits, self._bins)


@hookimpl
def autochrome_register_backends(register: Any) -> None:
    """Register zhang-v2."""
    settings = load_settings()
    register(ZhangV2(Weights(load_manifests(settings)["zhang-v2"], settings)))
