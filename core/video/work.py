"""The folder in which a film's parts lie while it is made, and from which it is gone on with."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import numpy as np

from core.errors import FilmError
from core.video.steady import Agreed, Key


class Work:
    """The folder of a film's parts: part-0000.nut and so on, each with the key frame that the next one begins with.

    Attributes:
        folder: it.
        backend: that made the parts, or None where there are none yet.
        complete: whether they are all there.
        count: frames in them.
        ends: time at which the last of these ends, or None where nobody knows.
        rest: what was done of the next one when it was stopped; a later sitting makes it anew.
    """

    def __init__(self, folder: Path, plan: str):
        """Go on with what is there, or begin anew.

        Raises:
            FilmError: the folder cannot be made.
        """
        self.folder, self._plan = folder, plan
        self.backend: str | None = None
        self.ends: int | None = None
        self.rest: Path | None = None
        self.complete, self.count, self._parts = False, 0, 0
        try:
            said = json.loads((folder / "plan.json").read_text("utf-8"))
            needed = self._needed(said["parts"], said["complete"])
            if said["plan"] == plan and said["bytes"] == [path.stat().st_size for path in needed]:
                self.backend, self.complete = said["backend"], said["complete"]
                self.count, self._parts, self.ends = said["frames"], said["parts"], said["ends"]
        except (OSError, ValueError, KeyError, TypeError):
            pass  # nothing that can be gone on with
        try:
            if not self._parts:
                shutil.rmtree(folder, ignore_errors=True)
            folder.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise FilmError(f"The folder {folder} cannot be made ({error.strerror}); choose another.") from error

    def parts(self) -> list[Path]:
        """Those that are whole, and the rest."""
        return [*(self._path(number) for number in range(self._parts)), *([self.rest] if self.rest else [])]

    def next_part(self) -> Path:
        """The file for the next."""
        return self._path(self._parts)

    def key(self) -> Key | None:
        """The key frame that the next part begins with."""
        if not self._parts or self.complete:
            return None
        with np.load(self._key_path(self._parts)) as kept:
            agreed = Agreed(kept["agreed"], kept["count"])
            return Key(int(kept["time"]), kept["ab"], agreed, bool(kept["begins"]))

    def keep(self, part: Path, following: Key | None, backend: str) -> None:
        """A part is whole; ``following`` begins the next one, or None where it was the last."""
        self._parts += 1
        if following is not None:
            np.savez(
                self._key_path(self._parts),
                time=following.time,
                ab=following.ab,
                agreed=following.agreed.planes,
                count=following.agreed.count,
                begins=following.begins,
            )
            self.ends = following.time
        self.backend, self.complete = backend, following is None
        said = {"plan": self._plan, "backend": backend, "complete": self.complete, "ends": self.ends}
        sizes = [path.stat().st_size for path in self._needed(self._parts, self.complete)]
        said |= {"frames": self.count, "parts": self._parts, "bytes": sizes}
        scratch = self.folder / "plan.tmp"
        scratch.write_text(json.dumps(said), "utf-8")
        scratch.replace(self.folder / "plan.json")

    def remove(self) -> None:
        """The film is whole: its parts are of no use any more."""
        shutil.rmtree(self.folder, ignore_errors=True)

    def _needed(self, parts: int, complete: bool) -> list[Path]:
        """Files without which there is no going on; a machine that lost power has some of them empty or cut short."""
        return [*map(self._path, range(parts)), *([] if complete else [self._key_path(parts)])]

    def _path(self, number: int) -> Path:
        return self.folder / f"part-{number:04}.nut"

    def _key_path(self, number: int) -> Path:
        return self.folder / f"key-{number:04}.npz"
