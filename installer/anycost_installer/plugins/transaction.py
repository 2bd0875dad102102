"""Replaces files and folders, all of them or none: writes them beside their targets, then renames them."""

import contextlib
import os
import shutil
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from anycost_installer.core.errors import InstallError
from anycost_installer.core.files import path_exists, remove_path

NEW, OLD = ".part", ".old"  # suffixes of new files, and of those that they replace


@dataclass(frozen=True)
class Content:
    data: bytes
    executable: bool = False


class FileTransaction:
    """Call `add_folder`, `add_file` and `add_link` first, then `apply`, then `finish` or `roll_back`.

    All but the last two raise InstallError when the system refuses a step."""

    def __init__(self) -> None:
        self.created_folders: list[Path] = []  # made here, parents first
        self._targets: list[Path] = []
        self._applied: list[Path] = []

    def add_folder(self, target: Path, files: Mapping[str, Content]) -> None:
        """Replaces the whole folder. `files`: relative path → content."""
        new = self._stage(target)
        with _explain_os_errors(target):
            new.mkdir()
            for path, content in files.items():
                file = new / path
                file.parent.mkdir(parents=True, exist_ok=True)
                _write(file, content)

    def add_file(self, target: Path, content: Content) -> None:
        """Replaces a file; it keeps its permissions."""
        new = self._stage(target)
        with _explain_os_errors(target):
            _write(new, content)
            if target.is_file() and not content.executable:
                shutil.copymode(target, new)

    def add_link(self, target: Path, points_to: Path) -> None:
        """Replaces a symbolic link to a folder."""
        new = self._stage(target)
        with _explain_os_errors(target):
            new.symlink_to(points_to, target_is_directory=True)

    def apply(self) -> None:
        """Renames all files. Raises InstallError; then everything is as before."""
        try:
            for target in self._targets:
                with _explain_os_errors(target):
                    self._applied.append(target)
                    if path_exists(target):
                        os.replace(target, _old(target))
                    os.replace(_new(target), target)
        except BaseException:
            self.roll_back()
            raise

    def finish(self) -> None:
        """Deletes the replaced files."""
        for target in self._applied:
            remove_path(_old(target), ignore_errors=True)
        self._targets, self._applied = [], []

    def roll_back(self) -> None:
        """Restores the replaced files and deletes the new ones, before or after `apply`."""
        for target in reversed(self._applied):
            if path_exists(_old(target)):
                remove_path(target, ignore_errors=True)
                os.replace(_old(target), target)
            elif not path_exists(_new(target)):  # there was no old file, and the new one is in place
                remove_path(target, ignore_errors=True)
        for target in self._targets:
            remove_path(_new(target), ignore_errors=True)
        for folder in reversed(self.created_folders):
            with contextlib.suppress(OSError):
                folder.rmdir()
        self._targets, self._applied, self.created_folders = [], [], []

    def _stage(self, target: Path) -> Path:
        with _explain_os_errors(target):
            missing = [folder for folder in (target.parent, *target.parent.parents) if not folder.exists()]
            for folder in reversed(missing):
                folder.mkdir()
                self.created_folders.append(folder)
            if path_exists(_old(target)):  # an earlier run was interrupted between its two renames, or after them
                if path_exists(target):
                    remove_path(_old(target), ignore_errors=True)
                else:
                    os.replace(_old(target), target)
            remove_path(_new(target), ignore_errors=True)
        self._targets.append(target)
        return _new(target)


@contextlib.contextmanager
def _explain_os_errors(target: Path) -> Iterator[None]:
    """Turns an OSError into an InstallError."""
    try:
        yield
    except PermissionError as error:
        folder = Path(error.filename).parent if error.filename else target.parent
        raise InstallError(
            f"{target} cannot be written ({error.strerror}); nothing was changed",
            f"make {folder} writable for you, close the editor, and run the same command again",
        ) from error
    except OSError as error:
        raise InstallError(
            f"{target} cannot be written ({error.strerror or error}); nothing was changed",
            "fix that, then run the same command again",
        ) from error


def _write(file: Path, content: Content) -> None:
    with file.open("wb") as opened:
        opened.write(content.data)
    if content.executable:
        file.chmod(0o755)


def _new(target: Path) -> Path:
    return target.with_name(target.name + NEW)


def _old(target: Path) -> Path:
    return target.with_name(target.name + OLD)
