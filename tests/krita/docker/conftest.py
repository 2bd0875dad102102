"""The widgets without a screen: against PyQt6, or PyQt5 with QT_API=pyqt5. Skipped where that is not installed."""

import importlib.util
import os
import sys
import warnings
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from docker_parts import Docker

sys.path.insert(0, str(Path(__file__).resolve().parents[3] / "plugin" / "krita"))
os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")

_QT = "PyQt5" if os.environ.get("QT_API") == "pyqt5" else "PyQt6"
collect_ignore_glob = []
if importlib.util.find_spec(_QT) is None:
    collect_ignore_glob.append("test_docker_*.py")
    warnings.warn(f"{_QT} is not installed: the docker's widgets are not tested", stacklevel=1)


@pytest.fixture(scope="session")
def application() -> object:
    from anycost_krita.base.qt import QtWidgets

    return QtWidgets.QApplication.instance() or QtWidgets.QApplication(["test"])


@pytest.fixture
def english(monkeypatch: pytest.MonkeyPatch) -> None:
    from anycost_krita.base import text

    monkeypatch.setattr(text, "language", lambda: "en")


@pytest.fixture
def docker(application: object, english: None, tmp_path: Path) -> "Iterator[Docker]":
    from anycost_krita.docker.panel import Panel
    from anycost_krita.edit.controller import Controller
    from docker_parts import Docker, FakeHost, FakeWorker, settle

    workers: list[FakeWorker] = []
    copied: list[str] = []

    def make_worker(deliver: Callable[[object], object]) -> FakeWorker:
        workers.append(FakeWorker(deliver))
        return workers[-1]

    host = FakeHost(tmp_path)
    panel = Panel(Controller(host, make_worker, lambda editor: f"state: {editor.state.value}\n"), copied.append)
    panel.resize(300, 760)
    panel.show()
    settle()
    yield Docker(panel, host, workers, copied)
    panel.shut()
    panel.close()
    panel.deleteLater()
    settle()


@pytest.fixture
def editing(docker: "Docker") -> "Docker":
    """One face was found."""
    from docker_parts import face

    docker.connect()
    docker.find(face(0))
    return docker
