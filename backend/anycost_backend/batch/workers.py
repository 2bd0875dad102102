"""Where a batch's photos are edited: by processes of this machine or the workers of a Dask cluster, through joblib."""

import contextlib
import os
import warnings
from collections.abc import Generator, Iterator
from concurrent.futures.process import BrokenProcessPool
from dataclasses import replace
from typing import Any

from anycost_models.core.errors import AnycostError

from anycost_backend.batch.edit_one import PhotoTask, begin, edit_one
from anycost_backend.batch.results_file import PhotoResult

WORKER = 1.5 * (1 << 30)  # bytes of memory that an editing process needs, with room for a large photo
_DEATHS = 3  # of workers, after which what they have left is begun again
_PATIENCE = 15  # seconds in which a scheduler answers and has a worker
_EACH: dict[str, Any] = {"batch_size": 1, "return_as": "generator_unordered"}  # told of each photo when it is done


class LostWorkers(Exception):
    """Processes that edited photos are gone. What they had not finished is still to be done."""


def edit_all(tasks: list[PhotoTask], jobs: int, cluster: str | None = None) -> Generator[PhotoResult, None, None]:
    """The results as they come. Close it to end the processes. jobs: on this machine; cluster: of a Dask scheduler.

    Raises AnycostError when the cluster cannot be reached, and when workers end again and again."""
    left = {task.item.source.name: task for task in tasks}
    deaths = 0
    while left:
        try:
            for result in _on_cluster(cluster, left) if cluster else _here(min(jobs, len(left)), left):
                del left[result.file]
                yield result
        except LostWorkers as error:
            deaths += 1
            if deaths > _DEATHS:
                raise AnycostError(
                    f"worker processes end again and again ({error}), perhaps for want of memory",
                    "run it with fewer --jobs, and --resume",
                ) from error


def default_jobs() -> int:
    """As many as this machine has cores, and memory for."""
    import joblib

    try:
        memory = os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
    except (AttributeError, ValueError, OSError):  # Windows
        return max(1, joblib.cpu_count() // 2)
    return int(max(1, min(joblib.cpu_count(), memory // WORKER)))


def _here(jobs: int, left: dict[str, PhotoTask]) -> Iterator[PhotoResult]:
    """In processes of this machine; in this one if there is but one job."""
    import joblib
    from joblib.externals.loky import get_reusable_executor

    if jobs == 1:
        yield from _results(joblib.Parallel(1, **_EACH), left)
        return
    threads = max(1, joblib.cpu_count() // jobs)
    tasks = {name: replace(task, threads=threads) for name, task in left.items()}
    try:
        with joblib.parallel_config("loky", inner_max_num_threads=threads, initializer=begin):
            yield from _results(joblib.Parallel(jobs, **_EACH), tasks)
    except BrokenProcessPool as error:
        raise LostWorkers("killed by the system") from error
    finally:
        get_reusable_executor(reuse=True).shutdown(wait=True, kill_workers=True)


def _on_cluster(address: str, left: dict[str, PhotoTask]) -> Iterator[PhotoResult]:
    """On the workers of a Dask scheduler, which itself does again what those that die have left."""
    import joblib

    try:
        from distributed import Client, KilledWorker
    except ImportError as error:
        raise AnycostError(
            "a cluster needs Dask, which is not installed", "run pip install 'anycost-face-editor[cluster]'"
        ) from error
    try:
        client = Client(address, timeout=_PATIENCE, set_as_default=False)
    except (OSError, TimeoutError, ValueError) as error:
        raise AnycostError(f"no Dask scheduler answers at {address}", "check the address, or start one") from error
    try:
        with client, joblib.parallel_config("dask", client=client, wait_for_workers_timeout=_PATIENCE):
            yield from _results(joblib.Parallel(pre_dispatch="all", **_EACH), left)
    except TimeoutError as error:
        raise AnycostError(f"the Dask scheduler at {address} has no workers", "start some, then --resume") from error
    except (KilledWorker, ConnectionError) as error:
        raise LostWorkers(type(error).__name__) from error


def _results(parallel: Any, tasks: dict[str, PhotoTask]) -> Iterator[PhotoResult]:
    import joblib

    with warnings.catch_warnings():
        # joblib's: of processes that it replaces because they have grown (the models do that), of tasks that it drops.
        warnings.simplefilter("ignore", UserWarning)
        with contextlib.closing(parallel(joblib.delayed(edit_one)(task) for task in list(tasks.values()))) as results:
            for result in results:
                if not isinstance(result, PhotoResult):  # Dask gives the error in the place of what it has lost
                    raise LostWorkers(type(result).__name__)
                yield result
