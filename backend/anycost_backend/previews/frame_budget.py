"""Chooses the best sub-generator that meets the frame budget of a moving slider, on a machine as busy as it is now."""

import statistics
import time
from collections import deque
from collections.abc import Callable

from anycost_models.generators.sub_generator import SubGenerator
from anycost_models.previews.latency_table import BUDGET, LatencyTable, LoadEstimator, choose

_TRANSPORT = 4.0  # milliseconds of the budget: for the request and the reply
_FIRST_OVERHEAD = 15.0  # milliseconds of a preview beside rendering, before any was measured
_OVERHEADS = 7  # previews whose median overhead counts
_DRAG_PAUSE = 0.5  # seconds without a preview: the next one begins another drag
_BETTER_AFTER = 1.0  # seconds within a drag for which a better sub-generator must have been possible


class FrameBudget:
    """For one thread. Within a drag the choice rises only after a while: the renders of two sub-generators differ a
    little, and a face that flickers between them is worse than one rendered by the lesser."""

    def __init__(self, table: LatencyTable, clock: Callable[[], float] = time.monotonic) -> None:
        """clock: returns seconds"""
        self.pace = LoadEstimator(table)
        self._clock = clock
        self._overheads = deque([_FIRST_OVERHEAD] * 3, maxlen=_OVERHEADS)  # milliseconds
        self._last: SubGenerator | None = None
        self._last_seen = 0.0  # seconds of the clock
        self._better_since: float | None = None  # seconds of the clock: since when a better one would meet the budget

    @property
    def table(self) -> LatencyTable:
        return self.pace.table

    def choose(self, side: int, faces: int = 1) -> SubGenerator:
        """Chooses for the next preview, which shows so many faces with `side` pixels."""
        budget = BUDGET - _TRANSPORT - statistics.median(self._overheads)
        chosen = self.pace.choose(max(budget, 0.0) / max(faces, 1), side)
        now = self._clock()
        last = self.table.ms(self._last) if self._last else None
        better = last is not None and now - self._last_seen <= _DRAG_PAUSE and (self.table.ms(chosen) or last) > last
        if not better:
            self._better_since = None
            return chosen
        if self._better_since is None:
            self._better_since = now
        if now - self._better_since < _BETTER_AFTER:
            return self._last or chosen
        self._better_since = None
        return chosen

    def observe(self, sub: SubGenerator, ms: float, rendering: float) -> None:
        """A preview of a drag by `sub` has taken `ms` milliseconds, `rendering` of them to render its faces."""
        self._overheads.append(max(ms - rendering, 0.0))
        self._last, self._last_seen = sub, self._clock()

    def likely(self, side: int) -> tuple[SubGenerator, ...]:
        """The sub-generators that may be chosen now and when the machine gets busier."""
        budget = BUDGET - _TRANSPORT - _FIRST_OVERHEAD
        return tuple(dict.fromkeys(choose(self.table, budget / slower, side) for slower in (1, 2, 4, 100)))
