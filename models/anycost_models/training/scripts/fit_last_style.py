"""Fits the last-style layers of a mobile generator's sub-generators: brightness and colours by the last row of W+.

python -m anycost_models.training.scripts.fit_last_style --weights IN.safetensors --output OUT.safetensors --work FOLDER
"""

import argparse
from pathlib import Path

from anycost_models.generators.checkpoint import load_generator, save_generator
from anycost_models.generators.mobile import MobileGenerator
from anycost_models.training.data.generated_faces import GeneratedFaces
from anycost_models.training.distillation.last_style import fit_last_style
from anycost_models.training.engine.stage import find_stage


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--weights", type=Path, required=True, metavar="FILE")
    parser.add_argument("--output", type=Path, required=True, metavar="FILE")
    parser.add_argument(
        "--work", type=Path, required=True, metavar="FOLDER", help="of embedded_nested: shares its faces"
    )
    parser.add_argument("--count", type=int, default=500, help="faces")
    args = parser.parse_args()
    model, teacher = load_generator(args.weights), load_generator(args.weights)
    if not isinstance(model, MobileGenerator):
        raise SystemExit(f"{args.weights} is not a mobile generator")
    stage = find_stage("embedded_nested")
    fit_last_style(model, GeneratedFaces(teacher, stage.data, stage.seed, args.work / "faces", fast=True), args.count)
    save_generator(model, args.output)
    print(f"{args.output} written")


if __name__ == "__main__":
    main()
