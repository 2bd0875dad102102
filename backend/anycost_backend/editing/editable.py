"""What of a face's square an edit may change: neither another person nor what covers the face."""

from dataclasses import dataclass
from functools import partial

import cv2
import numpy as np
from anycost_models.core.images import to_unit_float
from anycost_models.face.landmarks import Landmarks
from anycost_models.generators.sub_generator import SubGenerator
from anycost_models.parsing.parts import HEAD, Parts
from anycost_models.projection.encoder_graph import EncoderGraph

from anycost_backend.editing import neighbours
from anycost_backend.editing.byte_lru_cache import ByteLRUCache
from anycost_backend.editing.composite.arrays import disc
from anycost_backend.editing.composite.hat import hat_of
from anycost_backend.editing.composite.lens_tint import LENS_TINT
from anycost_backend.editing.covering import Covering, covering
from anycost_backend.editing.faces import Face
from anycost_backend.editing.models import Models
from anycost_backend.editing.monochrome import monochrome_curve
from anycost_backend.editing.photo_view import PERSON, photo_parts, square_parts, wears_glasses
from anycost_backend.editing.projection import SIDE, encode_face

_UNDER_A_HAT = ("fringe", "hair_volume")
OF_COLOURS = ("skin_warmth", "blush", "lip_colour", "hair_blond", "hair_red", "hair_grey")
_HAT = 0.05  # share of the square from which a hat is more than a band
_BESIDE = 0.25  # of the square: how far from what covers a face more of it may lie


@dataclass(frozen=True, eq=False)
class EditableParts:
    """Of the faces of one image, each found once. Every method raises AnycostError when a model is missing or
    damaged."""

    image: np.ndarray  # uint8 sRGB [H, W, 3]
    faces: tuple[Face, ...]
    models: Models
    cache: ByteLRUCache
    owner: object  # first part of the cache's keys

    def of(self, face: int, reach: float = 1) -> np.ndarray | None:
        """float32 [s, s], 0…1: what may change; None: all. reach: of what it covers, in sides of the square."""
        own, cover = self.own(face, reach), self.covering(face)
        if cover is None:
            return own
        stays = np.pad(cover.stays, round((reach - 1) / 2 * len(cover.stays)), mode="edge")
        # An arm or a strap goes on from it: beside it nothing changes but the head.
        parts = self.parts(face) if reach > 1 else square_parts(self.parts(face))
        head = cv2.resize(parts.together(HEAD), stays.shape, interpolation=cv2.INTER_AREA)
        near = cv2.dilate(stays, disc(_BESIDE * len(cover.stays)))
        bare = 1 - np.maximum(stays, near * (1 - head))
        return bare if own is None else own * cv2.resize(bare, own.shape, interpolation=cv2.INTER_LINEAR)

    def own(self, face: int, reach: float = 1) -> np.ndarray | None:
        """float32 [s, s], 0…1: what is no other person's head; None: all."""

        def compute() -> np.ndarray | None:
            shown = self.faces[face].square.scaled(reach)
            matrix = shown.matrix(neighbours.SIDE)
            heads = [each.mesh.moved(matrix) for each in self.faces]
            own = heads.pop(face)
            return neighbours.own_part(own, heads, shown.crop(self.image, neighbours.SIDE))

        return self.cache.get((self.owner, face, "own part", reach), compute)

    def parts(self, face: int) -> Parts:
        """Of the square and what is around it, as `photo_parts` returns them."""
        square = self.faces[face].square
        return self.cache.get((self.owner, face, "parts"), lambda: photo_parts(self.image, square, self.models.parser))

    def covering(self, face: int) -> Covering | None:
        """What is before the face; None: nothing."""

        def compute() -> Covering | None:
            square, renderer, encoder = self.faces[face].square, self.models.renderer, self.models.encoder
            crop = square.crop(self.image, SIDE)

            def bare(encoder: EncoderGraph) -> np.ndarray:
                return renderer.render8(encode_face(renderer, encoder, crop).latent, SubGenerator(SIDE))

            draw = partial(bare, encoder) if encoder else None
            return covering(crop, square_parts(self.parts(face)), self._mesh(face), draw, self.own(face))

        return self.cache.get((self.owner, face, "covering"), compute)

    def hidden(self, face: int) -> tuple[str, ...]:
        """Attributes that show nothing on it alone: something covers what they change, or a hat, or it has no colours,
        or no glasses."""
        covering = self.covering(face)
        return (
            *(covering.hidden if covering else ()),
            *(_UNDER_A_HAT if self.wears_hat(face) else ()),
            *(OF_COLOURS if self.is_monochrome(face) else ()),
            *(() if self.wears_glasses(face) else (LENS_TINT,)),
        )

    def wears_glasses(self, face: int) -> bool:
        """As `wears_glasses` of the photo."""
        return wears_glasses(square_parts(self.parts(face)), self.faces[face].in_square, 1)

    def is_monochrome(self, face: int) -> bool:
        """Whether the person has no colours, as in a photo in black and white."""

        def compute() -> bool:
            picture = to_unit_float(self.faces[face].square.crop(self.image, SIDE))
            return monochrome_curve(picture, square_parts(self.parts(face)).together(PERSON)) is not None

        return self.cache.get((self.owner, face, "monochrome"), compute)

    def wears_hat(self, face: int) -> bool:
        """Whether a hat, cap or scarf covers a good part of the hair."""
        covering = square_parts(self.parts(face))["head_covering"]
        return float(hat_of(covering, 1).mean()) > _HAT

    def _mesh(self, face: int) -> Landmarks:
        """In the pixels of the square at `SIDE`."""
        return self.faces[face].mesh.moved(self.faces[face].square.matrix(SIDE))
