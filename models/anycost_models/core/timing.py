"""Times calls against each other on a machine that does other things as well."""

import time
from collections.abc import Callable, Mapping
from typing import TypeVar

Name = TypeVar("Name")


def milliseconds(call: Callable[[], object]) -> float:
    """Wall-clock milliseconds of one call."""
    started = time.perf_counter()
    call()
    return 1000 * (time.perf_counter() - started)


def interleaved_milliseconds(calls: Mapping[Name, Callable[[], object]], rounds: int) -> dict[Name, list[float]]:
    """Milliseconds of each call in each round. In every round each has its turn, so that whatever else the machine does
    slows all of them alike. One more round before them warms up and is not counted."""
    taken: dict[Name, list[float]] = {name: [] for name in calls}
    for _ in range(rounds + 1):
        for name, call in calls.items():
            taken[name].append(milliseconds(call))
    return {name: each[1:] for name, each in taken.items()}
