"""Measures how far attributes of shape move a face's points: weights/displacements.safetensors.

    python benchmarks/displacements.py --output displacements.safetensors [--faces 60]

Of each attribute, on generated faces at strength −1 and 1: the landmarks' motion that goes with the label's, by least
squares, made even on both sides, and scaled so that the mean face's label moves by what the attribute promises, by two
at most: what lips that stay together and a fixed outline take from it.
"""

import argparse
from pathlib import Path

import cv2
import numpy as np
from anycost_backend.editing.composite.motion import without_drift
from anycost_backend.editing.models import Models
from anycost_models.editing.displacements import save_displacements
from anycost_models.face.landmarks import FACE_OVAL, IRISES, LIDS, NOSE_TIP, Landmarks
from anycost_models.generators.sub_generator import SubGenerator
from tqdm import tqdm

WARPED = (
    *("face_width", "jaw_width", "chin_length", "nose_width", "lip_fullness", "eye_spacing"),
    *("gaze_side", "brows_up", "brow_furrow", "squint", "eyes_open", "surprise"),
)
# Of the lips, from the inner edge to the outer one, nine points each from the image's left to its right.
UPPER_LIP = (
    (191, 80, 81, 82, 13, 312, 311, 310, 415),
    (183, 42, 41, 38, 12, 268, 271, 272, 407),
    (184, 74, 73, 72, 11, 302, 303, 304, 408),
)
LOWER_LIP = (
    (95, 88, 178, 87, 14, 317, 402, 318, 324),
    (96, 89, 179, 86, 15, 316, 403, 319, 325),
    (77, 90, 180, 85, 16, 315, 404, 320, 307),
)
# Of the brows, from the image's left to its right: their upper edges, and the points below.
UPPER_BROWS = [70, 63, 105, 66, 107, 336, 296, 334, 293, 300]
LOWER_BROWS = [46, 53, 52, 65, 55, 285, 295, 282, 283, 276]
EXPRESSIONS = ("brows_up", "brow_furrow", "squint", "eyes_open", "surprise")  # which leave the face's outline
MIDDLE = [10, 152, 1]  # landmarks between left and right
NOSE_BASE, ABOVE_LIPS, NOSE_WING = 2, 0, 358
BESIDE_NOSE = 2.2  # of half a nose's width: so far from its line, nothing goes along with it
FADES = 0.05  # of the square: over so much a motion fades towards where nothing moves
FIRST_SEED = 50_000
SUB = SubGenerator(256)  # draws what is measured


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--output", type=Path, required=True)
    parser.add_argument("--faces", type=int, default=60)
    args = parser.parse_args()
    models = Models()
    directions, mesh = models.shipped_directions, models.finder.mesh

    def measured(latent: np.ndarray) -> tuple[np.ndarray, dict[str, float]]:
        """Landmarks [478, 3], square units, and labels."""
        image = models.renderer.render8(latent, SUB)
        return mesh.landmarks_aligned(image).points.astype(np.float64) / len(image), models.labels.measure(image)

    faces = []
    moved: dict[str, list[np.ndarray]] = {name: [] for name in WARPED}
    changed: dict[str, list[float]] = {name: [] for name in WARPED}
    for seed in tqdm(range(FIRST_SEED, FIRST_SEED + args.faces), "faces", disable=None):
        latent = models.renderer.sample(seed, 0.8)
        face, _ = measured(latent)
        faces.append(face)
        for name in WARPED:
            (less, low), (more, high) = (measured(directions.apply(latent, {name: sense})) for sense in (-1.0, 1.0))
            flat = face[:, :2]
            moved[name].append((without_drift(more[:, :2], flat) - without_drift(less[:, :2], flat)) / 2)
            changed[name].append((high[name] - low[name]) / 2)

    mean, mirror = even(np.mean(faces, axis=0))
    found = {}
    for name in WARPED:
        labels, motions = np.array(changed[name]), np.array(moved[name])
        labels = np.nan_to_num(labels)
        promise = models.effects.attributes[name].promise
        motion = cleaned(name, promise * np.tensordot(labels, motions, 1) / np.square(labels).sum(), mean, mirror)
        shown = (label_of(models, name, mean, motion) - label_of(models, name, mean, -motion)) / 2
        found[name] = motion * np.clip(promise / shown, 0.5, 2)
        farthest = np.linalg.norm(found[name], axis=1).max()
        print(f"{name}: at most {farthest:.4f} of the square; label {shown / promise:.2f} of the promise")
    save_displacements(found, args.output)


def cleaned(name: str, motion: np.ndarray, mean: np.ndarray, mirror: np.ndarray) -> np.ndarray:
    """[478, 2], the same on both sides. No warp can open a closed mouth: lips stay together."""
    if name == "gaze_side":  # both eyes look the same way
        irises = np.zeros_like(motion)
        both = [point for iris in IRISES for point in iris]
        irises[both, 0] = motion[both, 0].mean()
        return irises
    motion = (motion + motion[mirror] * (-1, 1)) / 2
    upper, lower = motion[list(UPPER_LIP[0])], motion[list(LOWER_LIP[0])]
    for lip, inner in ((UPPER_LIP, upper), (LOWER_LIP, lower)):
        for share, points in zip((1, 2 / 3, 1 / 3), lip, strict=True):
            motion[list(points)] += share * ((upper + lower) / 2 - inner)
    for iris, lids in zip(IRISES, LIDS, strict=True):  # as large as it is, and no look up or down
        motion[list(iris)] = motion[list(iris), 0].mean(), motion[list(lids), 1].mean()
    motion[UPPER_BROWS] = motion[LOWER_BROWS] = (motion[UPPER_BROWS] + motion[LOWER_BROWS]) / 2  # as thick as they are
    if name in EXPRESSIONS:
        outline = mean[list(FACE_OVAL), :2].astype(np.float32)
        inside = [cv2.pointPolygonTest(outline, point, True) for point in mean[:, :2].astype(np.float32)]
        motion *= np.clip(np.array(inside) / FADES, 0, 1)[:, None]
    if name == "nose_width":  # in drawings a smile goes along, whose corners move further than the wings
        motion *= of_nose(mean)[:, None]
    if name == "surprise":  # the generator opens the mouth
        motion *= np.clip((mean[NOSE_TIP, 1] - mean[:, 1]) / FADES, 0, 1)[:, None]
    return motion


def of_nose(mean: np.ndarray) -> np.ndarray:
    """[478], 0…1: 1 on the nose, 0 on the lips and on the cheeks. mean: [478, 3], upright"""
    aside, down = np.abs(mean[:, 0] - mean[NOSE_BASE, 0]), mean[:, 1]
    width = aside[NOSE_WING]
    above = (down[ABOVE_LIPS] - down) / (down[ABOVE_LIPS] - down[NOSE_BASE])
    beside = (BESIDE_NOSE - aside / width) / (BESIDE_NOSE - 1)
    weight: np.ndarray = np.clip(above, 0, 1) * np.clip(beside, 0, 1)
    return weight


def even(face: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """The mean of a face [478, 3] and its mirror image, and the number of each point in the mirror, [478]."""
    mirrored = face.copy()
    mirrored[:, 0] = 2 * face[MIDDLE, 0].mean() - face[:, 0]
    apart = np.square(face[:, None, :2] - mirrored[None, :, :2]).sum(axis=2)
    mirror = apart.argmin(axis=1)
    return (face + mirrored[mirror]) / 2, mirror


def label_of(models: Models, name: str, mean: np.ndarray, motion: np.ndarray) -> float:
    """Of the mean face [478, 3], moved."""
    points = mean + np.pad(motion, ((0, 0), (0, 1)))
    return models.labels.of_mesh(Landmarks((256 * points).astype(np.float32), 1.0))[name]


if __name__ == "__main__":
    main()
