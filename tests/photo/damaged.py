"""Damaged files of every kind in the matrix, opened; prints what became of each: ``python -m tests.photo.damaged``.

To be run under several values of ``MALLOC_PERTURB_``: what memory held before must not show in any picture.
"""

from __future__ import annotations

import hashlib
import random
import tempfile
from collections.abc import Iterator
from pathlib import Path

from core.errors import PhotoError
from core.photo.open import open_photo
from tests.photo.matrix import CELLS

_EACH = 4


def damaged(data: bytes, rng: random.Random) -> Iterator[bytes]:
    """Cut short, with some bytes changed, with a piece blanked, and with its head or tail changed."""
    for number in range(_EACH):
        changed = bytearray(data)
        if number % 3 == 0:
            changed = changed[: rng.randrange(len(data) // 8, len(data))]
        elif number % 3 == 1:
            for _ in range(rng.choice((1, 3, 10, 50))):
                changed[rng.randrange(len(data))] = rng.randrange(256)
        else:
            start = rng.randrange(min(400, len(data)))
            changed[start] ^= 1 << rng.randrange(8)
            changed[-1 - start] = rng.randrange(256)
            middle = rng.randrange(len(data))
            changed[middle : middle + len(data) // 20] = bytes(len(changed[middle : middle + len(data) // 20]))
        yield bytes(changed)


def main() -> None:
    """Open them all."""
    rng = random.Random(1)
    with tempfile.TemporaryDirectory() as folder:
        for cell in CELLS:
            if cell.refusal:
                continue
            for number, data in enumerate(damaged(cell.write(), rng)):
                path = Path(folder) / f"a{cell.ending}"
                path.write_bytes(data)
                try:
                    photo = open_photo(path)
                except PhotoError as error:
                    print(cell.name, number, error)
                    continue
                digest = hashlib.sha256(photo.pixels.tobytes())
                digest.update(b"" if photo.alpha is None else photo.alpha.tobytes())
                print(cell.name, number, digest.hexdigest())


if __name__ == "__main__":
    main()
