"""Which sub-generator draws while a slider moves: the best that holds the frame, on a machine as busy as it is now."""

import statistics
import time
from collections import deque
from collections.abc import Callable

from anycost_models.generators.sub_generator import SubGenerator
from anycost_models.previews.latency_table import BUDGET, LatencyTable, LoadEstimator, choose

_WAY = 4.0  # milliseconds of a frame: request and picture on their way
_REST = 15.0  # the same: all that is done for a picture beside drawing it, before any has been seen
_LATELY = 7  # pictures
_PAUSE = 0.5  # seconds without a picture: the next one begins another drag
_SURE = 1.0  # seconds within a drag for which a better one must have been possible


class FrameBudget:
    """For one thread. Within a drag the choice goes up once it has been possible for a while: pictures of two
    sub-generators differ a little, and a face that flickers between them is worse than one drawn by the lesser."""

    def __init__(self, table: LatencyTable, clock: Callable[[], float] = time.monotonic) -> None:
        """clock: seconds"""
        self.pace = LoadEstimator(table)
        self._clock = clock
        self._rests = deque([_REST] * 3, maxlen=_LATELY)  # milliseconds
        self._last: SubGenerator | None = None
        self._seen = 0.0  # seconds of the clock
        self._possible: float | None = None  # the same: since when a better one would do

    @property
    def table(self) -> LatencyTable:
        return self.pace.table

    def choose(self, side: int, faces: int = 1) -> SubGenerator:
        """For the next picture, in which so many faces are shown with `side` pixels."""
        budget = BUDGET - _WAY - statistics.median(self._rests)
        chosen = self.pace.choose(max(budget, 0.0) / max(faces, 1), side)
        now = self._clock()
        last = self.table.ms(self._last) if self._last else None
        better = last is not None and now - self._seen <= _PAUSE and (self.table.ms(chosen) or last) > last
        if not better:
            self._possible = None
            return chosen
        if self._possible is None:
            self._possible = now
        if now - self._possible < _SURE:
            return self._last or chosen
        self._possible = None
        return chosen

    def shown(self, sub: SubGenerator, ms: float, drawing: float) -> None:
        """A picture of a drag by `sub` has taken `ms` milliseconds, `drawing` of them to draw its faces."""
        self._rests.append(max(ms - drawing, 0.0))
        self._last, self._seen = sub, self._clock()

    def likely(self, side: int) -> tuple[SubGenerator, ...]:
        """What may be chosen, now and when the machine gets busier: to be ready for."""
        budget = BUDGET - _WAY - _REST
        return tuple(dict.fromkeys(choose(self.table, budget / slower, side) for slower in (1, 2, 4, 100)))
