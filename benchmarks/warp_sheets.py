"""Draws contact sheets of the sliders that only warp or recolour photos, as docs/attributes.md shows them.

    python benchmarks/warp_sheets.py --output docs/pictures/attributes

Rows are the generated faces of the other sheets, columns strengths; each is the photo that a user would get.
"""

import argparse
from pathlib import Path

from anycost_backend.editing.edit_rules import DRAWN_BY
from anycost_backend.editing.models import Models
from anycost_backend.editing.session import Session
from anycost_backend.photo.layer import Layer
from anycost_models.generators.checkpoint import load_generator
from anycost_models.plotting.contact_sheet import contact_sheet, save_image
from anycost_models.training.directions.attribute_pages import SHOWN, STRENGTHS
from anycost_models.training.directions.edit_bench import sample_faces

TILE = 160  # pixels


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--output", type=Path, required=True, metavar="FOLDER")
    parser.add_argument("--only", nargs="+", default=[], metavar="NAME")
    args = parser.parse_args()
    models, generator = Models(), load_generator()
    faces = (models.renderer.render8(sample_faces(generator, number, 1)[0]) for number in SHOWN)
    sessions = [Session(Layer(face), models) for face in faces]
    for direction in models.shipped_directions.by_name.values():
        if direction.learned or (args.only and direction.name not in args.only):
            continue
        drawn = DRAWN_BY.get(direction.name, {})
        strengths = [s for s in STRENGTHS if not s or direction.multiple(s)]
        rows = []
        for session in sessions:
            planner, side = session.planner, len(session.image)
            spec = planner.final_spec(0)
            edits = [{**drawn, **({direction.name: s} if s else {})} for s in strengths]
            changes = [planner.plan(0, edit, spec).change if edit else None for edit in edits]
            rows.append([session.square_with(0, each, side) if each else session.crop(0, side) for each in changes])
        titles = [f"{s:+g}" if s else "0" for s in strengths]
        sheet = contact_sheet(rows, titles, tile=TILE, title=f"{direction.name}: {direction.about}")
        save_image(args.output / f"{direction.name}.jpg", sheet, quality=77)


if __name__ == "__main__":
    main()
