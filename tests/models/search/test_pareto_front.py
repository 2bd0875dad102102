"""A front survives its file, a file that holds none is refused, and its chart shows what it says."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from anycost_models.core.errors import AnycostError
from anycost_models.core.json_tables import MAX_BYTES
from anycost_models.generators.checkpoint import load_generator
from anycost_models.generators.elastic import SubGenerator
from anycost_models.plotting.chart import COLOURS
from anycost_models.search.pareto_chart import pareto_chart
from anycost_models.search.pareto_front import Front, Point, load_front, pareto, save_front, with_ms


def point(resolution: int, macs: int, distance: float, ms: float | None = None) -> Point:
    return Point(
        resolution=resolution, channels=(8, 8, macs % 1000), macs=macs, ms=ms, distance=distance, psnr=20 / distance
    )


CHEAP, GOOD, BEST = point(32, 250_001, 0.4), point(64, 500_002, 0.5, 1.25), point(64, 1_000_003, 0.125)


def test_of_all_points_those_without_a_better_one_are_kept() -> None:
    no_better, same_cost = point(64, 600_000, 0.5), point(64, 500_002, 0.7)
    front = pareto([BEST, no_better, GOOD, same_cost, CHEAP])
    assert front.points == (CHEAP, GOOD, BEST)
    assert front.at(64) == (GOOD, BEST)
    assert front.at(128) == ()


def test_a_point_is_a_sub_generator() -> None:
    assert CHEAP.sub == SubGenerator(32, (8, 8, 1))
    assert with_ms(CHEAP, 1.23456).ms == 1.235
    assert CHEAP.ms is None


def test_a_front_survives_its_file(tmp_path: Path) -> None:
    path = tmp_path / "front.json"
    save_front(pareto([CHEAP, GOOD, BEST]), path)
    assert load_front(path) == Front((CHEAP, GOOD, BEST))
    assert path.read_text().count("\n") == 5  # one point a line
    assert json.loads(path.read_text())["points"][1] == {
        "resolution": 64, "channels": [8, 8, 2], "macs": 500_002, "ms": 1.25, "distance": 0.5, "psnr": 40.0
    }  # fmt: skip


Harm = Callable[[dict[str, Any]], object]


@pytest.mark.parametrize(
    ("harm", "cause"),
    [
        (lambda file: file.pop("points"), "missing required field `points`"),
        (lambda file: file.update(points=[]), "length >= 1"),
        (lambda file: file.update(version=2), "unknown field `version`"),
        (lambda file: file["points"][0].update(gmacs=1), "unknown field `gmacs`"),
        (lambda file: file["points"][0].pop("psnr"), "missing required field `psnr`"),
        (lambda file: file["points"][0].update(macs=0), "int` >= 1"),
        (lambda file: file["points"][0].update(macs="much"), "Expected `int`, got `str`"),
        (lambda file: file["points"][0].update(channels=[8, 8.5]), "Expected `int`, got `float`"),
        (lambda file: file["points"][0].update(channels=[]), "length >= 1"),
        (lambda file: file["points"][1].update(ms=-1.0), "float` > 0"),
        (lambda file: file["points"][2].update(distance=0.5), "at 64 px a costlier point is no better"),
        (lambda file: file["points"].reverse(), "disorder"),
    ],
)
def test_a_file_that_holds_no_front_is_refused(tmp_path: Path, harm: Harm, cause: str) -> None:
    path = tmp_path / "front.json"
    save_front(Front((CHEAP, GOOD, BEST)), path)
    file = json.loads(path.read_text())
    harm(file)
    path.write_text(json.dumps(file))
    with pytest.raises(AnycostError, match=r"holds no front of sub-generators \(.*\)[:;] write it") as caught:
        load_front(path)
    assert cause in str(caught.value)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("data", [b"", b"[]", b"\xff\xfe", b'{"points": [NaN]}', b" " * (MAX_BYTES + 1)])
def test_what_is_no_such_file_is_refused(tmp_path: Path, data: bytes) -> None:
    path = tmp_path / "front.json"
    path.write_bytes(data)
    with pytest.raises(AnycostError, match="holds no front of sub-generators"):
        load_front(path)


def test_a_missing_front_is_named(tmp_path: Path) -> None:
    with pytest.raises(AnycostError, match=r"nowhere\.json cannot be read .*'anycost search --front'"):
        load_front(tmp_path / "nowhere.json")


def test_the_shipped_front_names_what_the_model_has() -> None:
    front, model = load_front(), load_generator()
    assert {point.resolution for point in front.points} == set(model.config.exits)
    assert all(model.cost(point.sub).macs == point.macs for point in front.points)
    assert all(point.ms for point in front.points)


def test_a_chart_has_a_line_for_each_resolution_and_rings_for_uniform_ratios() -> None:
    front = Front((CHEAP, GOOD, BEST))

    def amounts(chart: np.ndarray) -> list[int]:
        """Pixels of the colour of the first, second and third resolution."""
        return [int((chart == colour).all(axis=2).sum()) for colour in COLOURS[:3]]

    plain, ringed = pareto_chart(front), pareto_chart(front, [(0.5, BEST)])
    assert plain.shape == (720, 1120, 3)
    assert plain.dtype == np.uint8
    first, second, third = amounts(plain)
    assert first > 0
    assert second > 3 * first  # two points and the line between them
    assert third == 0
    assert amounts(ringed)[0] == first
    assert amounts(ringed)[1] > second
    assert amounts(pareto_chart(Front((CHEAP,))))[0] > 0  # a front may be a single point
    assert amounts(pareto_chart(Front((point(64, 1, 0.001),))))[0] > 0
