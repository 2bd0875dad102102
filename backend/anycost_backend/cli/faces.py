"""`anycost faces`: lists the faces of an image, and draws boxes, landmarks and masks."""

import argparse
import json
import sys
from pathlib import Path
from typing import Any

from anycost_backend.cli import options
from anycost_backend.photo.memory import ensure_memory


def add(subparsers: Any) -> None:
    parser = subparsers.add_parser(
        "faces",
        help="show which faces a picture has",
        description="Lists the faces of a picture, the largest first, with the numbers that other commands take.",
    )
    options.add_photo(parser)
    parser.add_argument("--sheet", type=Path, metavar="FILE", help="draw boxes, landmarks, masks and aligned crops")
    options.add_json(parser)
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    """Exit code 1 when no face was found."""
    ensure_memory(0, "finding faces")
    from anycost_backend.editing.faces import find_faces
    from anycost_backend.photo.photo import open_photo

    options.check_sheet(args.sheet, args.photo)
    image = open_photo(args.photo, args.max_megapixels).srgb8()
    faces = find_faces(image)
    if args.json:
        print(json.dumps([_described(number, face) for number, face in enumerate(faces, 1)], indent=1))
    elif not faces:
        print(f"anycost faces: no face found in {args.photo}", file=sys.stderr)
    else:
        for number, face in enumerate(faces, 1):
            (x0, y0, x1, y1), (yaw, pitch, roll) = face.box, face.mesh.pose()
            print(
                f"face {number}: {x1 - x0} × {y1 - y0} px at ({x0}, {y0}), square of {face.square.side:.0f} px, "
                f"yaw {yaw:+.0f}° pitch {pitch:+.0f}° roll {roll:+.0f}°, score {face.score:.2f}"
            )
    if args.sheet and faces:
        from anycost_models.plotting.contact_sheet import save_image

        from anycost_backend.cli.faces_sheet import draw_sheet

        save_image(args.sheet, draw_sheet(image, faces), shows=[args.photo])
        if not args.json:
            print(f"sheet written to {args.sheet}")
    return 0 if faces else 1


def _described(number: int, face: Any) -> dict[str, Any]:
    yaw, pitch, roll = face.mesh.pose()
    return {
        "number": number,
        "box": list(face.box),
        "score": round(face.score, 4),
        "square": {"centre": face.square.centre, "axis": face.square.axis, "side": face.square.side},
        "degrees": {"yaw": round(yaw, 2), "pitch": round(pitch, 2), "roll": round(roll, 2)},
    }
