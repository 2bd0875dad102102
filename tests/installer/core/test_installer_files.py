"""Files are replaced as a whole or not at all; sizes are written in one way."""

import os
import stat
from pathlib import Path

import pytest
from anycost_installer.core.files import files_below, format_size, remove_path, replacing, sha256_of, write_text


def test_a_write_that_fails_leaves_the_former_file_alone(tmp_path: Path) -> None:
    file = tmp_path / "file"
    file.write_text("former")

    def fail() -> None:
        with replacing(file) as temporary:
            temporary.write_text("half")
            raise OSError(28, "No space left on device")

    with pytest.raises(OSError, match="No space left"):
        fail()
    assert [(path.name, path.read_text()) for path in tmp_path.iterdir()] == [("file", "former")]


@pytest.mark.skipif(os.name != "posix", reason="Windows has no modes")
def test_a_file_that_is_written_again_keeps_its_permissions(tmp_path: Path) -> None:
    file = tmp_path / "file"
    write_text(file, "a")
    file.chmod(0o600)
    write_text(file, "ä")
    assert file.read_bytes() == "ä".encode()
    assert stat.S_IMODE(file.stat().st_mode) == 0o600


def test_the_hash_of_a_file(tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(b"abc")  # of FIPS 180-2, appendix B.1
    assert sha256_of(tmp_path / "file") == "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"


@pytest.mark.skipif(os.name != "posix", reason="links need rights on Windows")
def test_removing_a_link_leaves_its_target(tmp_path: Path) -> None:
    target, link = tmp_path / "target", tmp_path / "link"
    target.mkdir()
    link.symlink_to(target)
    assert remove_path(link)
    assert target.is_dir()
    assert not remove_path(link)


@pytest.mark.parametrize(
    ("size", "text"), [(232_589, "0.2 MB"), (8_500_000, "8.5 MB"), (58_400_000, "58 MB"), (1_700_000_000, "1.7 GB")]
)
def test_sizes_are_written_in_one_way(size: int, text: str) -> None:
    assert format_size(size) == text


def test_what_is_packed_has_no_caches_and_no_unfinished_files(tmp_path: Path) -> None:
    names = ["a/module.py", "module.py"]
    others = ["a/__pycache__/module.pyc", "a/model.part", ".mypy_cache/x", ".gitignore"]
    for name in (*names, *others):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text("")
    assert [path.as_posix() for path in files_below(tmp_path)] == names
    assert {path.as_posix() for path in files_below(tmp_path, hidden=True)} == {*names, ".mypy_cache/x", ".gitignore"}
