"""Draws how the terms of a training's loss went, from what it recorded."""

from collections.abc import Mapping, Sequence

import numpy as np

from anycost_models.plotting.chart import COLOURS, Axis, Chart

SMOOTHED = 50  # parts of the training, over which a curve is averaged


def draw_curves(title: str, rows: Sequence[Mapping[str, float]]) -> np.ndarray:
    """rows: the objects of `scalars.jsonl`, of which one may lack terms that others have. Terms that are never above 0
    are left out. Returns uint8 RGB [720, 1120, 3]; values stand on a logarithmic scale."""
    names = list(dict.fromkeys(name for row in rows for name in row if name not in ("step", "images")))
    curves = {name: _smoothed([(row["images"], row[name]) for row in rows if name in row]) for name in names}
    curves = {name: curve for name, curve in curves.items() if all(value > 0 for _, value in curve)}
    values = [value for curve in curves.values() for _, value in curve] or [1.0]
    chart = Chart(
        title,
        f"means over a {SMOOTHED}th of the training each",
        Axis(
            "pictures", 0, 1.3 * max([row["images"] for row in rows], default=1)
        ),  # beside the curves stand their names
        Axis("", min(values) / 1.2, max(values) * 1.2, log=True),
    )
    for number, curve in enumerate(curves.values()):
        chart.line(curve, COLOURS[number % len(COLOURS)])
    chart.legend(curves)
    return chart.picture()


def _smoothed(points: list[tuple[float, float]]) -> list[tuple[float, float]]:
    parts = np.array_split(np.array(points), min(SMOOTHED, len(points)))
    return [(float(x), float(y)) for x, y in (part.mean(axis=0) for part in parts)]
