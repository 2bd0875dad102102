"""Whether previews and final pictures move alike: what each attribute does to its own label, by what draws it.

    python benchmarks/attribute_consistency.py --faces 6 --json consistency.json

For each attribute with a label of its name: half the label's change from strength −1 to +1, mean over the faces, as
drawn by the full generator, and what sub-generators show of that.
"""

import argparse
import json
import sys
from collections.abc import Sequence

import numpy as np
from anycost_backend.parts import Parts
from anycost_models.sub_generator import SubGenerator
from tqdm import tqdm

SUBS = (SubGenerator(256, 0.25), SubGenerator(256))
WITHIN = 0.15  # of the change in the full picture


def change(parts: Parts, name: str, latents: Sequence[np.ndarray], sub: SubGenerator | None) -> float:
    """Of the attribute's own label, in its own unit."""
    ends = []
    for latent in latents:
        edits = (parts.directions.apply(latent, {name: strength}) for strength in (-1.0, 1.0))
        low, high = (parts.labels.measure(parts.renderer.render8(edit, sub))[name] for edit in edits)
        ends.append((high - low) / 2)
    return float(np.nanmean(ends))


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--faces", type=int, default=6)
    parser.add_argument("--seed", type=int, default=7000, help="of the first face")
    parser.add_argument("--only", nargs="+", default=[], metavar="NAME")
    parser.add_argument("--json", type=argparse.FileType("w"), metavar="FILE", help="also write the figures here")
    args = parser.parse_args()
    parts = Parts()
    latents = [parts.renderer.sample(args.seed + i, 0.7) for i in range(args.faces)]
    labels = parts.measure(latents[0])
    names = [name for name in args.only or parts.shipped.by_name if name in labels]
    rows = []
    print("| attribute | full | " + " | ".join(f"{sub}" for sub in SUBS) + f" | within {WITHIN:.0%} |")
    print("|---|---|" + "---|" * len(SUBS) + "---|")
    for name in tqdm(names, disable=not sys.stderr.isatty()):
        full = change(parts, name, latents, None)
        ratios = [change(parts, name, latents, sub) / full for sub in SUBS]
        alike = all(abs(ratio - 1) <= WITHIN for ratio in ratios)
        rows.append(
            {"name": name, "full": full, "ratios": dict(zip(map(str, SUBS), ratios, strict=True)), "alike": alike}
        )
        shown = " | ".join(f"{ratio:.2f}" for ratio in ratios)
        print(f"| {name} | {full:+.3g} | {shown} | {'yes' if alike else 'no'} |", flush=True)
    count = sum(bool(row["alike"]) for row in rows)
    print(f"{count} of {len(rows)} attributes within {WITHIN:.0%}")
    if args.json:
        json.dump({"faces": args.faces, "seed": args.seed, "attributes": rows}, args.json, indent=1)
    return 0 if count == len(rows) else 1


if __name__ == "__main__":
    sys.exit(main())
