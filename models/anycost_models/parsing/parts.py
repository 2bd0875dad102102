"""The parts of a head, softly: which share of each pixel is hair, skin, background …"""

from collections.abc import Sequence
from dataclasses import dataclass

import cv2
import numpy as np

# In the order of every network's outputs.
PARTS = (
    "background",  # other people too
    "hair",  # of the head; beards belong to the skin
    "skin",  # of the face, with nose and beard
    "eyes",  # with brows
    "mouth",  # lips and what is between them
    "ears",
    "neck",  # and bare shoulders
    "clothes",
    "head_covering",  # hats, caps, scarves
    "glasses",  # frames, and dark lenses
)

HEAD = ("hair", "skin", "eyes", "mouth", "ears", "glasses", "head_covering")  # what moves with a head: no neck


@dataclass(frozen=True, eq=False)
class Parts:
    """Of one aligned square. At each pixel the shares add up to 1."""

    shares: np.ndarray  # float32 [P, H, W], 0…1, in the order of PARTS

    def __getitem__(self, name: str) -> np.ndarray:
        """The share of one part, float32 [H, W]. Raises KeyError for a name that is not in PARTS."""
        if name not in PARTS:
            raise KeyError(name)
        return self.shares[PARTS.index(name)]

    def together(self, names: Sequence[str]) -> np.ndarray:
        """The share of several parts, float32 [H, W]. Raises KeyError as `parts[name]` does."""
        total = self[names[0]].copy()
        for name in names[1:]:  # NumPy's sum would stack them first
            total += self[name]
        return total

    @property
    def person(self) -> np.ndarray:
        """Everything but the background, float32 [H, W]."""
        return 1 - self.shares[0]

    def labels(self) -> np.ndarray:
        """uint8 [H, W]: the index in PARTS of the part that has most of each pixel."""
        return self.shares.argmax(axis=0).astype(np.uint8)

    def resized(self, size: int) -> "Parts":
        """The same square of `size`×`size` pixels."""
        shrinks = size < self.shares.shape[1]
        interpolation = cv2.INTER_AREA if shrinks else cv2.INTER_LINEAR
        return Parts(np.stack([cv2.resize(share, (size, size), interpolation=interpolation) for share in self.shares]))
