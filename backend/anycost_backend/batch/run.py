"""The same edit on all photos of a folder: on this machine's cores or a Dask cluster, going on where it stopped."""

import contextlib
import hashlib
import os
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

from anycost_client.core.errors import ConnectionFileError
from anycost_client.transport.connection_file import private_folder
from anycost_client.transport.file_lock import FileLock
from anycost_models.core.errors import AnycostError
from anycost_models.core.paths import cache_dir

from anycost_backend.batch.edit_one import PhotoTask
from anycost_backend.batch.plan import PlannedPhoto
from anycost_backend.batch.results_file import (
    BatchSettings,
    PhotoResult,
    ResultsFile,
    drop_receipts,
    read_record,
    tidy,
    write_record,
)
from anycost_backend.batch.workers import edit_all

_RECORDED_EVERY = 1.0  # seconds; until then receipts say what was done


@dataclass(frozen=True)
class BatchPlan:
    """What is to be done, and where."""

    items: tuple[PlannedPhoto, ...]
    output: Path  # folder
    settings: BatchSettings
    jobs: int  # processes on this machine; with a cluster, it has its own
    max_megapixels: float = 150
    cluster: str | None = None  # of a Dask scheduler, such as "tcp://10.0.0.1:8786"


def run(batch: BatchPlan, resume: bool, on_result: Callable[[PhotoResult], None]) -> ResultsFile:
    """Edits all photos; those that cannot be edited are in the record, with why.

    resume: go on with what an earlier run left in the output folder. on_result: told each result, also those of the
    earlier run. However it ends, results.json holds all that was done.
    Raises AnycostError when the output folder cannot be used, the cluster not be reached, workers die again and
    again, or it is interrupted."""
    with _alone(batch.output):
        diary = BatchProgress(batch, resume)
        for result in diary.results:
            on_result(result)
        wanted = [item for item in batch.items if diary.wants(item)]
        tasks = [PhotoTask(item, batch.settings, batch.max_megapixels) for item in wanted]
        try:
            with contextlib.closing(edit_all(tasks, batch.jobs, batch.cluster)) as results:
                for result in results:
                    diary.add(result)
                    on_result(result)
        except KeyboardInterrupt:
            so_far = f"{len(diary.results)} of {len(batch.items)} photos"
            raise AnycostError(f"cancelled after {so_far}", "the same command with --resume goes on") from None
        finally:
            diary.write()
            tidy(batch.output, finished=not any(diary.wants(item) for item in batch.items))
        return diary.record


class BatchProgress:
    """The results so far, on disk and in memory."""

    def __init__(self, batch: BatchPlan, resume: bool) -> None:
        """Raises AnycostError when something is in the way."""
        self._batch = batch
        self._written = 0.0  # monotonic seconds
        self._unwritten: list[Path] = []  # outputs of results that are in receipts only
        names = [item.output.name for item in batch.items]
        earlier = read_record(batch.output)
        if earlier and not resume:
            raise AnycostError(
                f"{batch.output} holds the results of a batch",
                "--resume goes on with it, or name another output folder",
            )
        ours = set(earlier.planned) if earlier else set()
        for item in batch.items:
            if item.output.name not in ours and os.path.lexists(item.output):
                raise AnycostError(f"{item.output} is there already", "move it away, or name another output folder")
        known = {r.file: r for r in earlier.files} if earlier and earlier.settings == batch.settings else {}
        self._results = {
            item.source.name: known[item.source.name]
            for item in batch.items
            if item.source.name in known and known[item.source.name].counts(item.source, item.output)
        }
        self._planned = tuple(sorted(ours.union(names)))
        self.write()

    @property
    def results(self) -> list[PhotoResult]:
        return list(self._results.values())

    @property
    def record(self) -> ResultsFile:
        return ResultsFile(
            self._batch.settings, self._planned, tuple(sorted(self.results, key=lambda result: result.file))
        )

    def wants(self, item: PlannedPhoto) -> bool:
        """Whether there is no result of it."""
        return item.source.name not in self._results

    def add(self, result: PhotoResult) -> None:
        self._results[result.file] = result
        self._unwritten += [item.output for item in self._batch.items if item.source.name == result.file]
        if time.monotonic() > self._written + _RECORDED_EVERY:
            self.write()

    def write(self) -> None:
        write_record(self._batch.output, self.record)
        self._written = time.monotonic()
        drop_receipts(self._unwritten)
        self._unwritten.clear()


@contextlib.contextmanager
def _alone(output: Path) -> Iterator[None]:
    """Holds the output folder, made if need be, against other batches of this user on this machine.

    Raises AnycostError."""
    try:
        output.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise AnycostError(
            f"cannot make the folder {output} ({error.strerror})", "name another, or change the permissions"
        ) from error
    name = hashlib.sha256(os.fsencode(output.resolve())).hexdigest()[:32]
    try:
        lock = FileLock(private_folder(cache_dir() / "batches") / name)
        got = lock.acquire()
    except ConnectionFileError as error:
        raise AnycostError(error.cause, error.remedy) from error
    if not got:
        raise AnycostError(f"another batch is writing to {output}", "wait for it, or name another output folder")
    try:
        yield
    finally:
        lock.release()
