"""An artist's locks, which are no obstacle to us, and stay."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any


@contextmanager
def unlocked(*layers: Any) -> Iterator[None]:
    """Content and position, until the end."""
    locks = [(layer.get_lock_content(), layer.get_lock_position()) for layer in layers]
    try:
        for layer in layers:
            _set(layer, False, False)
        yield
    finally:
        for layer, (content, position) in zip(layers, locks, strict=True):
            _set(layer, content, position)


def _set(layer: Any, content: bool, position: bool) -> None:
    if layer.get_lock_content() != content:
        layer.set_lock_content(content)
    if layer.get_lock_position() != position:
        layer.set_lock_position(position)
