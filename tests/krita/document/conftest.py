"""Puts the plug-in's folder on the path; makes the adapter over a fake Krita."""

import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).resolve().parents[3] / "plugin" / "krita"))

from adapter_setup import Setup
from anycost_krita.base import text


@pytest.fixture
def setup(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Setup:
    monkeypatch.setattr(text, "language", lambda: "en")
    return Setup(tmp_path)
