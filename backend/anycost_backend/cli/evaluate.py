"""`anycost evaluate`: measures how near sub-generators are to their full generator, and how good projections are."""

import argparse
import json
import math
import sys
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from anycost_models.core.errors import AnycostError

from anycost_backend.cli import evaluate_edits, evaluate_projection, options

if TYPE_CHECKING:
    from anycost_models.evaluation.sub_generators import SubGeneratorRenders
    from anycost_models.generators.elastic import SubGenerator
    from torch import Tensor

SHEET_FACES = 16


def add(subparsers: Any) -> None:
    parser = subparsers.add_parser(
        "evaluate",
        help="measure sub-generators against the full generator",
        description="Draws faces that no training has seen with sub-generators and with the full generator, and"
        " measures how near they are. docs/training.md says what each measure is.",
    )
    measures = parser.add_subparsers(
        dest="measure", required=True, metavar="consistency|fd|attributes|path|projection|edits"
    )
    evaluate_projection.add(measures)
    evaluate_edits.add(measures)
    for name, run, samples, text in (
        ("consistency", _consistency, 256, "PSNR and ENL0 between pictures of the same face, and what they cost"),
        ("fd", _fd, 256, "FD-ENL0 between distributions of faces, with its floor"),
        ("attributes", _attributes, 256, "agreement of what both pictures show: smile, age, pose and others"),
        ("path", _path, 100, "perceptual path length in W, by ENL0"),
    ):
        sub = measures.add_parser(name, help=text, description=text[0].upper() + text[1:] + ".")
        sub.add_argument("--samples", type=int, default=samples, metavar="N", help="faces (default: %(default)s)")
        sub.add_argument("--seed", type=options.seed, default=0, help="which faces (default: %(default)s)")
        sub.add_argument(
            "--truncation", type=float, default=0.7, metavar="ψ", help="0: the mean face, 1: all (default: 0.7)"
        )
        which = sub.add_mutually_exclusive_group()
        which.add_argument("--model", metavar="NAME", help="of 'anycost models list' (default: the embedded one)")
        which.add_argument("--weights", type=Path, metavar="FILE", help="a generator's weights (.safetensors)")
        sub.add_argument(
            "--resolution", type=int, nargs="+", default=[], metavar="R", help="only these, pixels (default: all)"
        )
        sub.add_argument(
            "--channels",
            type=options.channels,
            nargs="+",
            default=[],
            metavar="C",
            help="only these ratios (default: 1 .75 .5 .25), or numbers for each layer, as in 512,512,256",
        )
        if name != "path":
            sub.add_argument("--fast", action="store_true", help="draw in bfloat16: quicker, less exact")
        if name == "consistency":
            sub.add_argument(
                "--sheet", type=Path, metavar="FILE", help=f"draw {SHEET_FACES} of the faces by each, a PNG or JPEG"
            )
        options.add_json(sub)
        sub.set_defaults(run=options.with_torch(run), fast=False)


def _consistency(args: argparse.Namespace) -> int:
    options.check_sheet(args.sheet, args.weights)

    from anycost_models.evaluation import sub_generators
    from anycost_models.metrics.enl0 import load_perceptual
    from anycost_models.plotting.contact_sheet import save_image

    renders, styles = _faces(args)
    found = sub_generators.consistency(renders, load_perceptual(), styles, _track)
    if args.sheet:
        faces = styles[:SHEET_FACES]
        title = f"{len(faces)} held-out faces, seed {args.seed}, truncation {args.truncation:g}; 1/n: MACs, full = 1/1"
        save_image(args.sheet, sub_generators.comparison_sheet(renders, faces, title))
    if args.json:
        rows = [
            {
                **_named(row.sub),
                "psnr": _number(row.psnr, 3),
                "enl0": _number(row.enl0, 5),
                "macs_ratio": _number(row.macs_ratio, 6),
                "ms": _number(row.ms, 2),
            }
            for row in found
        ]
        _print_json(rows)
        return 0
    lines = [
        (_short(row.sub), f"{row.psnr:.2f}", f"{row.enl0:.4f}", f"{row.macs_ratio:.4f}", f"{row.ms:.1f}")
        for row in found
    ]
    notes = (
        "PSNR in dB at the sub-generator's resolution (100: equal), ENL0 at most at 256 px, both to the full picture;"
        " cost in MACs, the full generator being 1; ms: median of drawing one picture, with torch"
    )
    _print_table(args, ("sub-generator", "PSNR", "ENL0", "cost", "ms"), lines, notes)
    if args.sheet:
        print(f"sheet written to {args.sheet}")
    return 0


def _fd(args: argparse.Namespace) -> int:
    from anycost_models.evaluation import sub_generators
    from anycost_models.metrics.enl0 import load_perceptual

    renders, styles = _faces(args)
    found = sub_generators.frechet(renders, load_perceptual(), styles, _track)
    if args.json:
        _print_json(
            [{**_named(row.sub), "fd_enl0": _number(row.fd_enl0, 7), "floor": _number(row.floor, 7)} for row in found]
        )
        return 0
    lines = [(_short(row.sub), f"{row.fd_enl0:.5f}", f"{row.floor:.5f}") for row in found]
    notes = (
        "FD-ENL0 to as many other faces of the full generator, at most at 256 px; floor: the full generator's own."
        " Both fall with more samples: compare only what was measured with as many"
    )
    _print_table(args, ("sub-generator", "FD-ENL0", "floor"), lines, notes)
    return 0


def _attributes(args: argparse.Namespace) -> int:
    import numpy as np
    from anycost_models.evaluation import sub_generators
    from anycost_models.face.labels import FaceLabels

    renders, styles = _faces(args)
    found = sub_generators.attributes(renders, FaceLabels.load(), styles, _track)
    if args.json:
        rows = []
        for row in found:
            labels = {
                name: {"difference": _number(label.difference), "correlation": _number(label.correlation)}
                for name, label in row.labels.items()
            }
            mean = {"difference": _number(row.difference), "correlation": _number(row.correlation)}
            rows.append({**_named(row.sub), **mean, "labels": labels})
        _print_json(rows)
        return 0
    lines = []
    for row in found:
        worst, label = max(row.labels.items(), key=lambda item: np.nan_to_num(item[1].difference))
        means, worsts = ((f"{each.difference:.3f}", f"{each.correlation:.3f}") for each in (row, label))
        lines.append((_short(row.sub), *means, worst, *worsts))
    notes = (
        "difference: mean absolute, in standard deviations of the label over these faces; first the means over"
        f" {len(found[0].labels)} labels, then the label that differs most; --json tells of each. Both pictures are"
        " measured at the sub-generator's resolution"
    )
    head = ("sub-generator", "difference", "correlation", "worst", "difference", "correlation")
    _print_table(args, head, lines, notes)
    return 0


def _path(args: argparse.Namespace) -> int:
    from anycost_models.evaluation import sub_generators
    from anycost_models.metrics.enl0 import load_perceptual

    renders, styles = _faces(args)
    found = sub_generators.path_lengths(renders, load_perceptual(), styles, _track)
    if args.json:
        _print_json(
            [{**_named(row.sub), "path_length": _number(row.length, 2), "full": _number(row.full, 2)} for row in found]
        )
        return 0
    lines = [(_short(row.sub), f"{row.length:.1f}", f"{row.full:.1f}") for row in found]
    notes = (
        f"ENL0 per squared step in W (steps of {sub_generators.STEP:g}), at most at 256 px; full: the full generator's"
    )
    _print_table(args, ("sub-generator", "path length", "full"), lines, notes)
    return 0


def _faces(args: argparse.Namespace) -> "tuple[SubGeneratorRenders, Tensor]":
    """The sub-generators and the styles, float [N, 2, D], to render. Raises AnycostError for a wrong number of samples,
    and when the generator cannot be read."""
    if not 2 <= args.samples <= 100_000:
        raise AnycostError(f"{args.samples} samples", "choose between 2 and 100000")

    from anycost_models.evaluation.sub_generators import SubGeneratorRenders
    from anycost_models.generators.checkpoint import load_generator
    from anycost_models.generators.held_out import held_out_styles
    from anycost_models.hub.imported_models import model_path

    model = load_generator(args.weights or model_path(args.model))
    subs = model.sub_generators(args.resolution, args.channels)
    styles = held_out_styles(model, args.samples, args.seed, args.truncation)
    return SubGeneratorRenders(model.with_fast_features() if args.fast else model, subs), styles


def _track(samples: "Iterable[Tensor]") -> "Iterable[Tensor]":
    """A progress bar in a terminal."""
    from tqdm import tqdm

    bar: Iterable[Tensor] = tqdm(samples, "faces", leave=False, disable=not sys.stderr.isatty())
    return bar


def _named(sub: "SubGenerator") -> dict[str, Any]:
    return {"resolution": sub.resolution, "channels": sub.channels}


def _short(sub: "SubGenerator") -> str:
    return str(sub) if isinstance(sub.channels, tuple) else f"{sub.resolution:4} px × {sub.channels:g}"


def _number(value: float, digits: int = 5) -> float | None:
    return round(value, digits) if math.isfinite(value) else None  # JSON has no NaN


def _print_json(rows: list[dict[str, Any]]) -> None:
    print(json.dumps(rows, indent=1))


def _print_table(args: argparse.Namespace, head: tuple[str, ...], lines: Sequence[tuple[str, ...]], notes: str) -> None:
    import torch

    precision = f"{'bfloat16' if args.fast else 'float32'}, {torch.get_num_threads()} threads"
    print(f"{args.samples} held-out faces (seed {args.seed}, ψ {args.truncation:g}), {precision}")
    _print_lines([head, *lines])
    print(notes)


def _print_lines(lines: Sequence[tuple[str, ...]]) -> None:
    """Aligns the first column to the left, numbers to the right."""
    widths = [max(len(line[i]) for line in lines) for i in range(len(lines[0]))]
    for first, *numbers in lines:
        cells = (f"{number:>{width}}" for number, width in zip(numbers, widths[1:], strict=True))
        print("  ".join([f"{first:<{widths[0]}}", *cells]))
