"""What is kept with each edited layer (a parasite), so that the edit can be changed again, also after saving it."""

import base64
import json
import zlib
from dataclasses import dataclass, replace
from typing import Any

from anycost_client.errors import ClientError
from anycost_client.record import Record

from anycost_gimp.areas import Area

PARASITE = "anycost-edit"
MOST_BYTES = 8 << 20  # of a parasite: GIMP and its files hold all of it in memory
_MOST_PIXELS = 1 << 27
_FORMAT = 1


@dataclass(frozen=True)
class Stored:
    source: int  # tattoo of the layer that the pixels came from: its number as long as the image lives, also in files
    area: Area  # what was read of it
    selection: bytes | None  # one byte for each pixel of the area
    record: Record

    def to_bytes(self, most: int = MOST_BYTES) -> bytes:
        """Where that would be too much, without latents (faces are projected anew), then without the selection."""
        without = Record(self.record.model, tuple(replace(face, latent=None) for face in self.record.faces))
        for stored in (self, replace(self, record=without), replace(self, record=without, selection=None)):
            data = stored._all_bytes()
            if len(data) <= most:
                return data
        raise ClientError("this edit is too large to be stored with its layer: edit fewer faces at once")

    def _all_bytes(self) -> bytes:
        area = self.area
        packed = None if self.selection is None else base64.b64encode(zlib.compress(self.selection, 6)).decode()
        content = {
            "anycost_layer": _FORMAT,
            "source": self.source,
            "area": [area.x, area.y, area.width, area.height],
            "selection": packed,
            "record": self.record.to_json(),
        }
        return json.dumps(content).encode()

    @classmethod
    def from_bytes(cls, data: bytes) -> "Stored":
        """Raises ClientError for anything else: images come from anywhere."""
        try:
            if len(data) > MOST_BYTES:
                raise ValueError("too long")
            content: dict[str, Any] = json.loads(data)
            if content["anycost_layer"] != _FORMAT:
                raise ValueError("another format")
            area = Area(*(int(number) for number in content["area"]))
            source = int(content["source"])
            if area.empty or area.pixels > _MOST_PIXELS or max(abs(area.x), abs(area.y)) > 1 << 24:
                raise ValueError("area")
            selection = content["selection"]
            mask = None if selection is None else _unpacked(selection, area.pixels)
            return cls(source, area, mask, Record.from_json(content["record"]))
        except (ValueError, KeyError, TypeError, AttributeError, RecursionError, OverflowError, zlib.error) as error:
            raise ClientError("the edit stored with this layer cannot be read: edit the original layer anew") from error


def _unpacked(text: str, size: int) -> bytes:
    unpacked = zlib.decompressobj().decompress(base64.b64decode(text, validate=True), size + 1)
    if len(unpacked) != size:
        raise ValueError("selection")
    return unpacked
