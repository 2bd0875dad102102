"""Writes a contact sheet of four methods of compositing, on six edits of the astronaut: three others and ours.

python benchmarks/composite_ways.py docs/pictures/composite.jpg
"""

import sys

import cv2
import numpy as np
from anycost_backend.editing.models import Models
from anycost_backend.editing.session import Session
from anycost_backend.photo.photo import open_photo
from anycost_models.core.images import to_uint8
from anycost_models.plotting.contact_sheet import contact_sheet, save_image
from common import astronaut_photo

EDITS = ({"smile": -1.2}, {"smile": 1.0}, {"age": 1.2}, {"age": -1.2}, {"glasses": 1.0}, {"yaw": 0.8})
SIDE = 512  # pixels of our composite's crop


def blur(image: np.ndarray, sigma: float) -> np.ndarray:
    """sigma: pixels at 1024 px."""
    return cv2.GaussianBlur(image, (0, 0), sigma * image.shape[0] / 1024)


def other_methods(
    original: np.ndarray, projected: np.ndarray, edited: np.ndarray, mask: np.ndarray
) -> list[np.ndarray]:
    """Difference, replacement, and a hybrid that weighs both by the size of the change.

    Images are float32 [S, S, 3], 0…1; mask: [S, S, 1], 0…1"""
    difference = original + edited - projected
    amount = np.clip((blur(np.abs(edited - projected).mean(2), 12) - 8 / 255) / (25 / 255), 0, 1)[:, :, None]
    hybrid = (1 - amount) * difference + amount * (edited + blur(original - projected, 25))
    return [original + mask * (composite - original) for composite in (difference, edited, hybrid)]


def main() -> None:
    session = Session(open_photo(astronaut_photo()), Models())
    square = session.faces[0].square
    rows = []
    for strengths in EDITS:
        edit = session.edit(session.photo, 0, strengths)
        if edit.projected is None or edit.edited is None or edit.change is None:
            raise SystemExit("nothing was edited")
        original = square.crop(session.photo.srgb8(), edit.projected.shape[0]).astype(np.float32) / 255
        mask = cv2.resize(edit.change.mask, original.shape[:2], interpolation=cv2.INTER_AREA)[:, :, None]
        others = other_methods(original, edit.projected, edit.edited, mask)
        images = [to_uint8(np.clip(image, 0, 1)) for image in (original, edit.projected, edit.edited, *others)]
        rows.append([*images, square.crop(edit.photo.srgb8(), SIDE)])
    titles = ["photo", "projected", "edited", "difference", "replacement", "hybrid", "moved (ours)"]
    names = [", ".join(f"{name} {strength:+g}" for name, strength in edit.items()) for edit in EDITS]
    save_image(sys.argv[1], contact_sheet(rows, titles, names, tile=256))
    print(f"{sys.argv[1]} written")


if __name__ == "__main__":
    main()
