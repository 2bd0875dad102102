"""`anycost project`: finds the latent of a face, and scores how well the model renders it."""

import argparse
import dataclasses
import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

from anycost_models.core.extras import install_command, torch_is_installed
from anycost_models.core.peak_memory import peak_megabytes

from anycost_backend.cli import options

if TYPE_CHECKING:
    from anycost_models.projection.graph_scores import ProjectionScores
    from anycost_models.projection.settings import ProjectionSettings


def add(subparsers: Any) -> None:
    parser = subparsers.add_parser(
        "project",
        help="find the latent of a face",
        description="Finds the latent with which the model draws a face most alike, and says how alike. "
        "'anycost edit' does this by itself; both remember the result.",
    )
    options.add_photo(parser)
    options.add_face(parser)
    options.add_model(parser)
    add_settings(parser)
    parser.add_argument("--output", "-o", type=Path, metavar="FILE", help="write the W+ latent as safetensors")
    parser.add_argument("--sheet", type=Path, metavar="FILE", help="draw the face and its projection")
    parser.add_argument("--seed", type=options.seed, default=0, help="of the optimisation (default: %(default)s)")
    parser.add_argument("--fresh", action="store_true", help="project anew, even if this face is remembered")
    options.add_json(parser)
    parser.set_defaults(run=run)


def add_settings(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--budget",
        type=options.seconds,
        metavar="TIME",
        help="how long to refine, as 10s or 500ms; 0: only what the encoder answers"
        " (default: so many steps as take about 10s on two cores)",
    )
    parser.add_argument(
        "--faithful",
        type=options.share,
        default=0.5,
        metavar="0..1",
        help="1: as near to the face as can be; 0: near to what the model draws by itself, good to edit (default: 0.5)",
    )


def settings_of(args: argparse.Namespace, seed: int = 0) -> "ProjectionSettings | None":
    """None: the default settings, with which edits project, too."""
    if args.budget is None and args.faithful == 0.5 and not seed:
        return None
    from anycost_models.projection.inversion import ProjectionSettings

    return ProjectionSettings(budget=args.budget, editable=1 - args.faithful, seed=seed)


def run(args: argparse.Namespace) -> int:
    options.ensure_memory_for_edits()
    from anycost_models.core.atomic_files import ensure_writable, mode_of_copy, write_aside
    from anycost_models.core.malloc_settings import keep_freed_memory
    from anycost_models.projection.warnings import warnings as warnings_of

    if args.output:
        ensure_writable(args.output)
    options.check_sheet(args.sheet, args.photo, args.output)
    keep_freed_memory()
    session = options.open_session(args.photo, args.max_megapixels, args.model)
    face = options.choose_face(session, args.face)
    with options.projection_bar() as bar:
        found = session.project(face, settings_of(args, args.seed), bar, fresh=args.fresh)
    crop = session.crop(face, 256)
    scores = _scores(session.models.renderer, found.latent, crop)
    square, (yaw, *_) = session.faces[face].square, session.faces[face].mesh.pose()
    warnings = warnings_of(scores.psnr, scores.same_person, scores.deviation, square.side, yaw)
    if args.output:
        from safetensors.numpy import save

        write_aside(args.output, save({"latent": found.latent}), mode_of_copy(args.photo))
    if args.sheet:
        from anycost_models.plotting.contact_sheet import contact_sheet, save_image

        render = session.models.renderer.render8(found.latent)
        images = [[session.crop(face, 512), render]]
        save_image(args.sheet, contact_sheet(images, ["the face", "its projection"], tile=512), shows=[args.photo])
    if args.json:
        about = {"face": face + 1, "warnings": warnings, "peak_megabytes": peak_megabytes()}
        print(json.dumps(found.scores() | dataclasses.asdict(scores) | about, indent=1))
        return 0
    for warning in warnings:
        print(f"anycost project: {warning}", file=sys.stderr)
    how = f"refined in {found.steps} steps" if found.stage == "refined" else "as the encoder answered"
    when = "remembered" if found.remembered else f"{found.seconds:.1f} s"
    identity = "not measured: 'anycost models fetch' fetches what it takes"
    if not torch_is_installed():
        identity = f"not measured: that needs torch; '{install_command()}' installs it"
    if scores.identity is not None:
        identity = f"{'the same person' if scores.same_person else 'another person'} (distance {scores.identity:.2f})"
    print(f"face {face + 1}, {how} ({when})")
    print(f"likeness: PSNR {scores.psnr:.1f} dB, ENL0 {scores.enl0:.3f} at 256 px")
    print(f"identity: {identity}")
    if scores.consistency is not None and scores.consistency_ratio is not None:
        print(
            f"consistency: ENL0 {scores.consistency:.3f} from previews to the full picture,"
            f" {scores.consistency_ratio:.2f} of what generated faces have"
        )
    print(f"editability: {scores.deviation:.2f} σ from the mean face")
    return 0


def _scores(renderer: Any, latent: Any, crop: Any) -> "ProjectionScores":
    if not torch_is_installed():
        from anycost_models.projection.graph_scores import scores_by_graphs

        return scores_by_graphs(renderer.graphs, latent, crop)
    from anycost_models.metrics.enl0 import load_perceptual
    from anycost_models.projection.scores import ProjectionScorer, identity_if_fetched

    from anycost_backend.editing.projection import with_typical_consistency

    perceptual = load_perceptual()
    scorer = ProjectionScorer(renderer.model, perceptual, identity_if_fetched())
    return with_typical_consistency(renderer, scorer).scores(latent, crop)
