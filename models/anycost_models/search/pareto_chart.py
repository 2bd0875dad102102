"""A chart of a Pareto front: cost against distance, one line per resolution, with the uniform sub-generators marked."""

from collections.abc import Sequence

import numpy as np

from anycost_models.plotting.chart import COLOURS, Axis, Chart
from anycost_models.search.pareto_front import Front, Point


def pareto_chart(front: Front, uniform: Sequence[tuple[float, Point]] = ()) -> np.ndarray:
    """uniform: ratios with their points. Returns uint8 RGB [720, 1120, 3]; costs stand on a logarithmic scale."""
    everything = [*front.points, *(point for _, point in uniform)]
    costs = [point.macs / 1e9 for point in everything]
    chart = Chart(
        "Sub-generators: cost and distance to the full generator's picture",
        "lines: found by search; rings: one channel ratio for all layers, as labelled",
        Axis("GMAC per picture", min(costs) / 1.15, max(costs) * 1.15, log=True),
        Axis("distance", 0, max(point.distance for point in everything) * 1.08 or 1.0),
    )
    resolutions = list(dict.fromkeys(point.resolution for point in front.points))
    for number, resolution in enumerate(resolutions):
        colour = COLOURS[number % len(COLOURS)]
        places = [(point.macs / 1e9, point.distance) for point in front.at(resolution)]
        chart.line(places, colour)
        for place in places:
            chart.dot(*place, colour)
        for ratio, point in uniform:
            if point.resolution == resolution:
                chart.ring(point.macs / 1e9, point.distance, colour)
                chart.label(point.macs / 1e9, point.distance, f"{ratio:g}".lstrip("0"), colour)
    chart.legend(f"{resolution} px" for resolution in resolutions)  # in the corner where no line comes
    return chart.image()
