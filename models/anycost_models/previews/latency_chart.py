"""A chart of latency on this machine against distance to the full generator; the line joins the best for each time."""

import numpy as np

from anycost_models.plotting.chart import COLOURS, GREY, Axis, Chart
from anycost_models.previews.latency_table import LatencyTable


def latency_chart(table: LatencyTable, side: int) -> np.ndarray:
    """side: pixels at which the images are shown and compared. Returns uint8 RGB [720, 1120, 3]."""
    points = sorted((row.ms, table.distance(row.sub, side), str(row.sub)) for row in table.rows)
    chart = Chart(
        f"Sub-generators on this machine, shown with {side} px",
        f"{table.cpu}, {table.runtime}",
        Axis("milliseconds per picture", points[0][0] / 1.3, points[-1][0] * 1.3, log=True),
        Axis("distance", 0, max(distance for _, distance, _ in points) * 1.08 or 1.0),
    )
    front = [p for i, p in enumerate(points) if all(p[1] < other[1] for other in points[:i])]
    chart.line([(ms, distance) for ms, distance, _ in front], COLOURS[0])
    for point in points:
        ms, distance, name = point
        colour = COLOURS[0] if point in front else GREY
        chart.dot(ms, distance, colour, 5)
        chart.label(ms, distance, name.replace("×", "x"), colour)
    return chart.image()
