"""Backgrounds to put behind heads: plain, graded, cloudy, of rectangles or lights, or parts of other pictures."""

import math

import cv2
import numpy as np


def background(random: np.random.Generator, side: int, other: np.ndarray | None = None) -> np.ndarray:
    """float32 RGB [side, side, 3], 0…255. other: a picture, uint8 RGB [S, S, 3], of which a part may be enlarged."""
    kind = int(random.integers(7))
    if kind == 0:
        made = np.broadcast_to(colour(random), (side, side, 3)).copy()
    elif kind == 1:
        made = gradient(random, side)
    elif kind in (2, 3):
        made = clouds(random, side)
    elif kind == 4:
        made = rectangles(random, side)
    elif kind == 5 or other is None:
        made = lights(random, side)
    else:
        made = enlarged(random, side, other)
    if random.random() < 0.35:  # out of focus
        made = cv2.GaussianBlur(made, (0, 0), float(random.uniform(1, 12)) * side / 256)
    if random.random() < 0.3:  # as from a lamp
        made = made * _shade(random, side)[..., None]
    return np.clip(made, 0, 255).astype(np.float32)


def colour(random: np.random.Generator) -> np.ndarray:
    """float32 [3], 0…255: often greyish, sometimes white or black."""
    if random.random() < 0.25:
        return np.full(3, random.choice([0, 12, 30, 235, 248, 255]), np.float32)
    grey, vivid = random.uniform(0, 255), random.uniform(0, 255, 3)
    share = random.random() ** 2
    return np.asarray(grey * (1 - share) + vivid * share, np.float32)


def gradient(random: np.random.Generator, side: int) -> np.ndarray:
    """Two colours, along a line or around a point; float32 [side, side, 3]."""
    y, x = _plane(side)
    if random.random() < 0.5:
        angle = random.uniform(0, 2 * math.pi)
        share = 0.5 + x * math.cos(angle) + y * math.sin(angle)
    else:
        share = np.hypot(x - random.uniform(-0.5, 0.5), y - random.uniform(-0.5, 0.5)) * random.uniform(0.8, 2)
    share = np.clip(share, 0, 1)[..., None].astype(np.float32)
    return colour(random) * (1 - share) + colour(random) * share


def clouds(random: np.random.Generator, side: int) -> np.ndarray:
    """Noise of several sizes between two or three colours: leaves, walls, cloth; float32 [side, side, 3]."""
    share = noise(random, side)[..., None]
    made = colour(random) * (1 - share) + colour(random) * share
    if random.random() < 0.5:
        second = np.clip(noise(random, side)[..., None] * 3 - 1, 0, 1)
        made = made * (1 - second) + colour(random) * second
    return made


def noise(random: np.random.Generator, side: int) -> np.ndarray:
    """float32 [side, side], 0…1, coarse or fine."""
    total = np.zeros((side, side), np.float32)
    roughness = random.uniform(0.4, 1.1)
    for octave in range(1, 7):
        cells = 2**octave
        layer = random.standard_normal((cells + 1, cells + 1)).astype(np.float32)
        total += roughness**octave * cv2.resize(layer, (side, side), interpolation=cv2.INTER_CUBIC)
    total -= total.min()
    return total / max(float(total.max()), 1e-6)


def rectangles(random: np.random.Generator, side: int) -> np.ndarray:
    """Doors, windows, shelves, stripes; float32 [side, side, 3]."""
    made = np.broadcast_to(colour(random), (side, side, 3)).astype(np.float32).copy()
    for _ in range(int(random.integers(2, 12))):
        x, y = random.uniform(-0.1, 1, 2) * side
        width, height = random.uniform(0.03, 0.6, 2) * side
        if random.random() < 0.4:
            height = side
        tone = [float(value) for value in colour(random)]
        box = cv2.boxPoints(((x, y), (width, height), float(random.normal(0, 4))))
        cv2.fillPoly(made, [box.astype(np.int32)], tone, cv2.LINE_AA)
    return made


def lights(random: np.random.Generator, side: int) -> np.ndarray:
    """Discs of light out of focus, or leaves; float32 [side, side, 3]."""
    made = gradient(random, side)
    for _ in range(int(random.integers(5, 40))):
        centre = (random.uniform(0, 1, 2) * side).astype(int)
        tone = [float(value) for value in colour(random)]
        cv2.circle(made, centre.tolist(), int(random.uniform(0.01, 0.12) * side) + 1, tone, -1, cv2.LINE_AA)
    return made


def enlarged(random: np.random.Generator, side: int, other: np.ndarray) -> np.ndarray:
    """A part of another picture, which may be a person's; float32 [side, side, 3]."""
    size = int(random.uniform(0.15, 0.6) * len(other))
    y, x = random.integers(0, len(other) - size, 2)
    part = np.rot90(other[y : y + size, x : x + size], int(random.integers(4)))
    return cv2.resize(np.ascontiguousarray(part), (side, side), interpolation=cv2.INTER_CUBIC).astype(np.float32)


def _shade(random: np.random.Generator, side: int) -> np.ndarray:
    return cv2.resize(random.uniform(0.5, 1.4, (3, 3)).astype(np.float32), (side, side), interpolation=cv2.INTER_CUBIC)


def _plane(side: int) -> tuple[np.ndarray, np.ndarray]:
    """y and x, float32 [side, side], −½…½."""
    line = (np.arange(side, dtype=np.float32) + 0.5) / side - 0.5
    return line[:, None], line[None]
