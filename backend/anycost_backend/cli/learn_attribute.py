"""`anycost attributes learn`: learns an attribute of the user's own from two folders of photos."""

import argparse
import json
import sys
from pathlib import Path
from typing import Any

from anycost_backend.cli import options, project


def add(subparsers: Any) -> None:
    parser = subparsers.add_parser(
        "learn",
        help="learn an attribute from pictures with it and pictures without it",
        description="Learns an attribute from two folders, with a dozen pictures or more each: faces that show it, and"
        " faces that don't and otherwise are alike. Says how well faces that were left out are told apart.",
        epilog="example: anycost attributes learn freckles --positive with/ --negative without/",
    )
    parser.add_argument("name", metavar="NAME", help="small letters, digits and _")
    parser.add_argument("--positive", type=Path, required=True, metavar="FOLDER", help="pictures of faces with it")
    parser.add_argument("--negative", type=Path, required=True, metavar="FOLDER", help="pictures of faces without it")
    parser.add_argument("--about", default="", metavar="TEXT", help="what −1 and +1 do, as 'none … many freckles'")
    parser.add_argument(
        "--region",
        choices=("face", "head"),
        default="head",
        help="what of a photo it may change: the face, or hair and neckline with it (default: head)",
    )
    parser.add_argument(
        "--output", "-o", type=Path, metavar="FILE", help="write it to a file instead of among your own attributes"
    )
    parser.add_argument(
        "--max-megapixels",
        type=options.megapixels,
        default=150,
        metavar="N",
        help="leave out larger pictures (default: %(default)g)",
    )
    parser.add_argument(
        "--budget",
        type=options.seconds,
        metavar="TIME",
        help="refine each face for so long, as 10s; what is refined is remembered (default: what the encoder answers)",
    )
    options.add_json(parser)
    parser.set_defaults(run=run, faithful=0.5)


def run(args: argparse.Namespace) -> int:
    from anycost_models.core.atomic_files import ensure_writable
    from anycost_models.editing.user_attributes import store, write
    from tqdm import tqdm

    from anycost_backend.editing.attribute_learning import check_name, latents_of, learn_attribute, photos_in

    if args.output:
        ensure_writable(args.output)
    models = options.load_models(args.model)
    check_name(args.name, models)  # before the work, not after it
    folders = [photos_in(folder) for folder in (args.positive, args.negative)]
    settings = project.settings_of(args) if args.budget is not None else None
    sides, notes = [], []
    with tqdm(desc="faces", total=sum(map(len, folders)), leave=False, disable=not sys.stderr.isatty()) as bar:
        for photos in folders:
            latents, left_out = latents_of(
                photos, models, args.max_megapixels, settings, on_photo=lambda path: bar.update(1) and None
            )
            sides.append(latents)
            notes += left_out
    for note in notes:
        print(f"note: {note}", file=sys.stderr)
    with tqdm(desc="learning", total=100, leave=False, disable=not sys.stderr.isatty()) as bar:
        attribute, learned = learn_attribute(
            models,
            args.name,
            args.about,
            args.region,
            sides[0],
            sides[1],
            on_progress=lambda f: bar.update(int(100 * f) - bar.n) and None,
        )
    if args.output:
        write(attribute, args.output)
    path = args.output or store(attribute)
    if not learned.holds:
        print(f"warning: {learned.text()}", file=sys.stderr)
    if args.json:
        answer = {"name": args.name, "output": str(path), "layers": learned.layers, "left_out": notes}
        print(json.dumps(answer | learned.report(), indent=1))
        return 0
    if learned.holds:
        print(learned.text())
    where = f"{path} written" if args.output else f"'{args.name}' can be used now"
    print(
        f"{where}: strength 1 is {learned.length:.1f} standard deviations, in rows {learned.layers[0]} to"
        f" {learned.layers[1] - 1} of the latent"
    )
    return 0
