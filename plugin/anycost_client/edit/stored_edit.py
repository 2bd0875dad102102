"""What is stored with each edited layer, so that the edit can be changed after saving the document."""

import base64
import json
import zlib
from dataclasses import dataclass, replace
from typing import Any

from anycost_client.core.cooperative import Steps, at_once
from anycost_client.core.errors import ClientError
from anycost_client.edit.areas import Area
from anycost_client.edit.edit_record import MAX_COMMAS, MAX_FACES, EditRecord
from anycost_client.edit.presets import shown

MAX_BYTES = 32 << 20
_MAX_PIXELS = 1 << 27
_AT_A_TIME = 1 << 20  # bytes of a selection that are packed in one step: some milliseconds
_MAX_DIGEST = 200  # characters
_FORMAT = 1


@dataclass(frozen=True)
class StoredEdit:
    """Large ones take a second: `packing` and `unpacking` work in steps."""

    source: str  # the layer that the pixels came from, as its host names it as long as the document lives
    area: Area  # what was read of it
    selection: bytes | None  # one byte for each pixel of the area
    record: EditRecord
    time: int | None = None  # number of the frame, of an animated layer
    written: str | None = None  # digest of what was written to the edit's layer, as its host counts; None: not known

    def to_bytes(self, most: int = MAX_BYTES) -> bytes:
        return at_once(self.packing(most))

    def packing(self, most: int = MAX_BYTES) -> Steps[bytes]:
        """JSON of at most so many bytes: where that would be too little, without latents (faces are projected anew),
        then without the selection too. Raises ClientError where even that is too much."""
        packed = None if self.selection is None else (yield from _packed(self.selection))
        without = replace(self.record, faces=tuple(replace(face, latent=None) for face in self.record.faces))
        for record, selection in ((self.record, packed), (without, packed), (without, None)):
            data = self._json(record, selection)
            if len(data) <= most and len(record.faces) <= MAX_FACES:
                return data
            yield
        raise ClientError("this edit is too large to be stored with its layer", "edit fewer faces at once")

    @classmethod
    def from_bytes(cls, data: bytes) -> "StoredEdit":
        return at_once(cls.unpacking(data))

    @classmethod
    def unpacking(cls, data: bytes) -> Steps["StoredEdit"]:
        """Raises ClientError for anything else: documents come from anywhere."""
        try:
            if len(data) > MAX_BYTES or data.count(b",") > MAX_COMMAS:
                raise ValueError("too long")
            content: dict[str, Any] = json.loads(data)
            source, time = content["source"], content.get("time")
            if content["anycost_layer"] != _FORMAT or type(source) not in (str, int):
                raise ValueError("another format")
            x, y, width, height = (int(number) for number in content["area"])
            area = Area(x, y, width, height)
            if area.empty or area.pixels > _MAX_PIXELS or max(abs(x), abs(y)) > 1 << 24:
                raise ValueError("area")
            yield
            record = EditRecord.from_json(content["record"])
            yield
            selection, written = content["selection"], content.get("written")
            written = None if written is None else shown(written, _MAX_DIGEST)
            mask = None if selection is None else (yield from _unpacked(selection, area.pixels))
            frame = None if time is None else int(time)
            return cls(shown(str(source)), area, mask, record, frame, written)
        except (ValueError, KeyError, TypeError, AttributeError, RecursionError, OverflowError, zlib.error) as error:
            raise ClientError(
                "the edit stored with this layer cannot be read", "edit the original layer anew"
            ) from error

    def _json(self, record: EditRecord, selection: str | None) -> bytes:
        area = self.area
        content = {
            "anycost_layer": _FORMAT,
            "source": self.source,
            "area": [area.x, area.y, area.width, area.height],
            "selection": selection,
            "time": self.time,
            "written": self.written,
            "record": record.to_json(),
        }
        return json.dumps(content).encode()


def _packed(selection: bytes) -> Steps[str]:
    press, pieces = zlib.compressobj(6), []
    for start in range(0, len(selection), _AT_A_TIME):
        pieces.append(press.compress(selection[start : start + _AT_A_TIME]))
        yield
    return base64.b64encode(b"".join([*pieces, press.flush()])).decode()


def _unpacked(text: str, size: int) -> Steps[bytes]:
    """Unpacks at most `size` bytes, whatever the text promises."""
    press, unpacked = zlib.decompressobj(), bytearray()
    left = base64.b64decode(text, validate=True)
    while not press.eof and len(unpacked) <= size:
        piece = press.decompress(left, min(_AT_A_TIME, size + 1 - len(unpacked)))
        unpacked += piece
        left = press.unconsumed_tail
        if not piece and not left:
            break  # it ends too early
        yield
    if len(unpacked) != size:
        raise ValueError("selection")
    return bytes(unpacked)
