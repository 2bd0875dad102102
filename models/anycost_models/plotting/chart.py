"""The paper that charts are drawn on: two axes with their grid, and lines, dots, rings and words at their places."""

import math
from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
from PIL import Image, ImageDraw, ImageFont

WIDTH, HEIGHT = 1120, 720  # pixels
LEFT, TOP, RIGHT, BOTTOM = 90, 70, 1030, 640  # of the axes
FINER = 2  # times larger is it drawn, for smooth lines

Colour = tuple[int, int, int]
INK, GREY, GRID = (40, 40, 40), (110, 110, 110), (225, 225, 225)
COLOURS: tuple[Colour, ...] = (
    (0, 114, 178),
    (213, 94, 0),
    (0, 158, 115),
    (204, 121, 167),
    (86, 180, 233),
    (230, 159, 0),
)


@dataclass(frozen=True)
class Axis:
    name: str
    low: float
    high: float  # more than `low`
    log: bool = False  # then `low` is more than 0

    def share(self, value: float) -> float:
        """How far along the axis a value lies, 0…1."""
        if self.log:
            return math.log(value / self.low) / math.log(self.high / self.low)
        return (value - self.low) / (self.high - self.low)

    def ticks(self) -> list[float]:
        """Round values: all 1, 2 and 5 × 10ⁿ, or at most some eight even steps."""
        round_values = [digit * 10.0**power for power in range(-9, 13) for digit in (1, 2, 5)]
        if self.log:
            return [value for value in round_values if self.low <= value <= self.high]
        step = next(value for value in round_values if value >= (self.high - self.low) / 8)
        return [i * step for i in range(math.ceil(self.low / step), int(self.high / step) + 1)]


class Chart:
    def __init__(self, title: str, note: str, x: Axis, y: Axis) -> None:
        self.x, self.y = x, y
        self.sheet = Image.new("RGB", (WIDTH * FINER, HEIGHT * FINER), "white")
        self.pen = ImageDraw.Draw(self.sheet)
        self._write((LEFT, 22), title, INK, "la", 21)
        self._write((LEFT, 48), note, GREY, "la", 15)
        self._write(((LEFT + RIGHT) / 2, HEIGHT - 36), x.name, INK, "ma")
        self._write((LEFT - 10, TOP), y.name, INK, "rs")
        for tick in x.ticks():
            across, _ = self._at(tick, y.low)
            self._draw([(across, TOP), (across, BOTTOM)], GRID, 1)
            self._write((across, BOTTOM + 8), f"{tick:g}", GREY, "ma")
        for tick in y.ticks():
            _, up = self._at(x.low, tick)
            self._draw([(LEFT, up), (RIGHT, up)], GRID, 1)
            self._write((LEFT - 10, up), f"{tick:g}", GREY, "rm")

    def line(self, places: Iterable[tuple[float, float]], colour: Colour) -> None:
        """places: x and y, as the axes count."""
        self._draw([self._at(*place) for place in places], colour, 2)

    def dot(self, x: float, y: float, colour: Colour, radius: int = 3) -> None:
        self.pen.ellipse(self._around(x, y, radius), colour)

    def ring(self, x: float, y: float, colour: Colour) -> None:
        self.pen.ellipse(self._around(x, y, 7), None, colour, 2 * FINER)

    def label(self, x: float, y: float, words: str, colour: Colour) -> None:
        """Beside a dot or ring, on the side where there is room."""
        across, up = self._at(x, y)
        right = across < RIGHT - 190
        self._write((across + 10 if right else across - 10, up - 4), words, colour, "lb" if right else "rb", 15)

    def legend(self, names: Iterable[str]) -> None:
        """One below the other in the upper right corner, in the order of COLOURS."""
        for number, name in enumerate(names):
            self._write((RIGHT - 10, TOP + 10 + 26 * number), name, COLOURS[number % len(COLOURS)], "ra", 20)

    def image(self) -> np.ndarray:
        """uint8 RGB [720, 1120, 3]"""
        return np.asarray(self.sheet.resize((WIDTH, HEIGHT), Image.Resampling.BOX))

    def _at(self, x: float, y: float) -> tuple[float, float]:
        """Pixels."""
        return LEFT + (RIGHT - LEFT) * self.x.share(x), BOTTOM - (BOTTOM - TOP) * self.y.share(y)

    def _around(self, x: float, y: float, radius: int) -> list[float]:
        across, up = self._at(x, y)
        return [FINER * value for value in (across - radius, up - radius, across + radius, up + radius)]

    def _draw(self, places: list[tuple[float, float]], colour: Colour, width: int) -> None:
        self.pen.line([(x * FINER, y * FINER) for x, y in places], colour, width * FINER, joint="curve")

    def _write(self, place: tuple[float, float], words: str, colour: Colour, anchor: str, size: int = 17) -> None:
        font = ImageFont.load_default(size=size * FINER)
        self.pen.text((place[0] * FINER, place[1] * FINER), words, colour, font, anchor=anchor)
