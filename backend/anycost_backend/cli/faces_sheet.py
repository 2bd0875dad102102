"""Draws a sheet of an image's faces: boxes, aligned squares, landmarks, crops and masks."""

from collections.abc import Sequence

import cv2
import numpy as np
from anycost_models.face.masks import face_oval, face_oval_mask
from anycost_models.parsing.parser import PhotoParser

from anycost_backend.editing.faces import Face

_CROP = 320  # pixels: side of each small image on the sheet
_MAX_FACES = 12
_BOX, _SQUARE, _POINTS, _OVAL = (255, 200, 0), (0, 220, 255), (80, 255, 120), (255, 80, 200)


def draw_sheet(image: np.ndarray, faces: Sequence[Face]) -> np.ndarray:
    """image: uint8 RGB [H, W, 3] → uint8 RGB [H', W', 3]: the image with its faces marked; below, for each face, crop,
    landmarks, oval, and hair over the person. Raises AnycostError when the parser is missing."""
    width = 4 * _CROP
    scale = min(width / image.shape[1], 1.5 * width / image.shape[0])
    size = (max(round(image.shape[1] * scale), 1), max(round(image.shape[0] * scale), 1))
    marked = cv2.resize(image, size, interpolation=cv2.INTER_AREA if scale < 1 else cv2.INTER_CUBIC)
    for number, face in enumerate(faces, 1):
        x0, y0, x1, y1 = (round(value * scale) for value in face.box)
        cv2.rectangle(marked, (x0, y0), (x1, y1), _BOX, 1)
        _polygon(marked, face.square.corners() * scale, _SQUARE)
        _points(marked, face.landmarks * scale)
        cv2.putText(marked, str(number), (x0, max(y0 - 6, 12)), cv2.FONT_HERSHEY_SIMPLEX, 0.7, _BOX, 2, cv2.LINE_AA)
    page = np.full((marked.shape[0], width, 3), 255, np.uint8)
    page[:, : marked.shape[1]] = marked
    parser = PhotoParser()
    rows = []
    for face in faces[:_MAX_FACES]:
        crop = face.square.crop(image, _CROP)
        mesh = face.mesh.moved(face.square.matrix(_CROP))
        with_points, with_oval = crop.copy(), _tinted(crop, face_oval_mask(mesh, _CROP), _OVAL)
        _points(with_points, mesh.points)
        _polygon(with_oval, face_oval(mesh, forehead=0), _POINTS)
        parts = parser.parse(crop)
        grey = np.repeat((parts.person * 255).astype(np.uint8)[:, :, None], 3, axis=2)
        hair = _tinted(grey, parts["hair"], _OVAL)
        rows.append(np.hstack([crop, with_points, with_oval, cv2.addWeighted(crop, 0.5, hair, 0.5, 0)]))
    return np.vstack([page, *rows])


def _points(image: np.ndarray, points: np.ndarray) -> None:
    for x, y in np.round((points[:, :2] - 0.5) * 16).astype(int).tolist():
        cv2.circle(image, (x, y), 12, _POINTS, -1, cv2.LINE_AA, 4)


def _polygon(image: np.ndarray, corners: np.ndarray, colour: tuple[int, int, int]) -> None:
    fixed = np.round((corners - 0.5) * 16).astype(np.int32)
    cv2.polylines(image, [fixed], True, colour, 1, cv2.LINE_AA, 4)


def _tinted(image: np.ndarray, mask: np.ndarray, colour: tuple[int, int, int]) -> np.ndarray:
    weight = 0.5 * mask[:, :, None]
    return (image * (1 - weight) + np.array(colour) * weight).astype(np.uint8)
