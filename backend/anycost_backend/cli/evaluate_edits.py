"""`anycost evaluate edits`: what each slider shows in photographs, and what else it moves."""

import argparse
import json
import math
import sys
from collections.abc import Iterator
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

from anycost_models.core.errors import AnycostError

from anycost_backend.cli import options

if TYPE_CHECKING:
    import numpy as np

    from anycost_backend.editing.edit_evaluation import MeasuredEdit
    from anycost_backend.editing.models import Models

TILE = 256  # pixels: of a face on the sheets


def add(measures: Any) -> None:
    text = "what each attribute shows in edited photographs at -1 and 1, and what else moves"
    parser = measures.add_parser("edits", help=text, description=text[0].upper() + text[1:] + ".")
    parser.add_argument("folder", type=Path, nargs="?", metavar="FOLDER", help="photos: of each, the largest face")
    parser.add_argument(
        "--generated", type=int, default=12, metavar="N", help="generated faces as photographs (default: %(default)s)"
    )
    parser.add_argument("--only", nargs="+", default=[], metavar="NAME", help="these attributes (default: all)")
    parser.add_argument("--sheets", type=Path, metavar="FOLDER", help="draw each attribute on all faces, as JPEG")
    options.add_json(parser)
    parser.set_defaults(run=options.with_torch(run))


def run(args: argparse.Namespace) -> int:
    """Raises AnycostError when there are no faces, and when a model is missing."""
    if args.folder and not args.folder.is_dir():
        raise AnycostError(f"there is no folder {args.folder}", "name one with photos")
    if args.sheets:
        args.sheets.mkdir(parents=True, exist_ok=True)

    from anycost_models.metrics.identity import SAME_PERSON, load_identity

    from anycost_backend.editing import edit_evaluation as evaluation
    from anycost_backend.editing.models import Models
    from anycost_backend.editing.session import Session

    models = Models()
    for name in args.only:
        models.directions.direction(name)
    names = [name for name in args.only or models.directions.by_name if name in models.effects.attributes]
    embed = load_identity().of_image
    edits: list[MeasuredEdit] = []
    photos: dict[str, np.ndarray] = {}
    for face, photo in _photos(args.folder, args.generated, models):
        session = Session(photo, models)
        if not session.faces:
            print(f"anycost evaluate: left out: {face} shows no face", file=sys.stderr)
            continue
        photos[face] = session.crop(0, TILE)
        edits += evaluation.measure_edits(face, session, names, embed)
        session.close()
        print(f"{face}: {len(names)} attributes measured", file=sys.stderr)
    if not edits:
        raise AnycostError("there is no face to edit", "name a folder with photos of faces, or --generated N")
    if args.sheets:
        _draw(args.sheets, edits, photos)
    attributes = evaluation.summary(edits, models.effects, SAME_PERSON)
    shares = [row.share for row in attributes.values() if math.isfinite(row.share)]
    median = sorted(shares)[len(shares) // 2] if shares else math.nan
    if args.json:
        rows = {name: {key: _number(value) for key, value in asdict(row).items()} for name, row in attributes.items()}
        each = [
            {
                "face": edit.face,
                "name": edit.name,
                "strength": edit.sense,
                "share": _number(edit.share),
                "at_end": edit.at_end,
                "reached": _number(edit.reached),
                "gain": _number(edit.gain),
                "distance": _number(edit.distance),
            }
            for edit in edits
        ]
        told = {"faces": len(photos), "median_share": _number(median), "attributes": rows, "edits": each}
        print(json.dumps(told, indent=1))
        return 0
    print(f"{'attribute':16} edits  share  reached  others  same person")
    for name, row in attributes.items():
        shown = f"{row.faces:5d}  {row.share:5.2f}  {row.reached:7.0%}  {row.others:6.2f}  {row.same_person:11.0%}"
        print(f"{name:16} {shown}")
    count = sum(row.reached >= 0.9 for row in attributes.values())
    print(
        f"{len(photos)} faces; median share {median:.2f}; {count} of {len(attributes)} attributes reach"
        f" {evaluation.SHOWN:g} of what they promise on 90 % of the faces that are not at that end already"
    )
    return 0


def _photos(folder: Path | None, drawn: int, models: "Models") -> Iterator[tuple[str, Any]]:
    from anycost_backend.editing.edit_evaluation import generated_photographs
    from anycost_backend.photo.file_names import EXTENSIONS
    from anycost_backend.photo.photo import open_photo

    for path in sorted(folder.iterdir()) if folder else ():
        if path.suffix.lower() in EXTENSIONS and not path.name.startswith("."):
            try:
                yield path.name, open_photo(path)
            except AnycostError as error:
                print(f"anycost evaluate: left out: {error}", file=sys.stderr)
    yield from generated_photographs(models, drawn)


def _draw(folder: Path, edits: "list[MeasuredEdit]", photos: "dict[str, np.ndarray]") -> None:
    from anycost_models.plotting.contact_sheet import contact_sheet, save_image

    for name in dict.fromkeys(edit.name for edit in edits):
        pictures = {(edit.face, edit.sense): edit.picture for edit in edits if edit.name == name}
        columns, titles = [list(photos.values())], ["photo"]
        for at, sense in ((0, -1), (2, 1)):
            if any(way == sense for _, way in pictures):  # some sliders end at 0
                columns.insert(at, [pictures[face, sense] for face in photos])
                titles.insert(at, f"{sense:+d}")
        save_image(folder / f"{name}.jpg", contact_sheet(columns, (), titles, TILE, name), 88)


def _number(value: float | None) -> float | None:
    return round(value, 4) if value is not None and math.isfinite(value) else None
