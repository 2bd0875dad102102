"""Reads random-face's OpenVINO IR and writes it as a weights file: what the embedded model begins with.

python -m anycost_models.training.scripts.import_random_face FOLDER mobile.safetensors
"""

import argparse
from pathlib import Path

from anycost_models.generators.checkpoint import save_generator
from anycost_models.generators.mobile_openvino_import import import_random_face


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path, metavar="FOLDER", help="with the IR's files, as the package has them")
    parser.add_argument("output", type=Path, metavar="FILE")
    args = parser.parse_args()
    save_generator(import_random_face(args.folder), args.output)
    print(f"{args.output} written")


if __name__ == "__main__":
    main()
