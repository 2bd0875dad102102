"""Fits the attribute directions to labelled samples, and calibrates them.

    python -m anycost_models.training.scripts.fit_directions --samples samples.npz --work FOLDER

Measurements are kept in the work folder; the same command continues an interrupted run.
"""

import argparse
from pathlib import Path

from anycost_models.training.directions.fitting import fit
from anycost_models.weights import EMBEDDED_DIRECTIONS


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--samples", type=Path, required=True, metavar="FILE", help="of sample_labels")
    parser.add_argument("--work", type=Path, required=True, metavar="FOLDER", help="for measurements")
    parser.add_argument(
        "--output", type=Path, default=EMBEDDED_DIRECTIONS, metavar="FILE", help="(default: %(default)s)"
    )
    args = parser.parse_args()
    fit(args.samples, args.work, args.output)
    print(f"{args.output} written")


if __name__ == "__main__":
    main()
