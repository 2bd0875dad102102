"""Keeps what was computed, up to a number of bytes: what was not used for longest goes first."""

import dataclasses
from collections import OrderedDict
from collections.abc import Callable, Hashable
from typing import Any, TypeVar

import numpy as np

T = TypeVar("T")


class ByteLRUCache:
    """Values by key. One that is larger than the limit is given back and not kept. For one thread."""

    def __init__(self, limit: int) -> None:
        self.limit = limit  # bytes
        self.bytes = 0
        self._values: OrderedDict[Hashable, tuple[Any, int]] = OrderedDict()

    def get(self, key: Hashable, make: Callable[[], T]) -> T:
        """The value under `key`, made when it is not there (any more)."""
        if key in self._values:
            self._values.move_to_end(key)
            value: T = self._values[key][0]
            return value
        value = make()
        size = bytes_of(value)
        if size <= self.limit:
            self._values[key] = value, size
            self.bytes += size
        while self.bytes > self.limit:
            self.bytes -= self._values.popitem(last=False)[1][1]
        return value

    def forget(self, *beginning: Hashable) -> None:
        """All values whose keys, which are tuples, begin so."""
        count = len(beginning)
        for key in [key for key in self._values if isinstance(key, tuple) and key[:count] == beginning]:
            self.bytes -= self._values.pop(key)[1]


def bytes_of(value: Any) -> int:
    """The arrays in it, through tuples and dataclasses."""
    if isinstance(value, np.ndarray):
        return value.nbytes
    if isinstance(value, tuple):
        return sum(map(bytes_of, value))
    if dataclasses.is_dataclass(value):
        return sum(bytes_of(getattr(value, field.name)) for field in dataclasses.fields(value))
    return 0
