"""Work in steps, so that a window can have its turn between them: a generator that yields, and returns what it made."""

from collections.abc import Generator
from typing import Any, TypeVar

T = TypeVar("T")
Steps = Generator[None, None, T]


def at_once(work: Generator[Any, None, T]) -> T:
    """All steps without a pause: for those who have no window."""
    while True:
        try:
            next(work)
        except StopIteration as end:
            result: T = end.value
            return result
