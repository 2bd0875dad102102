"""Draws what each sub-generator takes on this machine against how near it comes: the line is the best for each time."""

import math

import numpy as np
from PIL import Image, ImageDraw, ImageFont

from anycost_models.timing import TimeTable

WIDTH, HEIGHT = 1120, 720  # pixels
LEFT, TOP, RIGHT, BOTTOM = 90, 70, 1040, 640  # of the axes
FINER = 2  # times larger is it drawn, for smooth lines
INK, GREY, GRID, LINE = (40, 40, 40), (110, 110, 110), (225, 225, 225), (0, 114, 178)


def draw_times(table: TimeTable, side: int) -> np.ndarray:
    """side: pixels at which the pictures are shown and compared. Returns uint8 RGB [720, 1120, 3]."""
    points = sorted((row.ms, table.distance(row.sub, side), str(row.sub)) for row in table.rows)
    low, high, top = points[0][0] / 1.3, points[-1][0] * 1.3, max(y for _, y, _ in points) * 1.08 or 1.0
    sheet = Image.new("RGB", (WIDTH * FINER, HEIGHT * FINER), "white")
    draw = ImageDraw.Draw(sheet)

    def text(x: float, y: float, words: str, colour: tuple[int, int, int], anchor: str, size: int = 17) -> None:
        draw.text((x * FINER, y * FINER), words, colour, ImageFont.load_default(size=size * FINER), anchor=anchor)

    def line(*places: tuple[float, float], colour: tuple[int, int, int], width: int) -> None:
        draw.line([(x * FINER, y * FINER) for x, y in places], colour, width * FINER, joint="curve")

    def place(ms: float, distance: float) -> tuple[float, float]:
        x = LEFT + (RIGHT - LEFT) * math.log(ms / low) / math.log(high / low)
        return x, BOTTOM - (BOTTOM - TOP) * distance / top

    text(LEFT, 22, f"Sub-generators on this machine, shown with {side} px", INK, "la", 21)
    text(LEFT, 48, f"{table.cpu}, {table.runtime}", GREY, "la", 15)
    text((LEFT + RIGHT) / 2, HEIGHT - 36, "milliseconds per picture", INK, "ma")
    text(LEFT - 10, TOP, "distance", INK, "rs")
    for tick in (digit * 10.0**power for power in range(-1, 6) for digit in (1, 2, 5)):
        if low <= tick <= high:
            x, _ = place(tick, 0)
            line((x, TOP), (x, BOTTOM), colour=GRID, width=1)
            text(x, BOTTOM + 8, f"{tick:g}", GREY, "ma")
    step = next(s for power in range(-3, 3) for digit in (1, 2, 5) if (s := digit * 10.0**power) >= top / 8)
    for i in range(int(top / step) + 1):
        _, y = place(low, i * step)
        line((LEFT, y), (RIGHT, y), colour=GRID, width=1)
        text(LEFT - 10, y, f"{i * step:g}", GREY, "rm")
    front = [p for i, p in enumerate(points) if all(p[1] < other[1] for other in points[:i])]
    line(*(place(ms, distance) for ms, distance, _ in front), colour=LINE, width=2)
    for point in points:
        x, y = place(*point[:2])
        draw.ellipse([FINER * v for v in (x - 5, y - 5, x + 5, y + 5)], LINE if point in front else GREY)
        text(
            x + 10 if x < 850 else x - 10,
            y - 4,
            point[2].replace("×", "x"),
            LINE if point in front else GREY,
            "lb" if x < 850 else "rb",
            15,
        )
    return np.asarray(sheet.resize((WIDTH, HEIGHT), Image.Resampling.BOX))
