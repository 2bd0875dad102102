"""What locks do: how far a held label drifts when another attribute moves, without and with the lock; what it costs.

    python benchmarks/held_attributes.py --faces 12 --json held.json

Drifts are mean absolute ones, measured on full pictures of sampled faces, in the labels' standard deviations over
other sampled faces. "dragging" is the correction that a moving slider gets, "at rest" the one of the final picture.
Identity is the distance to the face before the edit (below 0.55: the same person). Pictures are those drawn to find
the correction.
"""

import argparse
import json
import sys
import time
from collections.abc import Mapping, Sequence

import numpy as np
import torch
from anycost_backend.editing.models import Models
from anycost_models.editing.attribute_lock import AttributeLock
from anycost_models.metrics.identity import load_identity
from tqdm import tqdm

PAIRS: Sequence[tuple[Mapping[str, float], tuple[str, ...]]] = (
    ({"smile": 1.0}, ("mouth_open", "eyes_open")),
    ({"smile": -1.0}, ("mouth_open", "eyes_open")),
    ({"age": 1.0}, ("glasses", "beard")),
    ({"yaw": 1.0}, ("smile",)),
    ({"gender": 1.0}, ("smile", "brows_up")),
)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--faces", type=int, default=12)
    parser.add_argument("--others", type=int, default=40, help="faces by which labels are scaled")
    parser.add_argument("--json", type=argparse.FileType("w"), metavar="FILE", help="also write the figures here")
    args = parser.parse_args()
    parts, identity = Models(), load_identity()

    def seen(latent: np.ndarray) -> tuple[dict[str, float], torch.Tensor]:
        picture = parts.renderer.render8(latent)
        with torch.no_grad():
            pixels = torch.from_numpy(picture).permute(2, 0, 1)[None].float() / 127.5 - 1
            return parts.labels.measure(picture), identity.embed(pixels)[0]

    others = [seen(parts.renderer.sample(30_000 + i, 0.8))[0] for i in range(args.others)]
    unit = {name: float(np.nanstd([face[name] for face in others])) for name in others[0]}
    rows: dict[tuple[str, str], list[list[float]]] = {}
    for number in tqdm(range(args.faces), disable=not sys.stderr.isatty()):
        latent = parts.renderer.sample(900 + number, 0.7)
        still, person = seen(latent)
        holding = AttributeLock(
            parts.directions, latent, parts.measure, None, lambda latent: parts.measure(latent, final=True)
        )
        for moved, held in PAIRS:
            edits, pictures, seconds = [moved], [], []
            for find in (holding.quick, holding.exact):
                before, started = holding.pictures, time.monotonic()
                edits.append(find(moved, held))
                pictures.append(holding.pictures - before)
                seconds.append(time.monotonic() - started)
            looks = [seen(parts.directions.apply(latent, edit)) for edit in edits]
            far = [float((look[1] - person).norm()) for look in looks]
            (name, strength), *_ = moved.items()
            own = [abs(look[0][name] - still[name]) / unit[name] for look in looks]
            for label in held:
                drift = [abs(look[0][label] - still[label]) / unit[label] for look in looks]
                row = [*drift, own[0], own[2], far[0], far[2], *pictures, *seconds]
                rows.setdefault((f"{name} {strength:+g}", label), []).append(row)
    print("| moved | held | no lock | dragging | at rest | own effect | identity | pictures | seconds |")
    print("|---|---|---|---|---|---|---|---|---|")
    found = []
    for (moved_name, label), values in rows.items():
        mean, median = np.nanmean(values, axis=0), np.nanmedian(values, axis=0)
        found.append({"moved": moved_name, "held": label, "mean": mean.tolist(), "median": median.tolist()})
        print(
            f"| {moved_name} | {label} | {mean[0]:.2f} | {mean[1]:.2f} | {mean[2]:.2f} | {mean[3]:.2f} → {mean[4]:.2f}"
            f" | {mean[5]:.2f} → {mean[6]:.2f} | {mean[7]:.1f} + {mean[8]:.1f} | {median[9]:.1f} + {median[10]:.1f} |"
        )
    if args.json:
        json.dump({"faces": args.faces, "pairs": found}, args.json, indent=1)
    return 0


if __name__ == "__main__":
    sys.exit(main())
