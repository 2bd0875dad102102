"""The face detector: where a picture may show faces, and whether landmarks that were found are those of a face.

Wu, Peng, Yu, "YuNet: A Tiny Millisecond-level Face Detector", Machine Intelligence Research 2023."""

import math
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import cv2
import numpy as np
from anycost_models.core.errors import AnycostError
from anycost_models.face.aligned_square import AlignedSquare, apply, resample, scale_of
from anycost_models.face.landmarks import Landmarks, square_around
from anycost_models.hub.catalogue import path_of

View = tuple[np.ndarray, tuple[int, int]]  # float64 [2, 3] from the image to the view, (width, height) of the view

_MIN_SCORE = 0.6  # of the search; the second look rejects what is no face
_MIN_BOX = 10  # pixels of the image: smaller faces cannot be recognised
_LOOK = 160  # pixels: the side of a second look
_LOOK_MARGIN = 1.4  # how much larger it is than the mesh's own crop
_LOOK_MIN_SCORE = 0.1
_STRICT = 2.0  # how quickly agreement falls with the distance between the points


@dataclass(frozen=True)
class Agreement:
    """What the detector says of landmarks."""

    score: float  # 0…1: that there is a face, and that its eyes, nose and mouth lie where the landmarks have them
    seen: AlignedSquare | None  # around the face as the detector sees it; None: there is none
    turn: float  # degrees by which what it sees is turned against the landmarks, clockwise


NONE = Agreement(0.0, None, 0.0)


@dataclass(frozen=True)
class FaceDetector:
    """For one thread at a time."""

    _search: Any  # cv2.FaceDetectorYN
    _look: Any  # the same for second looks: more faces, however unlikely

    @classmethod
    def load(cls) -> "FaceDetector":
        """From the fetched model file. Raises AnycostError when it is missing or damaged."""
        path = path_of("yunet")
        logging = cv2.utils.logging
        level = logging.setLogLevel(logging.LOG_LEVEL_ERROR)  # one harmless warning of OpenCV 5's graph engine
        try:  # from memory: OpenCV opens no paths outside ASCII on Windows
            model, config = np.frombuffer(path.read_bytes(), np.uint8), np.empty(0, np.uint8)
            create = cv2.FaceDetectorYN.create
            search = create("onnx", model, config, (320, 320), _MIN_SCORE)
            return cls(search, create("onnx", model, config, (_LOOK, _LOOK), _LOOK_MIN_SCORE))
        except (OSError, cv2.error) as error:
            raise AnycostError(f"the model file {path} is damaged", "run 'anycost models fetch'") from error
        finally:
            logging.setLogLevel(level)

    def faces(self, image: np.ndarray, view: View) -> Iterator[tuple[AlignedSquare, float]]:
        """Squares around the faces in one view of uint8 RGB `image` [H, W, 3], as tilted as they are, with scores
        0…1."""
        matrix, size = view
        shown = resample(image, matrix, size, cv2.BORDER_CONSTANT)
        self._search.setInputSize(size)
        back = cv2.invertAffineTransform(matrix)
        for row in _detect(self._search, shown):
            if max(row[2:4]) * scale_of(back) >= _MIN_BOX:
                yield _square(row, back), float(row[14])

    def agreement(self, image: np.ndarray, landmarks: Landmarks) -> Agreement:
        """Looks again at a face that was found in uint8 RGB `image` [H, W, 3], levelled by its landmarks.

        Landmarks that were fitted to a face askew, or to what is no face, make a crop in which the detector sees no
        face, or one whose eyes, nose and mouth lie elsewhere."""
        square = square_around(landmarks.points, _LOOK_MARGIN)
        rows = _detect(self._look, square.crop(image, _LOOK, cv2.BORDER_REPLICATE))
        points = landmarks.moved(square.matrix(_LOOK))
        expected, unit = points.features()[:5], points.unit()  # without the chin: what the detector knows, in its order
        best = NONE
        for row in rows:
            found = row[4:14].reshape(5, 2)
            score = float(row[14] * np.exp(-_STRICT * np.hypot(*(found - expected).T).mean() / unit))
            if score > best.score:
                best = Agreement(score, _square(row, square.inverse(_LOOK)), _turn(expected, found))
        return best


def _detect(detector: Any, view: np.ndarray) -> np.ndarray:
    """float64 [N, 15]: box (x, y, width, height), eyes, nose tip, mouth corners (the image's left before the right),
    score. view: uint8 RGB"""
    _, rows = detector.detect(np.ascontiguousarray(view[:, :, ::-1]))
    return np.empty((0, 15)) if rows is None else rows.astype(np.float64)


def _square(row: np.ndarray, back: np.ndarray) -> AlignedSquare:
    """Around the box of a face and level with its eyes, with some room. back: [2, 3] from the view to the image"""
    x, y, width, height = row[:4]
    across = row[6:8] - row[4:6]
    across /= max(float(np.hypot(*across)), 1e-9)
    axis = back[:, :2] @ across * (0.75 * max(width, height))
    (centre,) = apply(back, np.array([[x + width / 2, y + height / 2]]))
    return AlignedSquare((float(centre[0]), float(centre[1])), (float(axis[0]), float(axis[1])))


def _turn(a: np.ndarray, b: np.ndarray) -> float:
    """Degrees clockwise by which points b [N, 2] are turned against a, by the best similarity transform."""
    z, w = ((p - p.mean(axis=0)) @ (1, 1j) for p in (a, b))
    return math.degrees(float(np.angle(np.vdot(z, w))))
