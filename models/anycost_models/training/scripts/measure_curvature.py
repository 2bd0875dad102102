"""Measures the curvature of projection's loss on generated faces: the preconditioner of its L-BFGS.

python -m anycost_models.training.scripts.measure_curvature --faces 120
"""

import argparse
from pathlib import Path

import numpy as np
from tqdm import tqdm

from anycost_models.core.malloc_settings import keep_freed_memory
from anycost_models.generators.checkpoint import load_generator
from anycost_models.metrics.enl0 import load_perceptual
from anycost_models.projection.curvature import curvature_of, save_curvature
from anycost_models.training.inversion.curvature import PROBES, probe_gradients
from anycost_models.weights import EMBEDDED_CURVATURE


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument(
        "--output", type=Path, default=EMBEDDED_CURVATURE, metavar="FILE", help="(default: %(default)s)"
    )
    parser.add_argument("--faces", type=int, default=120)
    parser.add_argument("--seed", type=int, default=7)
    args = parser.parse_args()
    keep_freed_memory()
    gradients = probe_gradients(load_generator(), load_perceptual(), args.faces, args.seed)
    stacked = np.stack([g.numpy() for g in tqdm(gradients, "gradients", args.faces * PROBES)])
    save_curvature(curvature_of(stacked), args.output)
    print(f"{args.output} written")


if __name__ == "__main__":
    main()
