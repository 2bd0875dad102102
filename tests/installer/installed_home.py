"""A home with a Krita and a GIMP, and the plug-ins put into it; only pip is played."""

import io
import sys
from collections.abc import Sequence
from pathlib import Path

from anycost_installer.core.checkout import ROOT
from anycost_installer.core.machine import Machine
from anycost_installer.core.progress import Progress
from anycost_installer.hosts.find import wanted
from anycost_installer.hosts.host import Host
from anycost_installer.plugins import install_record as records
from anycost_installer.plugins.placement import placed

PYTHON = Path(sys.executable)


def pip(arguments: list[str]) -> bool:
    """`pip install --target FOLDER …`; there is no wheel for Python 3.10."""
    folder = Path(arguments[arguments.index("--target") + 1])
    (folder / "zmq").mkdir(parents=True)
    (folder / "zmq" / "__init__.py").write_text(f"# {Path(arguments[-1]).read_text()}")
    (folder / "bin").mkdir()
    (folder / "pyzmq.dist-info").mkdir()
    (folder / "pyzmq.dist-info" / "RECORD").write_text(str(folder))
    return "3.10" not in arguments


class Home:
    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.machine = Machine(sys.platform, folder, {}, folder / "root", moved=True)
        self.places = self.machine.places
        self.krita, self.gimp = wanted(self.machine, krita=True, gimp=True)
        self.printed = io.StringIO()
        self.progress = Progress(self.printed)

    def put(self, *hosts: Host, python: Path = PYTHON, made: Sequence[Path] = ()) -> records.Record:
        with placed(ROOT, python, self.places, hosts, pip, self.progress, made):
            pass
        return self.record

    @property
    def record(self) -> records.Record:
        found = records.read(self.places)
        assert found
        return found

    def below(self) -> dict[str, bytes]:
        """Path → content; folders end with a slash."""
        return {
            path.relative_to(self.folder).as_posix() + ("/" if path.is_dir() else ""): (
                b"" if path.is_dir() else path.read_bytes()
            )
            for path in self.folder.rglob("*")
        }
