"""`anycost bench`: the table of this machine, as text, JSON and an image; and an edit end to end."""

import json
from pathlib import Path

import pytest
from anycost_backend.__main__ import main
from anycost_backend.cli import bench_end_to_end
from anycost_models.core import paths
from anycost_models.core.signed_cache import key_path, own_key
from anycost_models.generators.sub_generator import SubGenerator
from anycost_models.previews import latency_table
from PIL import Image

FEW = (SubGenerator(64), SubGenerator(128, 0.25))


@pytest.fixture(scope="module")
def exported() -> tuple[Path, Path]:
    """This machine's graphs, and the key that signed them."""
    own_key(make=True)
    graphs = paths.cache_dir() / "graphs"
    graphs.mkdir(parents=True, exist_ok=True)
    return graphs, key_path()


@pytest.fixture(autouse=True)
def few(exported: tuple[Path, Path], home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Few sub-generators, whose graphs need not be exported; what is measured is this test's own."""
    (home / "cache").mkdir()
    for link, path in zip((home / "cache" / "graphs", home / "data" / exported[1].name), exported, strict=True):
        link.symlink_to(path)
    monkeypatch.setattr(latency_table, "candidates", lambda graphs: FEW)


def test_the_table_and_its_chart(home: Path, capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    assert main(["bench", "--quick", "--json", "--plot", str(tmp_path / "times.png")]) == 0
    printed = json.loads(capsys.readouterr().out)
    assert [(row["resolution"], row["channels"]) for row in printed["sub_generators"]] == [(64, 1), (128, 0.25)]
    assert all(row["ms"] > 0 for row in printed["sub_generators"])
    assert Image.open(tmp_path / "times.png").size == (1120, 720)
    assert main(["bench", "--quick"]) == 0
    text = capsys.readouterr().out
    assert text.count("draws previews") == 1
    assert "128 px × 0.25" in text


def test_a_chart_that_cannot_be_written_is_told_before_the_work(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["bench", "--quick", "--plot", "/nowhere/times.png"]) == 2
    assert "there is no folder /nowhere" in capsys.readouterr().err


@pytest.mark.slow
def test_an_edit_end_to_end(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.setattr(bench_end_to_end, "PREVIEWS", 10)
    monkeypatch.setattr(bench_end_to_end, "FINALS", 2)
    assert main(["bench", "--json"]) == 0
    printed = json.loads(capsys.readouterr().out)
    for field in (
        "preview_ms_median",
        "preview_ms_p95",
        "transport_ms",
        "final_ms",
        "final_in_process_ms",
        "hello_ms",
        "open_region_ms",
        "backend_peak_mb",
    ):
        assert printed[field] > 0
    assert printed["preview_ms_median"] <= printed["preview_ms_p95"]
    assert " px × " in printed["preview_sub_generator"]
