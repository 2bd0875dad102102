"""Edits one photo of a batch, in whatever process and on whatever machine: like `anycost edit`, from file to file."""

import os
import signal
import sys
import threading
import time
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING

from anycost_models.core.errors import AnycostError
from msgspec.structs import replace

from anycost_backend.batch.plan import PlannedPhoto
from anycost_backend.batch.results_file import (
    BatchSettings,
    PhotoReceipt,
    PhotoResult,
    SourceState,
    find_receipt,
    leave_receipt,
)

if TYPE_CHECKING:
    from anycost_backend.editing.models import Models

_turn = threading.Lock()  # one photo at a time in a process, by all of its threads


@dataclass(frozen=True)
class PhotoTask:
    item: PlannedPhoto
    settings: BatchSettings
    max_megapixels: float
    threads: int | None = None  # that it may use; None: as many as the cluster gives this process, else all


def edit_one(task: PhotoTask) -> PhotoResult:
    """Raises nothing that a photo can cause. What was edited already, by a process that has ended since, is not
    edited again."""
    with _turn:
        item, settings = task.item, task.settings
        earlier = find_receipt(item.output, settings)
        if earlier and earlier.counts(item.source, item.output):
            return earlier
        started = time.monotonic()
        try:
            source: SourceState | None = SourceState.of(item.source)
            result = _edited(task)
        except Exception as error:  # one photo's fault must not end the others
            source, result = None, PhotoResult(item.source.name, "failed", why=_why(error))
        result = replace(result, seconds=round(time.monotonic() - started, 3), source=source)
        leave_receipt(item.output, PhotoReceipt(settings, result))
        return result


def _edited(task: PhotoTask) -> PhotoResult:
    threads = task.threads or _threads_of_cluster()
    _use_threads(threads)
    from anycost_backend.editing.face_edit import FaceEdit
    from anycost_backend.editing.session import Session
    from anycost_backend.photo.photo import open_photo, save_photo

    item, settings = task.item, task.settings
    session = Session(open_photo(item.source, task.max_megapixels), _parts(settings.model, threads))
    faces = len(session.faces)
    if not faces:
        return PhotoResult(item.source.name, "no_face", why="no face was found: it needs both eyes and the mouth")
    edit = session.edit(session.photo, 0, FaceEdit(settings.strengths, settings.held))
    declare = settings.declare and edit.change is not None
    notes = save_photo(edit.photo, item.output, declare_edit=declare, quality=settings.quality)
    scores = edit.projection.scores() if edit.projection else {}
    return PhotoResult(
        item.source.name, "done", output=item.output.name, scores=dict(scores), faces=faces, notes=tuple(notes)
    )


def _why(error: Exception) -> str:
    """One line: cause and remedy."""
    if isinstance(error, AnycostError):
        return str(error)
    if isinstance(error, OSError):
        return f"cannot read it ({error.strerror or error}): check the name and the permissions"
    if isinstance(error, MemoryError):
        return "there is not enough memory: use fewer jobs"
    said = (str(error).splitlines() or [""])[0][:200]
    return f"an unexpected fault ({type(error).__name__}: {said}): try 'anycost edit' with it, or report it"


def begin() -> None:
    """In a process that the batch has started on this machine, before the first photo."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C reaches all of a terminal: whoever runs the batch ends these
    threading.Thread(target=_end_with_parent, args=(os.getppid(),), daemon=True).start()


def _end_with_parent(parent: int) -> None:
    """Also when it was killed: another run may take its place, and find nobody else at the photos."""
    while os.getppid() == parent:
        time.sleep(0.5)
    os._exit(1)


@lru_cache(maxsize=1)
def _parts(model: str, threads: int | None) -> "Models":
    """Loaded once per process."""
    from anycost_backend.editing.models import Models

    return Models(model, threads)


def _threads_of_cluster() -> int | None:
    """Of this process, when it is a Dask worker."""
    if "distributed" not in sys.modules:
        return None
    from distributed import get_worker

    try:
        return int(get_worker().state.nthreads)
    except ValueError:  # it is none
        return None


def _use_threads(threads: int | None) -> None:
    """For the libraries that ask nobody: so that workers side by side do not fight for the same cores."""
    if threads is None:
        return
    for variable in ("OMP_NUM_THREADS", "VIPS_CONCURRENCY"):  # for what is not loaded yet
        os.environ[variable] = str(threads)
    import cv2

    cv2.setNumThreads(threads)
    if torch := sys.modules.get("torch"):
        torch.set_num_threads(threads)
