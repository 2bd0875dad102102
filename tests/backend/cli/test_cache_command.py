"""What is remembered is listed and cleared, and nothing of it can be read by others."""

import json
import os
from pathlib import Path

import pytest
from anycost_backend.__main__ import main
from anycost_backend.editing.projection import LATENTS


def test_what_is_remembered_is_listed_and_cleared(home: Path, capsys: pytest.CaptureFixture[str]) -> None:
    LATENTS.write("0" * 40, bytes(1000))
    assert main(["cache", "list", "--json"]) == 0
    listed = {row["name"]: (row["files"], row["bytes"]) for row in json.loads(capsys.readouterr().out)}
    assert listed["latents"] == (1, 1000)
    assert main(["cache", "clear", "graphs"]) == 0
    assert len(LATENTS.files()) == 1
    assert main(["cache", "clear", "--json"]) == 0
    assert json.loads(capsys.readouterr().out.splitlines()[-1])["latents"] == 1000
    assert LATENTS.files() == []


def test_an_unknown_cache_is_told(home: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["cache", "clear", "faces"]) == 2
    assert "there is no cache 'faces': name one of latents" in capsys.readouterr().err


@pytest.mark.skipif(os.name != "posix", reason="Windows has no modes")
def test_every_command_closes_what_was_left_open(home: Path) -> None:
    left = home / "cache" / "latents" / "old.safetensors"
    left.parent.mkdir(parents=True)
    left.touch(0o644)
    assert main(["cache", "list"]) == 0
    assert left.stat().st_mode & 0o777 == 0o600
    assert (home / "cache").stat().st_mode & 0o777 == 0o700
