"""Trains the study's second stage without one of its parts at a time, and prints what each part is worth.

    python benchmarks/ablations.py RUNS [--images 250000] [--at-once 2]

RUNS holds study_multiresolution, the stage from which all of them go on (docs/training.md). Each begins with the same
weights, sees the same training images, and has a process of its own with one thread. Ctrl-C stops after the current
step; the same command goes on. The table has FD-ENL0 to the training images, of 2,000 faces of each sub-generator. What
Anycost GANs (Lin et al. 2021, arXiv 2103.03243) find necessary: a discriminator that is conditioned on the
architecture, distillation, sorted channels.
"""

import argparse
import json
import os
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from anycost_models.training.engine.stage import STAGES

STAGE = "study_adaptive"
RATIOS = ("1", "0.5", "0.25")
VARIANTS: dict[str, tuple[str, tuple[tuple[str, str], ...]]] = {  # folder → title, what its file says otherwise
    "ablation_none": ("as published", ()),
    "ablation_condition": (
        "discriminator not conditioned",
        (("[discriminator]", "[discriminator]\nconditioned = false"),),
    ),
    "ablation_distillation": (
        "no distillation",
        (("squared = 1.0", "squared = 0.0"), ("perceptual = 1.0", "perceptual = 0.0")),
    ),
    "ablation_sorting": ("channels not sorted", (("sort = true", "sort = false"),)),
}


def stage_text(name: str, images: int) -> str:
    """The stage's file with what that variant changes. Raises ValueError when the shipped stage lacks it."""
    text = (STAGES / f"{STAGE}.toml").read_text(encoding="utf-8")
    changes = (
        ("images = 1_000_000", f"images = {images}"),
        ('name = "study-adaptive"', f'name = "{name}"'),
        ("batch = 32", "batch = 64"),  # meant for two processes
    )
    for old, new in changes + VARIANTS[name][1]:
        if text.count(old) != 1:
            raise ValueError(f"{STAGE}.toml does not say '{old}' once")
        text = text.replace(old, new)
    return text


def train(runs: Path, name: str, images: int) -> int:
    """Trains or goes on with a variant. Returns the exit code of the training."""
    file = runs / f"{name}.toml"
    file.write_text(stage_text(name, images), encoding="utf-8")
    command = [sys.executable, "-m", "anycost_backend", "train", str(file), "--output", str(runs / name)]
    return subprocess.run(command, env=os.environ | {"OMP_NUM_THREADS": "1"}).returncode


def line(runs: Path, name: str) -> str:
    """Of the table, as Markdown: what the stage recorded last."""
    title, _ = VARIANTS[name]
    rows = (runs / name / "scalars.jsonl").read_text(encoding="utf-8").splitlines()
    measured = [row for row in map(json.loads, rows) if "distance/1" in row]
    if not measured:
        return f"| {title} | not measured yet |"
    last = measured[-1]
    return f"| {title} | {last['images']:,} | " + " | ".join(f"{last[f'distance/{r}']:.4f}" for r in RATIOS) + " |"


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("runs", type=Path)
    parser.add_argument("--images", type=int, default=250_000)
    parser.add_argument("--at-once", type=int, default=2, help="processes (default: %(default)s)")
    args = parser.parse_args()
    with ThreadPoolExecutor(args.at_once) as executor:
        codes = list(executor.map(lambda name: train(args.runs, name, args.images), VARIANTS))
    if any(codes):
        return max(codes)
    print("| second stage | images | whole | × 0.5 | × 0.25 |\n|---|---|---|---|---|")
    for name in VARIANTS:
        print(line(args.runs, name))
    return 0


if __name__ == "__main__":
    sys.exit(main())
