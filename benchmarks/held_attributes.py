"""Prints what attribute locks do: the drift of a locked label when another attribute moves, and what the lock costs.

    python benchmarks/held_attributes.py --faces 12 --json held.json

Drifts are mean absolute ones on full images of generated faces, in the labels' standard deviations over other
generated faces. "dragging" is the correction of a moving slider, "at rest" that of the final image. Identity is the
distance to the face before the edit (below 0.55: the same person). Pictures are the images rendered to find the
correction.
"""

import argparse
import json
import sys
import time
from collections.abc import Mapping, Sequence

import numpy as np
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
    models, identity = Models(), load_identity()

    def measure(latent: np.ndarray) -> tuple[dict[str, float], np.ndarray]:
        """Labels, and the identity embedding [128]."""
        image = models.renderer.render8(latent)
        return models.labels.measure(image), identity.of_image(image)

    others = [measure(models.renderer.sample(30_000 + i, 0.8))[0] for i in range(args.others)]
    unit = {name: float(np.nanstd([face[name] for face in others])) for name in others[0]}
    rows: dict[tuple[str, str], list[list[float]]] = {}
    for number in tqdm(range(args.faces), disable=not sys.stderr.isatty()):
        latent = models.renderer.sample(900 + number, 0.7)
        labels, person = measure(latent)
        lock = AttributeLock(
            models.directions, latent, models.measure, None, lambda latent: models.measure(latent, models.renderer.full)
        )
        for moved, held in PAIRS:
            edits, pictures, seconds = [moved], [], []
            for find in (lock.quick, lock.exact):
                before, started = lock.measured, time.monotonic()
                edits.append(find(moved, held))
                pictures.append(lock.measured - before)
                seconds.append(time.monotonic() - started)
            results = [measure(models.directions.apply(latent, edit)) for edit in edits]
            identities = [float(np.linalg.norm(result[1] - person)) for result in results]
            (name, strength), *_ = moved.items()
            own = [abs(result[0][name] - labels[name]) / unit[name] for result in results]
            for label in held:
                drift = [abs(result[0][label] - labels[label]) / unit[label] for result in results]
                row = [*drift, own[0], own[2], identities[0], identities[2], *pictures, *seconds]
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
