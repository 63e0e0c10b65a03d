"""``python app.py colorize``."""

from __future__ import annotations

import os
import signal
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor, as_completed
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from core.cli.common import BAD_USAGE, FAILED, INTERRUPTED, make_engine, plain_errors, say
from core.cli.fetch import fetch_with_bar
from core.errors import AutochromeError, RequestError

if TYPE_CHECKING:
    from core.cli.inputs import Item
    from core.cli.outcome import Line, Outcomes
    from core.engine import Engine
    from core.look.look import Look


def colorize(
    photographs: Annotated[
        list[Path], typer.Argument(metavar="IN...", help="Photographs, folders, zips or patterns such as '*/*.tif'.")
    ],
    output: Annotated[Path, typer.Option(help="Folder for the coloured pictures; it is made where missing.")] = Path(
        "coloured"
    ),
    recursive: Annotated[bool, typer.Option("--recursive", "-r", help="Look into folders within folders.")] = False,
    skip_existing: Annotated[
        bool, typer.Option("--skip-existing", help="Leave alone what is in the output folder.")
    ] = False,
    jobs: Annotated[int, typer.Option("--jobs", "-j", min=1, help="How many photographs to work on at once.")] = 1,
    report: Annotated[
        Path | None, typer.Option(metavar="FILE", help="Write what became of each photograph as CSV.")
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Tell of each photograph in a line of JSON.")] = False,
    backend: Annotated[str, typer.Option(help="Which backend; see the backends command.")] = "auto",
    strength: Annotated[float, typer.Option(help="Chroma as a multiple of the predicted, 0 to 2.")] = 1.0,
    temperature: Annotated[float, typer.Option(help="0 takes the likeliest colours, 1 the calmest mean.")] = 0.38,
    vividness: Annotated[float, typer.Option(help="0 to 1: how far colourful parts stand out.")] = 0.5,
    refine: Annotated[bool, typer.Option(help="Let colour follow the photograph's edges.")] = True,
    format_: Annotated[str, typer.Option("--format", help="png, jpeg or webp.")] = "png",
) -> None:
    """Colour photographs; exits 0 when all were done, 1 when some failed, 2 on bad usage, 130 when interrupted."""
    from core.cli.inputs import Search
    from core.cli.outcome import Outcomes
    from core.look.look import make_look
    from core.photo.save import output_format

    with plain_errors(BAD_USAGE):
        look = make_look(strength=strength, temperature=temperature, vividness=vividness, refine=refine)
        run = Run(make_engine(), output, backend, look, output_format(format_), skip_existing)
        if backend != "auto":
            run.engine.registry.get(backend)
        _make_folder(output)
        items = Search(output, recursive, run.engine.settings).items(photographs, run.format_name)
        outcomes = Outcomes(report, as_json)
    with outcomes:
        with plain_errors():
            _fetch_weights(run, items)
        run.all(items, jobs, outcomes)
    if outcomes.failed:
        say(f"{outcomes.failed} of {len(items)} failed.")
    if outcomes.told < len(items):
        say(f"Stopped; {outcomes.told} of {len(items)} were done with, and what was coloured is kept.")
        raise typer.Exit(INTERRUPTED)
    if outcomes.failed:
        raise typer.Exit(FAILED)


@dataclass(frozen=True)
class Run:
    """How photographs are coloured.

    Attributes:
        engine: what colours them.
        output: folder for the pictures.
        backend: an id, or ``auto``.
        look: strength, temperature and so on.
        format_name: a key of ``core.photo.save.SUFFIXES``.
        skip_existing: whether a picture that is there stays as it is.
    """

    engine: Engine
    output: Path
    backend: str
    look: Look
    format_name: str
    skip_existing: bool

    def all(self, items: list[Item], jobs: int, outcomes: Outcomes) -> None:
        """Colour everything. On Ctrl-C, what is under way is finished and told of, and the rest is left out."""
        from tqdm import tqdm

        with (
            _stopped_by_ctrl_c() as stopped,
            ThreadPoolExecutor(jobs) as pool,
            tqdm(total=len(items), unit="photo", disable=None if len(items) > 1 else True) as bar,  # None: no terminal
        ):
            futures = [pool.submit(self._one, item, stopped) for item in items]
            try:
                for future in as_completed(futures):
                    line = future.result()
                    if line is not None:
                        with tqdm.external_write_mode():
                            outcomes.tell(line)
                        bar.update()
            finally:
                stopped.set()

    def waiting(self, item: Item) -> bool:
        """Whether this photograph is to be coloured: it can be, and its picture is not there or not to be kept."""
        return not item.source.problem and not (self.skip_existing and (self.output / item.target).exists())

    def _one(self, item: Item, stopped: threading.Event) -> Line | None:
        """Colour one photograph, and say what became of it; None where it was not begun."""
        from core.cli.outcome import Line

        if stopped.is_set():
            return None
        target = self.output / item.target
        line = Line(status="done", photograph=item.source.name, picture=str(target))
        if not item.source.problem and not self.waiting(item):
            return line.model_copy(update={"status": "skipped"})
        try:
            return line.model_copy(update=self._colour(item, target))
        except AutochromeError as error:
            return line.model_copy(update={"status": "failed", "picture": None, "problem": str(error)})

    def _colour(self, item: Item, target: Path) -> dict[str, Any]:
        """Colour one photograph; gives what its line says of it."""
        from core.photo.open import open_photo
        from core.photo.save import save_picture

        with item.source.file() as path:
            photo = open_photo(path, self.engine.settings, Path(item.source.name).name)
        picture, report = self.engine.colorize(photo, self.backend, self.look)
        _make_folder(target.parent)
        notes = save_picture(target, picture.rgb, photo, report.backend, self.format_name)
        return report.model_copy(update={"warnings": [*report.warnings, *notes]}).row()


def _make_folder(folder: Path) -> None:
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise RequestError(f"The folder {folder} cannot be made ({error.strerror}); choose another.") from error


def _fetch_weights(run: Run, items: list[Item]) -> None:
    """Have the weights of a backend that was asked for by name before the first photograph needs them.

    Raises:
        WeightsError: they cannot be had, and so nothing can be coloured.
    """
    from core.registry.backend import weights_of

    if run.backend == "auto" or not any(map(run.waiting, items)):
        return
    weights = weights_of(run.engine.registry.get(run.backend))
    if weights is not None and weights.status().state != "ready":
        fetch_with_bar(weights, only_on_terminal=True)


@contextmanager
def _stopped_by_ctrl_c() -> Iterator[threading.Event]:
    """An event that the first Ctrl-C sets; the second ends the program as it stands."""
    stopped = threading.Event()

    def stop(number: int, frame: object) -> None:
        stopped.set()
        signal.signal(signal.SIGINT, signal.SIG_DFL)
        os.write(2, b"\nStopping when what is under way is done; press Ctrl-C again not to wait.\n")

    before = signal.signal(signal.SIGINT, stop)
    try:
        yield stopped
    finally:
        signal.signal(signal.SIGINT, before)
