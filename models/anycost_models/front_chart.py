"""Draws a Pareto front: cost against distance, one line per resolution, with the uniform sub-generators marked."""

import math
from collections.abc import Sequence

import numpy as np
from PIL import Image, ImageDraw, ImageFont

from anycost_models.front import Front, Point

WIDTH, HEIGHT = 1120, 720  # pixels
LEFT, TOP, RIGHT, BOTTOM = 90, 70, 1020, 640  # of the axes
FINER = 2  # times larger is it drawn, for smooth lines
INK, GREY, GRID = (40, 40, 40), (110, 110, 110), (225, 225, 225)
COLOURS = ((0, 114, 178), (213, 94, 0), (0, 158, 115), (204, 121, 167), (86, 180, 233), (230, 159, 0))


def draw_front(front: Front, uniform: Sequence[tuple[float, Point]] = ()) -> np.ndarray:
    """uniform: ratios with their points. Returns uint8 RGB [720, 1120, 3]; costs stand on a logarithmic scale."""
    everything = [*front.points, *(point for _, point in uniform)]
    low, high = (f(p.macs for p in everything) / 1e9 for f in (min, max))
    low, high, top = low / 1.15, high * 1.15, max(p.distance for p in everything) * 1.08 or 1.0
    sheet = Image.new("RGB", (WIDTH * FINER, HEIGHT * FINER), "white")
    draw = ImageDraw.Draw(sheet)

    def text(x: float, y: float, words: str, colour: tuple[int, int, int], anchor: str, size: int = 17) -> None:
        font = ImageFont.load_default(size=size * FINER)
        draw.text((x * FINER, y * FINER), words, colour, font, anchor=anchor)

    def line(*places: tuple[float, float], colour: tuple[int, int, int], width: int) -> None:
        draw.line([(x * FINER, y * FINER) for x, y in places], colour, width * FINER, joint="curve")

    def x_of(gmac: float) -> float:
        return LEFT + (RIGHT - LEFT) * math.log(gmac / low) / math.log(high / low)

    def y_of(distance: float) -> float:
        return BOTTOM - (BOTTOM - TOP) * distance / top

    def place(point: Point) -> tuple[float, float]:
        return x_of(point.macs / 1e9), y_of(point.distance)

    text(LEFT, 22, "Sub-generators: cost and distance to the full generator's picture", INK, "la", 21)
    text(LEFT, 48, "lines: found by search; rings: one channel ratio for all layers, as labelled", GREY, "la", 15)
    text((LEFT + RIGHT) / 2, HEIGHT - 36, "GMAC per picture", INK, "ma")
    text(LEFT - 10, TOP, "distance", INK, "rs")
    for tick in (digit * 10.0**power for power in range(-6, 6) for digit in (1, 2, 5)):
        if low <= tick <= high:
            line((x_of(tick), TOP), (x_of(tick), BOTTOM), colour=GRID, width=1)
            text(x_of(tick), BOTTOM + 8, f"{tick:g}", GREY, "ma")
    step = next(s for power in range(-6, 6) for digit in (1, 2, 5) if (s := digit * 10.0**power) >= top / 8)
    for i in range(int(top / step) + 1):
        line((LEFT, y_of(i * step)), (RIGHT, y_of(i * step)), colour=GRID, width=1)
        text(LEFT - 10, y_of(i * step), f"{i * step:g}", GREY, "rm")
    for number, resolution in enumerate(dict.fromkeys(point.resolution for point in front.points)):
        colour, kept = COLOURS[number % len(COLOURS)], front.at(resolution)
        line(*map(place, kept), colour=colour, width=2)
        for x, y in map(place, kept):
            draw.ellipse([FINER * v for v in (x - 3, y - 3, x + 3, y + 3)], colour)
        for ratio, point in uniform:
            if point.resolution == resolution:
                x, y = place(point)
                draw.ellipse([FINER * v for v in (x - 7, y - 7, x + 7, y + 7)], None, colour, 2 * FINER)
                text(x + 10, y - 4, f"{ratio:g}".lstrip("0"), colour, "lb", 15)
        text(RIGHT - 10, TOP + 10 + 26 * number, f"{resolution} px", colour, "ra", 20)  # where no line comes
    return np.asarray(sheet.resize((WIDTH, HEIGHT), Image.Resampling.BOX))
