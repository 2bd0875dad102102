"""An edit as stored with its result, to be opened and changed again: faces, strengths, latents, model."""

import base64
import json
import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from anycost_client.core.errors import ClientError
from anycost_client.edit.presets import checked, shown
from anycost_client.protocol.messages import Corners, Face, KnownFace, Offset, OpenRegion, Picture

_FORMAT = 1
_MAX_CHARACTERS = 16 << 20
MAX_FACES = 300
MAX_COMMAS = 200 * MAX_FACES  # counted before parsing: a small value costs a hundred times its bytes in memory


@dataclass(frozen=True)
class RecordedFace:
    corners: Corners  # in pixels of the layer, not of the region that was sent
    strengths: Mapping[str, float]
    latent: Picture | None = None  # Latent.values
    held: tuple[str, ...] = ()  # attributes that stayed as they were seen
    offsets: tuple[Offset, ...] = ()  # what was taken over from other faces

    def known(self, model: str, x: int, y: int) -> KnownFace | None:
        """The face in a region whose corner lies at x, y of the layer."""
        return KnownFace(moved(self.corners, -x, -y), model, self.latent) if self.latent else None


@dataclass(frozen=True)
class Restored:
    """What of a stored edit can go on: what is said of faces that were found, and attributes that the model has."""

    strengths: Mapping[int, Mapping[str, float]]  # face id → attribute → strength
    offsets: Mapping[int, tuple[Offset, ...]]  # face id → what was taken over
    held: tuple[str, ...] = ()
    unknown: tuple[str, ...] = ()  # attributes that this model lacks
    lost: int = 0  # edited faces that were not found


@dataclass(frozen=True)
class EditRecord:
    model: str  # Welcome.model_hash
    faces: tuple[RecordedFace, ...]

    def to_json(self) -> str:
        """A few kilobytes per face."""
        return json.dumps({"anycost_edit": _FORMAT, "model": self.model, "faces": [_face_out(f) for f in self.faces]})

    @classmethod
    def from_json(cls, text: str | bytes) -> "EditRecord":
        """Raises ClientError for anything else than a record."""
        try:
            comma = b"," if isinstance(text, bytes) else ","
            if len(text) > _MAX_CHARACTERS or text.count(comma) > MAX_COMMAS:  # type: ignore[arg-type]
                raise ValueError("too long")
            content: dict[str, Any] = json.loads(text)
            if content["anycost_edit"] != _FORMAT:
                raise ValueError("another format")
            if len(content["faces"]) > MAX_FACES:
                raise ValueError("too many faces")
            return cls(shown(content["model"]), tuple(_face_in(face) for face in content["faces"]))
        except (ValueError, KeyError, TypeError, AttributeError, RecursionError, OverflowError, ClientError) as error:
            raise ClientError(
                "the edit stored with this layer cannot be read", "edit the original layer anew"
            ) from error

    def restored(self, faces: tuple[Face, ...], x: int, y: int, names: frozenset[str]) -> Restored:
        """For the faces found in a region at x, y of the layer. names: of the model's attributes; empty: not known."""
        found = self.strengths_of(faces, x, y)
        strengths = {
            face: {name: value for name, value in values.items() if not names or name in names}
            for face, values in found.items()
        }
        named = {name for values in found.values() for name in values}
        held = tuple(name for name in self.held() if not names or name in names)
        unknown = tuple(sorted(named - names)) if names else ()
        return Restored(strengths, self.offsets_of(faces, x, y), held, unknown, len(self.faces) - len(found))

    def held(self) -> tuple[str, ...]:
        """Attributes that any of the faces holds."""
        return tuple(sorted({name for face in self.faces for name in face.held}))

    def strengths_of(self, faces: tuple[Face, ...], x: int, y: int) -> dict[int, Mapping[str, float]]:
        """Face id → strengths, for faces found in a region at x, y of the layer: each record's nearest face."""
        return {face: recorded.strengths for face, recorded in self._nearest(faces, x, y).items()}

    def offsets_of(self, faces: tuple[Face, ...], x: int, y: int) -> dict[int, tuple[Offset, ...]]:
        """The same for offsets that were taken over."""
        return {face: recorded.offsets for face, recorded in self._nearest(faces, x, y).items() if recorded.offsets}

    def _nearest(self, faces: tuple[Face, ...], x: int, y: int) -> dict[int, RecordedFace]:
        found: dict[int, RecordedFace] = {}
        for recorded in self.faces:
            corners = moved(recorded.corners, -x, -y)
            side = math.dist(corners[0], corners[1])
            near = min(faces, key=lambda face: math.dist(_centre(face.corners), _centre(corners)), default=None)
            if near is not None and math.dist(_centre(near.corners), _centre(corners)) < side / 3:
                found[near.id] = recorded
        return found


def place_of(region: OpenRegion | None) -> tuple[int, int]:
    """x, y of the region in its layer, pixels."""
    rectangle = region.rectangle if region else None
    return (rectangle.x, rectangle.y) if rectangle else (0, 0)


def moved(corners: Corners, x: float, y: float) -> Corners:
    a, b, c, d = ((px + x, py + y) for px, py in corners)
    return a, b, c, d


def _centre(corners: Corners) -> tuple[float, float]:
    return sum(x for x, _ in corners) / 4, sum(y for _, y in corners) / 4


def _face_out(face: RecordedFace) -> dict[str, Any]:
    return {
        "corners": face.corners,
        "strengths": dict(face.strengths),
        "held": face.held,
        "offsets": [{"amount": offset.amount, **_latent_out(offset.values)} for offset in face.offsets],
        **_latent_out(face.latent),
    }


def _latent_out(latent: Picture | None) -> dict[str, Any]:
    data = latent and base64.b64encode(bytes(latent.data)).decode()
    return {"latent": data, "latent_shape": latent and (latent.height, latent.width)}


def _latent_in(value: dict[str, Any]) -> Picture | None:
    if not value.get("latent"):
        return None
    height, width = value["latent_shape"]
    return Picture.packed(width, height, 1, base64.b64decode(value["latent"], validate=True), "32f")


def _face_in(value: dict[str, Any]) -> RecordedFace:
    a, b, c, d = ((float(x), float(y)) for x, y in value["corners"])
    latent = _latent_in(value)
    added = [(checked(offset["amount"]), _latent_in(offset)) for offset in value.get("offsets", ())]
    offsets = tuple(Offset(values, amount) for amount, values in added if values)
    strengths = {shown(name): checked(strength) for name, strength in value["strengths"].items()}
    held = tuple(shown(name) for name in value.get("held", ()))
    if not all(math.isfinite(number) for corner in (a, b, c, d) for number in corner):
        raise ValueError("corners")
    return RecordedFace((a, b, c, d), strengths, latent, held, offsets)
