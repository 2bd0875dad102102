"""A home of its own for each test, and a stand-in for the backend's interpreter in it."""

import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from anycost_client.backend.backend_process import Backend
from anycost_client.protocol.messages import OpenRegion, Picture
from recording_editor import RecordingEditor

STAND_IN = Path(__file__).with_name("stand_in.py")


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty `ANYCOST_HOME`."""
    monkeypatch.setenv("ANYCOST_HOME", str(tmp_path))
    monkeypatch.delenv("ANYCOST_BRIDGE", raising=False)
    return tmp_path


@pytest.fixture
def python(home: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """What the installer would have left: here an interpreter that only knows how to be a backend."""
    script = home / "backend-python"
    script.write_text(f"#!{sys.executable}\n" + STAND_IN.read_text())
    script.chmod(0o700)
    monkeypatch.setenv("ANYCOST_PYTHON", str(script))
    return script


@pytest.fixture
def backend(python: Path) -> Iterator[Callable[..., Backend]]:
    """Makes Backends, and ends what they started."""
    made: list[Backend] = []

    def make(**options: Any) -> Backend:
        made.append(Backend("a test", **options))
        return made[-1]

    yield make
    for one in made:
        one.kill()


@pytest.fixture
def region() -> OpenRegion:
    """12×12 grey pixels; the stand-in finds a face in any image."""
    return OpenRegion(image=Picture.packed(12, 12, 3, bytes([128] * 432)))


@pytest.fixture
def ready(region: OpenRegion) -> RecordingEditor:
    """Two faces are found, the larger one is chosen."""
    told = RecordingEditor()
    told.connect()
    told.editor.open(region)
    told.opened()
    return told
