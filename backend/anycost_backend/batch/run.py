"""Runs a batch: the same edit on all photos of a folder, on this machine or a Dask cluster; can be resumed."""

import contextlib
import hashlib
import os
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import filelock
from anycost_client.core.errors import ConnectionFileError
from anycost_client.transport.file_lock import FileLock
from anycost_models.core.errors import AnycostError
from anycost_models.core.paths import cache_dir

from anycost_backend.batch.edit_one import PhotoTask
from anycost_backend.batch.plan import PlannedPhoto
from anycost_backend.batch.results_file import (
    BatchSettings,
    PhotoResult,
    ResultsFile,
    clean_up,
    read_results,
    remove_receipts,
    write_results,
)
from anycost_backend.batch.workers import edit_all
from anycost_backend.photo.file_names import text_of

_LOCK = ".anycost-batch.lock"
_WRITE_INTERVAL = 1.0  # seconds between two writes of results.json; receipts have the newer results


@dataclass(frozen=True)
class BatchPlan:
    """The photos of a batch and how to edit them."""

    photos: tuple[PlannedPhoto, ...]
    output: Path  # folder
    settings: BatchSettings
    jobs: int  # processes on this machine; ignored with a cluster
    max_megapixels: float = 150
    cluster: str | None = None  # of a Dask scheduler, such as "tcp://10.0.0.1:8786"


def run(batch: BatchPlan, resume: bool, on_result: Callable[[PhotoResult], None]) -> ResultsFile:
    """Edits all photos. The results also have the causes for those that could not be edited.

    resume: continue an earlier run in the output folder. on_result: called with each result, also with those of the
    earlier run. However the run ends, results.json has all results.
    Raises AnycostError when the output folder cannot be used, the cluster cannot be reached, workers die repeatedly, or
    the run is interrupted."""
    with _locked(batch.output):
        progress = BatchProgress(batch, resume)
        for result in progress.results:
            on_result(result)
        pending = [photo for photo in batch.photos if progress.is_pending(photo)]
        tasks = [PhotoTask(photo, batch.settings, batch.max_megapixels) for photo in pending]
        try:
            with contextlib.closing(edit_all(tasks, batch.jobs, batch.cluster)) as results:
                for result in results:
                    progress.add(result)
                    on_result(result)
        except KeyboardInterrupt:
            so_far = f"{len(progress.results)} of {len(batch.photos)} photos"
            raise AnycostError(f"cancelled after {so_far}", "the same command with --resume goes on") from None
        finally:
            progress.write()
            clean_up(batch.output, finished=not any(progress.is_pending(photo) for photo in batch.photos))
        return progress.results_file


class BatchProgress:
    """The results so far, in memory and on disk."""

    def __init__(self, batch: BatchPlan, resume: bool) -> None:
        """Raises AnycostError when the output folder holds other results or files."""
        self._batch = batch
        self._written = 0.0  # monotonic seconds
        self._unwritten: list[Path] = []  # outputs of results that are only in receipts
        names = [text_of(photo.output) for photo in batch.photos]
        earlier = read_results(batch.output)
        if earlier and not resume:
            raise AnycostError(
                f"{batch.output} holds the results of a batch",
                "--resume goes on with it, or name another output folder",
            )
        ours = set(earlier.planned) if earlier else set()
        for photo in batch.photos:
            if text_of(photo.output) not in ours and os.path.lexists(photo.output):
                raise AnycostError(f"{photo.output} is there already", "move it away, or name another output folder")
        known = {r.file: r for r in earlier.files} if earlier and earlier.settings == batch.settings else {}
        self._results = {
            name: known[name]
            for photo in batch.photos
            if (name := text_of(photo.source)) in known and known[name].is_complete(photo.source, photo.output)
        }
        self._planned = tuple(sorted(ours.union(names)))
        self.write()

    @property
    def results(self) -> list[PhotoResult]:
        return list(self._results.values())

    @property
    def results_file(self) -> ResultsFile:
        return ResultsFile(
            self._batch.settings, self._planned, tuple(sorted(self.results, key=lambda result: result.file))
        )

    def is_pending(self, photo: PlannedPhoto) -> bool:
        """Whether the photo has no result."""
        return text_of(photo.source) not in self._results

    def add(self, result: PhotoResult) -> None:
        """Raises AnycostError when results.json cannot be written."""
        self._results[result.file] = result
        self._unwritten += [photo.output for photo in self._batch.photos if text_of(photo.source) == result.file]
        if time.monotonic() > self._written + _WRITE_INTERVAL:
            self.write()

    def write(self) -> None:
        """Raises AnycostError when results.json cannot be written."""
        write_results(self._batch.output, self.results_file)
        self._written = time.monotonic()
        remove_receipts(self._unwritten)
        self._unwritten.clear()


@contextlib.contextmanager
def _locked(output: Path) -> Iterator[None]:
    """Creates the output folder if necessary and locks it against other batches of this user on this machine.

    Raises AnycostError when it is locked or cannot be created."""
    try:
        output.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise AnycostError(
            f"cannot make the folder {output} ({error.strerror})", "name another, or change the permissions"
        ) from error
    with _lock(output) as got:
        if not got:
            raise AnycostError(f"another batch is writing to {output}", "wait for it, or name another output folder")
        yield


@contextlib.contextmanager
def _lock(output: Path) -> Iterator[bool]:
    """Whether the lock was free. It lies in the cache, or, where that cannot be written, in the output folder."""
    name = hashlib.sha256(os.fsencode(output.resolve())).hexdigest()[:32]
    lock = FileLock(cache_dir() / "batches" / name)
    try:
        got = lock.acquire()
    except ConnectionFileError:
        with _lock_beside(output / _LOCK) as got:
            yield got
        return
    try:
        yield got
    finally:
        lock.release()


@contextlib.contextmanager
def _lock_beside(path: Path) -> Iterator[bool]:
    """As `_lock`, with a file that goes with the lock. Raises AnycostError when it cannot be written."""
    lock = filelock.FileLock(path)
    try:
        lock.acquire(timeout=0)
    except filelock.Timeout:
        yield False
        return
    except OSError as error:
        raise AnycostError(f"cannot write {path} ({error.strerror})", "change the permissions of the folder") from error
    try:
        yield True
    finally:
        with contextlib.suppress(OSError):  # Windows removes no open file
            path.unlink()
        lock.release()
