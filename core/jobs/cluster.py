"""An album coloured on a Ray cluster: its list is the data set, and actors read and write the photographs."""

from __future__ import annotations

import pickle
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

from core.errors import RequestError
from core.jobs.crew import Attempt, Crew, Task
from core.jobs.job import Job, Outcome
from core.jobs.one_backend import Album

if TYPE_CHECKING:
    import pyarrow

LOCAL = "local"
"""The address that stands for a Ray of one's own on this machine."""

_BATCH, _BLOCK, _MOST_BLOCKS = 8, 16, 20_000
"""Photographs that an actor is handed at once, and that a block of the data set has, of which there are so many."""

_CPUS = 0.5
"""Of an actor in Ray's books. All of them would leave none for reading the list, and the run would hang."""

_ROOT = Path(__file__).resolve().parents[2]


def colour_on_ray(
    address: str,
    size: int | None,
    tasks: list[Task],
    prepare: Callable[[], Attempt],
    album: Album,
    stopped: threading.Event,
    give_up: float,
) -> Iterator[tuple[Task, Outcome]]:
    """Colour everything, in no order. No pixels travel: a row goes to an actor, and what became of it comes back.

    Args:
        address: of a cluster, as ``ray.init`` takes it, or ``local``.
        size: how many actors; None is one for each core that Ray knows.
        tasks: the photographs; their paths must mean the same on every node.
        prepare: makes in each process what it colours with; is pickled.
        album: how; its backend is decided by then.
        stopped: ends the run; what is under way then is not finished.
        give_up: seconds after which a photograph that hangs is given up.

    Raises:
        RequestError: Ray is not installed, or not to be reached.
    """
    ray = _connected(address)
    try:
        count = size or max(1, int(ray.cluster_resources().get("CPU", 1)))
        rows = [{"at": at, "task": pickle.dumps(task)} for at, task in enumerate(tasks)]
        blocks = min(_MOST_BLOCKS, max(count, -(-len(rows) // _BLOCK)))
        coloured = ray.data.from_items(rows, override_num_blocks=min(blocks, len(rows))).map_batches(
            Actor,
            fn_constructor_args=(prepare, album.job, give_up),
            batch_size=_BATCH,
            batch_format="pyarrow",
            compute=ray.data.ActorPoolStrategy(size=count),
            num_cpus=_CPUS,
        )
        for batch in coloured.iter_batches(batch_size=None, batch_format="pyarrow", prefetch_batches=0):
            for row in batch.to_pylist():
                yield tasks[row.pop("at")], album.told_of(outcome_of(row))
            if stopped.is_set():
                return
    finally:
        ray.shutdown()


class Actor:
    """What Ray keeps alive on a node: it watches over one process that colours, as ``core.jobs.crew`` does."""

    def __init__(self, prepare: Callable[[], Attempt], job: Job, give_up: float):
        self._crew = Crew(1, prepare, give_up)
        self._job = job

    def __call__(self, batch: pyarrow.Table) -> pyarrow.Table:
        """Colour the photographs of some rows, and give what became of each as a row."""
        import pyarrow

        tasks: list[Task] = [pickle.loads(task) for task in batch["task"].to_pylist()]
        places = {task.at: at for task, at in zip(tasks, batch["at"].to_pylist(), strict=True)}
        done = self._crew.run(tasks, Album(self._job), threading.Event())
        rows = [row_of(outcome) | {"at": places[task.at]} for task, outcome in done]
        return pyarrow.Table.from_pylist(rows)


def row_of(outcome: Outcome) -> dict[str, Any]:
    """An outcome as a row of a table; ``picture`` is empty where there is none."""
    return {**outcome.model_dump(), "picture": outcome.picture or "", "disk_is_full": outcome.disk_is_full}


def outcome_of(row: dict[str, Any]) -> Outcome:
    """The outcome of such a row."""
    full = row.pop("disk_is_full")
    outcome = Outcome(**{**row, "picture": row["picture"] or None})
    outcome._disk_is_full = full
    return outcome


def _connected(address: str) -> Any:
    """The package, connected to a cluster.

    Raises:
        RequestError: it is not installed, or there is no cluster.
    """
    try:
        import ray
        import ray.data
    except ImportError as error:
        raise RequestError("--ray needs a package more: pip install -r requirements-ray.txt") from error
    ray.data.DataContext.get_current().enable_progress_bars = False  # the command has its own
    own: dict[str, Any] = {"include_dashboard": False} if address == LOCAL else {"address": address}
    try:
        ray.init(
            **own,
            runtime_env={"env_vars": {"PYTHONPATH": str(_ROOT)}},
            log_to_driver=False,
            logging_level="warning",
            ignore_reinit_error=True,
        )
    except Exception as error:  # Ray raises many kinds
        raise RequestError(
            f"No Ray cluster answers at {address} ({type(error).__name__}); check the address, or start one."
        ) from error
    return ray
