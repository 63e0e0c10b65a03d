"""What was found in photographs, kept: one that was met before is not looked through again."""

from __future__ import annotations

import hashlib
from dataclasses import replace
from typing import Any

import numpy as np

from core.photo.open import Photo
from core.prediction_cache import PredictionCache
from core.restore.restore import Restoration, restoration_of
from core.restore.strokes import Strokes

_NO_PHOTO = Photo(np.empty((0, 0), np.uint8))


class Findings:
    """Restorations by photograph and what was asked; thread-safe. They lie beside the predictions, in their cache."""

    def __init__(self, cache: PredictionCache[Any]) -> None:
        self._cache = cache

    def of(self, photo: Photo, restore: str, for_picture: bool | str, strokes: Strokes, suggest: bool) -> Restoration:
        """``core.restore.restore.restoration_of`` a photograph as it was opened.

        What was found where suggestions were wanted too serves for those who want none.

        Raises:
            RequestError: there is no such step.
        """
        asked = (restore, for_picture, strokes)
        keys = [_key(photo, *asked, suggest=more) for more in (True, False) if more or not suggest]
        kept: Restoration | None = next(filter(None, map(self._cache.get, keys)), None)
        if kept is not None and photo.metadata.digest:
            return replace(kept, photo=photo)
        found = restoration_of(photo, *asked, suggest)
        if photo.metadata.digest and found.photo is photo:
            self._cache.put(keys[-1], replace(found, photo=_NO_PHOTO))  # whose pixels are not to be kept
        return found


def _key(photo: Photo, *asked: Any, suggest: bool) -> str:
    whole = repr((photo.metadata.digest, photo.pixels.shape, asked, suggest))
    return hashlib.blake2b(whole.encode(), digest_size=16).hexdigest()
