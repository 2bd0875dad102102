"""What an edit's plan is made from, and what it holds."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

import numpy as np
from anycost_models.editing.directions import Region
from anycost_models.generators.sub_generator import SubGenerator

from anycost_backend.editing.composite.views import Change, View

_WORKING_SIDES = (256, 512, 1024)  # pixels: an edit is planned at the first that is as large as the face in the image

Draw = Callable[[np.ndarray, SubGenerator], np.ndarray]  # W+ [styles, D] → float32 RGB [R, R, 3], 0…1


class Drawings:
    """What was drawn to find how far an edit has to go, first and last: its final picture begins with both."""

    def __init__(self, draw: Draw) -> None:
        self._draw = draw
        self._kept: dict[object, np.ndarray] = {}

    def keeping(self, latent: np.ndarray, sub: SubGenerator) -> np.ndarray:
        """As `Draw`, and kept."""
        key, image = (sub, latent.tobytes()), self.taking(latent, sub)
        self._kept = dict([next(iter(self._kept.items()), (key, image)), (key, image)])
        return image

    def taking(self, latent: np.ndarray, sub: SubGenerator) -> np.ndarray:
        """As `Draw`, or what was kept, once."""
        image = self._kept.pop((sub, latent.tobytes()), None)
        return self._draw(latent, sub) if image is None else image


@dataclass(frozen=True)
class RenderSpec:
    """What renders a face before and after the edit, both by the same: colours of sub-generators differ a little."""

    sub: SubGenerator
    side: int  # pixels: of the square in which the edit is planned
    draw: Draw | None = field(default=None, compare=False, repr=False)  # None: the renderer's


@dataclass(frozen=True, eq=False)
class RenderedEdit:
    """A face as the model renders it after a part of an edit that is drawn in one piece."""

    image: np.ndarray  # float32 RGB [S, S, 3], 0…1
    start: np.ndarray  # float32 W+ [styles, D] without strengths
    latent: np.ndarray  # float32 W+ [styles, D] with them
    strengths: Mapping[str, float]  # with those that hold attributes
    region: Region  # what of the image these may change
    worn: bool  # whether glasses that the photo shows stay
    keeps_hair_colour: bool = False


Measure = Callable[[RenderedEdit, View], View]  # what was rendered, and the view before → its view


@dataclass(frozen=True, eq=False)
class EditPlan:
    """A face as the model renders it before and after, and the change of the image that follows. The change has what
    is drawn from other bases, too; the views only if nothing else is drawn."""

    projected: View | None  # None: nothing is drawn
    edited: View | None
    change: Change
    strengths: Mapping[str, float]  # with those that hold attributes
    reached: Mapping[str, float]  # attribute → share of what its strength promises, 0…1, as far as it is known


def working_side(side: float) -> int:
    """Pixels at which an edit is planned of a face that is shown with squares of `side`."""
    return next((s for s in _WORKING_SIDES if s >= side), _WORKING_SIDES[-1])
