"""Initialises the sub-generators of an imported mobile generator: sorts its channels, then layerwise least squares.

python -m anycost_models.training.scripts.initialize_nested --weights IN.safetensors --output OUT.safetensors
"""

import argparse
from pathlib import Path

from anycost_models.generators.checkpoint import load_generator, save_generator
from anycost_models.generators.mobile import MobileGenerator
from anycost_models.training.distillation.channel_importance import sort_channels
from anycost_models.training.distillation.nested_initialization import sample_latents, solve_nested_weights


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--weights", type=Path, required=True, metavar="FILE")
    parser.add_argument("--output", type=Path, required=True, metavar="FILE")
    parser.add_argument("--samples", type=int, default=24, help="faces for the importance, and others for the fit")
    args = parser.parse_args()
    model = load_generator(args.weights)
    if not isinstance(model, MobileGenerator):
        raise SystemExit(f"{args.weights} is not a mobile generator")
    sort_channels(model, sample_latents(model, args.samples, seed=1))
    solve_nested_weights(model, sample_latents(model, args.samples, seed=2))
    save_generator(model, args.output)
    print(f"{args.output} written")


if __name__ == "__main__":
    main()
