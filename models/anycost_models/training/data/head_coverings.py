"""Hats, caps, scarves and bands drawn onto heads: the generator draws too few of them to learn from."""

import math
from dataclasses import dataclass

import cv2
import numpy as np

from anycost_models.parsing.parts import Parts
from anycost_models.training.data.backgrounds import clouds, colour, noise


@dataclass(frozen=True)
class Head:
    """Where a head is in a square; pixels."""

    eyes: tuple[float, float]  # x, y between them
    half_width: float  # of the face
    chin: float  # y
    top: float  # y of hair or skin

    @classmethod
    def of(cls, parts: Parts) -> "Head | None":
        """None where no face shows."""
        face, eyes = parts.together(("skin", "eyes", "mouth", "glasses")) > 0.5, parts["eyes"] > 0.5
        if eyes.sum() < 20 or face.sum() < 500:
            return None
        (y, x), rows = (float(c.mean()) for c in np.nonzero(eyes)), np.nonzero(face.any(axis=1))[0]
        across = np.nonzero(face[round(y)])[0]
        if len(across) < 20:
            return None
        head = face | (parts.together(("hair", "head_covering")) > 0.5)
        middle = head[:, max(round(x) - 8, 0) : round(x) + 8].any(axis=1)
        return cls((x, y), float(across[-1] - across[0]) / 2, float(rows[-1]), float(np.nonzero(middle)[0][0]))


def covering(random: np.random.Generator, parts: Parts) -> tuple[np.ndarray, np.ndarray] | None:
    """Something on the head: its coverage, float32 [S, S], 0…1, and its colours, float32 RGB [S, S, 3], 0…255.

    None where no face shows."""
    head = Head.of(parts)
    if head is None:
        return None
    shape = (_cap, _cap, _brimmed, _turban, _scarf, _band)[random.integers(6)]
    mask = shape(random, head, parts).astype(np.float32)
    side = len(mask)
    cloth = _cloth(random, side)
    depth = cv2.distanceTransform((mask > 0.5).astype(np.uint8), cv2.DIST_L2, 3)
    edge = np.clip(depth / (random.uniform(0.03, 0.12) * side), 0, 1)
    cloth *= (random.uniform(0.55, 1) + (1 - random.uniform(0.5, 1)) * edge)[..., None]
    return cv2.GaussianBlur(mask, (0, 0), random.uniform(0.4, 1.2)), np.clip(cloth, 0, 255)


def _frame(random: np.random.Generator, head: Head, side: int) -> tuple[np.ndarray, np.ndarray, float]:
    """Coordinates across and up, [S, S], from where a hat sits, in half widths of the face; and how high the head
    reaches over it."""
    height = head.chin - head.eyes[1]
    seat = head.eyes[1] - random.uniform(0.18, 0.5) * height
    angle = math.radians(random.normal(0, 5))
    line = np.arange(side, dtype=np.float32) + 0.5
    x, y = line[None] - head.eyes[0] - random.normal(0, 0.05) * head.half_width, line[:, None] - seat
    across, down = x * math.cos(angle) + y * math.sin(angle), y * math.cos(angle) - x * math.sin(angle)
    over = max((seat - head.top) / head.half_width, 0.35)
    return across / head.half_width, -down / head.half_width, over


def _dome(
    random: np.random.Generator, x: np.ndarray, y: np.ndarray, over: float, wide: tuple[float, float]
) -> np.ndarray:
    width, height, power = random.uniform(*wide), over * random.uniform(1.05, 1.4), random.uniform(1.9, 3.2)
    bend = random.uniform(-0.15, 0.25) * (1 - (x / width) ** 2)  # of the lower edge
    inside = np.abs(x / width) ** power + np.abs(np.maximum(y, 0) / height) ** power < 1
    found: np.ndarray = inside & (y > bend)
    return found


def _cap(random: np.random.Generator, head: Head, parts: Parts) -> np.ndarray:
    x, y, over = _frame(random, head, parts.shares.shape[1])
    mask = _dome(random, x, y, over, (1.12, 1.5))
    if random.random() < 0.5:  # a peak, to one side or the other
        centre, width, height = random.normal(0, 0.25), random.uniform(0.7, 1.1), random.uniform(0.1, 0.35)
        mask |= ((x - centre) / width) ** 2 + ((y - 0.02) / height) ** 2 < 1
    return mask


def _brimmed(random: np.random.Generator, head: Head, parts: Parts) -> np.ndarray:
    x, y, over = _frame(random, head, parts.shares.shape[1])
    width, height = random.uniform(1.5, 2.4), random.uniform(0.15, 0.45)
    return _dome(random, x, y, over, (1.08, 1.35)) | ((x / width) ** 2 + ((y - height / 3) / height) ** 2 < 1)


def _turban(random: np.random.Generator, head: Head, parts: Parts) -> np.ndarray:
    x, y, over = _frame(random, head, parts.shares.shape[1])
    mask = _dome(random, x, y, over * random.uniform(1.05, 1.4), (1.15, 1.5))
    hair = parts["hair"] > 0.4
    found: np.ndarray = mask | (hair & (y > -0.1) & (np.abs(x) < 1.4))
    return found


def _scarf(random: np.random.Generator, head: Head, parts: Parts) -> np.ndarray:
    """Over hair, ears and neck, around an oval of face."""
    side = parts.shares.shape[1]
    line = np.arange(side, dtype=np.float32) + 0.5
    x, y = (line[None] - head.eyes[0]) / head.half_width, (line[:, None] - head.eyes[1]) / (head.chin - head.eyes[1])
    wide, high = random.uniform(1.2, 1.6), (head.eyes[1] - head.top) / (head.chin - head.eyes[1]) * 1.08
    outer = (x / wide) ** 2 + (np.minimum(y - 0.2, 0) / (high + 0.2)) ** 2 < 1
    outer &= y < random.uniform(1.1, 2.2)
    outer |= (parts.together(("hair", "ears", "neck")) > 0.3) & (y < 2.2)
    top, bottom = random.uniform(0.45, 0.8) * high, random.uniform(0.92, 1.05)
    reach = np.where(y < 0.2, (0.2 - y) / (top + 0.2), (y - 0.2) / (bottom - 0.2))
    opening = (x / random.uniform(0.85, 1.02)) ** 2 + reach**2 < 1
    found: np.ndarray = outer & ~opening
    return found


def _band(random: np.random.Generator, head: Head, parts: Parts) -> np.ndarray:
    x, y, over = _frame(random, head, parts.shares.shape[1])
    low, thick, bend = random.uniform(0, 0.5) * over, random.uniform(0.12, 0.4), random.uniform(0, 0.5)
    arc = y - bend * (1 - x**2)
    on_head = parts.together(("hair", "skin", "head_covering")) > 0.4
    found: np.ndarray = (arc > low) & (arc < low + thick) & on_head & (np.abs(x) < 1.5)
    return found


def _cloth(random: np.random.Generator, side: int) -> np.ndarray:
    """float32 [side, side, 3], 0…255: plain, striped, checked, knitted or printed, with folds."""
    line = np.arange(side, dtype=np.float32)
    y, x = line[:, None], line[None]
    kind = int(random.integers(5))
    first, second = colour(random), colour(random)
    if kind <= 1:
        made = np.broadcast_to(first, (side, side, 3)).copy()
    elif kind == 2:
        made = clouds(random, side)
    else:
        angle, period = random.uniform(0, math.pi), random.uniform(2.5, 30)
        wave = np.sin((x * math.cos(angle) + y * math.sin(angle)) * 2 * math.pi / period)
        if kind == 4:
            wave = wave * np.sin((y * math.cos(angle) - x * math.sin(angle)) * 2 * math.pi / period)
        share = np.clip(0.5 + wave * random.uniform(0.5, 4), 0, 1)[..., None].astype(np.float32)
        made = first * (1 - share * random.uniform(0.2, 1)) + second * share * random.uniform(0.2, 1)
    folds = 1 + random.uniform(0, 0.5) * (noise(random, side) - 0.5)
    return np.asarray(made * folds[..., None], np.float32)
