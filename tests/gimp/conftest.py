"""The parts of the GIMP plug-in that need no GIMP, and a stand-in for the backend."""

import os
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from anycost_client.backend.backend_process import Backend

ROOT = Path(__file__).parents[2]
sys.path.insert(0, str(ROOT / "plugin" / "gimp"))
STAND_IN = ROOT / "tests" / "client" / "stand_in.py"


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty `ANYCOST_HOME`, in English."""
    monkeypatch.setenv("ANYCOST_HOME", str(tmp_path))
    monkeypatch.setenv("LANGUAGE", "en")
    return tmp_path


@pytest.fixture
def backend(home: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Backend]:
    """A real process with real sockets; it finds a face in any image and paints it grey."""
    if os.name != "posix":
        pytest.skip("the interpreter is a script")
    script = home / "backend-python"
    script.write_text(f"#!{sys.executable}\n" + STAND_IN.read_text())
    script.chmod(0o700)
    monkeypatch.setenv("ANYCOST_PYTHON", str(script))
    backend = Backend("a test")
    yield backend
    backend.kill()
