"""Prints how much of each attribute's effect shows in edited photos, by how far the latent is eased before the edit
(`anycost_models.editing.directions.eased`). 1 is the effect on generated faces.

    python benchmarks/edit_strength.py PHOTO... [--ease 0 0.45] [--faces 8] [--only NAME ...]

For each attribute with a label of its name: the label's change from strength −1 to +1 on the edited photo's face, over
the mean change on generated faces. Medians over photos.
"""

import argparse
import statistics
import sys
from pathlib import Path

import numpy as np
from anycost_backend.editing.models import Models
from anycost_backend.editing.session import Session
from anycost_backend.photo.photo import open_photo
from anycost_models.editing.directions import EASE
from tqdm import tqdm

SIDE = 512  # pixels of the measured crops


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("photos", nargs="+", type=Path, metavar="PHOTO")
    parser.add_argument("--ease", nargs="+", type=float, default=[0.0, EASE])
    parser.add_argument("--faces", type=int, default=8, help="generated faces")
    parser.add_argument("--only", nargs="+", default=[], metavar="NAME")
    args = parser.parse_args()
    models = Models()
    sampled = [models.renderer.sample(7000 + i, 0.7) for i in range(args.faces)]
    names = [name for name in args.only or models.shipped_directions.by_name if name in models.measure(sampled[0])]

    def rendered(latent: np.ndarray, name: str, strength: float) -> float:
        return models.measure(models.directions.apply(latent, {name: strength}), models.renderer.full)[name]

    def edited(session: Session, name: str, strength: float) -> float:
        photo = session.edit(session.photo, 0, {name: strength}).photo
        return models.labels.measure(session.faces[0].square.crop(photo.srgb8(), SIDE))[name]

    sessions = [[Session(open_photo(path), models, ease=ease) for ease in args.ease] for path in args.photos]
    shares: list[list[list[float]]] = []  # by attribute, photo and easing
    print("| attribute | " + " | ".join(f"eased by {ease:g}" for ease in args.ease) + " |")
    print("|---|" + "---|" * len(args.ease))
    for name in tqdm(names, disable=not sys.stderr.isatty()):
        usual = float(np.nanmean([rendered(face, name, 1) - rendered(face, name, -1) for face in sampled]))
        shares.append([[(edited(s, name, 1) - edited(s, name, -1)) / usual for s in photo] for photo in sessions])
        shown = " | ".join(f"{value:.2f}" for value in np.nanmedian(shares[-1], axis=0))
        print(f"| {name} | {shown} |", flush=True)
    medians = [statistics.median(np.nanmedian(shares, axis=1)[:, i]) for i in range(len(args.ease))]
    print("| **median** | " + " | ".join(f"{value:.2f}" for value in medians) + " |")


if __name__ == "__main__":
    main()
