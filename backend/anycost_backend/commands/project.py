"""`anycost project`: how well the model can draw a face, and the latent with which it does."""

import argparse
import json
from pathlib import Path
from typing import Any

from anycost_backend.commands import common


def add(subparsers: Any) -> None:
    parser = subparsers.add_parser(
        "project",
        help="find the latent of a face",
        description="Finds the latent with which the model draws a face most alike, and says how alike. "
        "'anycost edit' does this by itself; both remember the result.",
    )
    common.add_photo(parser)
    common.add_face(parser)
    common.add_model(parser)
    parser.add_argument("--output", "-o", type=Path, metavar="FILE", help="write the W+ latent as safetensors")
    parser.add_argument("--sheet", type=Path, metavar="FILE", help="draw the face and its projection")
    parser.add_argument("--seed", type=common.seed, default=0, help="of the optimisation (default: %(default)s)")
    parser.add_argument("--fresh", action="store_true", help="project anew, even if this face is remembered")
    common.add_json(parser)
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    from anycost_models.files import check_output, write_aside
    from anycost_models.inversion import ProjectionSettings

    if args.output:
        check_output(args.output)
    common.check_sheet(args.sheet, args.photo, args.output)
    session = common.open_session(args.photo, args.max_megapixels, args.model)
    face = common.choose_face(session, args.face)
    settings = ProjectionSettings(seed=args.seed) if args.seed else None
    with common.projection_bar() as bar:
        found = session.project(face, settings, bar, fresh=args.fresh)
    if args.output:
        from safetensors.numpy import save

        write_aside(args.output, save({"latent": found.latent}))
    if args.sheet:
        from anycost_models.sheet import contact_sheet, save_picture

        crop = session.faces[face].square.crop(session.photo.srgb8(), 512)
        drawn = (session.parts.renderer.render(found.latent) * 255).round().astype("uint8")
        save_picture(args.sheet, contact_sheet([[crop, drawn]], ["the face", "its projection"], tile=512))
    if args.json:
        print(json.dumps(found.scores() | {"face": face + 1, "peak_megabytes": common.peak_megabytes()}, indent=1))
    else:
        when = "remembered" if found.remembered else f"{found.seconds:.1f} s, {found.steps} steps"
        print(
            f"face {face + 1}: PSNR {found.psnr:.1f} dB, ENL0 {found.enl0:.3f} at 256 px, "
            f"{found.deviation:.2f} σ from the mean face ({when})"
        )
    return 0
