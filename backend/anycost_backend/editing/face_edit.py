"""An edit of one face: strengths of attributes, attributes to hold, and an offset taken from another face."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

import numpy as np
from anycost_client.protocol import messages as m
from anycost_models.core.errors import AnycostError
from anycost_models.editing.directions import MAX_STRENGTH, Directions
from anycost_models.editing.effects import USUAL_BASE, Base, EffectTable

from anycost_backend.editing.composite.lens_tint import LENS_TINT
from anycost_backend.editing.composite.recolouring import RECOLOURED
from anycost_backend.photo.layer import as_array


@dataclass(frozen=True, eq=False)
class FaceEdit:
    """What is to change on one face, and not how it is rendered."""

    strengths: Mapping[str, float] = field(default_factory=dict)  # attribute → −2…2
    held: tuple[str, ...] = ()  # attributes whose labels stay, whatever the others do to them
    offset: np.ndarray | None = None  # float32 W+ [styles, D], added to the latent

    @property
    def changes(self) -> bool:
        """Whether the face changes at all."""
        return any(self.strengths.values()) or self.offset is not None

    def check(self, directions: Directions, shape: tuple[int, int]) -> None:
        """Raises AnycostError for unknown attributes, strengths beyond ±2, and an offset that is not W+ of `shape` or
        not finite."""
        directions.check(self.strengths)
        for name in self.held:
            directions.direction(name)
        if self.offset is not None and self.offset.shape == shape and not np.isfinite(self.offset).all():
            raise AnycostError(
                "what was taken over from another face holds values that are no numbers", "take it over again"
            )
        if self.offset is not None and self.offset.shape != shape:
            raise AnycostError(
                f"what was taken over from another face is {self.offset.shape}, this model needs {shape}",
                "take it over again",
            )


FaceEditLike = Mapping[str, float] | FaceEdit  # strengths alone are an edit, too


def as_face_edit(edit: FaceEditLike) -> FaceEdit:
    return edit if isinstance(edit, FaceEdit) else FaceEdit(edit)


@dataclass(frozen=True, eq=False)
class EditLayers:
    """An edit by what is drawn in one piece, in the order in which it is laid on the photo."""

    face: FaceEdit  # moves the face and may change the head around it
    warped: Mapping[str, float]  # for these the photo is warped with it, and nothing is drawn
    still: tuple[Mapping[str, float], ...]  # of skin, of hair, of its shape: leave all else alone
    recoloured: Mapping[str, float]  # for these the photo's colours change
    others: Mapping[Base, Mapping[str, float]]  # drawn from other bases
    lens_tint: float  # the strength at which lenses darken, those that are drawn, too

    @property
    def drawn(self) -> bool:
        """Whether the generator draws anything: only then the face's latent is needed."""
        return self.face.changes or bool(self.still or self.others)


def layers_of(edit: FaceEdit, directions: Directions, effects: EffectTable) -> EditLayers:
    """Raises AnycostError for unknown attributes."""
    face: dict[str, float] = {}
    warped: dict[str, float] = {}
    recoloured: dict[str, float] = {}
    skin: dict[str, float] = {}
    hair: dict[str, float] = {}
    hair_shape: dict[str, float] = {}
    others: dict[Base, dict[str, float]] = {}
    for name, strength in edit.strengths.items():
        base = effects.base(name, strength)
        if name == LENS_TINT and name in effects.attributes:
            continue
        if strength and name in RECOLOURED and name in effects.attributes:
            recoloured[name] = strength
        if strength and not effects.drawn(name):
            if name not in recoloured:
                warped[name] = strength
        elif strength and base != USUAL_BASE:
            others.setdefault(base, {})[name] = strength
        elif strength and directions.direction(name).region == "skin":
            skin[name] = strength
        elif strength and directions.direction(name).region == "hair":
            (hair_shape if effects.pull(name, strength) else hair)[name] = strength
        else:
            face[name] = strength
    still = tuple(filter(None, (skin, hair, hair_shape)))
    lens_tint = edit.strengths.get(LENS_TINT, 0.0) if LENS_TINT in effects.attributes else 0.0
    return EditLayers(replace(edit, strengths=face), warped, still, recoloured, others, lens_tint)


def face_edit_of(message: m.FaceEdit, directions: Directions, shape: tuple[int, int]) -> FaceEdit:
    """From a client's message, for W+ of `shape`. Raises AnycostError as `FaceEdit.check`."""
    strengths = {name: strength for name, strength in message.strengths.items() if strength}
    offset = None
    for one in message.offsets:
        if (one.values.height, one.values.width, one.values.channels) != (*shape, 1) or abs(one.amount) > MAX_STRENGTH:
            raise AnycostError("what was taken over from another face is for another model", "take it over again")
        scaled = one.amount * as_array(one.values)[:, :, 0].astype(np.float32)
        offset = scaled if offset is None else offset + scaled
    edit = FaceEdit(strengths, message.held, offset)
    edit.check(directions, shape)
    return edit
