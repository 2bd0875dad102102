"""Samples generated faces with their labels, the training data of attribute directions.

    python -m anycost_models.training.scripts.sample_labels --count 3600 --output samples.npz

Saves every few minutes; the same command continues an interrupted run.
"""

import argparse
from pathlib import Path

from anycost_models.face.labels import FaceLabels
from anycost_models.generators.checkpoint import load_generator
from anycost_models.metrics.identity import load_identity
from anycost_models.training.directions.label_samples import sample_labels


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--count", type=int, default=3600, help="faces")
    parser.add_argument("--output", type=Path, required=True, metavar="FILE", help="an .npz file")
    args = parser.parse_args()
    sample_labels(load_generator(), FaceLabels.load(), load_identity(), args.count, args.output)
    print(f"{args.output} written")


if __name__ == "__main__":
    main()
