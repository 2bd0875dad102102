"""Least recently used cache, limited by bytes."""

import dataclasses
from collections import OrderedDict
from collections.abc import Callable, Hashable
from typing import Any, TypeVar

import numpy as np

T = TypeVar("T")


class ByteLRUCache:
    """Values by key, for one thread. A value that is larger than the limit is returned and not stored."""

    def __init__(self, limit: int) -> None:
        self.limit = limit  # bytes
        self.bytes = 0
        self._values: OrderedDict[Hashable, tuple[Any, int]] = OrderedDict()

    def get(self, key: Hashable, compute: Callable[[], T]) -> T:
        """The value of `key`, computed if it is not stored."""
        if key in self._values:
            self._values.move_to_end(key)
            value: T = self._values[key][0]
            return value
        value = compute()
        size = size_of(value)
        if size <= self.limit:
            self._values[key] = value, size
            self.bytes += size
        while self.bytes > self.limit:
            self.bytes -= self._values.popitem(last=False)[1][1]
        return value

    def forget(self, *prefix: Hashable) -> None:
        """Removes all values whose keys are tuples that begin with `prefix`."""
        count = len(prefix)
        for key in [key for key in self._values if isinstance(key, tuple) and key[:count] == prefix]:
            self.bytes -= self._values.pop(key)[1]


def size_of(value: Any) -> int:
    """Bytes of the arrays in a value, through tuples and dataclasses."""
    if isinstance(value, np.ndarray):
        return value.nbytes
    if isinstance(value, tuple):
        return sum(map(size_of, value))
    if dataclasses.is_dataclass(value):
        return sum(size_of(getattr(value, field.name)) for field in dataclasses.fields(value))
    return 0
