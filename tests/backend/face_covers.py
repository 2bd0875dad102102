"""Draws things before a face: masks, hands, a microphone, dark glasses; to measure whether they are found.

Every function takes a photo, uint8 RGB [H, W, 3], and the landmarks of its face, and returns the photo with the cover,
and where that is, float64 [H, W], 0…1."""

from collections.abc import Iterator

import cv2
import numpy as np
from anycost_models.core.images import to_uint8
from anycost_models.face.landmarks import ACROSS, CHEEKS, DOWN, Landmarks
from anycost_models.face.masks import polygon_mask

CLOTHS = {
    "blue": (150, 190, 220),
    "white": (235, 235, 235),
    "black": (30, 30, 34),
    "green": (110, 180, 150),
    "red": (170, 40, 45),
    "skin-coloured": (205, 170, 145),
}
_JAW = (93, 132, 58, 172, 136, 150, 149, 176, 148, 152, 377, 400, 378, 379, 365, 397, 288, 361, 323)
_UPPER_EDGE = (447, 330, 329, 197, 100, 101, 227)  # of a mask: over the cheeks and the bridge of the nose

WithCover = tuple[np.ndarray, np.ndarray]


def covers(photo: np.ndarray, face: Landmarks) -> Iterator[tuple[str, np.ndarray, np.ndarray]]:
    """(kind, photo with it, where) of one of each kind."""
    for name, colour in CLOTHS.items():
        yield f"mask, {name}", *mask(photo, face, colour)
    yield "hand", *hand(photo, face)
    yield "glove", *hand(photo, face, (60, 80, 150))
    yield "hand before an eye", *hand(photo, face, at=159)
    yield "microphone", *microphone(photo, face)
    yield "dark glasses", *dark_glasses(photo, face)


def mask(photo: np.ndarray, face: Landmarks, colour: tuple[int, int, int]) -> WithCover:
    """Over mouth and nose, with folds."""
    points, unit, down = _measures(face)
    middle = points[1]
    jaw = [middle + 1.04 * (points[i] - middle) for i in _JAW]
    where = _inside(photo, np.array([*jaw, *(points[i] for i in _UPPER_EDGE)]))
    along, beside = _along(photo, middle, down)
    shade = 1 - 0.35 * np.clip(1.6 * np.abs(beside) / unit, 0, 1) ** 2
    for fold in (0.12, 0.22, 0.32):
        shade *= 1 - 0.18 * np.exp(-(((along / unit - fold + 0.05 * (beside / unit) ** 2) / 0.012) ** 2))
    return _over(photo, np.array(colour) * shade[..., None], where), where


def hand(photo: np.ndarray, face: Landmarks, colour: tuple[int, int, int] | None = None, at: int = 13) -> WithCover:
    """Four fingers and a palm from the picture's left, over a landmark; None: of the colour of the face's skin."""
    points, unit, _ = _measures(face)
    cheek = _inside(photo, points[list(CHEEKS[0])]) > 0.5
    tone = np.array(colour) if colour else 0.9 * np.median(photo[cheek], axis=0)
    drawn, where = photo, np.zeros(photo.shape[:2])
    x, y = _grid(photo)
    radius = 0.054 * unit
    palm = (points[at] - (1.2 * unit, 0), points[at] - (0.5 * unit, 0), 4 * radius)
    fingers = [
        (points[at] + (-0.45 * unit, row * 2.05 * radius), points[at] + (0.2 * unit, row * 2.05 * radius), radius)
        for row in (-1.5, -0.5, 0.5, 1.5)
    ]
    for begin, end, thick in (palm, *fingers):
        share = np.clip((x - begin[0]) / (end[0] - begin[0]), 0, 1)
        far = np.hypot(x - begin[0] - share * (end[0] - begin[0]), y - begin[1]) / thick
        part = np.clip((1 - far) * thick + 0.5, 0, 1)
        shadow = 1 - 0.25 * np.clip(1 - (far - 1) / 0.35, 0, 1) * (far > 1)
        drawn = _over(
            to_uint8(drawn / 255 * shadow[..., None]), tone * (1.05 - 0.38 * far.clip(0, 1) ** 3)[..., None], part
        )
        where = np.maximum(where, part)
    return drawn, where


def microphone(photo: np.ndarray, face: Landmarks) -> WithCover:
    """Its head before the lower lip, its handle down to the edge."""
    points, unit, _ = _measures(face)
    centre = points[17] + (0.08 * unit, 0.02 * unit)
    x, y = _grid(photo)
    far = np.hypot(x - centre[0], y - centre[1]) / (0.17 * unit)
    head = np.clip((1 - far) * 0.17 * unit + 0.5, 0, 1)
    handle = _inside(photo, centre + unit * np.array([(-0.1, 0.1), (0.1, 0.1), (0.07, 1.2), (-0.07, 1.2)]))
    mesh = (60 + 60 * np.clip(1 - far, 0, 1)) * (0.75 + 0.25 * np.sin(130 * x / unit) * np.sin(130 * y / unit))
    drawn = _over(_over(photo, np.full(photo.shape, 35.0), handle), np.repeat(mesh[..., None], 3, 2), head)
    return drawn, np.maximum(head, handle)


def dark_glasses(photo: np.ndarray, face: Landmarks) -> WithCover:
    """Two lenses, a bridge and sides."""
    points, unit, down = _measures(face)
    across = np.array([down[1], -down[0]])
    turns = np.linspace(0, 2 * np.pi, 60)
    drawn, where = photo.copy(), np.zeros(photo.shape[:2])
    for eye in face.eyes():
        round_corners = [np.sign(values) * np.abs(values) ** 0.7 for values in (np.cos(turns), np.sin(turns))]
        outline = eye + 0.02 * unit * down + 0.19 * unit * np.outer(round_corners[0], across)
        lens = _inside(photo, outline + 0.14 * unit * np.outer(round_corners[1], down))
        where = np.maximum(where, lens)
        drawn = _over(drawn, np.full(photo.shape, 20.0) + 0.06 * photo, lens)
    for begin, end in ((133, 362), (33, 127), (263, 356)):
        ends = [np.rint(points[i]).astype(int).tolist() for i in (begin, end)]
        cv2.line(drawn, *ends, (12, 12, 12), max(1, round(0.025 * unit)), cv2.LINE_AA)
    return drawn, where


def _measures(face: Landmarks) -> tuple[np.ndarray, float, np.ndarray]:
    """Points [478, 2]; the face's width; the unit vector from forehead to chin."""
    points = face.points[:, :2].astype(np.float64)
    down = points[DOWN[1]] - points[DOWN[0]]
    return points, float(np.hypot(*(points[ACROSS[1]] - points[ACROSS[0]]))), down / np.hypot(*down)


def _grid(photo: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    height, width = photo.shape[:2]
    return (np.arange(width) + 0.5)[None, :], (np.arange(height) + 0.5)[:, None]


def _along(photo: np.ndarray, origin: np.ndarray, down: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """How far each pixel lies along `down` from a point, and beside that."""
    x, y = _grid(photo)
    return (x - origin[0]) * down[0] + (y - origin[1]) * down[1], (x - origin[0]) * down[1] - (y - origin[1]) * down[0]


def _inside(photo: np.ndarray, outline: np.ndarray) -> np.ndarray:
    """float64 [H, W], 0…1: the polygon's inside."""
    height, width = photo.shape[:2]
    return polygon_mask(outline, max(height, width))[:height, :width].astype(np.float64)


def _over(photo: np.ndarray, colours: np.ndarray, where: np.ndarray) -> np.ndarray:
    """uint8: `colours`, 0…255, over the photo, its edge a little soft."""
    soft = cv2.GaussianBlur(where, (0, 0), 0.6)[..., None]
    return to_uint8((photo * (1 - soft) + colours * soft) / 255)
