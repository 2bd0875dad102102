"""What one face is to become: strengths, what is held meanwhile, and what was taken over from another face."""

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np
from anycost_client.protocol import messages as m
from anycost_models.core.errors import AnycostError
from anycost_models.editing.directions import MOST, Directions

from anycost_backend.photo.layer import as_array


@dataclass(frozen=True, eq=False)
class FaceEdit:
    """Of one face; nothing in it says how it is drawn."""

    strengths: Mapping[str, float] = field(default_factory=dict)  # attribute → −2…2
    held: tuple[str, ...] = ()  # attributes whose labels stay, whatever the others do to them
    offset: np.ndarray | None = None  # float32 W+ [styles, D], added as it is

    @property
    def changes(self) -> bool:
        """Whether the face becomes another at all."""
        return any(self.strengths.values()) or self.offset is not None

    def check(self, directions: Directions, shape: tuple[int, int]) -> None:
        """Raises AnycostError for unknown attributes, strengths beyond ±2, and an offset that is not W+ of `shape`."""
        directions.check(self.strengths)
        for name in self.held:
            directions.direction(name)
        if self.offset is not None and (self.offset.shape != shape or not np.isfinite(self.offset).all()):
            raise AnycostError(
                f"what was taken over from another face is {self.offset.shape}, this model needs {shape}",
                "take it over again",
            )


Wanted = Mapping[str, float] | FaceEdit


def face_edit_of(edit: m.FaceEdit, directions: Directions, shape: tuple[int, int]) -> FaceEdit:
    """As a client says it, for W+ of `shape`. Raises AnycostError as `FaceEdit.check`."""
    strengths = {name: strength for name, strength in edit.strengths.items() if strength}
    offset = None
    for one in edit.offsets:
        if (one.values.height, one.values.width, one.values.channels) != (*shape, 1) or abs(one.amount) > MOST:
            raise AnycostError("what was taken over from another face is for another model", "take it over again")
        added = one.amount * as_array(one.values)[:, :, 0].astype(np.float32)
        offset = added if offset is None else offset + added
    wanted = FaceEdit(strengths, edit.held, offset)
    wanted.check(directions, shape)
    return wanted


def adjustment(wanted: Wanted) -> FaceEdit:
    """Strengths alone are an adjustment, too."""
    return wanted if isinstance(wanted, FaceEdit) else FaceEdit(wanted)
