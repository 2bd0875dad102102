"""Charts have round ticks, and their lines lie where the axes say."""

import numpy as np
import pytest
from anycost_models.plotting.chart import BOTTOM, COLOURS, LEFT, RIGHT, TOP, Axis, Chart
from anycost_models.training.engine.records import render_curves


def rows_of(picture: np.ndarray, number: int) -> np.ndarray:
    """Where a colour is, [N, 2]: y and x."""
    return np.argwhere((picture == COLOURS[number]).all(axis=2))


@pytest.mark.parametrize(
    ("axis", "ticks"),
    [
        (Axis("", 0, 0.8), [0, 0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8]),
        (Axis("", -15, 40), [-10, 0, 10, 20, 30, 40]),
        (Axis("", 0.4, 30, log=True), [0.5, 1, 2, 5, 10, 20]),
    ],
    ids=["from 0", "below 0", "logarithmic"],
)
def test_ticks_are_round(axis: Axis, ticks: list[float]) -> None:
    assert axis.ticks() == pytest.approx(ticks)


def test_a_dot_lies_where_the_axes_say() -> None:
    chart = Chart("title", "note", Axis("x", 1, 100, log=True), Axis("y", 0, 4))
    chart.dot(10, 1, COLOURS[0], radius=5)
    place = rows_of(chart.image(), 0).mean(axis=0)
    assert place == pytest.approx([BOTTOM - (BOTTOM - TOP) / 4, (LEFT + RIGHT) / 2], abs=1)


def test_curves_go_as_the_terms_did() -> None:
    rows = [
        {"step": i + 1, "images": 8 * (i + 1), "student/squared": 0.1 + i / 100, "student/off": 0.0}
        | ({"r1/penalty": 5.0} if i % 16 == 0 else {})
        for i in range(100)
    ]
    picture = render_curves("run", rows)
    rising, steady = (rows_of(picture[:, : LEFT + 600], number) for number in (0, 1))  # left of the names
    left, right = (rising[rising[:, 1] == x, 0].mean() for x in (LEFT + 100, LEFT + 500))
    assert right < left - 50
    assert np.ptp(steady[:, 0]) <= 2
    assert not len(rows_of(picture, 2))  # a term that is always 0 has no curve


def test_a_training_that_recorded_nothing_has_an_empty_chart() -> None:
    assert not len(rows_of(render_curves("run", []), 0))
