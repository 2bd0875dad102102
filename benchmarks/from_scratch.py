"""Prints the Fréchet distance of generators trained from scratch to their training images: FD-ENL0 at their own side.

    python benchmarks/from_scratch.py RUNS [--study] [--samples 2000] [--sheet FILE]

RUNS is the folder of the stages small_multiresolution, small_adaptive and small_quarter, with --study of those whose
names begin with study (docs/training.md); a stage that is not trained yet is left out. "half" is the distance between
two halves of the training images. The claim of Anycost GANs (Lin et al. 2021, arXiv 2103.03243): a sub-generator has a
lower distance than a network of its size that was trained alone.
"""

import argparse
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from anycost_models.core.errors import AnycostError
from anycost_models.generators.checkpoint import load_generator
from anycost_models.generators.elastic import ElasticGenerator, SubGenerator
from anycost_models.generators.held_out import held_out_styles
from anycost_models.generators.image_tensors import tensor_to_images, to_signed_float
from anycost_models.metrics.enl0 import PerceptualDistance, load_perceptual
from anycost_models.metrics.image_metrics import frechet_distance, pooled_features
from anycost_models.plotting.contact_sheet import contact_sheet, save_image
from anycost_models.training.gan.initial_networks import RESULT
from torch import Tensor
from tqdm import tqdm

BATCH = 100  # images
SHOWN = 10  # faces in a row of the sheet
SHEET_SIDE = 128  # pixels of a face there
SEEDS = (0, 1, 2)  # a sample for each: their spread is the figure's uncertainty
FIRST = "multiresolution"  # the stage that keeps the training images
NETWORKS = (  # title, stage, ratio
    ("first stage, whole", FIRST, 1.0),
    ("second stage, whole", "adaptive", 1.0),
    ("second stage × 0.5", "adaptive", 0.5),
    ("0.5, trained alone", "half", 1.0),
    ("second stage × 0.25", "adaptive", 0.25),
    ("0.25, trained alone", "quarter", 1.0),
)


@dataclass(frozen=True, eq=False)
class Row:
    title: str
    macs: int | None  # of one image; None: training images
    distance: float  # FD-ENL0, the mean over SEEDS
    spread: float  # between the largest and the smallest of them
    shown: Tensor  # [SHOWN, 3, R, R], −1…1

    def line(self) -> str:
        """Of the table, as Markdown."""
        if self.macs is None:
            return f"| {self.title} | | {self.distance:.4f} |"
        macs = f"{self.macs / 1e6:.{0 if self.macs > 1e7 else 1}f} M"
        return f"| {self.title} | {macs} | {self.distance:.4f} ({self.spread:.4f}) |"


def features(perceptual: PerceptualDistance, images: Tensor) -> np.ndarray:
    """[N, 3, R, R], −1…1 → pooled ENL0 features [N, 192]"""
    with torch.no_grad():
        return np.concatenate([pooled_features(perceptual, part) for part in tqdm(images.split(BATCH), leave=False)])


def render(network: ElasticGenerator, sub: SubGenerator, samples: int, seed: int) -> Tensor:
    """Held-out faces of the sub-generator, untruncated: [N, 3, R, R], −1…1."""
    small = network.extract(sub)
    with torch.no_grad():
        styles = held_out_styles(network, samples, seed, truncation=1.0)[:, 0]
        return torch.cat([small(part).clamp(-1, 1) for part in styles.split(BATCH)])


def training_images(runs: Path, family: str) -> Tensor:
    """Those of the first stage, [N, 3, R, R], −1…1. Raises AnycostError when they are not there."""
    found = [*(runs / f"{family}_{FIRST}" / "pictures").glob("faces-*.npy")]
    if len(found) != 1:
        raise AnycostError(f"{runs} has no training images of {family}_{FIRST}", "train that stage into this folder")
    return to_signed_float(torch.from_numpy(np.load(found[0])).permute(0, 3, 1, 2))


def compare(runs: Path, family: str, samples: int) -> Iterator[Row]:
    """Rows of the table: the two halves of the training images, and every network of the family that is trained.

    family: "small" or "study". Raises AnycostError as `training_images` does, and when a network cannot be read."""
    perceptual = load_perceptual()
    real = training_images(runs, family)
    known = features(perceptual, real)
    half = len(known) // 2
    yield Row("half", None, frechet_distance(known[:half], known[half:]), 0.0, real[:SHOWN])
    for title, stage, ratio in NETWORKS:
        path = runs / f"{family}_{stage}" / RESULT
        if not path.exists():
            continue
        whole = load_generator(path)
        sub = SubGenerator(whole.config.resolution, ratio)
        images = [render(whole, sub, samples, seed) for seed in SEEDS]
        found = [frechet_distance(features(perceptual, part), known) for part in images]
        yield Row(title, whole.cost(sub).macs, float(np.mean(found)), float(np.ptp(found)), images[0][:SHOWN])


def sheet(rows: list[Row]) -> np.ndarray:
    """uint8 RGB [H, W, 3]: a column for each row of the table, first the training images."""
    shown = [list(row) for row in zip(*(tensor_to_images(row.shown) for row in rows), strict=True)]
    return contact_sheet(shown, ["training image", *(row.title for row in rows[1:])], tile=SHEET_SIDE)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("runs", type=Path)
    parser.add_argument("--study", action="store_true")
    parser.add_argument("--samples", type=int, default=2000)
    parser.add_argument("--sheet", type=Path, metavar="FILE")
    args = parser.parse_args()
    print("| network | MACs | FD-ENL0, mean of 3 (spread) |\n|---|---|---|")
    rows = []
    try:
        for row in compare(args.runs, "study" if args.study else "small", args.samples):
            print(row.line(), flush=True)
            rows.append(row)
        if args.sheet:
            save_image(args.sheet, sheet(rows))
    except AnycostError as error:
        sys.exit(f"from_scratch: {error}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
