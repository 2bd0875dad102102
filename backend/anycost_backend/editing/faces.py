"""Finds the faces of an image: their landmarks, and the FFHQ-aligned square around each."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import cv2
import numpy as np
from anycost_models.core.errors import AnycostError
from anycost_models.face.aligned_square import AlignedSquare, Rectangle, apply, resample, scale_of
from anycost_models.face.landmarks import FaceMesh, Landmarks
from anycost_models.face.masks import face_oval_mask, hair_mask, matte
from anycost_models.hub.catalogue import path_of

__all__ = ["AlignedSquare", "Face", "FaceFinder", "face_oval_mask", "find_faces", "hair_mask", "matte"]

_COARSE, _FINE = 320, 960  # pixels: long side of the image for the detector
_TILE = 640  # pixels: side of the tiles in which tiny faces are searched
_MIN_SCORE = 0.6  # of the detector; the mesh rejects wrong boxes
_MIN_PRESENCE = 0.5  # of a face, according to the mesh
_MIN_BOX = 10  # pixels of the image: smaller faces cannot be recognised
_MAX_CANDIDATES = 100


@dataclass(frozen=True, eq=False)
class Face:
    """One face of an image, in pixels of the image (continuous: pixel i has its centre at i + ½)."""

    box: Rectangle  # around the landmarks, within the image
    landmarks: np.ndarray  # float32 [478, 3]: x, y, depth (smaller is nearer)
    score: float  # 0…1: confidence
    square: AlignedSquare  # as FFHQ aligns faces: what the generator renders

    @property
    def mesh(self) -> Landmarks:
        """The landmarks with their measurements (pose, eyes)."""
        return Landmarks(self.landmarks, self.score)


@dataclass(frozen=True)
class FaceFinder:
    """The detector and the mesh, loaded once for many images. For one thread at a time."""

    mesh: FaceMesh
    _detector: Any  # cv2.FaceDetectorYN

    @classmethod
    def load(cls, runtime: str | None = None, threads: int | None = None) -> "FaceFinder":
        """From the fetched model files; runtime and threads as `anycost_models.inference.onnx_network.load` takes them.

        Raises AnycostError when a file is missing or damaged."""
        path = path_of("yunet")
        logging = cv2.utils.logging
        level = logging.setLogLevel(logging.LOG_LEVEL_ERROR)  # one harmless warning of OpenCV 5's graph engine
        try:  # from memory: OpenCV opens no paths outside ASCII on Windows
            model = np.frombuffer(path.read_bytes(), np.uint8)
            detector = cv2.FaceDetectorYN.create("onnx", model, np.empty(0, np.uint8), (_COARSE, _COARSE), _MIN_SCORE)
        except (OSError, cv2.error) as error:
            raise AnycostError(f"the model file {path} is damaged", "run 'anycost models fetch'") from error
        finally:
            logging.setLogLevel(level)
        return cls(FaceMesh.load(runtime, threads), detector)

    def find(self, image: np.ndarray) -> tuple[Face, ...]:
        """All faces of uint8 RGB `image` [H, W, 3], the largest first; empty if there are none."""
        for views in _searches(image.shape):
            candidates = [box for view in views for box in self._detect(image, *view)]
            candidates.sort(key=lambda candidate: -candidate[1])
            faces: list[Face] = []
            for start, score in candidates[:_MAX_CANDIDATES]:
                # Most faces are found in two views. A candidate on a known face needs no mesh.
                if any(_covers(face, start) for face in faces):
                    continue
                face = self._verify(image, start, score)
                if face and not any(_overlap(face.box, other.box) > 0.5 for other in faces):
                    faces.append(face)
            if faces:
                return tuple(sorted(faces, key=lambda face: -face.square.side))
        return ()

    def _detect(
        self, image: np.ndarray, matrix: np.ndarray, size: tuple[int, int]
    ) -> Iterator[tuple[AlignedSquare, float]]:
        """Squares around the faces that the detector finds in one view of the image, with its scores.

        matrix: float64 [2, 3], from the image to the view; size: (width, height) of the view"""
        view = resample(image, matrix, size, cv2.BORDER_CONSTANT)
        self._detector.setInputSize(size)
        _, rows = self._detector.detect(np.ascontiguousarray(view[:, :, ::-1]))
        back = cv2.invertAffineTransform(matrix)
        for x, y, width, height, *points, score in [] if rows is None else rows.astype(np.float64):
            if max(width, height) * scale_of(back) < _MIN_BOX:
                continue
            eyes = np.array(points[:4]).reshape(2, 2)
            across = (eyes[1] - eyes[0]) / max(float(np.hypot(*(eyes[1] - eyes[0]))), 1e-9)
            across = back[:, :2] @ across * (0.75 * max(width, height))
            (centre,) = apply(back, np.array([[x + width / 2, y + height / 2]]))
            yield (
                AlignedSquare((float(centre[0]), float(centre[1])), (float(across[0]), float(across[1]))),
                float(score),
            )

    def _verify(self, image: np.ndarray, start: AlignedSquare, score: float) -> Face | None:
        """The face near `start`; None if the mesh finds none there."""
        mesh = self.mesh.landmarks(image, start)
        if mesh.presence < _MIN_PRESENCE:
            return None
        height, width = image.shape[:2]
        x0, y0 = np.floor(mesh.points[:, :2].min(axis=0)).astype(int).clip(0, (width - 1, height - 1)).tolist()
        x1, y1 = np.ceil(mesh.points[:, :2].max(axis=0)).astype(int).clip((x0 + 1, y0 + 1), (width, height)).tolist()
        return Face((x0, y0, x1, y1), mesh.points, min(score, mesh.presence), mesh.ffhq_square())


def find_faces(image: np.ndarray, finder: FaceFinder | None = None) -> tuple[Face, ...]:
    """All faces of uint8 RGB `image` [H, W, 3], the largest first; empty if there are none.

    Keep a `FaceFinder` for many images. Raises AnycostError when a model file is missing or damaged.
    """
    return (finder or FaceFinder.load()).find(image)


View = tuple[np.ndarray, tuple[int, int]]  # float64 [2, 3] from the image to the view, (width, height) of the view


def _searches(shape: tuple[int, ...]) -> Iterator[list[View]]:
    """Sets of views of an image [H, W, …], searched one after the other until one shows a face."""
    height, width = shape[:2]
    long = max(height, width)

    def whole(side: int) -> View:
        scale = min(side / long, 1.0)
        return _view(scale, 0, 0, width * scale, height * scale)

    # The coarse view finds large faces best, the fine one (if it adds pixels) the small ones.
    yield [whole(_COARSE)] + ([whole(_FINE)] if long > 1.5 * _COARSE else [])
    if long > 1.5 * _FINE:
        scale = min(3 * _FINE / long, 1.0)
        yield list(_tiles(width, height, scale))
    yield [_turned(whole(_COARSE), quarter) for quarter in (1, 3, 2)]  # an image on its side, or upside down
    # Faces that fill the image: the detector needs some margin.
    scale = min(_COARSE / long, 1.0) / 2
    centre = _COARSE / 2
    yield [_view(scale, (centre - width * scale / 2), (centre - height * scale / 2), _COARSE, _COARSE)]


def _view(scale: float, left: float, top: float, width: float, height: float) -> View:
    matrix = np.array([[scale, 0.0, left], [0.0, scale, top]])
    return matrix, (max(round(width), 1), max(round(height), 1))


def _tiles(width: int, height: int, scale: float) -> Iterator[View]:
    """The image at `scale` in tiles, which overlap by more than the size of the faces that whole views miss."""
    step = _TILE - 96
    for top in range(0, max(int(height * scale) - 96, 1), step):
        for left in range(0, max(int(width * scale) - 96, 1), step):
            yield _view(scale, -left, -top, _TILE, _TILE)


def _turned(view: View, quarters: int) -> View:
    matrix, (width, height) = view
    for _ in range(quarters):  # clockwise: (x, y) goes to (height - y, x)
        matrix = np.array([[0.0, -1.0], [1.0, 0.0]]) @ matrix + np.array([[0, 0, height], [0, 0, 0]])
        width, height = height, width
    return matrix, (width, height)


def _covers(face: Face, start: AlignedSquare) -> bool:
    """Whether `start` shows a face that is known already: close to it, and of about its size."""
    (x, y), side = start.centre, start.side / 1.5
    x0, y0, x1, y1 = face.box
    known = max(x1 - x0, y1 - y0)
    near = max(abs(x - (x0 + x1) / 2), abs(y - (y0 + y1) / 2)) < 0.25 * known
    return near and 0.6 < side / known < 1.6


def _overlap(a: Rectangle, b: Rectangle) -> float:
    """Share of the smaller rectangle that lies in the other, 0…1: no face lies within another."""
    width = min(a[2], b[2]) - max(a[0], b[0])
    height = min(a[3], b[3]) - max(a[1], b[1])
    areas = [(r[2] - r[0]) * (r[3] - r[1]) for r in (a, b)]
    return max(width, 0) * max(height, 0) / max(min(areas), 1)
