"""Files are written whole or not at all."""

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import pytest
from anycost_models.core.atomic_files import ensure_writable, mode_of_copy, write_aside
from anycost_models.core.errors import AnycostError
from anycost_models.plotting.contact_sheet import save_image

posix = pytest.mark.skipif(sys.platform == "win32", reason="permissions work differently there")


@contextmanager
def ordinary_user() -> Iterator[None]:
    """The superuser may write anywhere, so step down for a moment."""
    if os.geteuid() != 0:
        yield
        return
    os.seteuid(65534)
    try:
        yield
    finally:
        os.seteuid(0)


def test_a_file_is_made_and_replaced(tmp_path: Path) -> None:
    path = tmp_path / "out.bin"
    write_aside(path, b"one")
    write_aside(path, b"two")
    assert path.read_bytes() == b"two"
    assert os.listdir(tmp_path) == ["out.bin"]


@posix
def test_a_link_keeps_pointing_and_rights_stay(tmp_path: Path) -> None:
    target, link = tmp_path / "target.bin", tmp_path / "link.bin"
    target.write_bytes(b"old")
    target.chmod(0o640)
    link.symlink_to(target)
    write_aside(link, b"new")
    assert link.is_symlink()
    assert target.read_bytes() == b"new"
    assert target.stat().st_mode & 0o777 == 0o640


@posix
def test_what_shows_private_photos_is_private(tmp_path: Path) -> None:
    photos = [tmp_path / "a.jpg", tmp_path / "b.jpg"]
    for path, mode in zip(photos, (0o640, 0o404), strict=True):
        path.touch()
        path.chmod(mode)
    assert mode_of_copy(*photos, tmp_path / "gone.jpg") == 0o600
    assert mode_of_copy(photos[0]) == 0o640
    assert mode_of_copy(photos[1]) == 0o604
    assert mode_of_copy() is None
    save_image(tmp_path / "sheet.png", np.zeros((2, 2, 3), np.uint8), shows=photos)
    assert (tmp_path / "sheet.png").stat().st_mode & 0o777 == 0o600


@pytest.mark.parametrize(
    ("name", "message"),
    [("missing/out.png", "no folder"), (".", "is a folder"), ("x" * 300 + ".png", "name"), ("nul\0.png", "name")],
)
def test_a_place_that_cannot_be_written_is_named(tmp_path: Path, name: str, message: str) -> None:
    for act in (ensure_writable, lambda path: write_aside(path, b"data")):
        with pytest.raises(AnycostError, match=message) as error:
            act(tmp_path / name)
        assert "\n" not in str(error.value)
    assert os.listdir(tmp_path) == []


@posix
@pytest.mark.parametrize("locked", ["folder", "file"])
def test_read_only_places_are_left_alone(tmp_path_factory: pytest.TempPathFactory, locked: str) -> None:
    folder = tmp_path_factory.mktemp("place")
    for parent in (folder, folder.parent, folder.parent.parent):  # so that another user comes in
        parent.chmod(0o755)
    folder.chmod(0o777)
    path = folder / "out.png"
    path.write_bytes(b"old")
    path.chmod(0o444 if locked == "file" else 0o666)
    folder.chmod(0o555 if locked == "folder" else 0o777)
    with ordinary_user(), pytest.raises(AnycostError, match="read-only"):
        write_aside(path, b"new")
    folder.chmod(0o755)
    assert path.read_bytes() == b"old"
    assert os.listdir(folder) == ["out.png"]


@posix
def test_a_loop_of_links_is_refused(tmp_path: Path) -> None:
    (tmp_path / "a.png").symlink_to(tmp_path / "b.png")
    (tmp_path / "b.png").symlink_to(tmp_path / "a.png")
    with pytest.raises(AnycostError, match="cannot write"):
        write_aside(tmp_path / "a.png", b"data")
