"""The latency of each sub-generator on this machine, measured once and remembered; and the choice of one by it."""

import collections
import contextlib
import functools
import math
import os
import platform
import statistics
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Annotated

import msgspec
import numpy as np
from msgspec import Meta

from anycost_models.core.errors import AnycostError
from anycost_models.core.hashes import key_of
from anycost_models.core.signed_cache import SignedCache
from anycost_models.core.timing import interleaved_milliseconds
from anycost_models.export import graph_cache as graphs_module
from anycost_models.export.graph_cache import GraphCache
from anycost_models.generators.sub_generator import SubGenerator
from anycost_models.inference.onnx_network import version
from anycost_models.previews.fidelity_table import FidelityTable, estimated_distance, load_fidelity
from anycost_models.weights import EMBEDDED_GENERATOR

BUDGET = 33.0  # milliseconds of a frame while a slider moves
REST = 1000.0  # milliseconds: what takes longer does not follow by itself when the slider rests
VERSION = 1  # of the measurement: others are not used
TIMES = SignedCache("times", ".json", space=1 << 22)
_ROUNDS = 4
_LATELY = 7  # images
_SLOW = 4 * BUDGET  # milliseconds: no preview; one that is costlier yet need not be measured


class Latency(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    resolution: Annotated[int, Meta(gt=0)]
    channels: float | tuple[int, ...]  # as of SubGenerator
    ms: Annotated[float, Meta(gt=0)]  # per image, from a latent to pixels in memory, the machine being free

    @property
    def sub(self) -> SubGenerator:
        return SubGenerator(self.resolution, self.channels)


class LatencyTable(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Of one model, on this machine, with one runtime."""

    cpu: str
    runtime: str  # "openvino 2026.4.1"
    threads: int  # 0: the runtime's own choice
    rows: Annotated[tuple[Latency, ...], Meta(min_length=1)]  # in the order measured; the full generator last
    nearness: FidelityTable | None = None  # of the same model

    def ms(self, sub: SubGenerator) -> float | None:
        """None when it was not measured."""
        return next((row.ms for row in self.rows if row.sub == sub), None)

    def distance(self, sub: SubGenerator, side: int) -> float:
        """To the full image, shown with `side` pixels: an estimate where none was measured."""
        if sub == self.full:
            return 0.0
        known = self.nearness.distance(sub, side) if self.nearness else None
        return estimated_distance(sub, side) if known is None else known

    @property
    def full(self) -> SubGenerator:
        return self.rows[-1].sub


def choose(table: LatencyTable, budget: float, side: int) -> SubGenerator:
    """The sub-generator whose image, shown with `side` pixels, is nearest to the full one within `budget` ms; the
    quickest where none holds it."""
    fitting = [row for row in table.rows if row.ms <= budget]
    if not fitting:
        return min(table.rows, key=lambda row: row.ms).sub
    return min(fitting, key=lambda row: (table.distance(row.sub, side), row.ms)).sub


def progression(table: LatencyTable, start: SubGenerator, side: int) -> tuple[SubGenerator, ...]:
    """What to render after `start` when the slider rests, each nearer to the full image, shown with `side` pixels,
    than the one before: at most two, the last the nearest that takes no more than a second."""
    last = choose(table, REST, side)
    if table.distance(last, side) >= table.distance(start, side):
        return ()
    first, end = table.ms(start), table.ms(last)
    between = choose(table, (first * end) ** 0.5, side) if first and end else start
    distances = [table.distance(sub, side) for sub in (start, between, last)]
    return (between, last) if distances[0] > distances[1] > distances[2] else (last,)


class LoadEstimator:
    """How busy the machine is: what images take now, compared with a table that was made when it was free."""

    def __init__(self, table: LatencyTable) -> None:
        self.table = table
        self._ratios = collections.deque([1.0] * 3, maxlen=_LATELY)

    @property
    def slowdown(self) -> float:
        """How many times as long as in the table images take, of late: one that was held up counts for nothing."""
        return statistics.median(self._ratios)

    def observe(self, sub: SubGenerator, ms: float) -> None:
        """Takes note of what one image by `sub` took just now, milliseconds."""
        if known := self.table.ms(sub):
            self._ratios.append(ms / known)

    @property
    def outdated(self) -> bool:
        """Whether the table was made when the machine was busy: measure again when there is nothing else to do."""
        return self.slowdown < 0.6

    def choose(self, budget: float, side: int) -> SubGenerator:
        """As `choose`, for the machine as it is now. Best asked once for each drag: images of different
        sub-generators differ a little."""
        return choose(self.table, budget / self.slowdown, side)


def candidates(graphs: GraphCache) -> tuple[SubGenerator, ...]:
    """What is worth measuring, cheapest first, the full generator last; torch-free for the embedded model."""
    full = SubGenerator(graphs.file.resolution)
    table = fidelity_of(graphs)
    subs = table.worthwhile() if table else graphs.generator().sub_generators()
    return (*(sub for sub in subs if sub != full), full)


def fidelity_of(graphs: GraphCache) -> FidelityTable | None:
    """None where there is no table: of imported models."""
    if graphs.weights != EMBEDDED_GENERATOR:
        return None
    with contextlib.suppress(AnycostError):
        return load_fidelity()
    return None


def remembered(graphs: GraphCache) -> LatencyTable | None:
    """The table that `measure` made earlier; None when there is none for this model, CPU and runtime.

    Raises AnycostError when the generator is missing or damaged."""
    key = _key(graphs)
    data = TIMES.read(key)
    if data is None:
        return None
    try:
        table = msgspec.json.decode(data, type=LatencyTable)
        _check(table, graphs)
    except ValueError as error:  # msgspec's are
        TIMES.forget(key, str(error))
        return None
    return table


def _check(table: LatencyTable, graphs: GraphCache) -> None:
    """Raises ValueError for a table of what this generator does not have: previews choose from it."""
    file = graphs.file
    for row in table.rows:
        ratios = row.channels if isinstance(row.channels, tuple) else (row.channels,)
        if row.resolution not in file.exits or not all(0 < ratio < math.inf for ratio in ratios):
            raise ValueError(f"this generator has no {row.sub}")
    if table.full != SubGenerator(file.resolution):
        raise ValueError("its last row is not the full generator's")


def measure(
    graphs: GraphCache,
    subs: Iterable[SubGenerator] = (),
    on_row: Callable[[Latency], None] = lambda row: None,
) -> LatencyTable:
    """Times sub-generators (none named: `candidates`), and remembers the table of all candidates.

    Cheapest first: those after the first that is too slow for any preview are left out, but for the full generator.
    Then all once more, in case that something else kept the machine busy. What has to be exported costs a second each,
    once. on_row: called with each row, twice; what it raises ends the measurement.
    Raises AnycostError for a sub-generator that this model does not have."""
    wanted = tuple(subs)
    chosen = wanted or candidates(graphs)
    found: dict[SubGenerator, float] = {}
    for _ in range(2):
        slow = False
        for sub in chosen:
            if slow and not wanted and sub != chosen[-1]:
                continue
            # The quickest of some: the present load is `LoadEstimator`'s affair, not the table's.
            found[sub] = min(*_taken(graphs, [sub], _ROUNDS)[sub], found.get(sub, math.inf))
            slow = slow or found[sub] > _SLOW
            on_row(Latency(sub.resolution, sub.channels, found[sub]))
    rows = [Latency(sub.resolution, sub.channels, found[sub]) for sub in chosen if sub in found]
    runtime = f"{graphs.runtime} {version(graphs.runtime)}"
    table = LatencyTable(cpu_name(), runtime, graphs.threads or 0, tuple(rows), fidelity_of(graphs))
    if not wanted:
        TIMES.write(_key(graphs), msgspec.json.encode(table))
    return table


def milliseconds(graphs: GraphCache, subs: Iterable[SubGenerator], rounds: int = 9) -> dict[SubGenerator, float]:
    """Of rendering one image, here and now: medians over rounds in which every sub-generator has its turn, so that
    whatever else the machine does slows all of them alike."""
    return {sub: statistics.median(taken) for sub, taken in _taken(graphs, subs, rounds).items()}


def _taken(graphs: GraphCache, subs: Iterable[SubGenerator], rounds: int) -> dict[SubGenerator, list[float]]:
    """Milliseconds of each round."""
    file = graphs.file
    latent, noise = np.zeros((1, file.styles, file.style_dim), np.float32), np.ones(1, np.float32)
    networks = {sub: graphs.synthesis(sub, keep=False) for sub in subs}
    calls = {sub: functools.partial(network, latent, noise) for sub, network in networks.items()}
    return interleaved_milliseconds(calls, rounds)


def cpu_name() -> str:
    with contextlib.suppress(OSError):
        for line in Path("/proc/cpuinfo").read_text().splitlines():
            if line.startswith("model name"):
                return line.partition(":")[2].strip()
    return platform.processor() or platform.machine()


def _key(graphs: GraphCache) -> str:
    versions = VERSION, graphs_module.VERSION
    runtime = graphs.runtime, version(graphs.runtime), graphs.threads or os.cpu_count(), graphs.precision
    return key_of(*versions, graphs.file.sha256, cpu_name(), *runtime)
