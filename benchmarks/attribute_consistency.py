"""Prints how much of each attribute's effect previews show, compared with the final image.

    python benchmarks/attribute_consistency.py --faces 8 [--calibrate]

For each attribute with a label of its name: half the label's change from strength −1 to +1, mean over the faces, by the
full generator; and the share of it that sub-generators show with the preview gains. --calibrate measures them without
gains, and writes the table from which gains follow. Exit code 1 if an attribute is not within WITHIN.
"""

import argparse
import json
import sys
from collections.abc import Mapping, Sequence

import numpy as np
from anycost_backend.editing.models import Models
from anycost_models.generators.sub_generator import SubGenerator
from anycost_models.previews.attribute_gains import EMBEDDED_PREVIEW_GAINS, SIDE, PreviewGains, save_preview_gains
from anycost_models.previews.fidelity_table import load_fidelity
from tqdm import tqdm

SUBS = (SubGenerator(256, 0.25), SubGenerator(256))
WITHIN = 0.15  # of the change in the full image


def change(
    models: Models, name: str, latents: Sequence[np.ndarray], sub: SubGenerator | None, gains: Mapping[str, float]
) -> float:
    """Half the change of the attribute's label from −1 to +1, in its unit. sub: None for the full generator"""
    ends = []
    for latent in latents:
        edits = (models.directions.apply(latent, {name: strength}, gains) for strength in (-1.0, 1.0))
        low, high = (models.labels.measure(models.renderer.render8(edit, sub))[name] for edit in edits)
        ends.append((high - low) / 2)
    return float(np.nanmean(ends))


def preview_gains(faces: int, shares: Mapping[str, Sequence[float]]) -> PreviewGains:
    """The shipped table, from the shares that each of SUBS shows of each attribute."""
    table = load_fidelity()
    order = sorted((table.distance(sub, SIDE) or 0.0, number) for number, sub in enumerate(SUBS))
    # Clipped: on few faces a label may even move the other way.
    rounded = {
        name: tuple(round(min(max(share[number], 0.1), 10.0), 3) for _, number in order)
        for name, share in shares.items()
    }
    return PreviewGains(faces, tuple(distance for distance, _ in order), rounded)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--faces", type=int, default=6)
    parser.add_argument("--seed", type=int, default=7000, help="of the first face")
    parser.add_argument("--only", nargs="+", default=[], metavar="NAME")
    parser.add_argument("--json", type=argparse.FileType("w"), metavar="FILE", help="also write the figures here")
    parser.add_argument("--calibrate", action="store_true", help=f"write {EMBEDDED_PREVIEW_GAINS.name}")
    args = parser.parse_args()
    models = Models()
    latents = [models.renderer.sample(args.seed + i, 0.7) for i in range(args.faces)]
    labels = models.measure(latents[0])
    shipped = models.shipped_directions.by_name
    names = [name for name in args.only or shipped if name in labels and shipped[name].learned]
    rows, shares = [], {}
    print("| attribute | full | " + " | ".join(f"{sub}" for sub in SUBS) + f" | within {WITHIN:.0%} |")
    print("|---|---|" + "---|" * len(SUBS) + "---|")
    for name in tqdm(names, disable=not sys.stderr.isatty()):
        full = change(models, name, latents, None, {})
        gains = [{} if args.calibrate else models.gains(sub) for sub in SUBS]
        ratios = [change(models, name, latents, sub, gain) / full for sub, gain in zip(SUBS, gains, strict=True)]
        shares[name] = ratios
        alike = all(abs(ratio - 1) <= WITHIN for ratio in ratios)
        rows.append(
            {"name": name, "full": full, "ratios": dict(zip(map(str, SUBS), ratios, strict=True)), "alike": alike}
        )
        shown = " | ".join(f"{ratio:.2f}" for ratio in ratios)
        print(f"| {name} | {full:+.3g} | {shown} | {'yes' if alike else 'no'} |", flush=True)
    count = sum(bool(row["alike"]) for row in rows)
    print(f"{count} of {len(rows)} attributes within {WITHIN:.0%}")
    if args.calibrate:
        save_preview_gains(preview_gains(args.faces, shares), EMBEDDED_PREVIEW_GAINS)
    if args.json:
        json.dump({"faces": args.faces, "seed": args.seed, "attributes": rows}, args.json, indent=1)
    return 0 if count == len(rows) else 1


if __name__ == "__main__":
    sys.exit(main())
