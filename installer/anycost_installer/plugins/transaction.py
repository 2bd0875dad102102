"""Puts files and folders in place, all of them or none: made aside, then renamed, and put back if anything fails."""

import contextlib
import os
import shutil
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from anycost_installer.core.errors import InstallError

ASIDE, OLD = ".part", ".old"  # endings of what is being made, and of what was there before


@dataclass(frozen=True)
class Content:
    data: bytes
    executable: bool = False


class Placing:
    """First `folder`, `file`, `link` for everything, then `switch`; then `keep` or `undo`."""

    def __init__(self) -> None:
        self.made: list[Path] = []  # folders that were not there before, parents first
        self._places: list[Path] = []
        self._switched: list[Path] = []

    def folder(self, place: Path, files: Mapping[str, Content]) -> None:
        """`files`: by their paths in the folder. What else was in it goes."""
        aside = self._begin(place)
        with _told(place):
            aside.mkdir()
            for path, content in files.items():
                file = aside / path
                file.parent.mkdir(parents=True, exist_ok=True)
                _write(file, content)

    def file(self, place: Path, content: Content) -> None:
        aside = self._begin(place)
        with _told(place):
            _write(aside, content)
            if place.is_file() and not content.executable:  # the user's own choice, of a file that is theirs as well
                shutil.copymode(place, aside)

    def link(self, place: Path, target: Path) -> None:
        aside = self._begin(place)
        with _told(place):
            aside.symlink_to(target, target_is_directory=True)

    def switch(self) -> None:
        """Raises InstallError; everything is then as it was."""
        try:
            for place in self._places:
                with _told(place):
                    self._switched.append(place)
                    if _there(place):
                        os.replace(place, _old(place))
                    os.replace(_aside(place), place)
        except BaseException:
            self.undo()
            raise

    def keep(self) -> None:
        """What was there before goes."""
        for place in self._switched:
            _remove(_old(place))
        self._places, self._switched = [], []

    def undo(self) -> None:
        """What was there before comes back."""
        for place in reversed(self._switched):
            if _there(_old(place)):
                _remove(place)
                os.replace(_old(place), place)
            elif not _there(_aside(place)):  # nothing was there, and the new one is
                _remove(place)
        for place in self._places:
            _remove(_aside(place))
        for folder in reversed(self.made):
            with contextlib.suppress(OSError):
                folder.rmdir()
        self._places, self._switched, self.made = [], [], []

    def _begin(self, place: Path) -> Path:
        with _told(place):
            missing = [folder for folder in (place.parent, *place.parent.parents) if not folder.exists()]
            for folder in reversed(missing):
                folder.mkdir()
                self.made.append(folder)
            if _there(_old(place)):  # an earlier run was cut off between its two renames, or just after
                if _there(place):
                    _remove(_old(place))
                else:
                    os.replace(_old(place), place)
            _remove(_aside(place))
        self._places.append(place)
        return _aside(place)


@contextlib.contextmanager
def _told(place: Path) -> Iterator[None]:
    """An OSError becomes a message that says what to do."""
    try:
        yield
    except PermissionError as error:
        folder = Path(error.filename).parent if error.filename else place.parent
        raise InstallError(
            f"{place} cannot be written ({error.strerror}); nothing was changed",
            f"make {folder} writable for you, close the editor, and run the same command again",
        ) from error
    except OSError as error:
        raise InstallError(
            f"{place} cannot be written ({error.strerror or error}); nothing was changed",
            "fix that, then run the same command again",
        ) from error


def _write(file: Path, content: Content) -> None:
    with file.open("wb") as opened:
        opened.write(content.data)
    if content.executable:
        file.chmod(0o755)


def _aside(place: Path) -> Path:
    return place.with_name(place.name + ASIDE)


def _old(place: Path) -> Path:
    return place.with_name(place.name + OLD)


def _there(path: Path) -> bool:
    return path.exists() or path.is_symlink()


def _remove(path: Path) -> None:
    if path.is_dir() and not path.is_symlink():
        shutil.rmtree(path, ignore_errors=True)
    else:
        path.unlink(missing_ok=True)
