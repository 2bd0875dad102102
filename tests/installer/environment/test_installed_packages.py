"""The files of installed packages are checked against pip's RECORD."""

import base64
import hashlib
from pathlib import Path

from anycost_installer.environment.installed_packages import damaged_packages, force_reinstall, missing_packages


def test_packages_are_checked_by_what_pip_recorded(tmp_path: Path) -> None:
    packages = tmp_path / "lib" / "python3.11" / "site-packages"
    for name in ("whole", "broken", "bare"):
        about = packages / f"{name}-1.0.dist-info"
        about.mkdir(parents=True)
        (packages / f"{name}.py").write_text(f"{name} = 1\n")
        digest = hashlib.sha256(f"{name} = 1\n".encode()).digest()
        size = len(f"{name} = 1\n")
        line = f"{name}.py,sha256={base64.urlsafe_b64encode(digest).rstrip(b'=').decode()},{size}\n"
        (about / "RECORD").write_text(f"{line}{name}-1.0.dist-info/RECORD,,\n{name}.pyc,,\n")
        (about / "INSTALLER").write_text("pip\n")
    assert damaged_packages(tmp_path) == []
    (packages / "broken.py").write_text("broken = 2\n")
    assert damaged_packages(tmp_path, quick=True) == []  # it has the same size
    (packages / "bare-1.0.dist-info" / "RECORD").unlink()
    bare, broken = damaged_packages(tmp_path)
    assert (bare.name, broken.name, broken.damaged_files) == ("bare", "broken", ((packages / "broken.py").resolve(),))
    force_reinstall(broken)
    assert not (broken.dist_info / "INSTALLER").exists()  # pip then treats it as half copied, and copies it again
    assert damaged_packages(tmp_path / "nowhere") == []
    (packages / "whole.py").unlink()
    assert [package.name for package in damaged_packages(tmp_path, quick=True)] == ["bare", "whole"]


def test_a_package_that_was_deleted_with_pips_notes_is_missing(tmp_path: Path) -> None:
    (tmp_path / "lib" / "python3.11" / "site-packages" / "Scikit_Image-1.0.dist-info").mkdir(parents=True)
    assert missing_packages(tmp_path, ["scikit-image==1.0", "torch==2.0+cpu"]) == ["torch"]
    assert missing_packages(tmp_path / "nowhere", ["scikit-image==1.0"]) == ["scikit-image"]
