"""The 478 points of a face and its expression, by MediaPipe's two networks.

Points: Kartynnik et al., "Real-time Facial Surface Geometry from Monocular Video on Mobile GPUs", 2019,
arXiv:1907.06724, with the irises of Ablavatski et al., "Real-time Pupil Tracking from Monocular Video for Digital
Puppetry", 2020, arXiv:2006.11341. Expression: Grishchenko et al., "Blendshapes GHUM", 2023, arXiv:2309.05782.
"""

import math
from dataclasses import dataclass
from functools import cached_property

import cv2
import numpy as np

from anycost_models.core.images import to_unit_float
from anycost_models.face.aligned_square import AlignedSquare, apply
from anycost_models.hub.catalogue import path_of
from anycost_models.inference.onnx_network import Network, load

# Indices into MediaPipe's 478-point mesh, as it publishes them. "Left" and "right" are the image's sides.
# fmt: off
FACE_OVAL = (  # a closed contour, clockwise from the middle of the forehead
    10, 338, 297, 332, 284, 251, 389, 356, 454, 323, 361, 288, 397, 365, 379, 378, 400, 377, 152, 148, 176, 149,
    150, 136, 172, 58, 132, 93, 234, 127, 162, 21, 54, 103, 67, 109,
)
LEFT_EYE = (33, 160, 158, 133, 153, 144)  # six points each, from the image's left corner, clockwise
RIGHT_EYE = (362, 385, 387, 263, 373, 380)
IRISES = tuple(range(468, 473)), tuple(range(473, 478))  # centre and rim, at the image's left and right
LIDS = (  # two contours
    (33, 246, 161, 160, 159, 158, 157, 173, 133, 155, 154, 153, 145, 144, 163, 7),
    (263, 466, 388, 387, 386, 385, 384, 398, 362, 382, 381, 380, 374, 373, 390, 249),
)
UPPER_LIDS = (  # two polygons, from the eye to the fold and a little further
    (33, 246, 161, 160, 159, 158, 157, 173, 133, 190, 56, 28, 27, 29, 30, 247),
    (263, 466, 388, 387, 386, 385, 384, 398, 362, 414, 286, 258, 257, 259, 260, 467),
)
LIPS = (  # their outer contour
    61, 146, 91, 181, 84, 17, 314, 405, 321, 375, 291, 409, 270, 269, 267, 0, 37, 39, 40, 185,
)
MOUTH = (  # the lips' inner contour
    78, 191, 80, 81, 82, 13, 312, 311, 310, 415, 308, 324, 318, 402, 317, 14, 87, 178, 88, 95,
)
MOUTH_CORNERS = (61, 291)
NOSE_TIP = 4
BRIDGE = (193, 168, 417, 351, 197, 122)  # of the nose, where glasses sit
CHEEKS = (  # two polygons of skin, below what sunglasses cover
    (123, 50, 36, 205, 187, 147),
    (352, 280, 266, 425, 411, 376),
)
ACROSS, DOWN = (234, 454), (10, 152)  # cheek to cheek, forehead to chin
_BLENDSHAPE_POINTS = (
    0, 1, 4, 5, 6, 7, 8, 10, 13, 14, 17, 21, 33, 37, 39, 40, 46, 52, 53, 54, 55, 58, 61, 63, 65, 66, 67, 70, 78, 80,
    81, 82, 84, 87, 88, 91, 93, 95, 103, 105, 107, 109, 127, 132, 133, 136, 144, 145, 146, 148, 149, 150, 152, 153,
    154, 155, 157, 158, 159, 160, 161, 162, 163, 168, 172, 173, 176, 178, 181, 185, 191, 195, 197, 234, 246, 249,
    251, 263, 267, 269, 270, 276, 282, 283, 284, 285, 288, 291, 293, 295, 296, 297, 300, 308, 310, 311, 312, 314,
    317, 318, 321, 323, 324, 332, 334, 336, 338, 356, 361, 362, 365, 373, 374, 375, 377, 378, 379, 380, 381, 382,
    384, 385, 386, 387, 388, 389, 390, 397, 398, 400, 402, 405, 409, 415, 454, 466, 468, 469, 470, 471, 472, 473,
    474, 475, 476, 477,
)
BLENDSHAPES = (
    "_neutral", "browDownLeft", "browDownRight", "browInnerUp", "browOuterUpLeft", "browOuterUpRight", "cheekPuff",
    "cheekSquintLeft", "cheekSquintRight", "eyeBlinkLeft", "eyeBlinkRight", "eyeLookDownLeft", "eyeLookDownRight",
    "eyeLookInLeft", "eyeLookInRight", "eyeLookOutLeft", "eyeLookOutRight", "eyeLookUpLeft", "eyeLookUpRight",
    "eyeSquintLeft", "eyeSquintRight", "eyeWideLeft", "eyeWideRight", "jawForward", "jawLeft", "jawOpen",
    "jawRight", "mouthClose", "mouthDimpleLeft", "mouthDimpleRight", "mouthFrownLeft", "mouthFrownRight",
    "mouthFunnel", "mouthLeft", "mouthLowerDownLeft", "mouthLowerDownRight", "mouthPressLeft", "mouthPressRight",
    "mouthPucker", "mouthRight", "mouthRollLower", "mouthRollUpper", "mouthShrugLower", "mouthShrugUpper",
    "mouthSmileLeft", "mouthSmileRight", "mouthStretchLeft", "mouthStretchRight", "mouthUpperUpLeft",
    "mouthUpperUpRight", "noseSneerLeft", "noseSneerRight",
)
# fmt: on
_MIRRORED = (1, 0, 2, 4, 3, 5)  # which of the features are which in a mirror
_INPUT = 256  # pixels: the side of the landmark network's input
_MARGIN = 1.5  # how much larger than the landmarks' extent its crop is


@dataclass(frozen=True, eq=False)
class Landmarks:
    """The points of one face. Continuous coordinates: pixel i has its centre at i + ½."""

    points: np.ndarray  # float32 [478, 3]: x, y in image pixels; depth in the same unit, smaller is nearer
    presence: float  # 0…1: how surely there is a face

    def moved(self, matrix: np.ndarray) -> "Landmarks":
        """The same face through a [2, 3] transform of the image, such as `AlignedSquare.matrix`."""
        return Landmarks(apply(matrix, self.points).astype(np.float32), self.presence)

    def pose(self) -> tuple[float, float, float]:
        """Yaw, pitch and roll in degrees: positive turns to the image's right, up, and clockwise."""
        across, down = (self.points[b] - self.points[a] for a, b in (ACROSS, DOWN))
        yaw = math.atan2(across[2], math.hypot(across[0], across[1]))
        pitch = math.atan2(-down[2], math.hypot(down[0], down[1]))
        left, right = self.eyes()
        roll = math.atan2(right[1] - left[1], right[0] - left[0])
        return math.degrees(yaw), math.degrees(pitch), math.degrees(roll)

    def eyes(self) -> tuple[np.ndarray, np.ndarray]:
        """The centres of the eyes at the image's left and right, float64 [2] each, image pixels."""
        xy = self.points[:, :2].astype(np.float64)
        return xy[list(LEFT_EYE)].mean(axis=0), xy[list(RIGHT_EYE)].mean(axis=0)

    def features(self) -> np.ndarray:
        """float64 [6, 2], image pixels: eyes, nose tip, corners of the mouth (the image's left ones first), chin."""
        rest = self.points[[NOSE_TIP, *MOUTH_CORNERS, DOWN[1]], :2].astype(np.float64)
        return np.concatenate([self.eyes(), rest])

    def unit(self) -> float:
        """A length for distances within the face, image pixels: between the eyes, or, seen from the side, from there to
        the mouth."""
        left, right, _, *mouth, _ = self.features()
        return max(math.dist(left, right), math.dist((left + right) / 2, sum(mouth) / 2), 1e-6)

    def ffhq_square(self) -> AlignedSquare:
        """The square that FFHQ's published alignment would cut out around this face (StyleGAN, 2018, arXiv:1812.04948,
        appendix A)."""
        left, right = self.eyes()
        mouth = self.points[list(MOUTH_CORNERS), :2].astype(np.float64).mean(axis=0)
        eyes = (left + right) / 2
        down = mouth - eyes
        axis = (right - left) + (down[1], -down[0])
        axis *= max(2 * math.dist(left, right), 1.8 * math.hypot(*down)) / max(math.hypot(*axis), 1e-9)
        centre = eyes + 0.1 * down
        # On a grid of 1/16 px, so that runtimes whose landmarks differ in the last bits cut out the same square.
        (cx, cy), (ax, ay) = (np.round(16 * vector) / 16 for vector in (centre, axis))
        return AlignedSquare((float(cx), float(cy)), (float(ax), float(ay)))


@dataclass(frozen=True)
class FaceMesh:
    """The landmark network, and the expression network once it is needed."""

    landmark_network: Network
    runtime: str | None = None  # as anycost_models.inference.onnx_network.load takes them
    threads: int | None = None

    @classmethod
    def load(cls, runtime: str | None = None, threads: int | None = None) -> "FaceMesh":
        """From the fetched model file. Raises AnycostError when it is missing or damaged."""
        return cls(load(path_of("face_landmarks"), runtime, threads), runtime, threads)

    def landmarks(self, image: np.ndarray, start: AlignedSquare) -> Landmarks:
        """The face in uint8 RGB `image` [H, W, 3] near the square `start` (its box and tilt, with some room around)."""
        rough = self._pass(image, start)
        return self._pass(image, square_around(rough.points))

    def landmarks_aligned(self, image: np.ndarray) -> Landmarks:
        """The face in an FFHQ-aligned square image, uint8 RGB [S, S, 3]: its place is known, nothing is searched."""
        size = image.shape[0]
        start = AlignedSquare((0.5 * size, 0.6 * size), (0.47 * size, 0.0))
        return self.landmarks(image, start)

    def follow(self, image: np.ndarray, known: Landmarks) -> Landmarks:
        """The face in uint8 RGB `image` [H, W, 3] that has hardly moved from where `known` says: half the work."""
        return self._pass(image, square_around(known.points))

    def mirrored(self, image: np.ndarray, known: Landmarks) -> tuple[float, float]:
        """What is seen of a face of uint8 RGB `image` [H, W, 3] in a mirror: its presence 0…1, and how far eyes, nose,
        mouth and chin lie elsewhere, of the face's `unit`. Of faces the network sees the same; elsewhere it guesses."""
        square = square_around(known.points)
        crop = np.ascontiguousarray(square.crop(image, _INPUT, cv2.BORDER_REPLICATE)[:, ::-1])
        seen = self._pass(crop, AlignedSquare((_INPUT / 2, _INPUT / 2), (_INPUT / 2, 0.0)))
        back = seen.moved(np.array([[-1.0, 0.0, _INPUT], [0.0, 1.0, 0.0]]))
        there = known.moved(square.matrix(_INPUT))
        off = there.features() - back.features()[list(_MIRRORED)]
        return seen.presence, float(np.hypot(*off.T).mean() / there.unit())

    def blendshapes(self, landmarks: Landmarks) -> dict[str, float]:
        """The strength 0…1 of each of MediaPipe's 52 expressions, by name. The sides are the person's own.

        Raises AnycostError when the network's file is missing or damaged."""
        level = AlignedSquare((0.0, 0.0), square_around(landmarks.points).axis).matrix(_INPUT)
        points = apply(level, landmarks.points[list(_BLENDSHAPE_POINTS), :2])
        (strengths,) = self._blendshapes(points[None])
        return dict(zip(BLENDSHAPES, strengths.reshape(-1).tolist(), strict=True))

    @cached_property
    def _blendshapes(self) -> Network:
        return load(path_of("face_blendshapes"), self.runtime, self.threads)

    def _pass(self, image: np.ndarray, square: AlignedSquare) -> Landmarks:
        # Not reflected: a face that the image's edge cuts would become two halves of one.
        crop = square.crop(image, _INPUT, cv2.BORDER_REPLICATE)
        points, presence, _ = self.landmark_network(to_unit_float(crop[None]))
        points = apply(square.inverse(_INPUT), points.reshape(-1, 3).astype(np.float64))
        return Landmarks(points.astype(np.float32), float(1 / (1 + np.exp(-presence.reshape(-1)[0]))))


def square_around(points: np.ndarray, grown: float = 1.0) -> AlignedSquare:
    """The square around landmarks [478, 3], level with the eyes, with the room that the network was trained with, or
    `grown` by a factor."""
    xy = points[:, :2].astype(np.float64)
    across = xy[list(RIGHT_EYE)].mean(axis=0) - xy[list(LEFT_EYE)].mean(axis=0)
    across /= max(math.hypot(*across), 1e-9)
    turn = np.array([[across[0], -across[1]], [across[1], across[0]]])  # its columns: across, down
    level = xy @ turn
    low, high = level.min(axis=0), level.max(axis=0)
    centre = turn @ ((low + high) / 2)
    half = max(grown * _MARGIN / 2 * float((high - low).max()), 1e-3)
    return AlignedSquare((float(centre[0]), float(centre[1])), (float(across[0] * half), float(across[1] * half)))
