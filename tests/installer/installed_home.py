"""A home with a Krita and a GIMP, with installed plug-ins; only pip is a fake."""

import io
import sys
from collections.abc import Sequence
from pathlib import Path

from anycost_installer.core.checkout import ROOT
from anycost_installer.core.machine import Machine
from anycost_installer.core.progress import Progress
from anycost_installer.hosts.find import select_hosts
from anycost_installer.hosts.host import Host
from anycost_installer.plugins.install_record import Record, read_record
from anycost_installer.plugins.installation import installed_plugins

PYTHON = Path(sys.executable)


def fake_pip(arguments: list[str]) -> bool:
    """`pip install --target FOLDER …`, with no wheel for Python 3.10."""
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
        self.machine = Machine(sys.platform, folder, {}, folder / "root", prefixed=True)
        self.paths = self.machine.paths
        self.krita, self.gimp = select_hosts(self.machine, only_krita=True, only_gimp=True)
        self.printed = io.StringIO()
        self.progress = Progress(self.printed)

    def put(self, *hosts: Host, python: Path = PYTHON, created_folders: Sequence[Path] = ()) -> Record:
        with installed_plugins(ROOT, python, self.paths, hosts, fake_pip, self.progress, created_folders):
            pass
        return self.record

    @property
    def record(self) -> Record:
        found = read_record(self.paths)
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
