"""Dawn: shadows turn blue and lights turn gold."""

import numpy as np
import pluggy

hookimpl = pluggy.HookimplMarker("autochrome")


class Dawn:
    info = {"id": "dawn", "title": "Dawn", "licence": "MIT", "input_size": 128}

    def predict(self, request, options):
        light = request.lightness[..., None] / 100
        shadow, gold = np.array([2, -18]), np.array([6, 28])
        return (shadow + (gold - shadow) * light).astype(np.float32)


@hookimpl
def autochrome_register_backends(register):
    register(Dawn())
