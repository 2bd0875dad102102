"""What is edited: the pixels of a layer and where in it they lie, with the edit stored with it, if any."""

from dataclasses import dataclass, replace
from typing import Any

from anycost_client.edit.areas import Area
from anycost_client.edit.edit_record import EditRecord
from anycost_client.protocol.messages import OpenRegion, Picture


@dataclass(frozen=True)
class Source:
    layer: Any  # Gimp.Layer; it may be deleted at any time: ask is_valid()
    name: str
    area: Area  # that was read, in pixels of the layer
    region: OpenRegion  # its pixels; its rectangle is `area`
    record: EditRecord | None = None  # the edit stored with `replaces`
    replaces: Any = None  # Gimp.Layer: the one with that edit, which is to be updated; None: one is added
    warning: str = ""  # for people, such as "the layer is hidden"

    def light(self) -> "Source":
        """Without the pixels, which are large and which nobody needs when the result is there."""
        return replace(self, region=replace(self.region, image=Picture.packed(1, 1, 1, bytes(1))))
