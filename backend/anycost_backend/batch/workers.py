"""Edits the photos of a batch in processes of this machine or workers of a Dask cluster, through joblib."""

import contextlib
import os
import warnings
from collections.abc import Generator, Iterator
from concurrent.futures.process import BrokenProcessPool
from dataclasses import replace
from typing import Any

from anycost_models.core.errors import AnycostError

from anycost_backend.batch.edit_one import PhotoTask, edit_one, initialize_worker
from anycost_backend.batch.results_file import PhotoResult
from anycost_backend.photo.file_names import text_of

WORKER_BYTES = 1.5 * (1 << 30)  # memory of an editing process, with room for a large photo
_MAX_RESTARTS = 3  # after workers have died
_DASK_TIMEOUT = 15  # seconds for a scheduler to answer and to have a worker
_PARALLEL: dict[str, Any] = {"batch_size": 1, "return_as": "generator_unordered"}  # yields each photo when it is done


class LostWorkers(Exception):
    """Worker processes have died. The photos that they had not finished are still to be edited."""


def edit_all(tasks: list[PhotoTask], jobs: int, cluster: str | None = None) -> Generator[PhotoResult, None, None]:
    """Yields the results as they come. Close the generator to end the processes.

    jobs: processes on this machine; cluster: address of a Dask scheduler. Raises AnycostError when the cluster cannot
    be reached, and when workers die repeatedly."""
    remaining = {text_of(task.photo.source): task for task in tasks}
    restarts = 0
    while remaining:
        try:
            for result in _on_cluster(cluster, remaining) if cluster else _here(min(jobs, len(remaining)), remaining):
                del remaining[result.file]
                yield result
        except LostWorkers as error:
            restarts += 1
            if restarts > _MAX_RESTARTS:
                raise AnycostError(
                    f"worker processes end again and again ({error}), perhaps for want of memory",
                    "run it with fewer --jobs, and --resume",
                ) from error


def default_jobs() -> int:
    """The number of processes for which this machine has cores and memory."""
    import joblib

    try:
        memory = os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
    except (AttributeError, ValueError, OSError):  # Windows
        return max(1, joblib.cpu_count() // 2)
    return int(max(1, min(joblib.cpu_count(), memory // WORKER_BYTES)))


def _here(jobs: int, tasks: dict[str, PhotoTask]) -> Iterator[PhotoResult]:
    """In processes of this machine; in this process for a single job. Raises LostWorkers."""
    import joblib
    from joblib.externals.loky import get_reusable_executor

    if jobs == 1:
        yield from _results(joblib.Parallel(1, **_PARALLEL), tasks)
        return
    threads = max(1, joblib.cpu_count() // jobs)
    tasks = {name: replace(task, threads=threads) for name, task in tasks.items()}
    try:
        with joblib.parallel_config("loky", inner_max_num_threads=threads, initializer=initialize_worker):
            yield from _results(joblib.Parallel(jobs, **_PARALLEL), tasks)
    except BrokenProcessPool as error:
        raise LostWorkers("killed by the system") from error
    finally:
        get_reusable_executor(reuse=True).shutdown(wait=True, kill_workers=True)


def _on_cluster(address: str, tasks: dict[str, PhotoTask]) -> Iterator[PhotoResult]:
    """On the workers of a Dask scheduler, which restarts the tasks of workers that die. Raises AnycostError when it
    cannot be reached, LostWorkers when it has given up."""
    import joblib

    try:
        from distributed import Client, KilledWorker
    except ImportError as error:
        raise AnycostError(
            "a cluster needs Dask, which is not installed", "run pip install 'anycost-face-editor[cluster]'"
        ) from error
    try:
        client = Client(address, timeout=_DASK_TIMEOUT, set_as_default=False)
    except (OSError, TimeoutError, ValueError) as error:
        raise AnycostError(f"no Dask scheduler answers at {address}", "check the address, or start one") from error
    try:
        with client, joblib.parallel_config("dask", client=client, wait_for_workers_timeout=_DASK_TIMEOUT):
            yield from _results(joblib.Parallel(pre_dispatch="all", **_PARALLEL), tasks)
    except TimeoutError as error:
        raise AnycostError(f"the Dask scheduler at {address} has no workers", "start some, then --resume") from error
    except (KilledWorker, ConnectionError) as error:
        raise LostWorkers(type(error).__name__) from error


def _results(parallel: Any, tasks: dict[str, PhotoTask]) -> Iterator[PhotoResult]:
    """Yields the results of a joblib.Parallel. Raises LostWorkers."""
    import joblib

    with warnings.catch_warnings():
        # joblib warns of processes that it replaces because they have grown, as models do, and of dropped tasks.
        warnings.simplefilter("ignore", UserWarning)
        with contextlib.closing(parallel(joblib.delayed(edit_one)(task) for task in list(tasks.values()))) as results:
            for result in results:
                if not isinstance(result, PhotoResult):  # Dask returns an error instead of a lost result
                    raise LostWorkers(type(result).__name__)
                yield result
