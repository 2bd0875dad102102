"""The results of a batch on disk: results.json, and receipts for what it does not contain yet.

The process that edits a photo writes a receipt beside the edited photos; the process that runs the batch collects them
in results.json. So the result of a photo is known, whichever process ends when."""

import contextlib
import hashlib
import re
import shutil
from collections.abc import Iterable
from pathlib import Path
from typing import Literal

import msgspec
from anycost_models.core.atomic_files import write_aside
from anycost_models.core.errors import AnycostError

from anycost_backend.photo.file_names import text_of

RESULTS = "results.json"
RECEIPTS = ".anycost-batch"  # a folder in the output folder, while a batch is unfinished

Score = float | int | bool | str | None


class BatchSettings(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What determines the edited photo besides the photo."""

    strengths: dict[str, float]
    held: tuple[str, ...]  # attributes whose labels stay
    model: str
    model_sha256: str
    quality: int | None  # 1…100, of JPEG and WebP
    declare: bool  # declare the edit in the metadata
    skip_warned: bool = False  # leave out photos whose face has warnings


class SourceState(msgspec.Struct, frozen=True):
    """The state of a photo when it was edited."""

    bytes: int
    mtime_ns: int
    sha256: str

    @classmethod
    def of(cls, path: Path) -> "SourceState":
        """Raises OSError when the photo cannot be read."""
        stat = path.stat()
        digest = hashlib.sha256()
        with path.open("rb") as file:
            while part := file.read(1 << 20):
                digest.update(part)
        return cls(stat.st_size, stat.st_mtime_ns, digest.hexdigest())

    def unchanged(self, path: Path) -> bool:
        """Whether the photo has the same size, time and content."""
        with contextlib.suppress(OSError):
            stat = path.stat()
            if (stat.st_size, stat.st_mtime_ns) == (self.bytes, self.mtime_ns):
                return SourceState.of(path) == self
        return False


class PhotoResult(msgspec.Struct, frozen=True):
    """The result of one photo."""

    file: str  # name of the photo
    status: Literal["done", "no_face", "skipped", "failed"]
    output: str | None = None  # name of the edited photo; None: there is none
    why: str = ""  # cause and remedy in one line, unless it is done
    seconds: float = 0.0
    scores: dict[str, Score] = {}  # of the projection, as `anycost project --json` names them
    faces: int = 0  # number found; the largest was edited
    warnings: tuple[str, ...] = ()  # for people, on the face that was edited
    notes: tuple[str, ...] = ()  # for people, on what the edited photo does not keep
    source: SourceState | None = None

    def is_complete(self, source: Path, output: Path) -> bool:
        """Whether nothing is left to do for the photo, provided that the settings are the same."""
        exists = self.status in ("no_face", "skipped") or (self.output == text_of(output) and output.is_file())
        return self.status != "failed" and exists and self.source is not None and self.source.unchanged(source)


class PhotoReceipt(msgspec.Struct, frozen=True):
    settings: BatchSettings
    result: PhotoResult


class ResultsFile(msgspec.Struct, frozen=True):
    """The contents of results.json."""

    settings: BatchSettings
    planned: tuple[str, ...]  # names of edited photos, written or not: the batch may overwrite these
    files: tuple[PhotoResult, ...]  # by name


def read_results(folder: Path) -> ResultsFile | None:
    """Of an output folder; None when there is none. Raises AnycostError when it cannot be read or is damaged."""
    path = folder / RESULTS
    try:
        return msgspec.json.decode(path.read_bytes(), type=ResultsFile)
    except FileNotFoundError:
        return None
    except (OSError, ValueError) as error:  # msgspec's are ValueErrors
        why = error.strerror if isinstance(error, OSError) else "it is damaged, or another program's"
        raise AnycostError(f"cannot read {path} ({why})", "name another output folder") from error


def write_results(folder: Path, results: ResultsFile) -> None:
    """Raises AnycostError when the disk is full or the folder read-only."""
    write_aside(folder / RESULTS, msgspec.json.format(msgspec.json.encode(results), indent=1) + b"\n")


def write_receipt(output: Path, receipt: PhotoReceipt) -> None:
    """Ignores errors: without a receipt a photo may be edited again, nothing worse."""
    path = _receipt_path(output)
    with contextlib.suppress(OSError, AnycostError):
        path.parent.mkdir(exist_ok=True)
        write_aside(path, msgspec.json.encode(receipt))


def read_receipt(output: Path, settings: BatchSettings) -> PhotoResult | None:
    """The result with these settings; None if there is no receipt of it."""
    with contextlib.suppress(OSError, ValueError):
        receipt = msgspec.json.decode(_receipt_path(output).read_bytes(), type=PhotoReceipt)
        return receipt.result if receipt.settings == settings else None
    return None


def remove_receipts(outputs: Iterable[Path]) -> None:
    """Of edited photos that results.json contains now."""
    for output in outputs:
        with contextlib.suppress(OSError):
            _receipt_path(output).unlink(missing_ok=True)


def clean_up(folder: Path, *, finished: bool) -> None:
    """Removes unfinished files of processes that were killed; when finished, also the folder of receipts."""
    with contextlib.suppress(OSError):
        for path in folder.iterdir():
            if re.fullmatch(r"\.[0-9a-f]{32}\.part", path.name):
                path.unlink()
        if finished:
            shutil.rmtree(folder / RECEIPTS)


def _receipt_path(output: Path) -> Path:
    return output.parent / RECEIPTS / f"{output.name}.json"
