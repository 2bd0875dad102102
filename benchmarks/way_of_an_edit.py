"""Writes a contact sheet of what each step of an edit takes and gives, on the astronaut.

python benchmarks/way_of_an_edit.py docs/pictures/way_of_an_edit.jpg
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

STRENGTHS = {"smile": -0.7, "glasses": 1.0}
SIDE = 512  # pixels of each image
TITLES = ("photo", "find", "project", "edit, render", "composite: kept pixels", "edited photo")


def main() -> None:
    session = Session(open_photo(astronaut_photo()), Models())
    face = session.faces[0]
    edit = session.edit(session.photo, 0, STRENGTHS)
    if edit.projected is None or edit.edited is None or edit.change is None:
        raise SystemExit("nothing was edited")
    photo = session.photo.srgb8()
    outlined = cv2.polylines(photo.copy(), [face.square.corners().round().astype(np.int32)], True, (255, 220, 0), 2)
    found = face.square.crop(photo, SIDE)
    for x, y in face.mesh.moved(face.square.matrix(SIDE)).points[:, :2]:
        cv2.circle(found, (round(float(x)), round(float(y))), 1, (255, 220, 0), -1, cv2.LINE_AA)
    # What stays of the photo's own pixels, moved; the generator's are left out.
    mask, moved = (
        cv2.resize(each, (SIDE, SIDE))[:, :, None] for each in (edit.change.mask, edit.change.original_weight)
    )
    kept = 1 - mask * (1 - moved)
    own = face.square.crop(edit.photo.srgb8(), SIDE) * kept + 255 * (1 - kept)
    images = [
        outlined,
        found,
        to_uint8(edit.projected),
        to_uint8(edit.edited),
        own.astype(np.uint8),
        face.square.crop(edit.photo.srgb8(), SIDE),
    ]
    save_image(sys.argv[1], contact_sheet([images], TITLES, tile=256))
    print(f"{sys.argv[1]} written")


if __name__ == "__main__":
    main()
