"""Photographs with known parts, from generated faces with known parts: other backgrounds, clothes, hair colours, head
coverings, light from a side, without colours; then what a camera does (`face.degradation`)."""

import dataclasses
from dataclasses import dataclass

import cv2
import numpy as np

from anycost_models.face import degradation
from anycost_models.face.aligned_square import pixel_matrix
from anycost_models.parsing.parts import PARTS, Parts
from anycost_models.training.data.backgrounds import background, colour
from anycost_models.training.data.head_coverings import covering

CAMERA = dataclasses.replace(degradation.TRAINING, shift=0.035, turn=7.0, zoom=0.1, exposure=0.8, occluder=0.12)
HEAD_COVERING = PARTS.index("head_covering")


@dataclass(frozen=True)
class Chances:
    """Of each change, 0…1."""

    background: float = 0.6
    covering: float = 0.22
    clothes: float = 0.4
    hair: float = 0.25
    light: float = 0.35
    grey: float = 0.12
    tint: float = 0.06  # sepia and the like; of the face alone as often


@dataclass(frozen=True, eq=False)
class ParsedPhotograph:
    image: np.ndarray  # uint8 RGB [S, S, 3]
    parts: Parts  # at half the side
    known: np.ndarray  # bool [S/2, S/2]: False where something covers the head


def photograph(
    face: np.ndarray,  # uint8 RGB [S, S, 3]
    parts: Parts,  # of half that side
    seed: int,
    other: np.ndarray | None = None,  # another picture, for a background
    chances: Chances | None = None,
    camera: degradation.DegradationStrength = CAMERA,
) -> ParsedPhotograph:
    """The same seed gives the same photograph."""
    random, chances = np.random.default_rng(seed), chances or Chances()
    side = len(face)
    full = parts.resized(side)
    image = face.astype(np.float32)
    if random.random() < chances.clothes:
        image = _dyed(image, full["clothes"], colour(random), random.uniform(0.3, 1), random)
    if random.random() < chances.hair:
        image = _dyed(image, full["hair"], colour(random), random.uniform(0.1, 0.6), random)
    shares = parts.shares.copy()
    if random.random() < chances.background:
        image = _before(background(random, side, other), image, full["background"])
    on_head = covering(random, full) if random.random() < chances.covering else None
    if on_head is not None:
        mask, cloth = on_head
        image = image * (1 - mask[..., None]) + cloth * mask[..., None]
        small = cv2.resize(mask, shares.shape[1:], interpolation=cv2.INTER_AREA)
        shares *= 1 - small
        shares[HEAD_COVERING] += small
    if random.random() < chances.light:
        image = image * _light(random, side)
    image = _fewer_colours(image, 1 - full["background"], random, chances)
    seen = degradation.degrade(np.clip(np.rint(image), 0, 255).astype(np.uint8), int(random.integers(1 << 31)), camera)
    half = shares.shape[1]
    matrix = seen.matrix.copy()
    matrix[:, 2] *= half / side
    shares = _moved(shares, matrix)
    covered = cv2.resize(seen.covered.astype(np.uint8), (half, half), interpolation=cv2.INTER_AREA)
    return ParsedPhotograph(seen.image, Parts(shares), covered == 0)


def _moved(shares: np.ndarray, matrix: np.ndarray) -> np.ndarray:
    """[P, H, W] through a [2, 3] transform, edges reflected as the picture's are."""
    size, turn = shares.shape[1:], pixel_matrix(matrix)
    moved = [cv2.warpAffine(s, turn, size, flags=cv2.INTER_LINEAR, borderMode=cv2.BORDER_REFLECT) for s in shares]
    return np.stack(moved)


def _before(behind: np.ndarray, image: np.ndarray, share: np.ndarray) -> np.ndarray:
    """The person before another background. share: the old background's, [S, S]."""
    person = np.clip(1.15 * (1 - share) - 0.1, 0, 1)
    sure = (person > 0.97).astype(np.float32)[..., None]
    # At its edge, the person's own colours instead of those mixed with the old background's.
    near = cv2.GaussianBlur(image * sure, (0, 0), 3) / np.maximum(cv2.GaussianBlur(sure, (0, 0), 3), 1e-3)[..., None]
    weight = cv2.GaussianBlur(sure, (0, 0), 3)[..., None]
    own = np.where((sure > 0) | (weight < 0.02), image, near)
    return own * person[..., None] + behind * (1 - person[..., None])


def _dyed(
    image: np.ndarray, share: np.ndarray, dye: np.ndarray, amount: float, random: np.random.Generator
) -> np.ndarray:
    """A part in another colour, its light and shadow kept."""
    weight = float(share.sum())
    if weight < 50:
        return image
    grey = image @ np.array([0.299, 0.587, 0.114], np.float32)
    mean = max(float((grey * share).sum()) / weight, 8.0)
    dyed = dye * np.clip(grey / mean, 0, 2.5)[..., None] ** random.uniform(0.6, 1.2)
    change = (share * amount)[..., None]
    return image * (1 - change) + dyed * change


def _light(random: np.random.Generator, side: int) -> np.ndarray:
    """float32 [S, S, 1 or 3]: brighter from one side, perhaps with a colour."""
    corners = random.uniform(0.45, 1.45, (2, 2, 3 if random.random() < 0.3 else 1)).astype(np.float32)
    light = cv2.resize(corners, (side, side), interpolation=cv2.INTER_LINEAR)
    return light.reshape(side, side, -1)


def _fewer_colours(image: np.ndarray, person: np.ndarray, random: np.random.Generator, chances: Chances) -> np.ndarray:
    """Without colours or in one hue: all of it or, as in hand-coloured photographs, only the person."""
    chance, where = random.random(), np.ones_like(person)
    if chance >= chances.grey + chances.tint:
        return image
    if random.random() < 0.2:
        where = person
    grey = (image @ np.array([0.299, 0.587, 0.114], np.float32))[..., None]
    if chance >= chances.grey:
        grey = grey * (random.uniform(0.7, 1.1) + np.array([0.18, 0.05, -0.2]) * random.uniform(-0.5, 1.2))
    return image * (1 - where[..., None]) + grey * where[..., None]
