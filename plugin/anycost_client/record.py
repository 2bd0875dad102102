"""What is stored with a result, so that the edit can be opened and changed again: faces, strengths, latents, model."""

import base64
import json
import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from anycost_client.errors import ClientError
from anycost_client.messages import Corners, Face, KnownFace, Picture
from anycost_client.presets import checked

_FORMAT = 1
_MOST_CHARACTERS = 16 << 20


@dataclass(frozen=True)
class RecordedFace:
    corners: Corners  # in pixels of the layer, not of the region that was sent
    strengths: Mapping[str, float]
    latent: Picture | None = None  # Latent.values

    def known(self, model: str, x: int, y: int) -> KnownFace | None:
        """For a region that begins at x, y of the layer."""
        return KnownFace(moved(self.corners, -x, -y), model, self.latent) if self.latent else None


@dataclass(frozen=True)
class Record:
    model: str  # Welcome.model_hash
    faces: tuple[RecordedFace, ...]

    def to_json(self) -> str:
        """A few kilobytes per face."""
        return json.dumps({"anycost_edit": _FORMAT, "model": self.model, "faces": [_face_out(f) for f in self.faces]})

    @classmethod
    def from_json(cls, text: str | bytes) -> "Record":
        """Raises ClientError for anything else than a record."""
        try:
            if len(text) > _MOST_CHARACTERS:
                raise ValueError("too long")
            content: dict[str, Any] = json.loads(text)
            if content["anycost_edit"] != _FORMAT or not isinstance(content["model"], str):
                raise ValueError("another format")
            return cls(content["model"], tuple(_face_in(face) for face in content["faces"]))
        except (ValueError, KeyError, TypeError, AttributeError, RecursionError, ClientError) as error:
            raise ClientError("the edit stored with this layer cannot be read: edit the original layer anew") from error

    def strengths_of(self, faces: tuple[Face, ...], x: int, y: int) -> dict[int, Mapping[str, float]]:
        """Face id → strengths, for faces found in a region at x, y of the layer: each record's nearest face."""
        found: dict[int, Mapping[str, float]] = {}
        for recorded in self.faces:
            corners = moved(recorded.corners, -x, -y)
            side = math.dist(corners[0], corners[1])
            near = min(faces, key=lambda face: math.dist(_centre(face.corners), _centre(corners)), default=None)
            if near is not None and math.dist(_centre(near.corners), _centre(corners)) < side / 3:
                found[near.id] = recorded.strengths
        return found


def moved(corners: Corners, x: float, y: float) -> Corners:
    a, b, c, d = ((px + x, py + y) for px, py in corners)
    return a, b, c, d


def _centre(corners: Corners) -> tuple[float, float]:
    return sum(x for x, _ in corners) / 4, sum(y for _, y in corners) / 4


def _face_out(face: RecordedFace) -> dict[str, Any]:
    latent = face.latent
    return {
        "corners": face.corners,
        "strengths": dict(face.strengths),
        "latent": latent and base64.b64encode(bytes(latent.data)).decode(),
        "latent_shape": latent and (latent.height, latent.width),
    }


def _face_in(value: dict[str, Any]) -> RecordedFace:
    a, b, c, d = ((float(x), float(y)) for x, y in value["corners"])
    latent = None
    if value.get("latent"):
        height, width = value["latent_shape"]
        latent = Picture.packed(width, height, 1, base64.b64decode(value["latent"], validate=True), "32f")
    strengths = {name: checked(strength) for name, strength in value["strengths"].items()}
    if not all(math.isfinite(number) for corner in (a, b, c, d) for number in corner):
        raise ValueError("corners")
    return RecordedFace((a, b, c, d), strengths, latent)
