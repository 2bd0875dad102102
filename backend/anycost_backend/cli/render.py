"""`anycost render`: random faces, rendered by the generator or one of its sub-generators."""

import argparse
import math
from pathlib import Path
from typing import Any

from anycost_models.core.errors import AnycostError

from anycost_backend.cli import options
from anycost_backend.photo.memory import ensure_memory

_BYTES = 800_000_000  # that the full generator takes


def add(subparsers: Any) -> None:
    parser = subparsers.add_parser(
        "render",
        help="draw random faces",
        description="Draws the face of a seed, or a sheet of many. The people do not exist.",
        epilog="example: anycost render --seed 3 --resolution 256 -o face.png",
    )
    parser.add_argument("--seed", type=options.seed, default=0, help="which face (default: %(default)s)")
    parser.add_argument(
        "--resolution", type=int, metavar="R", help="pixels, by a sub-generator (default: the full one)"
    )
    parser.add_argument(
        "--channels",
        type=options.channels,
        default=1.0,
        metavar="RATIO|LIST",
        help="by a narrower sub-generator: .25, .5 or .75, or the channels of each layer",
    )
    options.add_model(parser)
    parser.add_argument(
        "--truncation", type=float, default=0.7, metavar="ψ", help="0: the mean face, 1: all there is (default: 0.7)"
    )
    parser.add_argument(
        "--set",
        dest="strengths",
        type=options.strength,
        action="append",
        default=[],
        metavar="NAME=STRENGTH",
        help="move an attribute, as in 'anycost edit'",
    )
    parser.add_argument("--grid", type=int, metavar="N", help="a sheet of N faces, from --seed upwards")
    parser.add_argument("--output", "-o", type=Path, required=True, metavar="FILE", help="a PNG or JPEG")
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    """Raises AnycostError for arguments out of range, attributes that only warp photos, little memory, and when the
    image cannot be written."""
    ensure_memory(_BYTES, "drawing a face")
    if not 0 <= args.truncation <= 1.5:
        raise AnycostError(f"the truncation is {args.truncation:g}", "choose one from 0 to 1.5")
    if args.grid is not None and not 1 <= args.grid <= 400:
        raise AnycostError(f"a grid of {args.grid} faces", "choose between 1 and 400")
    options.check_sheet(args.output)
    from anycost_models.generators.sub_generator import SubGenerator
    from anycost_models.plotting.contact_sheet import contact_sheet, save_image

    from anycost_backend.editing.models import Models

    models, strengths = Models(args.model), dict(args.strengths)
    for name in strengths:
        if not models.directions.direction(name).learned:
            raise AnycostError(f"'{name}' only changes photos", "leave it out, or use 'anycost edit' on what was drawn")
    sub = SubGenerator(args.resolution or models.renderer.model.config.resolution, args.channels)
    images = []
    for seed in range(args.seed, args.seed + (args.grid or 1)):
        latent = models.renderer.sample(seed, args.truncation)
        if strengths:
            latent = models.directions.apply(latent, strengths)
        images.append(models.renderer.render8(latent, sub))
    if args.grid:
        columns = math.ceil(math.sqrt(len(images)))
        rows = [images[i : i + columns] for i in range(0, len(images), columns)]
        save_image(args.output, contact_sheet(rows, tile=min(256, sub.resolution)))
    else:
        save_image(args.output, images[0])
    print(f"{args.output} written")
    return 0
