"""Light from another side: the photo is shaded anew by the shape of the face, as its mesh has it."""

import cv2
import numpy as np

from anycost_backend.editing.composite.arrays import enlarged, places, ramp, resized
from anycost_backend.editing.composite.groundwork import Groundwork
from anycost_backend.editing.composite.tints import image_of, lab_of, lightened
from anycost_backend.editing.composite.views import PhotoView

_PERSON = 0.4, 0.9  # shares of a pixel that are no background, from which on it is lit a little, and wholly
_FADES = 0.2  # square units, inside the view's border: light that a picture goes on without
_FOLLOWS, _RICHER = 0.8, 1.5  # power of L* to which chroma follows it; times, at most


def relit(
    image: np.ndarray, original: PhotoView, ground: Groundwork, hair: np.ndarray, towards: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """The picture [d, d, 4] with more light from a direction, and how far it changes there [d, d], 0…1.

    hair: [s, s], 0…1, the share of hair, which may be drawn
    towards: [2], to the picture's right and downwards: where the light comes from; 1 is about a stop and a half between
    both cheeks. The face's mean lightness stays."""
    side, reach = ground.deciding, ground.reach
    stops = enlarged(_shading(original, towards), side)
    changed = enlarged(hair - ground.there["hair"], side)  # of the outline
    person = ramp(1 - resized(original.parts["background"], side) + changed, *_PERSON)
    inside = reach / 2 - np.abs(places(side, reach) - 0.5).max(axis=2)  # from the border
    where = person * ramp(inside, 0, _FADES)
    lab = lab_of(image)
    light = lab[:, :, 0]
    lighter = lightened(light, stops * where)
    follows = np.minimum(lighter / np.maximum(light, 1), _RICHER) ** np.float32(_FOLLOWS)
    return image_of(cv2.merge([lighter, lab[:, :, 1] * follows, lab[:, :, 2] * follows])), where


def _shading(original: PhotoView, towards: np.ndarray) -> np.ndarray:
    """float32 [n, n]: by how many stops the surface gets lighter, on average 0 over the face; around it, it goes on."""
    normals, face = original.relief
    mean = (normals * face[:, :, None]).sum(axis=(0, 1)) / max(float(face.sum()), 1e-6)
    return (normals - mean) @ towards.astype(np.float32)
