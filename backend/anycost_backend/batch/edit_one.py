"""Edits one photo of a batch, in any process on any machine, like `anycost edit`."""

import gc
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
    read_receipt,
    write_receipt,
)
from anycost_backend.photo.file_names import printable, text_of
from anycost_backend.photo.memory import EDIT_BYTES, is_out_of_memory, out_of_memory

if TYPE_CHECKING:
    from anycost_backend.editing.models import Models
    from anycost_backend.editing.session import Session
    from anycost_backend.photo.photo import Photo

_lock = threading.Lock()  # a process edits one photo at a time, with all of its threads


@dataclass(frozen=True)
class PhotoTask:
    photo: PlannedPhoto
    settings: BatchSettings
    max_megapixels: float
    threads: int | None = None  # to use; None: those of the Dask worker, else all


def edit_one(task: PhotoTask) -> PhotoResult:
    """Edits the photo, unless a receipt shows that a process which has ended since did. Errors that a photo can cause
    become results."""
    with _lock:
        photo, settings = task.photo, task.settings
        earlier = read_receipt(photo.output, settings)
        if earlier and earlier.is_complete(photo.source, photo.output):
            return earlier
        started = time.monotonic()
        try:
            if photo.source.exists() and not photo.source.is_file():
                raise AnycostError("it is not an ordinary file", "move it away")  # a pipe would be waited for
            source: SourceState | None = SourceState.of(photo.source)
            result = _edit(task)
        except Exception as error:  # an error of one photo must not end the others
            source, result = None, PhotoResult(text_of(photo.source), "failed", why=printable(_text_of(error)))
        result = replace(result, seconds=round(time.monotonic() - started, 3), source=source)
        write_receipt(photo.output, PhotoReceipt(settings, result))
        return result


def _edit(task: PhotoTask) -> PhotoResult:
    """Raises what opening, editing and saving raise."""
    threads = task.threads or _dask_threads()
    _limit_threads(threads)
    from anycost_backend.editing.session import Session
    from anycost_backend.photo.photo import open_photo

    photo, settings = task.photo, task.settings
    session = Session(open_photo(photo.source, task.max_megapixels, EDIT_BYTES), _load_models(settings.model, threads))
    try:
        return _edited(session, task)
    finally:
        session.close()
        del session  # which refers to itself: its photo would stay until Python looks for such cycles, photos later
        gc.collect()


def _edited(session: "Session[Photo]", task: PhotoTask) -> PhotoResult:
    """Raises what editing and saving raise."""
    from anycost_backend.editing.face_edit import FaceEdit
    from anycost_backend.editing.face_warnings import face_warnings
    from anycost_backend.photo.photo import save_photo

    photo, settings = task.photo, task.settings
    faces = len(session.faces)
    if not faces:
        return PhotoResult(text_of(photo.source), "no_face", why="no face was found: it needs both eyes and the mouth")
    change = FaceEdit(settings.strengths, settings.held)
    warnings = face_warnings(session, 0, change) if change.changes else ()
    if warnings and settings.skip_warned:
        return PhotoResult(text_of(photo.source), "skipped", why="; ".join(warnings), faces=faces, warnings=warnings)
    edit = session.edit(session.photo, 0, change)
    declare = settings.declare and edit.change is not None
    notes = save_photo(edit.photo, photo.output, declare_edit=declare, quality=settings.quality)
    scores = edit.projection.scores() if edit.projection else {}
    return PhotoResult(
        text_of(photo.source),
        "done",
        output=text_of(photo.output),
        scores=dict(scores),
        faces=faces,
        warnings=warnings,
        notes=tuple(notes),
    )


def _text_of(error: Exception) -> str:
    """Cause and remedy in one line."""
    if is_out_of_memory(error):
        known = isinstance(error, AnycostError) and "not enough memory" in error.cause
        cause = error.cause if known and isinstance(error, AnycostError) else out_of_memory("an edit").cause
        return f"{cause}: use fewer jobs, or scale the picture down"
    if isinstance(error, AnycostError):
        return str(error)
    if isinstance(error, OSError):
        return f"cannot read it ({error.strerror or error}): check the name and the permissions"
    said = (str(error).splitlines() or [""])[0][:200]
    return f"an unexpected fault ({type(error).__name__}: {said}): try 'anycost edit' with it, or report it"


def initialize_worker() -> None:
    """Called once in each process that the batch starts on this machine."""
    signal.signal(
        signal.SIGINT, signal.SIG_IGN
    )  # Ctrl-C reaches all processes of a terminal: the batch ends its workers
    threading.Thread(target=_end_with_parent, args=(os.getppid(),), daemon=True).start()


def _end_with_parent(parent: int) -> None:
    """Ends this process with its parent, also when that was killed: another run may edit the same photos."""
    while os.getppid() == parent:
        time.sleep(0.5)
    os._exit(1)


@lru_cache(maxsize=1)
def _load_models(model: str, threads: int | None) -> "Models":
    """The same object for all photos of a process."""
    from anycost_models.core.malloc_settings import give_back_large_memory

    from anycost_backend.editing.models import Models

    give_back_large_memory()
    return Models(model, threads)


def _dask_threads() -> int | None:
    """The threads of this process if it is a Dask worker."""
    if "distributed" not in sys.modules:
        return None
    from distributed import get_worker

    try:
        return int(get_worker().state.nthreads)
    except ValueError:  # no worker
        return None


def _limit_threads(threads: int | None) -> None:
    """Limits the threads of libraries that take no argument for it, so that workers do not compete for cores."""
    if threads is None:
        return
    for variable in ("OMP_NUM_THREADS", "VIPS_CONCURRENCY"):  # for libraries that are not loaded yet
        os.environ[variable] = str(threads)
    import cv2

    cv2.setNumThreads(threads)
    if torch := sys.modules.get("torch"):
        torch.set_num_threads(threads)
