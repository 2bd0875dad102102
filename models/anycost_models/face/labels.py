"""Measures what a face shows (smile, age, glasses, hair colour, …): the labels from which directions are learned."""

import math
from dataclasses import dataclass

import cv2
import numpy as np

from anycost_models.core.images import to_unit_float
from anycost_models.face import hair_labels, shape_labels, skin_labels
from anycost_models.face.aligned_square import AlignedSquare
from anycost_models.face.landmarks import FaceMesh, Landmarks
from anycost_models.face.masks import matte
from anycost_models.hub.catalogue import path_of
from anycost_models.inference.onnx_network import Network, load

_EXPRESSION = {
    "smile": "0…1",
    "mouth_open": "0…1",
    "pucker": "0…1: lips pushed forward",
    "eyes_open": "0…1",
    "squint": "0…1: lids drawn together, apart from blinking",
    "brows_up": "-1…1",
    "surprise": "0…1: mean of mouth open, inner brows up and eyes wide",
}
LABELS = {  # name: unit or range, and meaning
    **_EXPRESSION,
    "yaw": "degrees, to the picture's right",
    "pitch": "degrees, up",
    "roll": "degrees, clockwise",
    "age": "years",
    "gender": "log odds that the face presents as a man's rather than a woman's",
    **shape_labels.LABELS,
    **skin_labels.LABELS,
    **hair_labels.LABELS,
    "background_lightness": "L* 0…100, beside and above the head",
    "background_red": "a* of the same: green to red",
    "background_warmth": "b* of the same: blue to yellow",
}

_SIZE = 256  # pixels: colours and edges are measured at this size

# dlib's chip for the age and gender networks: the corners of the eyes, from the image's right to its left, and the
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
    def load(
        cls, runtime: str | None = None, threads: int | None = None, *, mesh: FaceMesh | None = None
    ) -> "FaceLabels":
        """From the fetched model files; mesh: one that is loaded already. Raises AnycostError when a file is missing or
        damaged."""
        networks = (load(path_of(name), runtime, threads) for name in ("age", "gender", "selfie_matte"))
        return cls(mesh or FaceMesh.load(runtime, threads), *networks)

    def measure(self, image: np.ndarray) -> dict[str, float]:
        """All of `LABELS` for an FFHQ-aligned square, uint8 RGB [S, S, 3], S ≥ 256; NaN where not measurable."""
        if image.shape[0] != _SIZE:
            shrinks = image.shape[0] > _SIZE
            image = cv2.resize(image, (_SIZE, _SIZE), interpolation=cv2.INTER_AREA if shrinks else cv2.INTER_CUBIC)
        face = self.mesh.landmarks_aligned(image)
        if face.presence < 0.5:
            return dict.fromkeys(LABELS, math.nan)
        age, gender = self._age_and_gender(image, face)
        values = self.of_mesh(face) | {"age": age, "gender": gender} | self._colours(image, face)
        return {name: float(values[name]) for name in LABELS}

    def of_mesh(self, face: Landmarks) -> dict[str, float]:
        """Those of `LABELS` that the landmarks alone tell: expression, pose and shape."""
        yaw, pitch, roll = face.pose()
        return self._expression(face) | {"yaw": yaw, "pitch": pitch, "roll": roll} | shape_labels.measure(face)

    def _expression(self, face: Landmarks) -> dict[str, float]:
        strength = self.mesh.blendshapes(face)

        def both(name: str) -> float:
            return (strength[f"{name}Left"] + strength[f"{name}Right"]) / 2

        brows = strength["browInnerUp"]
        return {
            "smile": both("mouthSmile"),
            "mouth_open": strength["jawOpen"],
            "pucker": strength["mouthPucker"],
            "eyes_open": 1 - both("eyeBlink"),
            "squint": both("eyeSquint"),
            "brows_up": (brows + both("browOuterUp")) / 2 - both("browDown"),
            "surprise": (strength["jawOpen"] + brows + both("eyeWide")) / 3,
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
        lab = cv2.cvtColor(to_unit_float(image), cv2.COLOR_RGB2Lab)
        person = matte(image, self.matte)
        on_skin, skin = skin_labels.measure(lab, face)
        wall = person < 0.1
        wall[_SIZE * 3 // 4 :] = False  # below are shoulders
        background = lab[wall].mean(axis=0) if wall.mean() > 0.01 else np.full(3, math.nan)
        names = ("background_lightness", "background_red", "background_warmth")
        on_wall = dict(zip(names, background.tolist(), strict=True))
        return on_skin | hair_labels.measure(lab, person, face, skin) | on_wall


def chip_square(face: Landmarks) -> AlignedSquare:
    """The square around a face on which dlib's networks were trained, by the best similarity through five points."""
    wanted = (_CHIP_PLACES + _CHIP_PADDING) / (1 + 2 * _CHIP_PADDING) * 2 - 1  # -1…1 across the square
    places, points = (p[:, 0] + 1j * p[:, 1] for p in (wanted, face.points[list(_CHIP_POINTS), :2].astype(np.float64)))
    spread = places - places.mean()
    axis = np.vdot(spread, points - points.mean()) / np.vdot(spread, spread).real
    centre = points.mean() - axis * places.mean()
    return AlignedSquare((float(centre.real), float(centre.imag)), (float(axis.real), float(axis.imag)))
