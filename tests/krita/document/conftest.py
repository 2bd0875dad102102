"""Puts the plug-in's folder on the path, and a desk before each test."""

import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).resolve().parents[3] / "plugin" / "krita"))

from adapter_desk import Desk
from anycost_krita.base import text


@pytest.fixture
def desk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Desk:
    monkeypatch.setattr(text, "language", lambda: "en")
    return Desk(tmp_path)
