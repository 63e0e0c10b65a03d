"""Photographs coloured into a folder, one after another, by several processes or on a cluster."""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from core.cli.common import already_there
from core.cli.fetch import fetch_with_bar
from core.cli.stopping import stopped_by_ctrl_c
from core.errors import PhotoError

if TYPE_CHECKING:
    from core.cli.inputs import Item
    from core.cli.reporter import Reporter
    from core.engine import Engine
    from core.jobs.crew import Task
    from core.jobs.job import Job, Outcome
    from core.jobs.one_backend import OneBackend
    from core.jobs.references import ReferenceFolder
    from core.jobs.targets import Target, Targets
    from core.photo.archive import Source
    from core.settings import Settings


def place(items: list[Item], targets: Targets) -> list[tuple[Source, Target]]:
    """The photographs with the file for the picture of each; none on Ctrl-C.

    Files are found in the order of the photographs' paths, so that in which order they were given makes no difference.
    """
    from core.jobs.targets import Target

    found: dict[int, tuple[Source, Target]] = {}
    places = [(item.source.path.absolute().parts, item.source.name) for item in items]
    with stopped_by_ctrl_c() as stopped:
        for at in sorted(range(len(items)), key=places.__getitem__):
            if stopped.is_set():
                return []
            source = items[at].source
            try:
                found[at] = source, targets.find(source, items[at].folder)
            except PhotoError as error:  # tried no more: what could be read then might take another one's place
                found[at] = replace(source, problem=error), Target(Path(), False)
    return [found[at] for at in range(len(items))]


@dataclass(frozen=True)
class Album:
    """Photographs coloured into a folder.

    Attributes:
        engine: what colours them.
        make_engine: what gives another process an engine like it.
        job: how.
        colourer: what does it.
        overwrite: whether pictures are made anew that are there already.
        placed: the photographs, and the file for the picture of each.
        references: where the second photograph of each is, or None where one is for all, or there is none.
    """

    engine: Engine
    make_engine: Callable[[Settings], Engine]
    job: Job
    colourer: OneBackend
    overwrite: bool
    placed: list[tuple[Source, Target]]
    references: ReferenceFolder | None = None

    def colour(
        self, jobs: int | None, reporter: Reporter, log: Path, give_up: float, ray: str | None = None
    ) -> list[int]:
        """Colour everything. On Ctrl-C, what is under way is finished and reported, and the rest is left out.

        Args:
            jobs: how many processes; 1 is this one alone, None as many as are of use.
            reporter: is told of each photograph.
            log: the folder for what nobody has foreseen.
            give_up: seconds for a photograph, where there are several processes.
            ray: address of a Ray cluster that does it, or None.

        Returns:
            Which of the photographs, by their place in ``placed``, failed or were left out.

        Raises:
            BackendError: no process can be started.
            RequestError: there is no such cluster.
        """
        from tqdm import tqdm

        left = set(range(len(self.placed)))
        with (
            stopped_by_ctrl_c() as stopped,
            tqdm(total=len(self.placed), unit="photo", disable=None if len(self.placed) > 1 else True) as bar,
        ):
            for at, outcome in self._outcomes(jobs, stopped, log, give_up, ray):
                if outcome.status != "failed":
                    left.discard(at)
                with tqdm.external_write_mode():
                    reporter.add(outcome)
                bar.update()
                if outcome.disk_is_full and not stopped.is_set():
                    stopped.set()
                    reporter.end_for(
                        "The disk is full, and so nothing more was coloured; make room and run this again."
                    )
        return sorted(left)

    def _outcomes(
        self, jobs: int | None, stopped: threading.Event, log: Path, give_up: float, ray: str | None
    ) -> Iterator[tuple[int, Outcome]]:
        """What becomes of each photograph, by its place: of copies last, for then their picture is there, or not."""
        from core.jobs.crew import Task
        from core.photo.stores import shown

        due, copies = deque[Task](), deque[Task]()
        for at, (source, target) in enumerate(self.placed):
            if target.is_there and not self._is_due(source, target):
                yield at, already_there(source.name, shown(target.path))
            elif target.is_shared and not self.overwrite:
                copies.append(Task(at, source, target.path))
            else:
                due.append(Task(at, source, target.path))
        yield from self._coloured(due, jobs, stopped, log, give_up, ray)
        again = deque[Task]()
        for task in copies if not stopped.is_set() else ():
            if task.target.exists():
                yield task.at, already_there(task.source.name, shown(task.target))
            else:
                again.append(task)
        if again:
            yield from self._coloured(again, jobs, stopped, log, give_up, ray)

    def _coloured(
        self, due: deque[Task], jobs: int | None, stopped: threading.Event, log: Path, give_up: float, ray: str | None
    ) -> Iterator[tuple[int, Outcome]]:
        from core.jobs.cluster import colour_on_ray
        from core.jobs.colourer import Colourer
        from core.jobs.crew import Crew, how_many
        from core.registry.registry import AUTO

        # No photograph comes twice: kept predictions would only fill each process's memory.
        settings = self.engine.settings.model_copy(update={"cache_mb": 0})
        prepare = partial(Colourer, partial(self.make_engine, settings), self.references, log)
        attempt = Colourer(lambda: self.engine, self.references)
        size = 1 if ray else min(jobs or how_many(self._bytes_of_weights()), len(due))
        if size > 1:
            with Crew(size, prepare, give_up) as crew:
                yield from ((task.at, outcome) for task, outcome in crew.run(due, self.colourer, stopped))
            return
        while due and not stopped.is_set():
            if ray and self.colourer.job.backend != AUTO:  # what it means is decided here, by the first photograph
                done = colour_on_ray(ray, jobs, list(due), prepare, self.colourer, stopped, give_up)
                yield from ((task.at, outcome) for task, outcome in done)
                return
            task = due.popleft()
            yield task.at, self.colourer.told_of(attempt(self.colourer.job, task.source, task.target))

    def _bytes_of_weights(self) -> int:
        """Of what will colour, as far as is known beforehand."""
        from core.registry.backend import weights_of
        from core.registry.registry import AUTO

        registry = self.engine.registry
        weights = weights_of(registry.preferred if self.job.backend == AUTO else registry.get(self.job.backend))
        return weights.status().bytes_total if weights is not None else 0

    def fetch_weights(self) -> None:
        """Have the weights of a backend that was asked for by name before the first photograph needs them.

        Raises:
            WeightsError: they cannot be had, and so nothing can be coloured.
        """
        from core.registry.backend import weights_of

        if self.job.backend == "auto" or not any(self._is_due(*each) for each in self.placed):
            return
        weights = weights_of(self.engine.registry.get(self.job.backend))
        if weights is not None and weights.status().state != "ready":
            fetch_with_bar(self.job.backend, weights, only_on_terminal=True)

    def _is_due(self, source: Source, target: Target) -> bool:
        """Whether this photograph is to be coloured: it can be, and its picture is not there or not to be kept."""
        return not source.problem and (self.overwrite or not target.is_there)
