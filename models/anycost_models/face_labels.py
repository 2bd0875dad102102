"""Measures what a face shows (smile, age, glasses, hair colour, …): the labels from which directions are learned."""

import math
from dataclasses import dataclass

import cv2
import numpy as np

from anycost_models.catalogue import path_of
from anycost_models.face_masks import hair_of_matte, matte, polygon_mask
from anycost_models.face_mesh import FaceMesh, Landmarks
from anycost_models.runtime import Network, load
from anycost_models.square import AlignedSquare

LABELS = {  # name: unit or range, and meaning
    "smile": "0…1",
    "mouth_open": "0…1",
    "eyes_open": "0…1",
    "brows_up": "-1…1",
    "yaw": "degrees, to the picture's right",
    "pitch": "degrees, up",
    "roll": "degrees, clockwise",
    "age": "years",
    "gender": "log odds that the face presents as a man's rather than a woman's",
    "glasses": "edges below and between the eyes against those of the cheeks, in L* per pixel",
    "hair_lightness": "L* 0…100",
    "skin_lightness": "L* 0…100",
    "skin_warmth": "b* of the cheeks: blue to yellow",
    "lip_colour": "a* of the lips less that of the cheeks: how much redder",
    "beard": "chin and upper lip darker and rougher than the cheeks, in L*",
    "lip_fullness": "height of both lips to their width",
    "face_width": "width to height",
}

_SIZE = 256  # pixels: colours and edges are measured at this size
# Polygons on the mesh; for pairs the picture's left one, the right one mirrored.
_CHEEKS = ((123, 50, 36, 205, 187, 147), (352, 280, 266, 425, 411, 376))  # below what sunglasses cover
_BELOW_EYES = (
    (111, 228, 229, 230, 231, 232, 128, 47, 100, 101, 50),
    (340, 448, 449, 450, 451, 452, 357, 277, 329, 330, 280),
)
_BRIDGE = (193, 168, 417, 351, 197, 122)
_LIPS = (61, 185, 40, 39, 37, 0, 267, 269, 270, 409, 291, 375, 321, 405, 314, 17, 84, 181, 91, 146)
_MOUTH = (78, 191, 80, 81, 82, 13, 312, 311, 310, 415, 308, 324, 318, 402, 317, 14, 87, 178, 88, 95)
_CHIN = (106, 182, 83, 18, 313, 406, 335, 424, 431, 262, 428, 199, 208, 32, 211, 204)
_UPPER_LIP = (165, 167, 164, 393, 391, 322, 270, 269, 267, 0, 37, 39, 40, 92)

# dlib's chip for the age and gender networks: the corners of the eyes, from the picture's right to its left, and the
# base of the nose; where they lie in the chip before its padding.
_CHIP_POINTS = (263, 362, 33, 133, 2)
_CHIP_PLACES = np.array([[0.8596, 0.2135], [0.6461, 0.2290], [0.1206, 0.2137], [0.3341, 0.2291], [0.4901, 0.6278]])
_CHIP_PADDING = 0.2
_CHIP_MEAN = np.array([122.782, 117.001, 104.298], np.float32)  # RGB
_AGES = np.array([0.25, *range(1, 81)])  # years, one for each output of the age network


@dataclass(frozen=True)
class FaceLabels:
    """The networks that measure faces, loaded once."""

    mesh: FaceMesh
    age: Network
    gender: Network
    matte: Network

    @classmethod
    def load(cls, runtime: str | None = None, threads: int | None = None) -> "FaceLabels":
        """From the fetched model files. Raises AnycostError when one is missing or damaged."""
        networks = (load(path_of(name), runtime, threads) for name in ("age", "gender", "selfie_matte"))
        return cls(FaceMesh.load(runtime, threads), *networks)

    def measure(self, image: np.ndarray) -> dict[str, float]:
        """All of `LABELS` for an FFHQ-aligned square, uint8 RGB [S, S, 3], S ≥ 256; NaN where not measurable."""
        if image.shape[0] != _SIZE:
            shrinks = image.shape[0] > _SIZE
            image = cv2.resize(image, (_SIZE, _SIZE), interpolation=cv2.INTER_AREA if shrinks else cv2.INTER_CUBIC)
        face = self.mesh.landmarks_aligned(image)
        if face.presence < 0.5:
            return dict.fromkeys(LABELS, math.nan)
        yaw, pitch, roll = face.pose()
        age, gender = self._age_and_gender(image, face)
        values = self._expression(face) | {"yaw": yaw, "pitch": pitch, "roll": roll, "age": age, "gender": gender}
        values |= self._colours(image, face) | _shape(face)
        return {name: float(values[name]) for name in LABELS}

    def _expression(self, face: Landmarks) -> dict[str, float]:
        strength = self.mesh.blendshapes(face)

        def both(name: str) -> float:
            return (strength[f"{name}Left"] + strength[f"{name}Right"]) / 2

        return {
            "smile": both("mouthSmile"),
            "mouth_open": strength["jawOpen"],
            "eyes_open": 1 - both("eyeBlink"),
            "brows_up": (strength["browInnerUp"] + both("browOuterUp")) / 2 - both("browDown"),
        }

    def _age_and_gender(self, image: np.ndarray, face: Landmarks) -> tuple[float, float]:
        square = chip_square(face)
        (ages,), (odds,) = (
            network((square.crop(image, size).astype(np.float32) - _CHIP_MEAN).transpose(2, 0, 1)[None] / 256)
            for network, size in ((self.age, 64), (self.gender, 32))
        )
        woman, man = odds[0].astype(np.float64).clip(1e-5, 1)
        return float(ages[0] @ _AGES), math.log(man / woman)

    def _colours(self, image: np.ndarray, face: Landmarks) -> dict[str, float]:
        lab = cv2.cvtColor(image.astype(np.float32) / 255, cv2.COLOR_RGB2Lab)
        xy = face.points[:, :2]

        def inside(*polygons: tuple[int, ...]) -> np.ndarray:
            return np.maximum.reduce([polygon_mask(xy[list(polygon)], _SIZE) for polygon in polygons]) > 0.5

        cheeks, lips = inside(*_CHEEKS), inside(_LIPS) & ~inside(_MOUTH)
        skin, chin, upper_lip = _median(lab, cheeks), inside(_CHIN), inside(_UPPER_LIP)
        hair = hair_of_matte(matte(image, self.matte), face) > 0.5
        light = lab[:, :, 0]
        edges = np.hypot(cv2.Scharr(light, -1, 1, 0), cv2.Scharr(light, -1, 0, 1)) / 32
        rough = np.abs(light - cv2.GaussianBlur(light, (0, 0), 2))
        darker = skin[0] - (_median(lab, chin)[0] + _median(lab, upper_lip)[0]) / 2
        rougher = _mean(rough, chin | upper_lip) - _mean(rough, cheeks)
        rims = (_mean(edges, inside(*_BELOW_EYES)) + _mean(edges, inside(_BRIDGE))) / 2
        return {
            "glasses": rims - _mean(edges, cheeks),
            "hair_lightness": _median(lab, hair)[0] if hair.mean() > 0.01 else math.nan,
            "skin_lightness": skin[0],
            "skin_warmth": skin[2],
            "lip_colour": _median(lab, lips)[1] - skin[1],
            "beard": darker + 4 * rougher,
        }


def chip_square(face: Landmarks) -> AlignedSquare:
    """The square around a face on which dlib's networks were trained, by the best similarity through five points."""
    wanted = (_CHIP_PLACES + _CHIP_PADDING) / (1 + 2 * _CHIP_PADDING) * 2 - 1  # -1…1 across the square
    places, points = (p[:, 0] + 1j * p[:, 1] for p in (wanted, face.points[list(_CHIP_POINTS), :2].astype(np.float64)))
    spread = places - places.mean()
    axis = np.vdot(spread, points - points.mean()) / np.vdot(spread, spread).real
    centre = points.mean() - axis * places.mean()
    return AlignedSquare((float(centre.real), float(centre.imag)), (float(axis.real), float(axis.imag)))


def _shape(face: Landmarks) -> dict[str, float]:
    def length(a: int, b: int) -> float:  # with the depth, so that turning the head changes little
        return float(np.linalg.norm(face.points[a] - face.points[b]))

    return {
        "lip_fullness": (length(0, 13) + length(14, 17)) / max(length(61, 291), 1e-6),
        "face_width": length(234, 454) / max(length(10, 152), 1e-6),
    }


def _median(values: np.ndarray, where: np.ndarray) -> np.ndarray:
    """Per channel of [S, S, C]; NaN where the region is empty, as when it is turned away."""
    return np.median(values[where], axis=0) if where.any() else np.full(values.shape[2], np.nan)


def _mean(values: np.ndarray, where: np.ndarray) -> float:
    return float(values[where].mean()) if where.any() else math.nan
