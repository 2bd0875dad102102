"""Prints the Fréchet distance of generators trained from scratch to their training images: FD-ENL0 at 64 px.

    python benchmarks/from_scratch.py RUNS [--samples 2000] [--sheet FILE]

RUNS is the folder of the stages small_multiresolution, small_adaptive and small_quarter (docs/training.md). "half" is
the distance between two halves of the training images. The claim of Anycost GANs (Lin et al. 2021, arXiv 2103.03243):
a sub-generator has a lower distance than a network of its size that was trained alone.
"""

import argparse
import sys
from pathlib import Path

import numpy as np
import torch
from anycost_models.generators.checkpoint import load_generator
from anycost_models.generators.elastic import ElasticGenerator, SubGenerator
from anycost_models.generators.held_out import held_out_styles
from anycost_models.generators.image_tensors import tensor_to_images, to_signed_float
from anycost_models.metrics.enl0 import PerceptualDistance, load_perceptual
from anycost_models.metrics.image_metrics import frechet_distance, pooled_features
from anycost_models.plotting.contact_sheet import contact_sheet, save_image
from torch import Tensor
from tqdm import tqdm

BATCH = 100  # images
SIDE = 64  # pixels
SHOWN = 10  # faces in a row of the sheet
SEEDS = (0, 1, 2)  # a sample for each: their spread is the figure's uncertainty
ROWS = (
    ("first stage, whole", "small_multiresolution", 1.0),
    ("second stage, whole", "small_adaptive", 1.0),
    ("second stage × 0.5", "small_adaptive", 0.5),
    ("second stage × 0.25", "small_adaptive", 0.25),
    ("0.25, trained alone", "small_quarter", 1.0),
)


def features(perceptual: PerceptualDistance, images: Tensor) -> np.ndarray:
    """[N, 3, R, R], −1…1 → pooled ENL0 features [N, 192]"""
    with torch.no_grad():
        return np.concatenate([pooled_features(perceptual, part) for part in tqdm(images.split(BATCH), leave=False)])


def render(network: ElasticGenerator, sub: SubGenerator, samples: int, seed: int) -> Tensor:
    """Held-out faces of the sub-generator, untruncated: [N, 3, 64, 64], −1…1."""
    small = network.extract(sub)
    with torch.no_grad():
        styles = held_out_styles(network, samples, seed, truncation=1.0)[:, 0]
        return torch.cat([small(part).clamp(-1, 1) for part in styles.split(BATCH)])


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("runs", type=Path)
    parser.add_argument("--samples", type=int, default=2000)
    parser.add_argument("--sheet", type=Path, metavar="FILE")
    args = parser.parse_args()
    perceptual = load_perceptual()
    (pool,) = (args.runs / "small_multiresolution" / "pictures").glob(f"faces-*-{SIDE}-*.npy")
    real = to_signed_float(torch.from_numpy(np.load(pool)).permute(0, 3, 1, 2))
    known = features(perceptual, real)
    half = len(known) // 2
    print("| network | MACs | FD-ENL0, mean of 3 (spread) |\n|---|---|---|")
    print(f"| half | | {frechet_distance(known[:half], known[half:]):.4f} |")
    sheet = [real[:SHOWN]]
    for title, run, ratio in ROWS:
        whole = load_generator(args.runs / run / "trained.safetensors")
        sub = SubGenerator(SIDE, ratio)
        macs = whole.cost(sub).macs
        images = [render(whole, sub, args.samples, seed) for seed in SEEDS]
        found = [frechet_distance(features(perceptual, part), known) for part in images]
        print(f"| {title} | {macs / 1e6:.0f} M | {np.mean(found):.4f} ({np.ptp(found):.4f}) |", flush=True)
        sheet.append(images[0][:SHOWN])
    if args.sheet:
        rows = [list(row) for row in zip(*map(tensor_to_images, sheet), strict=True)]
        save_image(args.sheet, contact_sheet(rows, ["training image", *(title for title, *_ in ROWS)], tile=2 * SIDE))
    return 0


if __name__ == "__main__":
    sys.exit(main())
