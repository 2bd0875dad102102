"""What is kept in the document with each edited layer, so that the edit can be changed again, also after saving it."""

import base64
import json
import zlib
from dataclasses import dataclass
from typing import Any

from anycost_client.errors import ClientError
from anycost_client.record import Record

from .layers import Area

_TYPE = "anycost-edit-"  # of the document's annotations; the layer's uuid follows
_FORMAT = 1
_MOST_BYTES = 32 << 20
_MOST_PIXELS = 1 << 27


@dataclass(frozen=True)
class Stored:
    source: str  # uuid of the layer that the pixels came from
    area: Area  # what was read of it
    selection: bytes | None  # one byte for each pixel of the area
    record: Record
    time: int | None = None  # number of the frame

    def to_bytes(self) -> bytes:
        area = self.area
        content = {
            "anycost_layer": _FORMAT,
            "source": self.source,
            "area": [area.x, area.y, area.width, area.height],
            "selection": self.selection and base64.b64encode(zlib.compress(self.selection, 6)).decode(),
            "time": self.time,
            "record": self.record.to_json(),
        }
        return json.dumps(content).encode()

    @classmethod
    def from_bytes(cls, data: bytes) -> "Stored":
        """Raises ClientError for anything else: documents come from anywhere."""
        try:
            if len(data) > _MOST_BYTES:
                raise ValueError("too long")
            content: dict[str, Any] = json.loads(data)
            if content["anycost_layer"] != _FORMAT or not isinstance(content["source"], str):
                raise ValueError("another format")
            x, y, width, height = (int(number) for number in content["area"])
            area = Area(x, y, width, height)
            if area.empty or area.pixels > _MOST_PIXELS or max(abs(x), abs(y)) > 1 << 24:
                raise ValueError("area")
            selection = content["selection"]
            mask = None if selection is None else _unpacked(selection, area.pixels)
            time = None if content["time"] is None else int(content["time"])
            return cls(content["source"], area, mask, Record.from_json(content["record"]), time)
        except (ValueError, KeyError, TypeError, AttributeError, RecursionError, OverflowError, zlib.error) as error:
            raise ClientError("the edit stored with this layer cannot be read: edit the original layer anew") from error


def keep(document: Any, node_uuid: str, stored: Stored) -> None:
    document.setAnnotation(_TYPE + node_uuid, "Anycost Face Editor: what this layer was made of", stored.to_bytes())


def forget(document: Any, node_uuid: str) -> None:
    document.removeAnnotation(_TYPE + node_uuid)


def has(document: Any, node_uuid: str) -> bool:
    return _TYPE + node_uuid in document.annotationTypes()


def stored_with(document: Any, node_uuid: str) -> Stored | None:
    """None for a layer that is no edit of ours. Raises ClientError for one that cannot be read."""
    return Stored.from_bytes(bytes(document.annotation(_TYPE + node_uuid).data())) if has(document, node_uuid) else None


def _unpacked(text: str, size: int) -> bytes:
    unpacked = zlib.decompressobj().decompress(base64.b64decode(text, validate=True), size + 1)
    if len(unpacked) != size:
        raise ValueError("selection")
    return unpacked
