"""The sub-generators that render an edit: one within the frame budget while a slider moves, better ones at rest."""

import statistics
import time
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from fractions import Fraction

from anycost_models.generators.sub_generator import SubGenerator
from anycost_models.previews.latency_table import BUDGET, LatencyTable, LoadEstimator, choose, progression

from anycost_backend.editing.renderer import Renderer

FAST = 1000 / 60  # milliseconds of a frame on a machine that draws well enough within it; else `BUDGET`
_WELL = SubGenerator(256, 0.25)  # as near to the full image as this one, or nearer
_TRANSPORT = 2.0  # milliseconds of the budget: for the request and the reply
_FIRST_OVERHEAD = 8.0  # milliseconds of a preview beside rendering, before any was measured
_OVERHEADS = 7  # previews whose median overhead counts
_DRAG_PAUSE = 0.5  # seconds without a preview: the next one begins another drag
_BETTER_AFTER = 1.0  # seconds within a drag for which a better sub-generator must have been possible
_SIGNS = {Fraction(1, 4): "¼", Fraction(1, 2): "½", Fraction(3, 4): "¾", Fraction(1): "full"}


class FrameBudget:
    """For one thread. Within a drag the choice rises only after a while: the renders of two sub-generators differ a
    little, and a face that flickers between them is worse than one rendered by the lesser."""

    def __init__(self, table: LatencyTable, clock: Callable[[], float] = time.monotonic) -> None:
        """clock: returns seconds"""
        self.load_estimator = LoadEstimator(table)
        self._clock = clock
        self._overheads = deque([_FIRST_OVERHEAD] * 3, maxlen=_OVERHEADS)  # milliseconds
        self._last: SubGenerator | None = None
        self._last_seen = 0.0  # seconds of the clock
        self._better_since: float | None = None  # seconds of the clock: since when a better one would meet the budget
        self._frame = FAST  # milliseconds, of the present drag or the last

    @property
    def frames_per_second(self) -> int:
        """60 where a sub-generator that draws well enough holds it, as measured of late; else 30."""
        return round(1000 / self._frame)

    @property
    def table(self) -> LatencyTable:
        return self.load_estimator.table

    def choose(self, side: int, faces: int = 1) -> SubGenerator:
        """Chooses for the next preview, which shows so many faces with `side` pixels."""
        now = self._clock()
        dragging = self._last is not None and now - self._last_seen <= _DRAG_PAUSE
        if not dragging:
            self._frame = FAST
        overhead = _TRANSPORT + statistics.median(self._overheads)
        chosen = self._within(FAST - overhead, side, faces)
        # Once for each drag, unless the machine gets too busy: hesitating between two speeds is worse than the slower.
        if self._frame > FAST or not self._well(chosen, FAST - overhead, side, faces):
            self._frame = BUDGET
            chosen = self._within(BUDGET - overhead, side, faces)
        last = self.table.ms(self._last) if self._last else None
        better = dragging and last is not None and (self.table.ms(chosen) or last) > last
        if not better:
            self._better_since = None
            return chosen
        if self._better_since is None:
            self._better_since = now
        if now - self._better_since < _BETTER_AFTER:
            return self._last or chosen
        self._better_since = None
        return chosen

    def _within(self, budget: float, side: int, faces: int) -> SubGenerator:
        """budget: milliseconds for so many faces"""
        return self.load_estimator.choose(max(budget, 0.0) / max(faces, 1), side)

    def _well(self, sub: SubGenerator, budget: float, side: int, faces: int) -> bool:
        """Whether it holds the budget, in milliseconds for so many faces, and draws well enough."""
        taken = (self.table.ms(sub) or BUDGET) * self.load_estimator.slowdown * faces
        return taken <= budget and self.table.distance(sub, side) <= self.table.distance(_WELL, side)

    def observe(self, sub: SubGenerator, ms: float, rendering: float) -> None:
        """A preview of a drag by `sub` has taken `ms` milliseconds, `rendering` of them to render its faces."""
        self._overheads.append(max(ms - rendering, 0.0))
        self._last, self._last_seen = sub, self._clock()

    def likely(self, side: int) -> tuple[SubGenerator, ...]:
        """The sub-generators that may be chosen now and when the machine gets busier."""
        budget = BUDGET - _TRANSPORT - _FIRST_OVERHEAD
        subs = [choose(self.table, budget / slower, side) for slower in (1, 2, 4, 100)]
        fast = choose(self.table, FAST - _TRANSPORT - _FIRST_OVERHEAD, side)
        return tuple(dict.fromkeys([*subs, *([fast] if self._well(fast, FAST, side, 1) else [])]))


@dataclass(frozen=True)
class PreviewStep:
    sub: SubGenerator
    quick: bool  # whether landmarks are interpolated and the composite is coarse


def preview_steps(renderer: Renderer, frame_budget: FrameBudget | None, side: int, faces: int = 1) -> list[PreviewStep]:
    """The first step is for a moving slider, the last is the best for so many faces shown with `side` pixels.

    frame_budget: None while this machine was not measured"""
    if frame_budget is None:
        exits = renderer.file.exits
        first = SubGenerator(min(exits, key=lambda exit: abs(exit - 256)), 0.25)
        better: tuple[SubGenerator, ...] = (SubGenerator(next((exit for exit in exits if exit >= side), exits[-1])),)
    else:
        first = frame_budget.choose(side, faces)
        better = progression(frame_budget.table, first, side) or (first,)
    return [PreviewStep(first, True), *(PreviewStep(sub, False) for sub in better)]


def channels_text(sub: SubGenerator) -> str:
    """The channels as "½" or "full"; of a list the average over its layers, "~312"."""
    if isinstance(sub.channels, tuple):
        return f"~{statistics.fmean(sub.channels):.0f}"
    return _SIGNS.get(Fraction(sub.channels).limit_denominator(100), f"{sub.channels:g}")
