"""A layer of an image, and the source of an edit."""

from dataclasses import dataclass
from typing import Any

from anycost_client.edit.areas import Area
from anycost_client.edit.host import EditSource


@dataclass(frozen=True)
class Layer:
    item: Any  # Gimp.Layer; it may be deleted at any time: ask is_valid()
    id: int
    name: str

    @classmethod
    def of(cls, item: Any) -> "Layer":
        return cls(item, item.get_id(), str(item.get_name()))


Source = EditSource[Layer]  # region.rectangle: pixels of the layer


def area_of(source: Source) -> Area:
    """What was read, in pixels of the layer."""
    place = source.region.rectangle
    return Area(place.x, place.y, place.width, place.height) if place else Area(0, 0, 0, 0)


def replaced_item(source: Source) -> Any:
    """The Gimp.Layer with the edit that is updated; None where a layer is added."""
    return source.replaces.item if source.replaces is not None and source.replaces.item.is_valid() else None
