"""Layers to choose from, as a window lists them."""

from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class Choice:
    layer: Any  # Gimp.Layer; it may be deleted at any time: ask is_valid()
    id: int
    name: str
