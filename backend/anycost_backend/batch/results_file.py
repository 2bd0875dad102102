"""What a batch has done so far, on disk: results.json for people and programs, receipts for what it does not say yet.

Whoever edits a photo leaves a receipt beside the edited ones; whoever runs the batch takes it into results.json. So a
photo that was edited is known to be, whichever process ends when."""

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

RESULTS = "results.json"
RECEIPTS = ".anycost-batch"  # a folder in the output folder, while a batch is unfinished

Score = float | int | bool | str | None


class BatchSettings(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """All that decides what an edited photo looks like, beside the photo."""

    strengths: dict[str, float]
    held: tuple[str, ...]  # attributes that stay as they are seen
    model: str
    model_sha256: str
    quality: int | None  # 1…100, of JPEG and WebP
    declare: bool  # the edit, in the metadata


class SourceState(msgspec.Struct, frozen=True):
    """A photo as it was when it was edited."""

    bytes: int
    mtime_ns: int
    sha256: str

    @classmethod
    def of(cls, path: Path) -> "SourceState":
        """Raises OSError."""
        about = path.stat()
        return cls(about.st_size, about.st_mtime_ns, hashlib.sha256(path.read_bytes()).hexdigest())

    def unchanged(self, path: Path) -> bool:
        """Whether the photo is still the same: its size, its time and its content."""
        with contextlib.suppress(OSError):
            about = path.stat()
            if (about.st_size, about.st_mtime_ns) == (self.bytes, self.mtime_ns):
                return SourceState.of(path) == self
        return False


class PhotoResult(msgspec.Struct, frozen=True):
    """Of one photo."""

    file: str  # its name
    status: Literal["done", "no_face", "failed"]
    output: str | None = None  # name of the edited photo; None: there is none
    why: str = ""  # it failed, and what to do: one line
    seconds: float = 0.0
    scores: dict[str, Score] = {}  # of the projection, as `anycost project --json` names them
    faces: int = 0  # that were found; the largest was edited
    notes: tuple[str, ...] = ()  # what the edited photo does not keep of the photo
    source: SourceState | None = None

    def counts(self, source: Path, output: Path) -> bool:
        """Whether nothing is left to do for the photo. Ask with the same settings only."""
        there = self.status == "no_face" or (self.output == output.name and output.is_file())
        return self.status != "failed" and there and self.source is not None and self.source.unchanged(source)


class PhotoReceipt(msgspec.Struct, frozen=True):
    settings: BatchSettings
    result: PhotoResult


class ResultsFile(msgspec.Struct, frozen=True):
    """What results.json holds."""

    settings: BatchSettings
    planned: tuple[str, ...]  # names of edited photos, made or not: these the batch may write over
    files: tuple[PhotoResult, ...]  # by name


def read_record(folder: Path) -> ResultsFile | None:
    """Of an output folder; None when there is none. Raises AnycostError when it cannot be read or is damaged."""
    path = folder / RESULTS
    try:
        return msgspec.json.decode(path.read_bytes(), type=ResultsFile)
    except FileNotFoundError:
        return None
    except (OSError, ValueError) as error:  # msgspec's are ValueErrors
        why = error.strerror if isinstance(error, OSError) else "it is damaged, or another program's"
        raise AnycostError(f"cannot read {path} ({why})", "name another output folder") from error


def write_record(folder: Path, record: ResultsFile) -> None:
    """Raises AnycostError when the disk is full or the folder read-only."""
    write_aside(folder / RESULTS, msgspec.json.format(msgspec.json.encode(record), indent=1) + b"\n")


def leave_receipt(output: Path, receipt: PhotoReceipt) -> None:
    """Without one a photo may be edited again, no worse."""
    path = _receipt(output)
    with contextlib.suppress(OSError, AnycostError):
        path.parent.mkdir(exist_ok=True)
        write_aside(path, msgspec.json.encode(receipt))


def find_receipt(output: Path, settings: BatchSettings) -> PhotoResult | None:
    with contextlib.suppress(OSError, ValueError):
        receipt = msgspec.json.decode(_receipt(output).read_bytes(), type=PhotoReceipt)
        return receipt.result if receipt.settings == settings else None
    return None


def drop_receipts(outputs: Iterable[Path]) -> None:
    """Of what results.json says now."""
    for output in outputs:
        with contextlib.suppress(OSError):
            _receipt(output).unlink(missing_ok=True)


def tidy(folder: Path, *, finished: bool) -> None:
    """Removes what processes that were killed have left half-written; and, when finished, the receipts' folder."""
    with contextlib.suppress(OSError):
        for path in folder.iterdir():
            if re.fullmatch(r"\.[0-9a-f]{32}\.part", path.name):
                path.unlink()
        if finished:
            shutil.rmtree(folder / RECEIPTS)


def _receipt(output: Path) -> Path:
    return output.parent / RECEIPTS / f"{output.name}.json"
