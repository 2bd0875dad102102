"""`anycost edit`: a photo with one face changed, written back at its own size and format."""

import argparse
import gc
import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

from anycost_client.protocol.values import LITTLE
from anycost_models.core.peak_memory import peak_megabytes

from anycost_backend.cli import options

if TYPE_CHECKING:
    import numpy as np
    from anycost_models.editing.face_matching import MatchKind

    from anycost_backend.editing.face_edit import FaceEdit
    from anycost_backend.editing.session import EditResult, Session


def add(subparsers: Any) -> None:
    parser = subparsers.add_parser(
        "edit",
        help="change a face in a photo",
        description="Changes a face in a photo and writes the photo anew; outside the face no pixel changes.",
        epilog="example: anycost edit photo.jpg --set smile=0.8 --set age=-0.4 --output edited.png",
    )
    options.add_photo(parser)
    options.add_strengths(parser)
    parser.add_argument(
        "--match",
        type=matching,
        action="append",
        default=[],
        metavar="WHAT=PHOTO",
        help="take over expression, pose, hair or lighting from the largest face of another photo",
    )
    parser.add_argument("--output", "-o", type=Path, required=True, metavar="FILE", help="the photo to write")
    options.add_face(parser)
    options.add_model(parser)
    parser.add_argument("--sheet", type=Path, metavar="FILE", help="also draw before and after, side by side")
    parser.add_argument("--quality", type=quality, metavar="1-100", help="of a JPEG or WebP (default: as the original)")
    parser.add_argument("--overwrite", action="store_true", help="allow FILE to be the photo itself")
    parser.add_argument(
        "--no-declaration",
        action="store_true",
        help="don't note in the file's metadata that it was edited with a trained model",
    )
    options.add_json(parser)
    parser.set_defaults(run=run, refuse=parser.error)


def matching(text: str) -> "tuple[MatchKind, Path]":
    """`expression=other.jpg` → ("expression", its path), for argparse. Raises ArgumentTypeError."""
    from anycost_models.editing.face_matching import MATCH_KINDS

    what, sign, photo = text.partition("=")
    for one in MATCH_KINDS:
        if one == what.strip() and sign and photo:
            return one, Path(photo)
    raise argparse.ArgumentTypeError(f"'{text}' is not of the form WHAT=PHOTO, with one of {', '.join(MATCH_KINDS)}")


def quality(text: str) -> int:
    """A value for argparse. Raises ArgumentTypeError."""
    if not text.isdecimal() or not 1 <= int(text) <= 100:
        raise argparse.ArgumentTypeError(f"'{text}' is not a whole number from 1 to 100")
    return int(text)


def run(args: argparse.Namespace) -> int:
    options.ensure_memory_for_edits()
    from anycost_models.core.atomic_files import ensure_writable
    from anycost_models.core.malloc_settings import give_back_freed_memory, give_back_large_memory

    from anycost_backend.editing.face_edit import FaceEdit
    from anycost_backend.editing.face_warnings import face_warnings
    from anycost_backend.photo.photo import output_format, save_photo

    if not args.strengths and not args.match:
        args.refuse("nothing is to be changed: say what with --set NAME=STRENGTH or --match WHAT=PHOTO")
    edit = FaceEdit(options.strengths_of(args), tuple(args.hold))
    ensure_writable(args.output)  # before the work, not after it
    options.check_output(args.output, args.overwrite, args.photo, *(photo for _, photo in args.match))
    output_format(args.output)
    options.check_sheet(args.sheet, args.photo, args.output)
    give_back_large_memory()
    session = options.open_session(args.photo, args.max_megapixels, args.model)
    edit.check(session.models.directions, session.models.latent_shape)
    face = options.choose_face(session, args.face)
    for what, photo in args.match:
        edit = with_match(session, face, what, photo, args.max_megapixels, edit)
    with options.projection_bar() as bar:
        if session.planner.draws(edit):
            session.project(face, on_step=bar)
        warnings = face_warnings(session, face, edit) if edit.changes else ()
        for warning in warnings:
            print(f"warning: {warning}", file=sys.stderr)
        result = session.edit(session.photo, face, edit, bar)
    declare = not args.no_declaration and result.change is not None  # with all strengths 0 there is nothing to declare
    sheet = before_after(session, face, result) if args.sheet else None
    seconds = session.seconds
    del session  # its models are half of the memory, and encoding a large photo takes as much
    gc.collect()
    give_back_freed_memory()
    notes = save_photo(result.photo, args.output, declare_edit=declare, quality=args.quality)
    notes += [
        f"{name} shows {share:.0%} of what was asked: as far as this face allows"
        for name, share in result.reached.items()
        if share < LITTLE
    ]
    for note in notes:
        print(f"note: {note}", file=sys.stderr)
    if sheet is not None:
        from anycost_models.plotting.contact_sheet import save_image

        save_image(args.sheet, sheet, shows=[args.photo])
    if args.json:
        answer = {
            "output": str(args.output),
            "sheet": str(args.sheet) if args.sheet else None,
            "face": face + 1,
            "strengths": edit.strengths,
            "reached": {name: round(share, 3) for name, share in result.reached.items()},
            "held": {name: round(result.strengths.get(name, 0.0), 3) for name in edit.held},
            "projection": result.projection.scores() if result.projection else None,
            "warnings": warnings,
            "notes": notes,
            "seconds": {name: round(value, 3) for name, value in seconds.items()},
            "peak_megabytes": peak_megabytes(),
        }
        print(json.dumps(answer, indent=1))
    else:
        print(f"{args.output} written" + (f", before and after in {args.sheet}" if args.sheet else ""))
    return 0


def with_match(
    session: "Session", face: int, what: "MatchKind", photo: Path, max_megapixels: float, edit: "FaceEdit"
) -> "FaceEdit":
    """The edit with what the face takes over from the largest face of the photo; strengths of the edit stay.

    Raises AnycostError when the photo cannot be read, has no face, or the model has no attributes for it."""
    import numpy as np
    from anycost_models.projection.settings import ProjectionSettings

    from anycost_backend.editing.face_edit import FaceEdit
    from anycost_backend.editing.face_matching import match_faces, text_of
    from anycost_backend.editing.session import Session
    from anycost_backend.photo.photo import open_photo

    source = Session(open_photo(photo, max_megapixels), session.models)
    other = options.choose_face(source, None)
    with options.projection_bar() as bar:
        session.project(face, on_step=bar)
    source.project(other, ProjectionSettings(budget=0))
    found = match_faces(what, session.models, (session, face), (source, other))
    print(f"{what} of {photo}: {text_of(found)}", file=sys.stderr)
    offsets = [offset for offset in (edit.offset, found.offset) if offset is not None]
    return FaceEdit({**found.strengths, **edit.strengths}, edit.held, np.sum(offsets, axis=0) if offsets else None)


def before_after(session: "Session", face: int, result: "EditResult") -> "np.ndarray":
    """A contact sheet, uint8 RGB [H, W, 3]: the photo, the face, and the model's renders, before and after."""
    from anycost_models.core.images import to_uint8
    from anycost_models.plotting.contact_sheet import contact_sheet

    square = session.faces[face].square
    photos = [session.photo.srgb8(), result.photo.srgb8()]
    rows = [photos, [square.crop(photo, 512) for photo in photos]]
    if result.projected is not None and result.edited is not None:
        rows.append([to_uint8(image) for image in (result.projected, result.edited)])
    return contact_sheet(rows, ["before", "after"], ["photo", "face", "the model's own"][: len(rows)], tile=512)
