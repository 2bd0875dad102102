"""Draws README's picture: one photo, several edits.

.venv/bin/python benchmarks/pictures.py docs/pictures/edits.jpg
"""

import sys
from pathlib import Path

import skimage.data
from anycost_backend.editing.models import Models
from anycost_backend.editing.session import Session
from anycost_backend.photo.photo import open_photo
from anycost_models.plotting.contact_sheet import contact_sheet, save_picture

EDITS = ({"smile": -1.0}, {"age": 1.0}, {"glasses": 1.0}, {"hair_lightness": 0.6})


def save_astronaut(path: Path) -> Path:
    """The demo's photo, if it is not there yet (NASA, public domain)."""
    if not path.exists():
        path.parent.mkdir(exist_ok=True)
        save_picture(path, skimage.data.astronaut())
    return path


def main() -> None:
    session = Session(open_photo(save_astronaut(Path("demo/astronaut.png"))), Models())
    square = session.faces[0].square
    photos = [session.photo] + [session.edit(session.photo, 0, strengths).photo for strengths in EDITS]
    names = ["the photo"] + [", ".join(f"{name} {s:+g}" for name, s in edit.items()) for edit in EDITS]
    save_picture(sys.argv[1], contact_sheet([[square.crop(photo.srgb8(), 384) for photo in photos]], names, tile=320))


if __name__ == "__main__":
    main()
