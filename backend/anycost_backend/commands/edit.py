"""`anycost edit`: a photo with one face changed, written back at its own size and format."""

import argparse
import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

from anycost_backend.commands import common

if TYPE_CHECKING:
    import numpy as np

    from anycost_backend.session import Edit, Session


def add(subparsers: Any) -> None:
    parser = subparsers.add_parser(
        "edit",
        help="change a face in a photo",
        description="Changes a face in a photo and writes the photo anew; outside the face no pixel changes.",
        epilog="example: anycost edit photo.jpg --set smile=0.8 --set age=-0.4 --output edited.png",
    )
    common.add_photo(parser)
    parser.add_argument(
        "--set",
        dest="strengths",
        type=common.strength,
        action="append",
        required=True,
        metavar="NAME=STRENGTH",
        help="an attribute and how far to move it, -2 to 2, where ±1 is strong (see 'anycost attributes')",
    )
    parser.add_argument("--output", "-o", type=Path, required=True, metavar="FILE", help="the photo to write")
    common.add_face(parser)
    common.add_model(parser)
    parser.add_argument("--sheet", type=Path, metavar="FILE", help="also draw before and after, side by side")
    parser.add_argument("--quality", type=quality, metavar="1-100", help="of a JPEG or WebP (default: as the original)")
    parser.add_argument(
        "--no-declaration",
        action="store_true",
        help="don't note in the file's metadata that it was edited with a trained model",
    )
    common.add_json(parser)
    parser.set_defaults(run=run)


def quality(text: str) -> int:
    """For argparse."""
    if not text.isdecimal() or not 1 <= int(text) <= 100:
        raise argparse.ArgumentTypeError(f"'{text}' is not a whole number from 1 to 100")
    return int(text)


def run(args: argparse.Namespace) -> int:
    from anycost_models.files import check_output

    from anycost_backend.photo import output_format, save_photo

    strengths = dict(args.strengths)
    check_output(args.output)  # before the work, not after it
    output_format(args.output)
    common.check_sheet(args.sheet, args.photo, args.output)
    session = common.open_session(args.photo, args.max_megapixels, args.model)
    session.parts.directions.check(strengths)
    face = common.choose_face(session, args.face)
    with common.projection_bar() as bar:
        edit = session.edit(session.photo, face, strengths, bar)
    declare = not args.no_declaration and edit.change is not None  # with all strengths 0 there is nothing to declare
    notes = save_photo(edit.photo, args.output, declare_edit=declare, quality=args.quality)
    for note in notes:
        print(f"note: {note}", file=sys.stderr)
    if args.sheet:
        from anycost_models.sheet import save_picture

        save_picture(args.sheet, before_after(session, face, edit))
    if args.json:
        answer = {
            "output": str(args.output),
            "sheet": str(args.sheet) if args.sheet else None,
            "face": face + 1,
            "strengths": strengths,
            "projection": edit.projection.scores() if edit.projection else None,
            "seconds": {name: round(value, 3) for name, value in session.seconds.items()},
            "peak_megabytes": common.peak_megabytes(),
        }
        print(json.dumps(answer, indent=1))
    else:
        print(f"{args.output} written" + (f", before and after in {args.sheet}" if args.sheet else ""))
    return 0


def before_after(session: "Session", face: int, edit: "Edit") -> "np.ndarray":
    """A contact sheet, uint8 RGB: the photo, the face, and what the model made of it, before and after."""
    from anycost_models.sheet import contact_sheet

    square = session.faces[face].square
    photos = [session.photo.srgb8(), edit.photo.srgb8()]
    rows = [photos, [square.crop(photo, 512) for photo in photos]]
    if edit.projected is not None and edit.edited is not None:
        rows.append([(picture * 255).round().astype("uint8") for picture in (edit.projected, edit.edited)])
    return contact_sheet(rows, ["before", "after"], ["photo", "face", "the model's own"][: len(rows)], tile=512)
