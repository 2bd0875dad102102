"""Writes README's picture: one photo and several edits of it.

python benchmarks/pictures.py docs/pictures/edits.jpg
"""

import sys

from anycost_backend.editing.models import Models
from anycost_backend.editing.session import Session
from anycost_backend.photo.photo import open_photo
from anycost_models.plotting.contact_sheet import contact_sheet, save_image
from common import astronaut_photo

EDITS = ({"smile": -1.0}, {"age": 1.0}, {"glasses": 1.0}, {"hair_length": 1.0, "hair_red": 1.0}, {"light_side": 1.0})


def main() -> None:
    session = Session(open_photo(astronaut_photo()), Models())
    square = session.faces[0].square
    photos = [session.photo] + [session.edit(session.photo, 0, strengths).photo for strengths in EDITS]
    names = ["the photo"] + [", ".join(f"{name} {s:+g}" for name, s in edit.items()) for edit in EDITS]
    save_image(sys.argv[1], contact_sheet([[square.crop(photo.srgb8(), 384) for photo in photos]], names, tile=320))
    print(f"{sys.argv[1]} written")


if __name__ == "__main__":
    main()
