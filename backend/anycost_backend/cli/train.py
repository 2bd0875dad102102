"""`anycost train`: trains a generator's sub-generators, stage by stage."""

import argparse
import sys
from pathlib import Path
from typing import Any

from anycost_backend.cli import options


def add(subparsers: Any) -> None:
    parser = subparsers.add_parser(
        "train",
        help="train sub-generators: a stage is a TOML file",
        description="Runs a stage of training. Ctrl-C saves and stops it; the same command goes on where it stopped.",
        epilog="On several processes: torchrun --nproc-per-node=2 -m anycost_backend train STAGE --output FOLDER",
    )
    parser.add_argument("stage", metavar="STAGE", help="a .toml file, or the name of a shipped stage")
    parser.add_argument(
        "--output",
        type=Path,
        required=True,
        metavar="FOLDER",
        help="receives checkpoints, scalars, sheets and trained.safetensors; a training in it is continued",
    )
    parser.add_argument("--resume", type=Path, metavar="FILE", help="go on from this checkpoint instead of the newest")
    parser.set_defaults(run=options.with_torch(run))


def run(args: argparse.Namespace) -> int:
    from anycost_models.training.engine.stage import find_stage
    from anycost_models.training.run import train

    trained = train(find_stage(args.stage), args.output, args.resume)
    if trained is None:  # another process reports
        return 0
    stopped = trained.step < trained.steps
    if stopped:
        where = f"stopped after step {trained.step} of {trained.steps}"
        print(f"anycost train: {where}: the same command goes on from there", file=sys.stderr)
    if trained.result:
        print(f"{'trained so far' if stopped else 'trained'}: {trained.result}")
    return 2 if stopped else 0
