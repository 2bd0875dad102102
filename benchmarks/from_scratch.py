"""Prints the Fréchet distance of generators trained from scratch to their training images: FD-ENL0 at their own side.

    python benchmarks/from_scratch.py RUNS [--study] [--samples 2000] [--sheet FILE] [--curves FILE]

RUNS is the folder of the stages small_multiresolution, small_adaptive and small_quarter, with --study of those whose
names begin with study (docs/training.md); a stage without a result is left out (one that was interrupted has one).
"half" is the distance between
two halves of the training images. The claim of Anycost GANs (Lin et al. 2021, arXiv 2103.03243): a sub-generator has a
lower distance than a network of its size that was trained alone.
"""

import argparse
import json
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import cast

import numpy as np
import torch
from anycost_models.core.errors import AnycostError
from anycost_models.generators.checkpoint import load_generator
from anycost_models.generators.elastic import SubGenerator
from anycost_models.generators.image_tensors import tensor_to_images, to_signed_float
from anycost_models.metrics.image_metrics import frechet_distance
from anycost_models.plotting.chart import COLOURS, Axis, Chart
from anycost_models.plotting.contact_sheet import contact_sheet, save_image
from anycost_models.training.data.image_dataset import ImageDataset
from anycost_models.training.engine.stage import find_stage
from anycost_models.training.gan.distance import TrainingDistance, faces
from anycost_models.training.gan.initial_networks import RESULT
from torch import Tensor

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


def training_images(runs: Path, family: str) -> Tensor:
    """Those of the first stage, [N, 3, R, R], −1…1. Raises AnycostError when they are not there."""
    found = [*(runs / f"{family}_{FIRST}" / "pictures").glob("faces-*.npy")]
    if len(found) != 1:
        raise AnycostError(f"{runs} has no training images of {family}_{FIRST}", "train that stage into this folder")
    return to_signed_float(torch.from_numpy(np.load(found[0])).permute(0, 3, 1, 2))


def compare(runs: Path, family: str, samples: int) -> Iterator[Row]:
    """Rows of the table: the two halves of the training images, and every network of the family that is trained.

    family: "small" or "study". Raises AnycostError as `training_images` does, and when a network cannot be read."""
    real = training_images(runs, family)
    distance = TrainingDistance(cast(ImageDataset, real), samples)
    half = len(distance.known) // 2
    yield Row("half", None, frechet_distance(distance.known[:half], distance.known[half:]), 0.0, real[:SHOWN])
    for title, stage, ratio in NETWORKS:
        path = runs / f"{family}_{stage}" / RESULT
        if not path.exists():
            continue
        whole = load_generator(path)
        sub = SubGenerator(whole.config.resolution, ratio)
        found = [distance(whole, sub, seed) for seed in SEEDS]
        shown = torch.cat([*islice(faces(whole, sub, SEEDS[0], SHOWN), 1)])
        yield Row(title, whole.cost(sub).macs, float(np.mean(found)), float(np.ptp(found)), shown)


def sheet(rows: list[Row]) -> np.ndarray:
    """uint8 RGB [H, W, 3]: a column for each row of the table, first the training images."""
    shown = [list(row) for row in zip(*(tensor_to_images(row.shown) for row in rows), strict=True)]
    return contact_sheet(shown, ["training image", *(row.title for row in rows[1:])], tile=SHEET_SIDE)


def recorded(runs: Path, family: str, stage: str, ratio: float) -> list[tuple[float, float]]:
    """Millions of images seen so far, the first stage's included, and the distance, as the stage recorded them; empty
    where it did not. Raises AnycostError as `find_stage`."""
    path = runs / f"{family}_{stage}" / "scalars.jsonl"
    lines = path.read_text(encoding="utf-8").splitlines() if path.exists() else []
    before = find_stage(f"{family}_{FIRST}").images if stage == "adaptive" else 0
    rows, name = map(json.loads, lines), f"distance/{ratio:g}"
    return [((before + row["images"]) / 1e6, row[name]) for row in rows if name in row]


def curves(runs: Path, family: str) -> np.ndarray:
    """uint8 RGB [H, W, 3]: the networks' distances over the images that they have seen.

    Raises AnycostError when no stage has recorded any."""
    known = {title: recorded(runs, family, stage, ratio) for title, stage, ratio in NETWORKS}
    known = {title: places for title, places in known.items() if places}
    if not known:
        raise AnycostError(f"no stage in {runs} has recorded distances", "train one by this version")
    points = np.array([place for places in known.values() for place in places])
    (_, low), (last, high) = points.min(axis=0), points.max(axis=0)
    title = "FD-ENL0 to the training images"
    note = "of the averaged weights, 2,000 faces; both stages counted together"
    chart = Chart(title, note, Axis("million images seen", 0, 1.35 * last), Axis("", low / 1.2, high * 1.2, log=True))
    for number, places in enumerate(known.values()):
        chart.line(places, COLOURS[number])
        for x, y in places:
            chart.dot(x, y, COLOURS[number])
    chart.legend(known)
    return chart.image()


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("runs", type=Path)
    parser.add_argument("--study", action="store_true")
    parser.add_argument("--samples", type=int, default=2000)
    parser.add_argument("--sheet", type=Path, metavar="FILE")
    parser.add_argument("--curves", type=Path, metavar="FILE")
    args = parser.parse_args()
    family = "study" if args.study else "small"
    print("| network | MACs | FD-ENL0, mean of 3 (spread) |\n|---|---|---|")
    rows = []
    try:
        for row in compare(args.runs, family, args.samples):
            print(row.line(), flush=True)
            rows.append(row)
        if args.sheet:
            save_image(args.sheet, sheet(rows))
        if args.curves:
            save_image(args.curves, curves(args.runs, family))
    except AnycostError as error:
        sys.exit(f"from_scratch: {error}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
