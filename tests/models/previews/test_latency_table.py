"""Which sub-generator draws: the one nearest to the full picture that the time allows."""

from pathlib import Path

import msgspec
import numpy as np
import pytest
import torch
from anycost_models.core.errors import AnycostError
from anycost_models.export.graph_cache import GraphCache
from anycost_models.generators import mobile, mobile_config
from anycost_models.generators.checkpoint import load_generator, save_generator
from anycost_models.generators.sub_generator import SubGenerator
from anycost_models.previews import latency_table
from anycost_models.previews.fidelity_table import FidelityRow, FidelityTable, load_fidelity, save_fidelity
from anycost_models.previews.latency_chart import latency_chart
from anycost_models.previews.latency_table import Latency, LatencyTable, LoadEstimator, choose, progression

SMALL, NARROW, WIDE, FULL = SubGenerator(64), SubGenerator(256, 0.25), SubGenerator(256, 0.5), SubGenerator(1024)
NEARNESS = FidelityTable(
    8,
    (128, 256),
    (
        FidelityRow(64, 1.0, 100, (0.5, 0.9)),
        FidelityRow(256, 0.25, 200, (0.6, 0.5)),
        FidelityRow(512, 0.25, 250, (0.7, 0.6)),
        FidelityRow(256, 0.5, 300, (0.3, 0.3)),
        FidelityRow(1024, 1.0, 2000, (0.0, 0.0)),
    ),
)
TABLE = LatencyTable(
    "a CPU",
    "openvino",
    0,
    (Latency(64, 1.0, 5.0), Latency(256, 0.25, 10.0), Latency(256, 0.5, 20.0), Latency(1024, 1.0, 200.0)),
    NEARNESS,
)


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("ANYCOST_HOME", str(tmp_path / "home"))
    return tmp_path / "home"


@pytest.fixture
def weights(tmp_path: Path) -> Path:
    torch.manual_seed(0)
    save_generator(mobile.MobileGenerator(mobile_config.TINY), tmp_path / "tiny.safetensors")
    return tmp_path / "tiny.safetensors"


@pytest.mark.parametrize(
    ("budget", "side", "expected"),
    [(33, 256, WIDE), (15, 256, NARROW), (15, 100, SMALL), (1, 256, SMALL), (500, 256, FULL), (33, 4000, WIDE)],
)
def test_the_nearest_that_fits_is_chosen(budget: float, side: int, expected: SubGenerator) -> None:
    assert choose(TABLE, budget, side) == expected


def test_when_the_slider_rests_better_ones_follow_up_to_the_best() -> None:
    assert progression(TABLE, SMALL, 256) == (WIDE, FULL)
    assert progression(TABLE, FULL, 256) == ()
    slow = LatencyTable("a CPU", "openvino", 0, (*TABLE.rows[:3], Latency(1024, 1.0, 4000.0)), NEARNESS)
    assert progression(slow, NARROW, 256) == (WIDE,)


def test_without_a_table_of_distances_size_comes_first_then_width() -> None:
    unknown = LatencyTable("a CPU", "openvino", 0, TABLE.rows)
    assert choose(unknown, 33, 256) == WIDE
    assert choose(unknown, 15, 256) == NARROW
    assert choose(unknown, 15, 64) == SMALL


def test_a_busy_machine_draws_with_less_and_a_wrong_table_is_noticed() -> None:
    pace = LoadEstimator(TABLE)
    assert pace.choose(33, 256) == WIDE
    pace.observe(WIDE, 500.0)  # once: it was held up
    assert pace.choose(33, 256) == WIDE
    for _ in range(20):
        pace.observe(WIDE, 60.0)
    assert pace.choose(33, 256) == NARROW
    for _ in range(40):
        pace.observe(NARROW, 4.0)
    assert pace.outdated
    assert not LoadEstimator(TABLE).outdated


def test_only_what_no_cheaper_one_replaces_is_worth_measuring() -> None:
    assert NEARNESS.worthwhile() == (SMALL, NARROW, WIDE, FULL)
    searched = FidelityRow(256, (64, 48), 320, (0.29, 0.29))  # hardly nearer than WIDE
    assert FidelityTable(8, (128, 256), (*NEARNESS.rows, searched)).worthwhile() == (SMALL, NARROW, WIDE, FULL)


def test_the_shipped_table_names_what_the_model_has() -> None:
    table, model = load_fidelity(), load_generator()
    worthwhile = table.worthwhile()
    assert worthwhile[-1] == SubGenerator(model.config.resolution)
    assert {table.distance(worthwhile[-1], side) for side in table.sides} == {0.0}
    assert all(model.cost(row.sub).macs == row.macs for row in table.rows)
    assert len(worthwhile) < 12  # each is exported and timed at first start


def test_a_table_is_written_and_read(tmp_path: Path) -> None:
    save_fidelity(NEARNESS, tmp_path / "table.json")
    assert load_fidelity(tmp_path / "table.json") == NEARNESS
    (tmp_path / "table.json").write_text('{"faces": 8, "sides": [256], "rows": [[]]}')
    with pytest.raises(AnycostError, match="no table of sub-generators"):
        load_fidelity(tmp_path / "table.json")
    with pytest.raises(AnycostError, match="cannot be read"):
        load_fidelity(tmp_path / "none.json")


def test_what_was_measured_is_remembered(weights: Path, home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    graphs = GraphCache(weights, lambda: load_generator(weights))
    monkeypatch.setattr(graphs, "synthesis", counted := Counted(graphs))
    assert latency_table.remembered(graphs) is None
    seen: list[Latency] = []
    table = latency_table.measure(graphs, on_row=seen.append)
    assert {row.sub for row in table.rows} == {row.sub for row in seen}
    assert all(row.ms == min(other.ms for other in seen if other.sub == row.sub) for row in table.rows)
    assert table.full == SubGenerator(64)
    assert len(counted.subs) == 2 * len(table.rows) == len(seen)
    assert latency_table.remembered(graphs) == table
    assert latency_table.remembered(GraphCache(weights, lambda: load_generator(weights), threads=1)) is None
    (file,) = (home / "cache" / "times").iterdir()
    file.write_text("{}")
    assert latency_table.remembered(graphs) is None


@pytest.mark.parametrize(
    "row",
    [Latency(257, 1.0, 5.0), Latency(32, float("inf"), 5.0), Latency(32, 0.5, 5.0)],
    ids=["side", "ratio", "last"],
)
def test_a_table_of_what_the_model_does_not_have_is_made_anew(
    weights: Path, home: Path, monkeypatch: pytest.MonkeyPatch, row: Latency
) -> None:
    graphs = GraphCache(weights, lambda: load_generator(weights))
    monkeypatch.setattr(graphs, "synthesis", Counted(graphs))
    table = latency_table.measure(graphs)
    rows = (*table.rows, row) if row.resolution == 32 and row.channels == 0.5 else (row, *table.rows)
    data = msgspec.json.encode(msgspec.structs.replace(table, rows=rows))
    latency_table.TIMES.write(latency_table._key(graphs), data.replace(b"null", b"1e999", 1))
    assert latency_table.remembered(graphs) is None
    assert latency_table.TIMES.files() == []


class Counted:
    """GraphCache.synthesis that keeps account, and draws nothing."""

    def __init__(self, graphs: GraphCache) -> None:
        self.graphs = graphs
        self.subs: list[SubGenerator] = []

    def __call__(self, sub: SubGenerator, *, keep: bool) -> object:
        assert not keep  # a dozen networks would fill the memory
        self.subs.append(sub)
        return lambda latent, noise: [np.zeros((1, sub.resolution, sub.resolution, 3), np.float32)]


def test_the_chart_shows_every_row() -> None:
    chart = latency_chart(TABLE, 256)
    assert chart.shape == (720, 1120, 3)
    fewer = latency_chart(LatencyTable("a CPU", "openvino", 0, (TABLE.rows[0], TABLE.rows[3]), NEARNESS), 256)
    assert (chart != fewer).any()
