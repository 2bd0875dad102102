"""Writes and prints the fidelity table, by which previews choose their sub-generators.

    python benchmarks/sub_generator_fidelity.py [--faces 8]

The table has the ENL0 distance between the images of each sub-generator and of the full generator, both shown at 128,
256 and 512 px. Run it after the embedded weights have changed. An asterisk marks sub-generators that previews choose
from.
"""

import argparse
import statistics

import torch
import torch.nn.functional as F
from anycost_models.core.errors import AnycostError
from anycost_models.generators.checkpoint import load_generator
from anycost_models.generators.elastic import ElasticGenerator
from anycost_models.generators.held_out import held_out_styles
from anycost_models.generators.sub_generator import SubGenerator
from anycost_models.metrics.enl0 import load_perceptual
from anycost_models.previews.fidelity_table import EMBEDDED_FIDELITY, FidelityRow, FidelityTable, save_fidelity
from anycost_models.search.pareto_front import load_front
from torch import Tensor
from tqdm import tqdm

SIDES = (128, 256, 512)  # pixels


def resized(image: Tensor, side: int) -> Tensor:
    """[1, 3, R, R] → [1, 3, side, side], as an editor shows it."""
    if image.shape[-1] >= side:
        return F.interpolate(image, size=(side, side), mode="area")
    return F.interpolate(image, size=(side, side), mode="bicubic").clamp(-1, 1)


def candidates(model: ElasticGenerator) -> list[SubGenerator]:
    """The uniform sub-generators and those of the shipped Pareto front, by cost."""
    subs = {model.widths(sub): sub for sub in model.sub_generators()}
    try:
        found = [point.sub for point in load_front().points]
    except AnycostError:
        found = []
    for sub in found:
        subs.setdefault(model.widths(sub), sub)
    return sorted(subs.values(), key=lambda sub: model.cost(sub).macs)


@torch.inference_mode()
def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--faces", type=int, default=8)
    args = parser.parse_args()
    model, perceptual = load_generator(), load_perceptual()
    subs = candidates(model)
    networks = {sub: model.extract(sub) for sub in subs}
    distances: dict[SubGenerator, list[list[float]]] = {sub: [] for sub in subs}
    for w in tqdm(held_out_styles(model, max(args.faces, 2))[:, 0][: args.faces], unit="face"):
        full = model(w[None]).clamp(-1, 1)
        targets = [perceptual.features(resized(full, side)) for side in SIDES]
        for sub, network in networks.items():
            image = full if model.is_full(sub) else network(w[None]).clamp(-1, 1)
            features = [perceptual.features(resized(image, side)) for side in SIDES]
            distances[sub].append([perceptual.distance(a, b).item() for a, b in zip(features, targets, strict=True)])
    rows = [
        FidelityRow(
            sub.resolution,
            sub.channels,
            model.cost(sub).macs,
            tuple(round(statistics.fmean(values), 4) for values in zip(*distances[sub], strict=True)),
        )
        for sub in subs
    ]
    table = FidelityTable(args.faces, SIDES, tuple(rows))
    save_fidelity(table, EMBEDDED_FIDELITY)
    print(f"{EMBEDDED_FIDELITY} written")
    worthwhile = table.worthwhile()
    for row in rows:
        print(f"{row.sub!s:40} {row.macs / 1e9:6.3f} GMAC", *row.distances, "*" if row.sub in worthwhile else "")


if __name__ == "__main__":
    main()
