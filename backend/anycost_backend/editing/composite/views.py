"""What a composite is made from, the change that comes of it, and how finely it is computed."""

from dataclasses import dataclass
from functools import cached_property
from typing import Literal

import numpy as np
from anycost_models.face.landmarks import Landmarks
from anycost_models.parsing.parts import Parts

from anycost_backend.editing.composite.arrays import WIDE, four_planes
from anycost_backend.editing.composite.eyes import Eye, eyes_of
from anycost_backend.editing.composite.head_parts import HeadParts
from anycost_backend.editing.composite.relief import relief

AROUND = 1.375  # reach of a photo's view for edits of the head: hair goes on beyond the square

# What hair may do: anything; grow, redrawn or hanging on what the photo shows; go; keep its outline.
HairChange = Literal["any", "grows", "hangs", "goes", "stays"]


@dataclass(frozen=True)
class Detail:
    """Resolution of the smooth parts of a plan, in pixels across the square. Previews use less."""

    landmarks: int  # every n-th of them defines the motion
    grid: int  # nodes of the motion's grid, each way
    deciding: int  # largest side at which photo and generator are weighted
    smooth: int  # largest side at which motion, parts and mask are computed
    colours: int  # the same of colours
    wide: float  # as `arrays.blur` takes it


FINE = Detail(landmarks=2, grid=49, deciding=512, smooth=256, colours=256, wide=WIDE)
QUICK = Detail(landmarks=4, grid=13, deciding=128, smooth=128, colours=64, wide=WIDE / 2)


@dataclass(frozen=True, eq=False)
class View:
    """One image of the aligned face and what was measured on it."""

    image: np.ndarray  # float32 sRGB [S, S, 3], 0…1
    landmarks: Landmarks  # square units
    parts: Parts | HeadParts  # [P, s, s] of the same place, s ≤ S

    @property
    def planes(self) -> np.ndarray:
        """The image as OpenCV warps it most quickly, float32 [S, S, 4]; made anew, for it may be large."""
        return four_planes(self.image)

    def head_parts(self, detail: Detail) -> HeadParts:
        """Of a drawing, for such a plan."""
        if isinstance(self.parts, HeadParts):
            return self.parts
        side = self.parts.shares.shape[1]
        return HeadParts.of(self.parts).resized(side, min(side, detail.colours))


@dataclass(frozen=True, eq=False)
class PhotoView(View):
    """The photo's view, which may show more than the square."""

    parts: Parts  # [P, s, s]
    reach: float  # side of what all arrays cover, in sides of the square
    edge: np.ndarray  # float32 [s, s], 0…1: fades to 0 at the view's border where the photo goes on
    background: np.ndarray | None = None  # float32 sRGB [s, s, 3]: what may lie behind the person; None: none is seen
    clothes: np.ndarray | None = None  # the same of clothes behind hair
    curve: np.ndarray | None = None  # of a person without colours: see `monochrome_curve`
    glasses: bool = False  # whether the person wears some
    mine: np.ndarray | None = None  # float32 [s, s], 0…1: what may change: no other person's, no cover; None: all

    @cached_property
    def relief(self) -> tuple[np.ndarray, np.ndarray]:
        """As `relief` returns it."""
        return relief(self.landmarks, self.reach)

    @cached_property
    def eyes(self) -> tuple[Eye | None, ...]:
        """As `eyes_of` returns them, their irises where they are."""
        return eyes_of(self.planes, self.landmarks, self.reach, np.zeros((2, 2)))


@dataclass(frozen=True, eq=False)
class Change:
    """An edit that can be composited at any resolution."""

    reach: float  # side of what all arrays cover, in sides of the square
    source: np.ndarray  # float32 [s, s, 2], square units: x, y from which the original's pixels come
    original_weight: np.ndarray  # float32 [s, s], 0…1: weight of the warped original
    # float32 [S, S, 4], −1…1: what is added to it: shading where the original is kept, what is new elsewhere; the last
    # plane means nothing
    added: np.ndarray
    mask: np.ndarray  # float32 [s, s], 0…1: weight of the edit; exactly 0 where nothing may change
    # float32 [p, p], −1…1: by how much of itself the photo's grain grows there, before it is moved; −1: none is left
    grain: np.ndarray | None = None


def scaled(landmarks: Landmarks, factor: float) -> Landmarks:
    """Landmarks in another unit: by 1/S from pixels of a square of S to square units, by S back."""
    return landmarks.moved(np.array([[factor, 0, 0], [0, factor, 0]]))
