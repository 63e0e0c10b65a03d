"""Second photographs that lie in a folder, each by the name of the photograph that it goes with."""

from __future__ import annotations

from pathlib import Path, PurePosixPath

from core.errors import RequestError
from core.photo.formats import ENDINGS
from core.photo.open import Photo, open_photo
from core.settings import Settings


class ReferenceFolder:
    """``1931/grandma.tif`` goes with ``grandma.png``, whatever the ending and the case of its letters."""

    def __init__(self, folder: Path):
        """Look into the folder, not into those within it.

        Raises:
            RequestError: there is no picture in it.
        """
        self._folder = folder
        self._found: dict[str, list[Path]] = {}
        for path in sorted(folder.iterdir()):
            if path.suffix.lower() in ENDINGS and path.name[0] != ".":
                self._found.setdefault(path.stem.lower(), []).append(path)
        if not self._found:
            raise RequestError(f"There is no picture in {folder} to take colours from; name another folder or a file.")

    def open_for(self, name: str, settings: Settings) -> Photo:
        """The second photograph for one of that name.

        Raises:
            RequestError: there is none, or more than one.
            PhotoError: it cannot be opened.
        """
        base = PurePosixPath(name.replace("\\", "/"))
        found = self._found.get(base.stem.lower(), [])
        if not found:
            raise RequestError(f"Nothing in {self._folder} is called {base.stem}; put a picture of that name there.")
        if len(found) > 1:
            both = " and ".join(path.name for path in found[:2])
            raise RequestError(f"Both {both} in {self._folder} go with {base.name}; leave one of them there.")
        return open_photo(found[0], settings)
