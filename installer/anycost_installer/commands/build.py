"""`build`: makes the wheel and the sdist, for pipx and package indexes, reproducibly."""

from pathlib import Path

from anycost_installer.core.files import format_size, sha256_of
from anycost_installer.core.progress import Progress
from anycost_installer.environment.build_venv import build_environment
from anycost_installer.release import distribution


def build(root: Path, folder: Path | None, progress: Progress) -> int:
    """Writes both to `folder` (None: `dist`) and returns the exit code, 0. Raises InstallError."""
    folder = (folder or root / "dist").absolute()
    folder.mkdir(parents=True, exist_ok=True)
    with (folder / "build.log").open("w", encoding="utf-8") as log, build_environment(root, log, progress) as python:
        for kind in ("wheel", "sdist"):
            with progress.step(f"Building the {kind}"):
                file = distribution.build(kind, python, root, folder, log)
            progress.say(f"{file}: {format_size(file.stat().st_size)}, sha256 {sha256_of(file)}")
    (folder / "build.log").unlink()
    return 0
